"""The one place where settings become things: engine, client, mailer, templates, use cases.

Comes in: Settings, and whatever a caller wants to hand in instead (a bell, a clock). Goes out: a World.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import jinja2
from jinja2.bccache import Bucket

from service import messages
from service.deliveries import Carrier
from service.deliveries.dkim import DkimKey, Seal, Sealing
from service.deliveries.maildir import MaildirMailer
from service.deliveries.onebyone import OneByOne
from service.deliveries.smtp import ANSWER, SmtpCarrier, SmtpMailer
from service.links import Signer
from service.messages import Renderer
from service.model import Bell, Identity, Mailer, Witness
from service.operations import Operations
from service.operations.alarms import Alarms
from service.pipeline import Pipeline
from service.pipeline.pacing import Limits
from service.pipeline.turns import Turns
from service.settings import Settings
from service.settings.signing import private_keys
from service.settings.values import release
from service.sources.http import Client
from service.sources.manners import Manners
from service.store import Store
from service.subscriptions import Subscriptions
from service.subscriptions.forgetting import Forgetting
from service.subscriptions.owners import Owners
from service.subscriptions.records import Records
from service.subscriptions.returns import Returns
from service.subscriptions.wishes import Wishes

_HERE = Path(__file__).resolve().parent


def _now() -> datetime:
    return datetime.now(UTC)


class SilentBell:
    """Rings nobody: for a process whose caller does the work itself, or waits for the sweep."""

    def collect(self, source_id: int) -> None:
        """Nobody to ring."""

    def compose(self) -> None:
        """Nobody to ring."""

    def deliver(self) -> None:
        """Nobody to ring."""


@dataclass(frozen=True)
class World:
    """Everything one process needs; `now` is the only clock, read at the wet ends."""

    settings: Settings
    store: Store
    signer: Signer
    identity: Identity
    templates: jinja2.Environment
    pipeline: Pipeline
    subscriptions: Subscriptions
    records: Records
    returns: Returns
    owners: Owners
    operations: Operations
    alarms: Alarms
    bell: Bell
    now: Callable[[], datetime] = _now

    @property
    def wishes(self) -> Wishes:
        """The use cases beside the life of a subscription."""
        return Wishes(self.store, self.subscriptions)

    @property
    def forgetting(self) -> Forgetting:
        """The use case that lets go of strangers."""
        return Forgetting(self.subscriptions)

    def close(self) -> None:
        """Let go of the database."""
        self.store.close()


def build(
    settings: Settings,
    *,
    bell: Bell | None = None,
    witness: Witness | None = None,
    clock: Callable[[], datetime] = _now,
    allow_loopback: bool = False,
) -> World:
    """Assemble a World; opens no connection yet. Raises StoreError for a database URL that cannot be used."""
    bell = bell or SilentBell()
    store = Store(settings.database_url, settings.sqlite_synchronous)
    networks = (*settings.allowed_networks, *(("127.0.0.0/8", "::1/128") if allow_loopback else ()))
    client = Client(settings.user_agent, networks, manners=Manners(turns=Turns(store)), proxy=settings.proxy)
    signer, identity, templates = Signer(settings.secret_keys), identify(settings), environment()
    subscriptions = Subscriptions(store, signer, settings, bell)
    renderer, operations = Renderer(templates, identity), Operations(store, client, settings)
    witness = witness or store.witness(settings.data_dir)
    return World(
        settings,
        store,
        signer,
        identity,
        templates,
        _pipeline(settings, store, client, renderer, signer, bell, witness),
        subscriptions,
        Records(store, subscriptions, identity, bell),
        Returns(store, subscriptions, Owners(subscriptions), signer),
        Owners(subscriptions),
        operations,
        Alarms(store, operations, renderer, partial(mailer, settings), settings.operator, host(settings)),
        bell,
        clock,
    )


def _pipeline(
    settings: Settings, store: Store, client: Client, renderer: Renderer, signer: Signer, bell: Bell, witness: Witness
) -> Pipeline:
    return Pipeline(
        store,
        client,
        renderer,
        signer,
        identify(settings),
        partial(carrier, settings),
        bell,
        witness,
        timedelta(seconds=settings.collect_interval),
        limits=limits(settings),
        arxiv_api=settings.arxiv_api,
        seal=seal(settings),
        keep=timedelta(days=settings.keep_days),
    )


def look_for_garbage_less() -> None:
    """For a process that stays: papers and an index live as long as it does, beside many small things that come and go.

    With Python's own thresholds a third of a morning's time goes into looking for garbage among what stays, and a
    visitor's preview waits for it, too. A batch of 200 rows is 20,000 small things, none of them garbage until it is
    sent: looked through with each batch, they still took a tenth. What is a ring dies young: of the things of 12,000
    mails 12,000 were left, and to look for them among all that stays stops a worker for 0.7 s, so it is seldom done. A
    command that soon ends keeps the smaller memory.
    """
    gc.set_threshold(100_000, 200, 100)


def limits(settings: Settings) -> Limits:
    """How fast, and until when, mails are sent."""
    return Limits(
        settings.smtp_rate,
        settings.smtp_per_domain,
        timedelta(seconds=settings.spread),
        settings.not_after,
        settings.canary,
        settings.smtp_warm_up,
    )


def identify(settings: Settings) -> Identity:
    """Who this installation says it is."""
    return Identity(
        settings.service_name,
        settings.base_url,
        settings.mail_from,
        settings.contact,
        settings.imprint,
        settings.privacy,
        settings.unsubscribe_mailto,
        release(),
        settings.bounce_address,
        settings.reply_to,
    )


def host(settings: Settings) -> str:
    """The host that Message-IDs name."""
    return urlsplit(settings.base_url).hostname or "localhost"


def mailer(settings: Settings) -> Mailer:
    """What takes a single message to the relays, or to the local mailbox where there is none; signed where set so."""
    plain = SmtpMailer(*settings.smtp_url) if settings.smtp_url else MaildirMailer(settings.mailbox_dir)
    signing = seal(settings)
    return Sealing(plain, signing) if signing else plain


def seal(settings: Settings) -> Seal | None:
    """What signs every mail, where a key is set."""
    if not settings.dkim_key:
        return None
    pairs = zip(settings.dkim_selector, private_keys(settings.dkim_key), strict=True)
    return Seal(settings.dkim_domain, tuple(DkimKey(selector, key) for selector, key in pairs))


def carrier(settings: Settings) -> Carrier:
    """What takes many messages to the relays, or to the local mailbox where there is none."""
    if settings.smtp_url:
        return SmtpCarrier(settings.smtp_url, settings.smtp_connections, answer=ANSWER)
    return OneByOne(MaildirMailer(settings.mailbox_dir))


class _Compiled(jinja2.BytecodeCache):
    """Compiled templates in memory: a process that makes several worlds compiles each template once."""

    def __init__(self) -> None:
        self._kept: dict[str, bytes] = {}

    def get_bucket(self, environment: jinja2.Environment, name: str, filename: str | None, source: str) -> Bucket:
        """Where a template is kept; one that is read with and without escaping is two."""
        escaping = environment.autoescape
        escaped = escaping(name) if callable(escaping) else escaping
        return super().get_bucket(environment, name, f"{filename} {escaped}", source)

    def load_bytecode(self, bucket: Bucket) -> None:
        """Take a template that is known; its checksum says whether it still is."""
        if bucket.key in self._kept:
            bucket.bytecode_from_string(self._kept[bucket.key])

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a template that was just compiled."""
        self._kept[bucket.key] = bucket.bytecode_to_string()


_COMPILED = _Compiled()


def environment() -> jinja2.Environment:
    """The templates, beside the package when installed and beside the tree when not; a missing value is an error."""
    folders = [folder for folder in (_HERE / "templates", _HERE.parent / "templates") if folder.is_dir()]
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(folders),
        autoescape=jinja2.select_autoescape(("html",)),
        undefined=jinja2.StrictUndefined,
        auto_reload=False,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=_COMPILED,
    )
    messages.install(environment)
    return environment
