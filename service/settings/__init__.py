"""Settings: from the environment to one frozen value, and everything that is wrong said at once.

Comes in: `PAPERROUND_*` variables, their `_FILE` forms, a `.env` file, options of the command line. Goes out: Settings,
or one SettingsError that names each fault and its mend. Refuses to know: what the settings are used for.

An installation that only its own machine can reach makes its secrets itself, once. One that serves others (a base URL
that is not loopback, or a mail relay) must be given every secret: a made one would be lost with the machine.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from service.errors import SettingsError
from service.settings import reach, secret, values
from service.settings.environment import Given, gather
from service.settings.fields import HIDDEN, NAMES, PREFIX, SECRETS, Settings

__all__ = ["Row", "Settings", "described", "load", "look", "way_out"]

# Of these not even a wrong text may be shown: it may hold a password.
_HIDDEN = {name for name in NAMES if not Settings.model_fields[name].repr}


class Row(NamedTuple):
    """One setting as the operator may see it; `source` is default, option, environment, file, .env or made."""

    name: str
    value: str
    source: str


def load(environ: Mapping[str, str] | None = None, env_file: Path | None = None, **options: object) -> Settings:
    """Read every setting, or raise one SettingsError that names all that is wrong.

    Without `environ` the process environment is read, and `.env` of the working folder where there is one. `options`
    are settings by field name that go before all others; those that are None say nothing.
    """
    if environ is None:
        environ, env_file = os.environ, env_file or Path(".env")
    return _found(environ, env_file, options, make=True)


def look() -> Settings:
    """Read every setting as `load` does, and make no file.

    Secrets that are not there yet are drawn for this process alone, to look with and never to sign. SettingsError as
    there.
    """
    return _found(os.environ, Path(".env"), {}, make=False)


def _found(environ: Mapping[str, str], env_file: Path | None, options: Mapping[str, object], *, make: bool) -> Settings:
    given = gather(environ, env_file, {name: value for name, value in options.items() if value is not None})
    default_folder = {"data_dir": values.data_folder(environ.get("XDG_DATA_HOME", ""))}
    settings = _checked(given, default_folder)
    settings._origins.update(given.origins)
    return settings if settings.production else _with_secrets(settings, make)


def way_out() -> str:
    """Return the proxy alone, for a command that needs no other setting. Raises SettingsError."""
    given = gather(os.environ, Path(".env"), {})
    try:
        return reach.proxy(str(given.texts.get("proxy", "")))
    except ValueError as error:
        raise SettingsError(f"{PREFIX}PROXY: {error}.") from error


def described(settings: Settings) -> list[Row]:
    """Return every setting in the order of the README's table, its value with secrets hidden, and its origin."""
    origins = settings._origins
    return [Row(PREFIX + name.upper(), _shown(settings, name), origins.get(name, "default")) for name in NAMES]


def _checked(given: Given, defaults: Mapping[str, object]) -> Settings:
    faults = list(given.faults)
    settings = None
    try:
        settings = Settings.model_validate({**defaults, **given.texts})
    except ValidationError as error:
        faults += [_fault(detail) for detail in error.errors() if detail["type"] != "default_factory_not_called"]
    faults += _missing(given, faults) + _half_signed(given, faults)
    if settings is None or faults:
        raise SettingsError(_sentence(faults))
    return settings


def _missing(given: Given, faults: list[str]) -> list[str]:
    """Say which secrets an installation that serves others lacks; what is set wrongly has been said already."""
    url = str(given.texts.get("base_url", ""))
    public = "PAPERROUND_SMTP_URL is set" if given.texts.get("smtp_url") else ""
    try:
        if url and not values.is_loopback(values.web_url(url)):
            public = f"PAPERROUND_BASE_URL is {url}"
    except ValueError:
        pass  # _checked has this fault already.
    names = [PREFIX + name.upper() for name in SECRETS if name not in given.texts]
    unsaid = [name for name in names if not any(fault.startswith(f"{name}_FILE ") for fault in faults)]
    return [f"{name} is missing, and {public}: {_MEND}" for name in unsaid] if public else []


def _half_signed(given: Given, faults: list[str]) -> list[str]:
    """Whoever names a selector or a domain wants signed mails, and would send unsigned ones without a key."""
    said = any(fault.startswith(f"{PREFIX}DKIM_KEY") for fault in faults)
    names = [name for name in ("dkim_domain", "dkim_selector") if name in given.texts]
    if not names or said or "dkim_key" in given.texts:
        return []
    return [f"{PREFIX}{names[0].upper()} is set, and {PREFIX}DKIM_KEY is not: no mail would be signed"]


_MEND = (
    "set it to a secret of its own, such as the output of "
    "`python3 -c 'import secrets; print(secrets.token_urlsafe(32))'` "
    "(an installation used so far on this machine alone has its own in the file `secret` of the data folder)"
)


def _fault(detail: ErrorDetails) -> str:
    name = str(detail["loc"][0])
    problem = detail.get("ctx", {}).get("error") or detail["msg"]
    shown = "" if name in _HIDDEN else f" is {values.without_password(str(detail['input']))[:80]!r}"
    return f"{PREFIX}{name.upper()}{shown}: {problem}"


def _sentence(faults: list[str]) -> str:
    sentences = [fault if fault.endswith("?") else f"{fault}." for fault in faults]
    if len(sentences) == 1:
        return sentences[0]
    return "\n".join([f"{len(sentences)} settings are wrong:", *(f"- {sentence}" for sentence in sentences)])


def _with_secrets(settings: Settings, make: bool) -> Settings:
    lacking = [name for name in SECRETS if not getattr(settings, name)]
    if not lacking:
        return settings
    found = secret.made(settings.data_dir, make)
    made = {"secret_keys": (found["secret_keys"],), "suppression_key": found["suppression_key"]}
    settings._origins.update(dict.fromkeys(lacking, "made"))
    return settings.model_copy(update={name: made[name] for name in lacking})


def _shown(settings: Settings, name: str) -> str:
    value = getattr(settings, name)
    if name in HIDDEN:
        return "(hidden)" if value else ""
    texts = value if isinstance(value, tuple) else (str(value),)
    return ", ".join(values.without_password(text) if name in _HIDDEN else text for text in texts)
