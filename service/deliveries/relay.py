"""Where a mail server is and how to speak to it, read from a URL.

Comes in: `smtp://name:password@host:port?option=value`. Goes out: a frozen Relay, or a SettingsError that never repeats
the password. Refuses to know: sockets.

| scheme          | TLS                                                          | port    |
|-----------------|--------------------------------------------------------------|---------|
| `smtp`          | STARTTLS where the server offers it                          | 25, 587 |
| `smtp+starttls` | STARTTLS, or nothing is sent                                 | 587     |
| `smtps`         | from the first byte (RFC 8314)                               | 465     |

Options: `verify=no` takes any certificate, `ca=FILE` trusts the authorities of that file, `helo=NAME` is how we present
ourselves, `cleartext=yes` allows the password over a connection without TLS to another machine.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from service.errors import SettingsError

_SCHEMES = ("smtp", "smtp+starttls", "smtps")
_OPTIONS = ("verify", "ca", "helo", "cleartext")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Relay:
    """One mail server. `name` is what a sentence or a log line may say of it."""

    host: str
    port: int
    account: str = ""
    password: str = field(default="", repr=False)
    implicit_tls: bool = False
    demand_tls: bool = False
    verify: bool = True
    ca: str = ""
    helo: str = "[127.0.0.1]"
    cleartext_password: bool = False

    @property
    def name(self) -> str:
        """Host and port, without the account."""
        return f"{self.host}:{self.port}"

    def tls_context(self) -> ssl.SSLContext:
        """Build the TLS settings; SettingsError where the file of authorities cannot be used."""
        try:
            context = ssl.create_default_context(cafile=self.ca or None)
        except (OSError, ssl.SSLError) as error:
            raise SettingsError(f"The SMTP URL's ca file {self.ca} cannot be used: {error}.") from error
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return context


def read(url: str) -> Relay:
    """Read a relay's URL; SettingsError says what is wrong with it."""
    parts, port = _split(url)
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    _check(parts, options)
    account, password = unquote(parts.username or ""), unquote(parts.password or "")
    host = parts.hostname or ""
    optional_tls = parts.scheme == "smtp"
    return Relay(
        host=host,
        port=port or _usual_port(parts.scheme, account),
        account=account,
        password=password,
        implicit_tls=parts.scheme == "smtps",
        demand_tls=not optional_tls,
        # TLS that anyone could have stripped proves nothing (RFC 7435), unless a password is about to travel in it.
        verify=_yes(options.get("verify", ""), default=not optional_tls or bool(account or options.get("ca"))),
        ca=options.get("ca", ""),
        helo=options.get("helo", "") or _own_name(),
        cleartext_password=host in _LOOPBACK or _yes(options.get("cleartext", ""), default=False),
    )


def _split(url: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError as error:
        # The parser's own words may repeat the password, where that holds an unquoted sign.
        raise SettingsError(
            "The SMTP URL cannot be read; signs like / # ? @ : in the password must be written as %2F %23 %3F %40 %3A."
        ) from error
    return parts, port


def _check(parts: SplitResult, options: Mapping[str, str]) -> None:
    if parts.scheme not in _SCHEMES:
        raise SettingsError(f"The SMTP URL must begin with one of {', '.join(s + '://' for s in _SCHEMES)}.")
    if not parts.hostname:
        raise SettingsError("The SMTP URL names no host; its form is smtp://name:password@host:port.")
    if parts.path not in ("", "/") or parts.fragment:
        raise SettingsError("The SMTP URL goes on after the host; a / or # in the password is written as %2F or %23.")
    if unknown := [name for name in options if name not in _OPTIONS]:
        raise SettingsError(f"The SMTP URL has an unknown option {unknown[0]!r}; there are {', '.join(_OPTIONS)}.")
    if (ca := options.get("ca")) and not Path(ca).is_file():
        raise SettingsError(f"The SMTP URL's ca file {ca} does not exist.")
    if (helo := options.get("helo", "x")) != "".join(helo.split()) or not helo.isascii():
        raise SettingsError("The SMTP URL's helo must be a plain host name.")


def _usual_port(scheme: str, account: str) -> int:
    if scheme == "smtps":
        return 465
    return 587 if account or scheme == "smtp+starttls" else 25


def _yes(value: str, default: bool) -> bool:
    if value.lower() in ("yes", "true", "1", "on"):
        return True
    if value.lower() in ("no", "false", "0", "off"):
        return False
    if value:
        raise SettingsError(f"The SMTP URL has {value[:20]!r} where yes or no belongs.")
    return default


def _own_name() -> str:
    """How we present ourselves: a name with a dot, else an address literal (RFC 5321, section 4.1.4).

    The name is not looked up: without a network that would take seconds.
    """
    name = socket.gethostname()
    return name if "." in name.strip(".") and name.isascii() else "[127.0.0.1]"
