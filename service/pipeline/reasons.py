"""Why a reader did not get a paper.

Comes in: a reader, a paper as people name it, what the store and the window know. Goes out: a reason in one sentence,
the nearest miss, and the change that would have brought it. Refuses to know: pages, how a change is saved.
The order of the questions is that of the pipe: was it read, kept out, sent, left out, matched, in time?
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

from service import editions
from service.keywords import Keyword
from service.matching import Index
from service.model import DeliveryState, Mend, Paper, Profile, StoredPaper, Subscriber, SubscriberState
from service.pipeline.batch import choose
from service.pipeline.misses import Miss, nearest
from service.pipeline.naming import paper_named
from service.pipeline.owing import greeted, look_back, past
from service.pipeline.selection import read_keyword
from service.pipeline.window import View
from service.settings.values import without_password
from service.store import Unit
from service.store.covered import NOTHING
from service.store.past import Held

_UNDER_WAY = (DeliveryState.READY, DeliveryState.CLAIMED, DeliveryState.SENDING)
_LOST = (DeliveryState.FAILED, DeliveryState.QUARANTINED)


@dataclass(frozen=True, slots=True)
class Came:
    """One arrival: when (UTC), through which source, and whether it was `new`, `cross`, `replace` or `past`."""

    at: datetime
    source: str
    kind: str


@dataclass(frozen=True, slots=True)
class Why:
    """The reason in a sentence; `miss` says what came nearest, `mend` what a button may change (`says`: its words).

    `came` are the paper's arrivals, of one in the window those within it; `matched` the topics that find it, exclusions
    too, whether or not mails may still bring it.
    """

    sentence: str
    paper: Paper | None = None
    miss: str = ""
    mend: Mend | None = None
    says: str = ""
    came: tuple[Came, ...] = ()
    matched: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Case:
    """One question: this reader, this paper, all that is known of both."""

    unit: Unit
    view: View
    reader: Subscriber
    stored: StoredPaper
    now: datetime

    def said(self, sentence: str, mend: Mend | None = None, says: str = "", miss: str = "") -> Why:
        return Why(sentence, self.stored.paper, miss, mend, says)

    def finds(self, keyword: Keyword) -> bool:
        return bool((self.view.find(keyword).papers == self.view.position[self.stored.id]).any())

    def arrived(self, sources: frozenset[int] | None) -> datetime | None:
        """When the paper first came through these sources."""
        seconds = self.view.firsts(sources).times[self.view.position[self.stored.id]]
        return datetime.fromtimestamp(float(seconds), UTC) if seconds else None

    def day(self, moment: datetime) -> str:
        return _day(editions.local_day(self.reader.schedule, moment))


def why(unit: Unit, view: View, reader: Subscriber, named: str, now: datetime) -> Why:
    """Answer for one reader and one paper."""
    stored = paper_named(unit, view, named)
    if stored is None:
        return Why("None of the sources has brought this paper; only what they bring can be found.")
    case = _Case(unit, view, reader, stored, now)
    said = _kept_out(case) or _sent(case) or _old(case) or _coming(case) or _chosen(case)
    return replace(said, came=tuple(_came(case)), matched=tuple(_found(case)))


def _came(case: _Case) -> Iterator[Came]:
    came = [each for each in case.view.arrivals if each.paper_id == case.stored.id]
    # What is hidden or over a month old is not in the window.
    for each in came or sorted(case.unit.papers.earlier([case.stored.id], case.now), key=lambda each: each.number):
        source = case.unit.sources.get(each.source_id)
        yield Came(each.at, without_password(source.url) if source else "", str(each.kind))


def _found(case: _Case) -> Iterator[str]:
    index = Index([case.stored.paper])
    for text in dict.fromkeys(text for profile in case.reader.profiles for text in profile.keywords):
        keyword = read_keyword(text)
        if keyword is not None and len(index.find(keyword).papers):
            yield text


def _kept_out(case: _Case) -> Why | None:
    if case.unit.papers.hidden([case.stored.id]):
        return case.said("It is kept out of every mail here, by whoever runs this service.")
    return None


def _sent(case: _Case) -> Why | None:
    ids = {case.stored.id} | {old for old, new in case.unit.papers.merged().items() if new == case.stored.id}
    for held in case.unit.past.holding(case.reader.id, ids):
        if held.state in (DeliveryState.SENT, *_UNDER_WAY, *_LOST):
            return _held(case, held)
    return None


def _held(case: _Case, held: Held) -> Why:
    day = _day(date.fromisoformat(held.edition))
    if held.state in _UNDER_WAY:
        return case.said(f"It is in your mail of {day}, which is on its way.")
    if held.state in _LOST:
        return case.said(f"It was in your mail of {day}, which could not be delivered: {held.error}")
    if held.place <= held.shown:
        return case.said(f"You did: it is number {held.place} in your mail of {day}.")
    sentence = f"It matched, and came as number {held.place} on {day}; that mail showed the first {held.shown}."
    more = min(100, -(-held.place // 10) * 10)
    if held.place > 100 or more <= case.reader.max_papers:
        return case.said(sentence)
    return case.said(sentence, Mend(max_papers=more), f"Show up to {more} papers")


def _old(case: _Case) -> Why | None:
    if case.stored.id in case.view.position:
        return None
    return case.said("It came over a month ago, or only as a new version of a paper; mails bring what is new.")


def _coming(case: _Case) -> Why | None:
    """Composing would choose it now: it is only early."""
    due = case.unit.subscribers.coming(case.reader.id)
    if due is None:
        return None
    found = past(case.unit, [due], case.now)
    [due], covered = greeted(case.unit, [due], found, case.now), found.get(case.reader.id, NOTHING)
    selection, _ = choose(case.view, due, due.subscriber.profiles, covered, case.now)
    if case.view.position[case.stored.id] not in selection.ranked:
        return None
    if due.next_due_at <= case.now:
        return case.said("It will be in your next mail, which is about to be put together.")
    return case.said(f"It will be in your mail of {case.day(due.next_due_at)}.")


def _chosen(case: _Case) -> Why:
    """The paper is in the window: go through the profiles, the one that comes furthest gives the reason."""
    found = list(_verdicts(case))
    return min(found, key=lambda each: each[0])[1] if found else case.said("There are no topics to find it.")


def _verdicts(case: _Case) -> Iterator[tuple[int, Why]]:
    profiles = case.reader.profiles or (Profile(),)
    if not any(_wanted(each) for each in profiles):
        yield 3, case.said("Without topics, mails bring the most upvoted papers of the day, and it was not among them.")
        return
    misses: list[Miss] = []
    for number, profile in enumerate(profiles):
        matched = [keyword for keyword in _wanted(profile) if case.finds(keyword)]
        if matched:
            yield _matched(case, number, profile, matched[0])
        else:
            misses += nearest(case.view, case.stored.paper, number, _wanted(profile))
    yield 3, _missed(case, misses)


def _wanted(profile: Profile) -> list[Keyword]:
    read = (read_keyword(text) for text in profile.keywords)
    return [keyword for keyword in read if keyword and not keyword.exclusion]


def _matched(case: _Case, number: int, profile: Profile, keyword: Keyword) -> tuple[int, Why]:
    for text in profile.keywords:
        other = read_keyword(text)
        if other and other.exclusion and case.finds(other):
            sentence = f"It matches {keyword.text}, but {text} leaves it out."
            return 1, case.said(sentence, Mend(number, drop=text), f"Remove {text}")
    arrived = case.arrived(profile.sources)
    if arrived is None:
        return 2, _elsewhere(case, number, keyword)
    if case.view.firsts(profile.sources).past[case.view.position[case.stored.id]]:
        day = case.day(arrived)
        return 0, case.said(f"It matches {keyword.text}, but was only read after your mail of {day}, with the past.")
    return 0, _timing(case, keyword, arrived)


def _elsewhere(case: _Case, number: int, keyword: Keyword) -> Why:
    came = [each for each in case.view.arrivals if each.paper_id == case.stored.id and each.kind != "replace"]
    source = case.unit.sources.get(came[0].source_id) if came else None
    if source is None or case.reader.profiles[number].sources is None:
        return case.said(
            f"It matches {keyword.text}, but came only as a new version, or through a source nobody chose."
        )
    place = without_password(source.url)
    sentence = f"It matches {keyword.text}, but came through {place}, which these topics do not look at."
    return case.said(sentence, Mend(number, source=source.id), "Look there too")


def _timing(case: _Case, keyword: Keyword, arrived: datetime) -> Why:
    matches = f"It matches {keyword.text} and came on {case.day(arrived)}"
    if case.reader.state is SubscriberState.PAUSED:
        days = look_back(case.reader).days
        return case.said(
            f"{matches}; mails rest. The next one holds what came before that, and in its last {days} days."
        )
    if case.reader.state is not SubscriberState.ACTIVE:
        return case.said(f"{matches}; no mails go to this address.")
    return case.said(f"{matches}, before these topics were chosen or while mails rested.")


def _missed(case: _Case, misses: list[Miss]) -> Why:
    if not misses:
        return case.said("None of your topics is in its title or abstract, nor anything close to them.")
    best = min(misses, key=lambda each: (each.steps, each.count))
    sentence = "None of your topics matches it."
    miss = f"{best.keyword} came nearest: {best.wider} finds it, and {best.count:,} papers in 30 days."
    return case.said(sentence, Mend(best.profile, best.keyword, best.wider), f"Change it to {best.wider}", miss)


def _day(day: date) -> str:
    return f"{day:%A} {day.day} {day:%B}"
