"""Fields as typed → values, or all that is wrong with them at once.

Comes in: form fields as text. Goes out: a schedule and numbers, and every problem with the field it belongs to; what
was typed stays as it was, so that a form can be given back. Refuses to know: who typed it, what it is for.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Protocol

from fastapi import Depends, Request

from service import editions, keywords
from service.errors import AddressError, FieldError, InputError, InvitationError, KeywordError, KeywordsError
from service.model import Schedule

_TEXTS = ("email", "invitation", "keywords", "timezone", "hour", "max_papers", "shown")
_WORKDAYS = ("1", "2", "3", "4", "5")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: the field it is about, a sentence, and for a keyword the text and place at fault."""

    field: str
    message: str
    keyword: str = ""
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Sent:
    """The texts that came with a form, by field, in their order; an empty field is not a missing one."""

    fields: Mapping[str, tuple[str, ...]]

    def get(self, name: str) -> str:
        """The field's text; empty where it did not come."""
        return self.fields.get(name, ("",))[0]

    @property
    def letters(self) -> int:
        """How long the texts are together."""
        return sum(len(text) for texts in self.fields.values() for text in texts)

    def changes(self) -> dict[str, Any]:
        """The fields of `Typed` that came.

        A browser sends nothing for days that are all unticked: none beside an hour means that none is wanted.
        """
        came: dict[str, Any] = {name: self.get(name) for name in _TEXTS if name in self.fields}
        if "hour" in self.fields or "weekdays" in self.fields:
            came["weekdays"] = self.fields.get("weekdays", ())
        return came


@dataclass(frozen=True, slots=True)
class Typed:
    """A form as it stands in front of the reader; `shown` is when that began, in seconds since 1970."""

    email: str = ""
    invitation: str = ""
    keywords: str = ""
    timezone: str = "UTC"
    hour: str = "7"
    weekdays: tuple[str, ...] = _WORKDAYS
    max_papers: str = "10"
    shown: str = ""

    def over(self, fields: Sent) -> Typed:
        """The same form with the fields that were sent in place of its own."""
        return replace(self, **fields.changes())

    def schedule(self) -> Schedule:
        """What the fields say; only for a form without problems."""
        return Schedule(editions.check_timezone(self.timezone), int(self.hour), days(self.weekdays))


async def sent(request: Request) -> Sent:
    """Read the form; files are not texts and count as not sent. Raises HTTPException 400 for what is no form."""
    fields: dict[str, tuple[str, ...]] = {}
    async with request.form() as form:
        for name, value in form.multi_items():
            if isinstance(value, str):
                fields[name] = (*fields.get(name, ()), plain(value))
    return Sent(fields)


Posted = Annotated[Sent, Depends(sent)]


def check(form: Typed) -> list[Problem]:
    """Everything wrong with the form but its address, in the order of its fields."""
    return check_topics(form.keywords) + check_schedule(form)


class Times(Protocol):
    """The fields of a schedule as typed."""

    @property
    def timezone(self) -> str:
        """An IANA name."""

    @property
    def hour(self) -> str:
        """0 to 23."""

    @property
    def weekdays(self) -> tuple[str, ...]:
        """1 to 7."""


def check_topics(typed: str, field: str = "keywords") -> list[Problem]:
    """Everything wrong with the topics of one field."""
    found = _problems(field, lambda: keywords.parse_all(keywords.split(typed)))
    return [replace(each, field=field) for each in found]


def check_schedule(form: Times) -> list[Problem]:
    """Everything wrong with a schedule."""
    found = _problems("weekdays", lambda: editions.check_schedule(Schedule(weekdays=days(form.weekdays))))
    found += _problems("hour", lambda: editions.check_schedule(Schedule(hour=number(form.hour))))
    found += _problems("timezone", lambda: editions.check_timezone(form.timezone))
    return found


def problems(error: InputError, field: str = "") -> list[Problem]:
    """What a refusal means for a form; `field` is where a refusal that names no field of its own belongs."""
    if isinstance(error, KeywordsError):
        return [_keyword(each) for each in error.errors]
    if isinstance(error, KeywordError):
        return [_keyword(error)]
    if isinstance(error, FieldError):
        return [Problem(error.field, str(error))]
    named = {AddressError: "email", InvitationError: "invitation"}.get(type(error), field)
    return [Problem(named, str(error))]


def _keyword(error: KeywordError) -> Problem:
    return Problem("keywords", str(error), error.keyword, error.position)


def _problems(field: str, attempt: Callable[[], object]) -> list[Problem]:
    try:
        attempt()
    except InputError as error:
        return problems(error, field)
    return []


def days(given: Sequence[str]) -> frozenset[int]:
    """Days of the week as typed."""
    return frozenset(number(each) for each in given)


def number(text: str) -> int:
    """A small number as typed; -1, which no field allows, for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else -1


def plain(text: str) -> str:
    """Line ends come as CRLF; nobody means a control character or half of one, and databases refuse them."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ").strip()
    return "".join(letter for letter in lines if letter == "\n" or unicodedata.category(letter) not in ("Cc", "Cs"))
