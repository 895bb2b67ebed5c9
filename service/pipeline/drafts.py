"""Any mail of one reader as it would be now, made and never sent.

Comes in: a reader, the name of a mail, the time. Goes out: the mail, or None where there is nothing to show. Refuses to
know: files, pictures. It is composed and rendered by what composes and renders the real ones; nothing is written.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from service.links import FRESH
from service.model import DeliveryKind, DeliveryState, Message, Subscriber
from service.pipeline.composing import Composer
from service.pipeline.rendering import Desk
from service.pipeline.selection import Span, select
from service.pipeline.silence import WEEK, told
from service.pipeline.window import Window
from service.store import Store
from service.store.deliveries import Delivery

DIGEST = DeliveryKind.DIGEST.value
_LAST = 1

# What letters say that are about more than their reader; every other one says nothing of the kind.
_FACTS: Mapping[DeliveryKind, dict[str, Any]] = {DeliveryKind.ADDRESS: {"nonce": "preview"}}
_TROUBLES = {
    "hold": "by hand",
    "relay": "mail.example.org did not answer for 30 seconds",
    "quarantine": "2 mails were begun three times and never ended",
    "overdue": "3 readers",
    "sources": "https://feeds.example.org/new: it did not answer for 30 seconds",
}
# Kinds that are about one of several things.
_SEVERAL: Mapping[DeliveryKind, Mapping[str, dict[str, Any]]] = {
    DeliveryKind.FRESH: {what.value: {"what": what.value} for what in FRESH},
    DeliveryKind.ALARM: {what: {"what": what, "lines": [line]} for what, line in _TROUBLES.items()},
}
LETTERS: Mapping[str, tuple[DeliveryKind, dict[str, Any]]] = {
    **{kind.value: (kind, _FACTS.get(kind, {})) for kind in DeliveryKind if kind not in (DIGEST, *_SEVERAL)},
    **{f"{kind}-{what}": (kind, facts) for kind, each in _SEVERAL.items() for what, facts in each.items()},
}
MAILS = (DIGEST, *LETTERS)


@dataclass(frozen=True, slots=True)
class Drafts:
    """The mails of one reader."""

    store: Store
    window: Window
    composer: Composer
    open_desk: Callable[[], Desk]

    def mail(self, name: str, reader: Subscriber, now: datetime) -> Message | None:
        """The mail of this name: one of MAILS. None for a digest of a reader who never had one and has nothing new."""
        row = self._digest(reader, now) if name == DIGEST else self._letter(name, reader, now)
        if row is None:
            return None
        desk = self.open_desk()
        desk.lay_out([row], now)
        return desk.message(row)

    def _letter(self, name: str, reader: Subscriber, now: datetime) -> Delivery:
        kind, said = LETTERS[name]
        if kind == DeliveryKind.QUIET:
            with self.store.read() as unit, self.window.open(unit, now) as view:
                said = told(view, select(view, reader.profiles, Span(0, view.upto, now - WEEK)))
        return _row(reader, kind, said, now)

    def _digest(self, reader: Subscriber, now: datetime) -> Delivery | None:
        """The edition that would be sent now; where nothing new matches, the last one that was."""
        frozen = self.composer.draft(reader, now)
        if frozen:
            return _row(reader, DeliveryKind.DIGEST, frozen, now)
        with self.store.read() as unit:
            last = unit.shelf.digests(reader.id, datetime.fromtimestamp(0, now.tzinfo), _LAST)
        return last[0].delivery if last else None


def _row(reader: Subscriber, kind: DeliveryKind, payload: dict[str, Any], now: datetime) -> Delivery:
    return Delivery(0, kind, reader.id, "", "preview", DeliveryState.READY, 0, now, payload)
