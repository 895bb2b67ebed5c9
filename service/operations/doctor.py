"""Is everything as it should be? One finding per part, each with its mend.

Comes in: a store, settings, a way to open the mailer, the time. Goes out: findings. Refuses to know: Celery and its
broker, whose finding the worker's side makes; how a terminal shows any of it.
"""

from __future__ import annotations

import secrets
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from service.deadlines import Watch
from service.deliveries.dkim import DkimKey
from service.deliveries.smtp import SmtpMailer
from service.errors import DeliveryError, StoreError
from service.messages import Renderer
from service.model import DeliveryKind, Envelope, Mailer
from service.settings import Settings
from service.settings.signing import private_keys
from service.settings.values import is_loopback, without_password
from service.store import Store
from service.store.journal import BRAKE, KEY

# Beat ticks twice a minute and every tick makes a worker say that it lives.
SILENT = timedelta(minutes=5)
SLOW_CLOCK = 30.0  # seconds
GOOD_RSA_BITS = 2048
SMALL_DISK = 1_000_000_000  # bytes
LOOK_UP_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Finding:
    """What was looked at, whether it is well, what was seen, and what would mend it."""

    what: str
    well: bool
    seen: str
    mend: str = ""


def examine(store: Store, settings: Settings, now: datetime) -> Iterator[Finding]:
    """Look at every part that needs no broker, one after another; never raises for what it finds."""
    database = _database(store, settings, now)
    yield from database
    if all(finding.well for finding in database if finding.what != "clock"):
        yield from _writing(store, now)
        yield from _signs_of_life(store, now)
        yield from _waiting(store, now)
        yield _sources(store)
        yield from _suppression(store, settings)
    yield from (_relay(url) for url in settings.smtp_url)
    if not settings.smtp_url:
        yield Finding("mail", True, "no SMTP server is set: mails stay in the local mailbox")
    if settings.dkim_key:
        yield _dkim(settings)
    yield _base_url(settings.base_url)
    yield _secrets(settings)
    yield from _disk(store, settings)


def send_test(address: str, renderer: Renderer, mailer: Mailer, host: str, now: datetime) -> Finding:
    """Send a real mail that says it is a test."""
    try:
        mailer.send(renderer.letter(DeliveryKind.TEST, Envelope(address, f"{secrets.token_hex(12)}@{host}", now)))
    except DeliveryError as error:
        return Finding("test mail", False, str(error), "see what the mail server says, and its log")
    finally:
        mailer.close()
    return Finding("test mail", True, f"accepted for {address}; look whether it arrives, and not as spam")


def _database(store: Store, settings: Settings, now: datetime) -> list[Finding]:
    if store.missing():
        # What asks it for anything would make it, and everything else is looked at without it.
        return [_release(store, "database")]
    try:
        drift = abs(store.clock() - now.timestamp())
    except StoreError as error:
        mend = "run this as the user of the service, or mend" if store.folder else "start it, or mend"
        return [Finding("database", False, str(error), f"{mend} PAPERROUND_DATABASE_URL")]
    return [
        # Whoever runs it without the settings of the service sees so by this.
        Finding("database", True, f"{without_password(settings.database_url)} answers"),
        _release(store),
        Finding(
            "clock", drift < SLOW_CLOCK, f"{drift:.0f} s from the database's", "let both machines keep time by NTP"
        ),
    ]


def _release(store: Store, what: str = "migrations") -> Finding:
    try:
        store.check()
    except StoreError as error:
        return Finding(what, False, str(error))
    return Finding(what, True, "of this release")


def _writing(store: Store, now: datetime) -> Iterator[Finding]:
    """A full disk, a stand-by and a server without room let one read as ever."""
    try:
        with store.write() as unit:
            unit.journal.beat("doctor", now)
    except StoreError as error:
        yield Finding("writing", False, str(error), "make room where the database lies, or let it be written to")


def _signs_of_life(store: Store, now: datetime) -> Iterator[Finding]:
    with store.read() as unit:
        beats = unit.journal.beats()
    for name, start in (("worker", "celery -A workers.app worker"), ("beat", "celery -A workers.app beat")):
        at = beats.get(name)
        alive = at is not None and now - at < SILENT
        seen = f"last seen {at:%Y-%m-%d %H:%M:%S} UTC" if at else "never seen"
        if at and (at - now).total_seconds() > SLOW_CLOCK:
            # Its mornings would begin too early.
            yield Finding(name, False, f"{seen}, which is yet to come", "let all machines keep time by NTP")
        else:
            yield Finding(name, alive, seen, f"start `paperround up`, or `{start}`")


