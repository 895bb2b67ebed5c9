"""The form of a whole subscription ↔ what a reader chooses.

Comes in: a subscriber, fields as sent, the sources there are. Goes out: the form as it stands, what is wrong with it,
how many changes it holds, and the choice it means. Refuses to know: links, pages, how a choice is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from service import editions
from service.keywords import LIMIT, split
from service.model import Choice, Profile, Schedule, Subscriber
from service.subscriptions.choices import MOST_PAPERS, MOST_PROFILES
from service.web import forms
from service.web.forms import Problem, Sent

# Somebody who pasted a page into a field for codes need not be told of each word.
_MOST_TOLD = 10
RHYTHMS = {"daily": ("1", "2", "3", "4", "5", "6", "7"), "weekdays": ("1", "2", "3", "4", "5")}
_TEXTS = ("timezone", "hour", "max_papers")


@dataclass(frozen=True, slots=True)
class Menu:
    """What there is to look at: common sources and picked categories by id, and all categories that may be picked.

    `gone` are sources that are not read any more, which somebody may have chosen.
    """

    sources: Mapping[str, str] = field(default_factory=dict)
    categories: Mapping[str, str] = field(default_factory=dict)
    offered: frozenset[str] = frozenset()
    gone: Mapping[str, str] = field(default_factory=dict)

    def ticked(self, ids: Iterable[str], codes: object) -> tuple[str, ...]:
        """The ticks of a profile; all of them and nothing more are written as none, and mean whatever there will be."""
        chosen = tuple(dict.fromkeys(ids))
        return () if set(chosen) == set(self.sources) and not codes else chosen

    def codes(self, ids: Iterable[str]) -> list[str]:
        """The categories that stand behind these sources."""
        return [self.categories[each] for each in ids if each in self.categories and each not in self.sources]


@dataclass(frozen=True, slots=True)
class Part:
    """One profile as it stands in the form; `categories` are codes as typed. No source ticked and no code: all."""

    name: str = ""
    keywords: str = ""
    sources: tuple[str, ...] = ()
    categories: str = ""
    replacements: bool = False

    @property
    def topics(self) -> tuple[str, ...]:
        """The topics, one by one."""
        return split(self.keywords)


@dataclass(frozen=True, slots=True)
class Wanted:
    """The form as it stands in front of the reader."""

    parts: tuple[Part, ...]
    timezone: str
    hour: str
    weekdays: tuple[str, ...]
    max_papers: str
    quiet: bool

    def schedule(self) -> Schedule:
        """The schedule the fields say. Raises InputError."""
        days = forms.days(self.weekdays)
        return editions.check_schedule(Schedule(self.timezone, forms.number(self.hour), days))


def of(subscriber: Subscriber, menu: Menu) -> Wanted:
    """The form that says what a subscriber has now."""
    schedule = subscriber.schedule
    parts = tuple(_part(each, menu) for each in subscriber.profiles) or (Part(),)
    days = tuple(str(day) for day in sorted(schedule.weekdays))
    papers = str(subscriber.max_papers)
    return Wanted(parts, schedule.timezone, str(schedule.hour), days, papers, subscriber.quiet_digest)


def stamp(stored: Wanted) -> str:
    """A mark of what is stored; a form that carries another one was opened before the last change."""
    return hashlib.sha256(repr(stored).encode()).hexdigest()[:16]


def over(form: Wanted, sent: Sent, menu: Menu) -> Wanted:
    """The form with the fields that were sent in place of its own.

    A browser sends nothing for boxes that are all unticked: beside a field that did come, none means none.
    """
    came: dict[str, Any] = {name: sent.get(name) for name in _TEXTS if name in sent.fields}
    if "hour" in sent.fields or "weekdays" in sent.fields:
        came["weekdays"] = sent.fields.get("weekdays", ())
    if "max_papers" in sent.fields:
        came["quiet"] = bool(sent.get("quiet"))
    if "keywords" in sent.fields:
        # One too many is enough to be told so; hundreds would be tried before anything is said.
        count = min(len(sent.fields["keywords"]), MOST_PROFILES + 1)
        old = (*form.parts, *[Part()] * count)
        # What is not on the menu can have been ticked on our page only where it was chosen before.
        known = {each for part in form.parts for each in part.sources} | set(menu.sources)
        came["parts"] = tuple(_sent_part(sent, n, old[n], menu, known) for n in range(count))
    return replace(form, **came)


def staged(form: Wanted, sent: Sent) -> Wanted:
    """The form after a button that changes the form and saves nothing: a rhythm, a topic, a profile.

    The topics of a button stand behind the profile's number: `0:old`, and what takes its place behind an arrow.
    """
    number, _, topic = (sent.get("drop") or sent.get("add") or sent.get("swap")).partition(":")
    at = forms.number(number)
    if 0 <= at < len(form.parts) and topic:
        old, _, new = topic.partition("→") if sent.get("swap") else (topic, "", topic if sent.get("add") else "")
        # A button carries its topic with blanks folded, however it was typed.
        lines = [each for each in form.parts[at].topics if " ".join(each.split()) not in (old, new)]
        form = _with_part(form, at, replace(form.parts[at], keywords="\n".join(lines + [new] * bool(new))))
    if sent.get("rhythm") == "weekly":
        form = replace(form, weekdays=form.weekdays[:1] or ("1",))
    form = replace(form, weekdays=RHYTHMS.get(sent.get("rhythm"), form.weekdays))
    gone = forms.number(sent.get("less"))
    parts = tuple(part for at, part in enumerate(form.parts) if at != gone) or (Part(),)
    return replace(form, parts=(*parts, Part()) if sent.get("more") else parts)


def check(form: Wanted, menu: Menu) -> list[Problem]:
    """Everything wrong with the form, in the order of its fields."""
    found: list[Problem] = []
    for number, part in enumerate(form.parts):
        found += forms.check_topics(part.keywords, place("keywords", number))
        unknown = [code for code in _codes(part) if code.casefold() not in menu.offered]
        say = "There is no category {}; cs.LG or math.PR would be one."
        found += [Problem(f"categories-{number}", say.format(code[:40])) for code in unknown[:_MOST_TOLD]]
    found += forms.check_schedule(form)
    if not 1 <= forms.number(form.max_papers) <= MOST_PAPERS:
        found.append(Problem("max_papers", f"Please write how many papers a mail holds at most, 1 to {MOST_PAPERS}."))
    return found


def choice(form: Wanted, menu: Menu, pick: Callable[[list[str]], frozenset[int]]) -> Choice:
    """The choice a form without problems means; `pick` has categories polled. Raises InputError."""
    profiles = tuple(_profile(part, part.topics, _sources(part, menu, pick)) for part in form.parts)
    return Choice(profiles, form.schedule(), forms.number(form.max_papers), form.quiet)


def tried(form: Wanted, menu: Menu) -> tuple[Profile, ...]:
    """What of each profile can be tried, with the sources that are read already."""
    known = {code.casefold(): int(each) for each, code in menu.categories.items()}

    def pick(codes: list[str]) -> frozenset[int]:
        return frozenset(known[code.casefold()] for code in codes if code.casefold() in known)

    return tuple(
        _profile(part, _good(part.topics), _sources(part, menu, pick) if part.sources or part.categories else None)
        for part in form.parts
    )


def readable(form: Wanted, menu: Menu) -> tuple[Profile, ...]:
    """The profiles a digest would be made of, as the form stands."""
    profiles = tried(form, menu)
    return tuple(each for each in profiles if each.keywords) or profiles[:1]


def changes(stored: Wanted, form: Wanted) -> int:
    """How many changes a form holds, as a reader would count them."""
    plain = ("hour", "max_papers", "quiet", "timezone")
    count = sum(1 for name in plain if getattr(stored, name) != getattr(form, name))
    count += set(stored.weekdays) != set(form.weekdays)
    for number in range(max(len(stored.parts), len(form.parts))):
        count += _part_changes(*(each.parts[number] if number < len(each.parts) else Part() for each in (stored, form)))
    return count


def place(name: str, number: int) -> str:
    """The id of a field of one profile; the first has that of a form with one."""
    return f"{name}-{number}" if number else name


def _part(profile: Profile, menu: Menu) -> Part:
    ids = sorted(map(str, profile.sources or ()), key=int)
    ticked = tuple(each for each in ids if each in menu.sources or each not in menu.categories)
    codes = menu.codes(ids)
    chosen = menu.ticked(ticked, codes)
    return Part(profile.name, "\n".join(profile.keywords), chosen, " ".join(codes), profile.replacements)


def _profile(part: Part, topics: tuple[str, ...], sources: frozenset[int] | None) -> Profile:
    return Profile(topics, part.name, sources, part.replacements)


def _sent_part(sent: Sent, number: int, old: Part, menu: Menu, known: Collection[str]) -> Part:
    def text(name: str, otherwise: str) -> str:
        texts = sent.fields.get(name, ())
        return texts[number] if number < len(texts) else otherwise

    named = "name" in sent.fields
    ticked = tuple(each for each in sent.fields.get(f"sources-{number}", ()) if each in known)
    sources = ticked if named else old.sources
    wanted = bool(sent.get(f"replacements-{number}")) if named else old.replacements
    part = Part(text("name", old.name), text("keywords", ""), sources, text("categories", old.categories), wanted)
    return replace(part, sources=menu.ticked(part.sources, _codes(part)))


def _with_part(form: Wanted, at: int, part: Part) -> Wanted:
    return replace(form, parts=(*form.parts[:at], part, *form.parts[at + 1 :]))


def _codes(part: Part) -> list[str]:
    return part.categories.replace(",", " ").replace(";", " ").split()


def _sources(part: Part, menu: Menu, pick: Callable[[list[str]], frozenset[int]]) -> frozenset[int] | None:
    ticked = {each for each in part.sources if each.isascii() and each.isdigit()}
    picked = pick(_codes(part)) if _codes(part) else frozenset()
    everything = not ticked or (ticked >= set(menu.sources) and ticked <= set(menu.sources))
    if not _codes(part) and everything:
        return None
    return frozenset(map(int, ticked)) | picked


def _good(topics: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(each for each in topics if not forms.check_topics(each))[:LIMIT]


def _part_changes(old: Part, new: Part) -> int:
    gone, come = set(old.topics) - set(new.topics), set(new.topics) - set(old.topics)
    moved = not gone and not come and old.topics != new.topics
    others = (old.name != new.name) + (set(old.sources) != set(new.sources)) + (_codes(old) != _codes(new))
    return max(len(gone), len(come)) + moved + others + (old.replacements != new.replacements)
