"""The nouns of the house: frozen values without I/O. Every room uses these words and no others for the same things.

    source      what is polled for papers: a listing, a category, a feed, a saved page
    page        what one fetch of a source returned; a listing is what it says
    paper       one work, however many sources and versions tell of it
    arrival     a paper that can be matched since it came through a source, with a number that leaves no gap
    keyword     one entry of a profile, in the keyword language; readers see it as a topic
    profile     a named list of keywords, and the sources it looks at
    subscriber  an address with profiles and a schedule; in prose, a reader
    match       that a paper fits a keyword, with the places where it hits
    edition     a subscriber's local calendar day
    digest      what was chosen for one subscriber and edition
    message     a rendered mail, as bytes
    delivery    the row that owns a mail, from being due to being sent or given up; all mails to readers have one

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
