"""What is wrong and lasts → one mail a day of each kind to the operator.

Comes in: the time. Goes out: mails, past the queue and past any hold, since a hold is what they tell of. Refuses to
know: Celery, who reads here; no mail names a reader.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from service.errors import DeliveryError
from service.messages import Renderer, clean, shorten
from service.model import DeliveryKind, Envelope, Mailer
from service.operations import Operations
from service.settings.values import without_password
from service.store import Store, Unit
from service.store.journal import BRAKE

LOG = logging.getLogger(__name__)

ONCE = timedelta(days=1)
# A mail that could not be sent is tried again after so long.
AGAIN = timedelta(minutes=10)
# A breaker that opened so often has been refused again after its rest; a relay that rested so often is gone for half an
# hour.
OPENED, RESTED = 2, 8
MOST_LINES, LONGEST_LINE = 20, 300


@dataclass(frozen=True, slots=True)
class Alarm:
    """One thing that is wrong: its kind, and what there is to say of it, a line each."""

    kind: str
    lines: tuple[str, ...]


@dataclass(frozen=True)
class Alarms:
    """Tells `recipient`; nobody where that is empty."""

    store: Store
    operations: Operations
    renderer: Renderer
    open_mailer: Callable[[], Mailer]
    recipient: str
    host: str

    def sound(self, now: datetime) -> list[str]:
        """Mail what is wrong and has not been told today; returns the kinds. Of many workers one tells each."""
        told: list[str] = []
        for alarm in self._wrong(now) if self.recipient else ():
            with self.store.write() as unit:
                ours = unit.journal.take_turn(_turn(alarm.kind), now - ONCE, now)
            if ours and self._tell(alarm, now):
                told.append(alarm.kind)
        return told

    def _wrong(self, now: datetime) -> list[Alarm]:
        with self.store.read() as unit:
            found = [_hold(unit), _relays(unit), _quarantine(unit, now), _overdue(unit, now)]
        late = [(source, standing) for source, standing in self.operations.standings(now) if standing.late]
        found.append(
            Alarm("sources", tuple(f"{without_password(source.url)}: {standing.why}" for source, standing in late))
        )
        return [alarm for alarm in found if alarm.lines]

    def _tell(self, alarm: Alarm, now: datetime) -> bool:
        facts = {"what": alarm.kind, "lines": _shown(alarm.lines)}
        envelope = Envelope(self.recipient, f"{secrets.token_hex(12)}@{self.host}", now)
        mailer = self.open_mailer()
        try:
            mailer.send(self.renderer.letter(DeliveryKind.ALARM, envelope, facts))
        except DeliveryError as error:
            LOG.warning("the operator could not be told (%s): %s", alarm.kind, error)
            with self.store.write() as unit:
                unit.journal.beat(_turn(alarm.kind), now - ONCE + AGAIN)
            return False
        finally:
            mailer.close()
        LOG.info("the operator was told (%s)", alarm.kind)
        return True


def _shown(lines: Sequence[str]) -> list[str]:
    """As many as are read, clean."""
    rest = len(lines) - MOST_LINES
    return [shorten(clean(line), LONGEST_LINE) for line in lines[:MOST_LINES]] + [f"And {rest} more."] * (rest > 0)


def _turn(kind: str) -> str:
    return f"alarm {kind}"


def _hold(unit: Unit) -> Alarm:
    """A hold that nobody asked for; whoever holds by hand knows."""
    held = unit.journal.flag(BRAKE) or {}
    return Alarm("hold", (f"Since {held['since']}: {held['why']}.",) if held.get("automatic") else ())


def _relays(unit: Unit) -> Alarm:
    known = unit.journal.flags("relay ")
    return Alarm("relay", tuple(f"{name}: {known[name].get('why', '')}" for name in known if _gone(known[name])))


def _gone(relay: Mapping[str, Any]) -> bool:
    return bool(relay.get("opened", 0) >= OPENED or relay.get("failures", 0) >= RESTED)


def _quarantine(unit: Unit, now: datetime) -> Alarm:
    rows = unit.deliveries.quarantined(now - ONCE)
    return Alarm("quarantine", tuple(f"{count} × {kind}: {error}" for kind, error, count in rows))


def _overdue(unit: Unit, now: datetime) -> Alarm:
    late = unit.subscribers.overdue(now)
    return Alarm("overdue", (f"{late} editions were due more than two days ago.",) if late else ())
