"""The settings themselves: every name, what it means, its default, and which texts it takes.

Comes in: one text per setting. Goes out: a frozen Settings, or what is wrong with each text. Refuses to know: the
environment, files, secrets that have to be made.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field, PrivateAttr
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from service.settings import addresses, reach, signing, times, values

PREFIX = "PAPERROUND_"

_Line = Annotated[str, AfterValidator(values.one_line)]
_Address = Annotated[str, AfterValidator(addresses.address)]
_Text = Annotated[str, AfterValidator(str.strip)]
_Items = BeforeValidator(values.items)
_Interval = Annotated[int, BeforeValidator(times.interval)]


class Settings(BaseSettings):
    """All that can be set for one installation; lists are tuples, intervals whole seconds, the data folder absolute."""

    model_config = SettingsConfigDict(frozen=True, env_prefix=PREFIX, extra="forbid")

    host: _Line = Field("127.0.0.1", description="Where the web server listens.")
    port: Annotated[int, BeforeValidator(values.whole(1, 65535))] = Field(
        8080, description="The port the web server listens on."
    )
    base_url: Annotated[str, BeforeValidator(values.own_url)] = Field(
        default_factory=lambda data: reach.home(data["host"], data["port"]),
        description="How readers reach this service; every link in a mail begins with it.",
    )
    data_dir: Annotated[Path, BeforeValidator(values.folder)] = Field(
        default_factory=values.data_folder,
        description="The folder for the database, the local mailbox and the made secrets.",
    )
    database_url: Annotated[str, BeforeValidator(values.database_url)] = Field(
        default_factory=lambda data: f"sqlite:///{data['data_dir']}/paperround.sqlite3",
        repr=False,
        description="`sqlite:///FILE`, or `postgresql://USER:PASSWORD@HOST/NAME` when there is more than one machine.",
    )
    sqlite_synchronous: Annotated[str, BeforeValidator(values.one_of("normal", "full"))] = Field(
        "normal", description="`full` also survives a loss of power; `normal` survives the death of a process."
    )
    broker_url: Annotated[str, BeforeValidator(values.broker_url)] = Field(
        "memory://", repr=False, description="`memory://` inside one process, or `redis://HOST:6379/0`."
    )
    smtp_url: Annotated[tuple[str, ...], _Items, AfterValidator(values.smtp_urls)] = Field(
        (),
        repr=False,
        description="Relays, `smtp+starttls://USER:PASSWORD@HOST`, `smtps://…` or `smtp://…`; none: a local mailbox.",
    )
    smtp_rate: Annotated[int, BeforeValidator(values.whole(0, 1_000_000))] = Field(
        0, description="Mails a minute to one relay, all workers together; `0` is no limit."
    )
    smtp_connections: Annotated[int, BeforeValidator(values.whole(1, 100))] = Field(
        4, description="Connections that one worker keeps open to a relay; they share each commit."
    )
    smtp_warm_up: Annotated[int, BeforeValidator(values.whole(0, 1_000_000))] = Field(
        0, description="Mails a minute to a new relay on its first day, twice that on each following one (0: at once)."
    )
    smtp_per_domain: Annotated[int, BeforeValidator(values.whole(0, 1_000_000))] = Field(
        0, description="Mails a minute to any one mail domain, all workers together; `0` is no limit."
    )
    mail_from: _Address = Field(
        default_factory=lambda data: values.sender(data["base_url"]),
        description="The bare address that mails come from.",
    )
    unsubscribe_mailto: Annotated[str, AfterValidator(addresses.address_or_none)] = Field(
        "", description="An address whose mail is read; named in List-Unsubscribe beside the link."
    )
    bounce_address: Annotated[str, AfterValidator(addresses.bounce_address)] = Field(
        "",
        description="An address whose mail `paperround bounces` reads; each mail's envelope names itself there (VERP).",
    )
    reply_to: Annotated[str, AfterValidator(addresses.address_or_none)] = Field(
        "", description="An address whose mail people read: where replies go."
    )
    dkim_domain: Annotated[str, AfterValidator(signing.domain)] = Field(
        default_factory=lambda data: data["mail_from"].rpartition("@")[2],
        description="The domain that signs mails; its DNS holds the records that `paperround dkim` shows.",
    )
    dkim_selector: Annotated[tuple[str, ...], _Items, AfterValidator(signing.selectors)] = Field(
        ("paperround",), description="The DKIM selector; one for each key, in the order of the keys."
    )
    dkim_key: Annotated[str, AfterValidator(signing.keys)] = Field(
        "",
        repr=False,
        description="The private key that signs every mail (DKIM): RSA or Ed25519 in PEM form, or one of each.",
    )
    secret_keys: Annotated[tuple[str, ...], _Items, AfterValidator(values.keys)] = Field(
        (), repr=False, description="Keys that sign links, newest first; put a new one in front to rotate."
    )
    suppression_key: Annotated[str, AfterValidator(values.key)] = Field(
        "",
        repr=False,
        description="The key under which addresses that must never be written to are kept; never changes.",
    )
    signup: Annotated[str, BeforeValidator(values.signup)] = Field(
        "open", description="Who may subscribe: `open`, `closed`, `invite`, or a list of mail domains."
    )
    invitations: Annotated[tuple[str, ...], _Items, AfterValidator(values.codes)] = Field(
        (),
        repr=False,
        description="Invitation codes of 8 characters or more: who types one may subscribe.",
    )
    sources: Annotated[tuple[str, ...], _Items, AfterValidator(values.sources)] = Field(
        ("https://huggingface.co/papers",),
        description="The sources a fresh installation begins with: URLs, or arXiv categories (`cs.LG`).",
    )
    arxiv_api: Annotated[str, BeforeValidator(values.web_url_or_none)] = Field(
        "https://export.arxiv.org/api/query",
        description="Asked once a day for categories, TeX, DOI and comment of papers from listings; `none`: never.",
    )
    allowed_networks: Annotated[tuple[str, ...], _Items, AfterValidator(reach.networks)] = Field(
        default_factory=lambda data: values.LOOPBACK if values.is_loopback(data["base_url"]) else (),
        description="Private networks that sources may lie in (`10.0.0.0/8`), or `none`; by default the own machine "
        "while the base URL lies there, and none otherwise.",
    )
    proxy: Annotated[str, AfterValidator(reach.proxy)] = Field(
        "",
        repr=False,
        description="The only way out, `http://USER:PASSWORD@HOST:3128`: sources are reached through this proxy, which "
        "judges their names; numeric addresses in the allowed networks are reached without it.",
    )
    service_name: Annotated[str, AfterValidator(values.one_line), AfterValidator(values.not_empty)] = Field(
        "Paper Round", description="What the pages and mails call this service."
    )
    contact: _Line = Field("", description="A mail address or page for readers and for the owners of sources.")
    operator: Annotated[str, AfterValidator(addresses.address_or_none)] = Field(
        default_factory=lambda data: addresses.mail_address(data["contact"]),
        description="Where alarms are mailed, one of each kind a day; the contact, if that is an address.",
    )
    imprint: _Text = Field("", description="Who runs this service: a text, or a link to one.")
    privacy: _Text = Field("", description="What is kept about readers, and why: a text, or a link to one.")
    user_agent: Annotated[str, AfterValidator(values.one_line), AfterValidator(values.latin)] = Field(
        default_factory=lambda data: values.agent(data["contact"] or data["base_url"]),
        description="What sources see as the name of the visitor.",
    )
    max_papers: Annotated[int, BeforeValidator(values.whole(1, 100))] = Field(
        10, description="How many papers a digest shows, where the reader has not said."
    )
    collect_interval: _Interval = Field(1800, description="How often a source is looked at: `30m`, `2h`, or seconds.")
    send_interval: _Interval = Field(60, description="How often due digests and waiting mails are looked for.")
    canary: Annotated[int, BeforeValidator(values.whole(0, 10_000))] = Field(
        50, description="Digests sent ahead of a morning 20 times as large, which waits for them; `0`: none."
    )
    spread: Annotated[int, BeforeValidator(times.span)] = Field(
        0,
        description="Over how long after their hour digests begin, each day in another order: `30m` has the width of "
        "± 15 minutes; `0`: all at the hour.",
    )
    not_after: Annotated[int, BeforeValidator(values.whole(0, 23))] = Field(
        0,
        description="From this local hour on (`14`) a late digest is folded into the next one, which is sent however "
        "late; `0` sends each.",
    )
    # Composing looks back a month, and bounces come within the next.
    keep_days: Annotated[int, BeforeValidator(values.whole(62, 36_500))] = Field(
        400, description="For how many days a mail's row is kept, and its page in the browser; `36500`: for good."
    )
    trusted_proxies: Annotated[str, AfterValidator(reach.proxies)] = Field(
        "127.0.0.1", description="Reverse proxies whose word on a visitor's address is taken, or `none`."
    )
    limit_network: Annotated[str, AfterValidator(values.limits)] = Field(
        "300 per 10 minutes; 2000 per day",
        description="How many forms one network may send that write to people or change a subscription; or `none`.",
    )
    limit_everybody: Annotated[str, AfterValidator(values.limits)] = Field(
        "10000 per hour", description="How many such forms are taken in all; or `none`."
    )
    limit_reading: Annotated[str, AfterValidator(values.limits)] = Field(
        "1200 per minute; 30000 per hour",
        description="How many previews, searches, days and feeds one network may ask one web process for, by page or "
        "API; or `none`.",
    )
    limit_reading_everybody: Annotated[str, AfterValidator(values.limits)] = Field(
        "12000 per minute", description="How many of those one web process answers in all; or `none`."
    )
    metrics_token: Annotated[str, AfterValidator(reach.token)] = Field(
        "",
        repr=False,
        description="Who shows it as `Authorization: Bearer …` may read `/metrics` from elsewhere than this machine.",
    )
    log_level: Annotated[str, BeforeValidator(values.one_of("debug", "info", "warning", "error"))] = Field(
        "info", description="The least important lines that are logged; Celery's own follow its `--loglevel`."
    )

    # Where each value came from, and only where it is not the default.
    _origins: dict[str, str] = PrivateAttr(default_factory=dict)

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Take what `load` hands in and nothing else, since only `load` can say all that is wrong at once."""
        return (init_settings,)

    @property
    def production(self) -> bool:
        """Whether readers other than the operator are served: every secret must then be set, none is made."""
        return bool(self.smtp_url) or not values.is_loopback(self.base_url)

    @property
    def suppression_mark(self) -> str:
        """Tells one suppression key from another, and nothing else of it."""
        return hmac.new(self.suppression_key.encode(), b"which key this is", hashlib.sha256).hexdigest()

    @property
    def signup_domains(self) -> tuple[str, ...]:
        """The mail domains that may subscribe; empty where sign-up is not limited to domains."""
        return () if self.signup in values.SIGNUP_MODES else tuple(self.signup.split(", "))

    @property
    def mailbox_dir(self) -> Path:
        """The local mailbox, a Maildir that takes the mails while no relay is set."""
        return self.data_dir / "mailbox"


SECRETS = ("secret_keys", "suppression_key")
# Of these nothing at all is ever shown.
HIDDEN = (*SECRETS, "dkim_key", "metrics_token", "invitations")
NAMES = tuple(Settings.model_fields)
