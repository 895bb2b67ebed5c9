"""Addresses that somebody typed and nobody confirmed → gone; and so are counts of what was once asked, and heaps of
keywords that somebody once had.

Comes in: the time. Goes out: fewer rows. Refuses to know: who has ever confirmed; they erase themselves.
Anybody can type the address of anybody, so what was typed with it is nobody's consent to be kept.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from service.subscriptions import Subscriptions

# Twice as long as the link that would have confirmed it.
KEPT = timedelta(days=14)
# So long after the last mail it counts that an address was asked and has not answered. Erasing ends no count: else a
# stranger could have somebody asked anew who wanted to be forgotten.
COUNTED = timedelta(days=365)
# So many keywords that nobody holds any more are too many: each morning looks for them all.
LOOSE = 10_000
# Looked for so often, of many workers by one; few at a time, since the database is held meanwhile.
_OFTEN, _MOST = timedelta(minutes=10), 25


@dataclass(frozen=True, slots=True)
class Forgetting:
    """The use case that nobody asks for."""

    subscriptions: Subscriptions

    def forget(self, now: datetime) -> int:
        """Erase some of those who last asked `KEPT` ago and never confirmed; returns how many."""
        store = self.subscriptions.store
        with store.write() as unit:
            ours = unit.journal.take_turn("forgetting", now - _OFTEN, now)
            strangers = unit.subscribers.unconfirmed(now - KEPT, _MOST) if ours else ()
            words = [word for row in strangers for word in self.subscriptions.forgotten(unit, row, now)]
            if ours:
                unit.subscribers.forget_keywords(LOOSE)
                unit.mailboxes.forget_asked(now - COUNTED)
        if strangers:
            store.scrub(words)
        return len(strangers)
