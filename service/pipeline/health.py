"""What became of mails at a relay → whether it may be used now.

Comes in: the relays' names, what they did, in the unit that notes it. Goes out: which may be used, the preferred one
first. Refuses to know: SMTP, rows.

A relay that cannot be spoken to rests, twice as long each time, with jitter, so that many workers do not come back at
once. One that refuses us ten times alike is rested by the breaker; the first mail it takes afterwards closes it.
"""

from __future__ import annotations

import logging
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from service.errors import DeliveryError, RecipientBarred
from service.store import Unit

LOG = logging.getLogger(__name__)

FIRST_REST = timedelta(seconds=10)
LONGEST_REST = timedelta(minutes=15)
# The breaker: so many refusals alike, and how long it stays open, doubled while the relay goes on refusing.
ALIKE = 10
OPEN = timedelta(minutes=15)
LONGEST_OPEN = timedelta(hours=4)


def back_off(first: timedelta, times: int, longest: timedelta) -> timedelta:
    """The wait after so many failures: doubled each time up to `longest`, less up to a fifth at random."""
    doubled: timedelta = min(first * 2 ** min(times, 20), longest)
    # Jitter needs no secret: it only keeps many from coming at once.
    return doubled * (1 - random.random() / 5)  # noqa: S311


@dataclass(slots=True)
class Health:
    """The relays of one run, by number; the database tells other workers."""

    names: Sequence[str]
    known: list[dict[str, Any]] = field(default_factory=list)

    def read(self, unit: Unit) -> None:
        """Learn what every worker knows."""
        self.known = [unit.journal.flag(_flag(name)) or {} for name in self.names]

    def usable(self, now: datetime) -> list[int]:
        """The relays that may be used, in their order."""
        return [at for at, known in enumerate(self.known) if not _resting(known, now)]

    def why(self) -> str:
        """What the last one to give out said."""
        return next((known["why"] for known in reversed(self.known) if known.get("why")), "")

    def age(self, unit: Unit, relay: int, now: datetime) -> timedelta:
        """How long this relay has been used; the first time is now."""
        known = self.known[relay]
        # A time that is yet to come was noted by a clock that was ahead.
        if "first" not in known or now < datetime.fromisoformat(known["first"]):
            self._keep(unit, relay, known | {"first": now.isoformat()})
        return now - datetime.fromisoformat(self.known[relay]["first"])

    def gave_out(self, unit: Unit, relay: int, error: DeliveryError, now: datetime) -> None:
        """It could not be spoken to, or broke off: it rests. Lines that break off together count once."""
        known = self.known[relay]
        if _resting(known, now):
            return
        until = now + back_off(FIRST_REST, self.failures(relay), LONGEST_REST)
        LOG.warning("the mail server cannot be used until %s: %s", f"{until:%H:%M:%S}", error)
        self._keep(unit, relay, known | _rest(until, error) | {"failures": self.failures(relay) + 1})

    def failures(self, relay: int) -> int:
        """How many times it gave out since it last took a mail."""
        return int(self.known[relay].get("failures", 0))

    def refused(self, unit: Unit, relay: int, error: DeliveryError, now: datetime, domain: str = "") -> None:
        """It refused us, not the reader: ten times alike open the breaker.

        What it says of recipients counts once for each `domain`: it may be the word of that domain's own server. What
        was under way when the breaker opened says nothing new.
        """
        known = self.known[relay]
        if _resting(known, now):
            return
        said = [error.code, error.enhanced]
        alike, domains = (known.get("alike", 0), known.get("domains", [])) if known.get("said") == said else (0, [])
        if isinstance(error, RecipientBarred):
            if domain in domains and not known.get("opened"):
                return
            domains = [*domains, domain][-ALIKE:]
        changed = known | {"said": said, "alike": alike + 1, "domains": domains}
        if alike + 1 >= ALIKE:
            opened = known.get("opened", 0)
            until = now + back_off(OPEN, opened, LONGEST_OPEN)
            LOG.error("the mail server refuses us and is left alone until %s: %s", f"{until:%H:%M:%S}", error)
            # One more refusal opens it again.
            changed |= _rest(until, error) | {"opened": opened + 1, "alike": ALIKE - 1}
        self._keep(unit, relay, changed)

    def marked(self, relay: int) -> bool:
        """Whether anything is held against it."""
        return bool(self.known[relay].keys() - {"first"})

    def took(self, unit: Unit, relay: int) -> None:
        """It took a mail: whatever was held against it is forgotten."""
        known = self.known[relay]
        if self.marked(relay):
            self._keep(unit, relay, {name: value for name, value in known.items() if name == "first"})

    def _keep(self, unit: Unit, relay: int, known: dict[str, Any]) -> None:
        self.known[relay] = known
        unit.journal.set_flag(_flag(self.names[relay]), known)


def _flag(name: str) -> str:
    return f"relay {name}"


def _rest(until: datetime, error: DeliveryError) -> dict[str, Any]:
    return {"until": until.isoformat(), "why": str(error)}


def _resting(known: dict[str, Any], now: datetime) -> bool:
    # One that rests longer was noted by a clock that was ahead.
    return "until" in known and now < datetime.fromisoformat(known["until"]) <= now + LONGEST_OPEN
