"""Pressing Stop by mistake: how things stood is noted as somebody leaves, and brought back for a while.

Comes in: subscribers, a unit of work, the time. Goes out: events and rows. Refuses to know: links, who may undo.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta

from service import editions
from service.model import DeliveryKind, Subscriber, SubscriberState
from service.store import Unit
from service.store.journal import COMPLAINED, LEFT

# So long the page after leaving can undo it. Later an old link must not bring anyone back.
UNDO = timedelta(hours=1)


def leave(unit: Unit, reader: Subscriber, now: datetime) -> None:
    """End a subscription, and note how it stood."""
    until = reader.paused_until.isoformat() if reader.paused_until else ""
    unit.subscribers.set_state(reader.id, SubscriberState.LEFT)
    unit.journal.note(reader.id, LEFT, now, was=str(reader.state), until=until)


def undo(unit: Unit, reader: Subscriber, now: datetime) -> None:
    """Let it stand as it did before leaving; nothing changes for who has not just left.

    What rested rests, and what was never confirmed, or came back, still has to be confirmed. Who left by calling the
    mails spam has not pressed anything by mistake.
    """
    left = unit.journal.last(reader.id, LEFT)
    if reader.state != SubscriberState.LEFT or left is None or now - left > UNDO:
        return
    if unit.journal.last(reader.id, COMPLAINED) == left:
        return
    unit.deliveries.cancel(reader.id, (DeliveryKind.GOODBYE,))
    noted = unit.journal.last_detail(reader.id, LEFT)
    was = SubscriberState(noted.get("was", SubscriberState.ACTIVE))
    if was == SubscriberState.ACTIVE:
        go_on(unit, reader, now)
    else:
        unit.subscribers.set_state(reader.id, was, date.fromisoformat(noted["until"]) if noted["until"] else None)
        unit.journal.note(reader.id, "undone", now)


def go_on(unit: Unit, reader: Subscriber, now: datetime) -> None:
    """Let mails come again, from the next edition on."""
    unit.subscribers.activate(reader.id, now, editions.next_due(reader.schedule, now), welcome=False)
    unit.journal.note(reader.id, "resumed", now)
