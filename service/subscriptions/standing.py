"""How a subscription stands, and what may be done with one that stands so.

Comes in: subscribers as they are now. Goes out: refusals, each a sentence. Refuses to know: stores, links.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from service.errors import InputError, LinkError
from service.links import Purpose
from service.model import RUNNING, Subscriber, SubscriberState


def check_there(reader: Subscriber | None) -> Subscriber:
    """Return the subscriber. Raises LinkError where there is none: they were erased."""
    if reader is None:
        raise LinkError("This subscription no longer exists.")
    return reader


def hinted(address: str) -> str:
    """As much of an address as tells it to who knows it: its first letter."""
    return f"{address[:1]}…@…"


def seen_by(reader: Subscriber, purpose: Purpose, issued: datetime, moved: datetime | None) -> Subscriber:
    """Return the subscriber as the holder of a link may see them, which was signed at a time.

    Whoever reads the mailbox that mails have `moved` away from may stop or rest them by an old link, and does not learn
    where they go; the owner of a list has moved it. Raises LinkError for every other link from before.
    """
    if moved is None or int(issued.timestamp()) >= int(moved.timestamp()) or purpose is Purpose.OWNER:
        return reader
    if purpose not in (Purpose.UNSUBSCRIBE, Purpose.PAUSE):
        raise LinkError("Mails go to another address since this link was made. Please ask for a new one there.")
    return replace(reader, email=hinted(reader.email))


def check_running(reader: Subscriber) -> None:
    """Raise InputError for a subscription that is not confirmed yet or has ended."""
    if reader.state is SubscriberState.PENDING:
        raise InputError("This subscription is not confirmed yet.")
    if reader.state not in RUNNING:
        raise InputError("This subscription has ended; subscribe again to change it.")


def check_own(reader: Subscriber, purpose: Purpose) -> None:
    """Raise InputError where a link that everybody on a list gets would decide for all of them."""
    if reader.owner and purpose in (Purpose.PAUSE, Purpose.UNSUBSCRIBE):
        raise InputError("Several people read this address, so its owner decides for them.")
