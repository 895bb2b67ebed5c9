"""What topics would bring, as the front page shows it: the page as a whole, or that part alone for a script.

Comes in: topics and a schedule as typed. Goes out: the facts of `_preview.html`. Refuses to know: addresses, forms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from service import editions
from service.errors import InputError, KeywordsError
from service.keywords import parse_all, split
from service.messages.cards import Card, card
from service.messages.passages import Passage
from service.messages.snippets import snippet
from service.model import Profile, Schedule, Subscriber
from service.pipeline import Advice, Morning, Suggestion, Week
from service.subscriptions.choices import MOST_PAPERS
from service.web import choosing, forms
from service.web.choosing import Menu, Wanted
from service.web.forms import Problem, Typed
from service.web.limits import paced
from service.web.pages import Desk, Here

router = APIRouter(dependencies=[Depends(paced)])

_TRENDING = 5
# So many cards show a sentence of their abstract; the page stays small, and nobody reads on for longer.
_AT_LENGTH = 12
_OPEN = 3
_OFFERED = 8


@dataclass(frozen=True, slots=True)
class Group:
    """One morning with its cards: `at_length` of them with a sentence, and whether it stands open."""

    morning: Morning
    cards: tuple[Card, ...]
    at_length: int
    open: bool


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic with its counts, and a few words around its newest hit."""

    advice: Advice
    example: Passage | None


@dataclass(frozen=True, slots=True)
class Offer:
    """A suggestion, and the topics there are once it is taken."""

    suggestion: Suggestion
    lines: tuple[str, ...]


@router.get("/preview")
def preview(
    desk: Here,
    k: Annotated[list[str] | None, Query()] = None,
    timezone: str = "",
    hour: str = "",
    weekdays: Annotated[list[str] | None, Query()] = None,
) -> Response:
    """The preview alone, for a page that has the rest already."""
    given = {"timezone": [timezone], "hour": [hour], "weekdays": weekdays or []}
    sent = forms.Sent({name: tuple(texts) for name, texts in given.items() if any(texts)})
    form = Typed(keywords="\n".join(k or ())).over(sent)
    return desk.page("_preview", **facts(desk, form))


def facts(desk: Desk, form: Typed) -> dict[str, object]:
    """What `_preview.html` shows of a form; topics that cannot be read are told of and left out."""
    now, schedule = desk.now(), _schedule(form)
    topics, refused = readable(form.keywords)
    advice = desk.world.pipeline.advice(topics, now) if topics else ()
    week = desk.world.pipeline.week((Profile(tuple(topics)),), schedule, now, desk.world.settings.max_papers)
    return {
        "now": now,
        "timezone": schedule.timezone,
        "refused": refused,
        "week": week,
        "wanted": not week.trending,
        "groups": _groups(week),
        "topics": [topic(each) for each in advice],
        "offers": _offers(topics, desk.world.pipeline.suggest(topics, now) if topics else ()),
    }


def mine(desk: Desk, reader: Subscriber, form: Wanted, menu: Menu) -> dict[str, object]:
    """What `_mornings.html` and the rows of topics show of a whole subscription as it stands in its form."""
    now, pipeline = desk.now(), desk.world.pipeline
    try:
        schedule = form.schedule()
    except InputError:
        schedule = Typed().schedule()
    week = pipeline.week(choosing.readable(form, menu), schedule, now, _papers(form), reader)
    parts = choosing.tried(form, menu)
    rows = [pipeline.advice(each.keywords, now, each.sources) for each in parts]
    return {
        "now": now,
        "timezone": schedule.timezone,
        "week": week,
        "groups": _groups(week, opened=0),
        "rows": [[topic(each) for each in advice] for advice in rows],
        "offers": [pipeline.suggest(each.keywords, now)[:_OFFERED] for each in parts],
    }


def _papers(form: Wanted) -> int:
    return min(max(forms.number(form.max_papers), 1), MOST_PAPERS)


def readable(typed: str) -> tuple[Sequence[str], list[Problem]]:
    """The topics that can be tried, and what is wrong with the others."""
    entries = split(typed)
    try:
        return [keyword.text for keyword in parse_all(entries)], []
    except KeywordsError as error:
        wrong = {each.keyword for each in error.errors}
        good = () if "" in wrong else [entry for entry in entries if entry not in wrong]
        return [keyword.text for keyword in parse_all(good)], forms.problems(error)


def _offers(topics: Sequence[str], found: Sequence[Suggestion]) -> list[Offer]:
    return [
        Offer(each, (*(text for text in topics if not (each.instead and text == each.topic)), each.keyword))
        for each in found[:_OFFERED]
    ]


def _schedule(form: Typed) -> Schedule:
    """The schedule of the form, or weekday mornings where it says none that can be used."""
    try:
        return editions.check_schedule(form.schedule())
    except (InputError, ValueError):
        return Typed().schedule()


def _groups(week: Week, opened: int = _OPEN) -> list[Group]:
    if week.trending:
        newest = next((each for each in week.mornings if each.papers), None)
        return [_group(newest, _TRENDING, _TRENDING, True)] if newest else []
    groups: list[Group] = []
    left = _AT_LENGTH
    for morning in week.mornings:
        groups.append(_group(morning, len(morning.papers), max(left, 0), sum(g.open for g in groups) < opened))
        left -= len(morning.papers)
    return groups


def _group(morning: Morning, count: int, at_length: int, opened: bool) -> Group:
    cards = tuple(card(each, morning.day) for each in morning.papers[:count])
    return Group(morning, cards, at_length, opened and bool(cards))


def topic(advice: Advice) -> Topic:
    """A topic with the words around its newest hit."""
    example = advice.example
    hits = example.why[0].hits if example else ()
    return Topic(advice, snippet(example.paper.paper, hits) if example and hits else None)
