"""The nouns of the house: frozen values without I/O, in the words of the design.

Comes in: nothing. Goes out: the types every room shares. Refuses to know: clocks, networks, databases, templates.
Times are aware datetimes in UTC unless a line says otherwise; days are calendar dates.
"""

from service.model.doors import Bell, Mailer, Witness
from service.model.mails import (
    DeliveryKind,
    DeliveryState,
    Digest,
    Envelope,
    Fit,
    Identity,
    Message,
    Origin,
    ReaderLinks,
    Section,
    Selected,
)
from service.model.papers import ArrivalKind, Field, Hit, Links, Listing, Page, Paper, StoredPaper
from service.model.readers import RUNNING, Addressee, Choice, Mend, Profile, Schedule, Subscriber, SubscriberState

__all__ = [
    "RUNNING",
    "Addressee",
    "ArrivalKind",
    "Bell",
    "Choice",
    "DeliveryKind",
    "DeliveryState",
    "Digest",
    "Envelope",
    "Field",
    "Fit",
    "Hit",
    "Identity",
    "Links",
    "Listing",
    "Mailer",
    "Mend",
    "Message",
    "Origin",
    "Page",
    "Paper",
    "Profile",
    "ReaderLinks",
    "Schedule",
    "Section",
    "Selected",
    "StoredPaper",
    "Subscriber",
    "SubscriberState",
    "Witness",
]