def _waiting(store: Store, now: datetime) -> Iterator[Finding]:
    with store.read() as unit:
        hold, late = unit.journal.flag(BRAKE), unit.subscribers.overdue(now)
    if hold:
        yield Finding("hold", False, f"since {hold['since']}: {hold['why']}", "paperround release")
    if late:
        seen = f"{late} editions were due over 48 h ago; their papers come with each reader's next one"
        yield Finding("overdue", False, seen, "for mails now: paperround send --overdue")


def _sources(store: Store) -> Finding:
    """How their last polls went; nothing is fetched to find out."""
    with store.read() as unit:
        active = [source for source in unit.sources.all() if source.active]
    failing = [source for source in active if source.failures]
    if not active:
        return Finding("sources", False, "none is read", "paperround source add URL")
    if not failing:
        return Finding("sources", True, f"{len(active)} read" if len(active) > 1 else f"{active[0].url} is read")
    first, which = failing[0], f"{len(failing)} of {len(active)} fail, such as" if len(active) > 1 else "fails:"
    return Finding("sources", False, f"{which} {first.url}: {first.last_error}", "paperround source check")


def _suppression(store: Store, settings: Settings) -> Iterator[Finding]:
    """Under another key no address is recognised that must never be written to."""
    with store.read() as unit:
        known = unit.journal.flag(KEY)
    if known and known != settings.suppression_mark:
        seen = "not the one under which addresses are kept that must never be written to"
        yield Finding("suppression key", False, seen, "set PAPERROUND_SUPPRESSION_KEY as it was")


def _relay(url: str) -> Finding:
    mailer = SmtpMailer(url)
    try:
        mailer.greet()
    except DeliveryError as error:
        return Finding("mail", False, str(error), "start it, or mend PAPERROUND_SMTP_URL")
    finally:
        mailer.close()
    return Finding("mail", True, f"{urlsplit(url).hostname} takes us in")


def _dkim(settings: Settings) -> Finding:
    """DMARC counts a signature only where its domain is that of From, or one of the two lies below the other."""
    ours, sender = settings.dkim_domain, settings.mail_from.rpartition("@")[2]
    keys = [DkimKey(*each) for each in zip(settings.dkim_selector, private_keys(settings.dkim_key), strict=True)]
    if not (f".{sender}".endswith(f".{ours}") or f".{ours}".endswith(f".{sender}")):
        mend = f"set PAPERROUND_DKIM_DOMAIN to {sender}, or change PAPERROUND_MAIL_FROM"
        return Finding("dkim", False, f"{ours} signs mails that come from {sender}: DMARC does not count it", mend)
    weak = [key.selector for key in keys if key.bits < GOOD_RSA_BITS]
    if weak:
        mend = "make one of 2048 bits; README, Settings, says how"
        return Finding("dkim", False, f"the RSA key of {weak[0]} is short: some take no such signature", mend)
    named = ", ".join(f"{key.name(ours)} ({key.kind})" for key in keys)
    return Finding("dkim", True, f"signs by {named}; `paperround dkim` shows what the DNS must hold")


def _base_url(url: str) -> Finding:
    if is_loopback(url):
        return Finding("base URL", True, f"{url}, for this machine alone")
    parts = urlsplit(url)
    host = parts.hostname or ""
    mend = "PAPERROUND_BASE_URL is how readers reach this service: https, and a name that resolves"
    try:
        # To where is not judged: many a machine finds itself on loopback by the name that others reach it by.
        with Watch(LOOK_UP_SECONDS) as watch:
            watch.within(lambda: socket.getaddrinfo(host, None))
    except OSError:
        return Finding("base URL", False, f"{host} does not resolve", mend)
    return Finding("base URL", parts.scheme == "https", url, mend)


def _secrets(settings: Settings) -> Finding:
    made = not settings.secret_keys
    return Finding("secrets", not made, "set" if not made else "missing", "set PAPERROUND_SECRET_KEYS")


def _disk(store: Store, settings: Settings) -> Iterator[Finding]:
    """Nothing where a server keeps the database and another one the mails: the data folder is left empty then."""
    folder = store.folder or (None if settings.smtp_url else settings.data_dir)
    if folder is None:
        return
    try:
        # One that the service is yet to make lies on the disk of the folder it will lie in.
        free = shutil.disk_usage(next(each for each in (folder, *folder.parents) if each.exists())).free
    except OSError as error:
        yield Finding("disk", False, f"{folder} cannot be read: {error.strerror}", "make that folder")
    else:
        yield Finding("disk", free > SMALL_DISK, f"{free / 1e9:.1f} GB free", f"make room in {folder}")
