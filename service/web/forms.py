"""Fields as typed → values, or all that is wrong with them at once.

Comes in: form fields as text. Goes out: a schedule and numbers, and every problem with the field it belongs to; what
was typed stays as it was, so that a form can be given back. Refuses to know: who typed it, what it is for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated

from fastapi import Depends, Form

from service import editions, keywords
from service.errors import AddressError, InputError, KeywordError, KeywordsError
from service.model import Schedule, Subscriber

Text = Annotated[str, Form()]
Texts = Annotated[list[str] | None, Form()]

_WORKDAYS = ("1", "2", "3", "4", "5")


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong: the field it is about, a sentence, and for a keyword the text and place at fault."""

    field: str
    message: str
    keyword: str = ""
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Typed:
    """A form as it stands in front of the reader."""

    email: str = ""
    keywords: str = ""
    timezone: str = "UTC"
    hour: str = "7"
    weekdays: tuple[str, ...] = _WORKDAYS
    max_papers: str = "10"

    def lines(self, given: Sequence[str]) -> Typed:
        """The same form with these topics, one per line."""
        return replace(self, keywords="\n".join(given))

    def schedule(self) -> Schedule:
        """What the fields say; only for a form without problems."""
        return Schedule(editions.check_timezone(self.timezone), int(self.hour), _days(self.weekdays))


def typed(
    email: Text = "",
    keywords: Text = "",
    timezone: Text = "UTC",
    hour: Text = "7",
    max_papers: Text = "10",
    weekdays: Texts = None,
) -> Typed:
    """The posted fields; a browser sends line ends as CRLF, and no field means a control character."""
    fields = (_plain(each).strip() for each in (email, keywords, timezone, hour, max_papers))
    address, topics, zone, clock, most = fields
    return Typed(address, topics, zone, clock, tuple(weekdays or ()), most)


Posted = Annotated[Typed, Depends(typed)]


def of(subscriber: Subscriber) -> Typed:
    """The form that says what a subscriber has now."""
    schedule = subscriber.schedule
    chosen = [keyword for profile in subscriber.profiles for keyword in profile.keywords]
    days = tuple(str(day) for day in sorted(schedule.weekdays))
    return Typed("", "\n".join(chosen), schedule.timezone, str(schedule.hour), days, str(subscriber.max_papers))


def check(form: Typed) -> list[Problem]:
    """Everything wrong with the form but its address, in the order of its fields."""
    found = _problems("keywords", lambda: keywords.parse_all(keywords.split(form.keywords)))
    found += _problems("weekdays", lambda: editions.check_schedule(Schedule(weekdays=_days(form.weekdays))))
    found += _problems("hour", lambda: editions.check_schedule(Schedule(hour=_number(form.hour))))
    found += _problems("timezone", lambda: editions.check_timezone(form.timezone))
    return found


def problems(error: InputError, field: str = "") -> list[Problem]:
    """What a refusal means for a form; `field` is where a refusal that names no field of its own belongs."""
    if isinstance(error, KeywordsError):
        return [_keyword(each) for each in error.errors]
    if isinstance(error, KeywordError):
        return [_keyword(error)]
    return [Problem("email" if isinstance(error, AddressError) else field, str(error))]


def papers(form: Typed) -> int:
    """The most papers a mail may show, as a number; -1, which is always refused, for what is none."""
    return _number(form.max_papers)


def _keyword(error: KeywordError) -> Problem:
    return Problem("keywords", str(error), error.keyword, error.position)


def _problems(field: str, attempt: Callable[[], object]) -> list[Problem]:
    try:
        attempt()
    except InputError as error:
        return problems(error, field)
    return []


def _days(given: Sequence[str]) -> frozenset[int]:
    return frozenset(_number(each) for each in given)


def _number(text: str) -> int:
    """A small number as typed; -1, which no field allows, for what is none."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else -1


def _plain(text: str) -> str:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return "".join(character for character in lines if character == "\n" or character.isprintable())
