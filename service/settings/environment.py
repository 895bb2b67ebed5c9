"""From the environment to one text per setting, with the place each came from.

Comes in: the environment, a `.env` file. Goes out: texts, and what is wrong with the names. Refuses to know: what the
texts mean.

The environment goes before the `.env` file, and in each of them a setting may stand itself (`NAME`) or in a file
(`NAME_FILE`, as container secrets do). An empty value counts as not set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv.parser import Original, parse_stream
from pydantic_settings import DotEnvSettingsSource

from service.settings import values
from service.settings.fields import NAMES, PREFIX, Settings


@dataclass(slots=True)
class Given:
    """What was found: a text and an origin per setting, and what cannot be read."""

    texts: dict[str, object] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def put(self, name: str, value: object, origin: str) -> None:
        """Note a value, unless one that goes before it has been noted."""
        if name not in self.texts:
            self.texts[name], self.origins[name] = value, origin


def gather(environ: Mapping[str, str], env_file: Path | None, options: Mapping[str, object]) -> Given:
    """Read every place a setting can come from; options go first, then the environment, then the `.env` file."""
    given = Given()
    for name, value in options.items():
        given.put(name, value, "option")
    _layer(given, environ, "environment")
    _layer(given, _dotenv(given, env_file), ".env")
    return given


def _layer(given: Given, variables: Mapping[str, str], origin: str) -> None:
    ours = {name: text for name, text in variables.items() if _is_ours(name) and text.strip()}
    for variable, text in sorted(ours.items()):
        name = variable.removeprefix(PREFIX).lower()
        if name in NAMES and variable.isupper():
            given.put(name, text, origin)
        elif name.removesuffix("_file") in NAMES and variable.isupper():
            _from_file(given, variable, text, both=variable.removesuffix("_FILE") in ours)
        else:
            given.faults.append(_unknown(variable))


def _is_ours(variable: str) -> bool:
    # PAPERROUND_TEST_… tells this project's tests where their neighbours are; no setting begins with it.
    return variable.startswith(PREFIX) and not variable.startswith(f"{PREFIX}TEST_")


def _from_file(given: Given, variable: str, path: str, both: bool) -> None:
    if both:
        given.faults.append(f"{variable} and {variable.removesuffix('_FILE')} are both set; keep one of them")
        return
    try:
        text = Path(path).read_text("utf-8").strip()
    except (OSError, UnicodeDecodeError, ValueError) as error:
        given.faults.append(f"{variable} names a file that cannot be read: {path} ({_reason(error)})")
        return
    name = variable.removeprefix(PREFIX).removesuffix("_FILE").lower()
    given.put(name, text, "file") if text else given.faults.append(f"{variable} names an empty file: {path}")


def _dotenv(given: Given, env_file: Path | None) -> Mapping[str, str]:
    try:
        # In a folder that is closed to this user one cannot even look for it.
        if env_file is None or not env_file.is_file():
            return {}
        found = DotEnvSettingsSource(Settings, env_file, "utf-8", case_sensitive=True).env_vars
        given.faults += _unread(env_file)
    except (OSError, UnicodeDecodeError) as error:
        given.faults.append(f"{env_file} cannot be read ({_reason(error)})")
        return {}
    return {name: text for name, text in found.items() if text is not None}


def _unread(env_file: Path) -> list[str]:
    """Lines that begin as a setting of ours and cannot be read; what stands there may be a secret."""
    with env_file.open(encoding="utf-8") as text:
        broken = [line.original for line in parse_stream(text) if line.error]
    return [
        f"{env_file}, line {_line(each)}: this cannot be read; write NAME=VALUE"
        for each in broken
        if _is_ours(each.string.lstrip().removeprefix("export "))
    ]


def _line(broken: Original) -> int:
    """Empty lines before a broken one are counted to it."""
    blank = len(broken.string) - len(broken.string.lstrip())
    return broken.line + broken.string.count("\n", 0, blank)


def _unknown(variable: str) -> str:
    known = [PREFIX + name.upper() for name in NAMES]
    return f"{variable} is not a setting of this service{values.suggestion(variable.upper(), known)}"


def _reason(error: Exception) -> str:
    return (error.strerror if isinstance(error, OSError) else "it is no text") or type(error).__name__
