"""The catalogue as readers see it: what may be picked, what is polled.

Comes in: codes of categories. Goes out: offers, and the sources that stand for what was picked. Refuses to know: whose
profile they go into.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from service.errors import InputError
from service.sources import catalogue, kinds
from service.store import Store
from service.store.sources import Source


@dataclass(frozen=True, slots=True)
class Offer:
    """One category that may be picked: `source` is its row where there is one, `polled` whether it is read now."""

    code: str
    name: str
    subject: str
    source: int | None = None
    polled: bool = False


def offers(store: Store) -> list[Offer]:
    """Every category, in the order of the catalogue."""
    known: dict[str, Source] = {}
    polled: set[int] = set()
    if store.ready():
        with store.read() as unit:
            known = {kinds.canonical(each.url): each for each in unit.sources.all()}
            polled = {each.id for each in known.values() if each.active and unit.sources.wanted(each.id)}
    return [
        Offer(each.code, each.name, each.subject, source.id if source else None, bool(source and source.id in polled))
        for each in catalogue.entries()
        for source in (known.get(each.url),)
    ]


def pick(store: Store, codes: Iterable[str], now: datetime) -> frozenset[int]:
    """Have categories polled from now on; an operator's own source of the same category is taken as it is."""
    chosen = [_entry(code) for code in codes]
    with store.write() as unit:
        known = {kinds.canonical(each.url): each.url for each in unit.sources.all()}
        return frozenset(unit.sources.pick(known.get(each.url, each.url), "arxiv", now).id for each in chosen)


def _entry(code: str) -> catalogue.Entry:
    found = catalogue.entry(code)
    if found is None:
        raise InputError(f"There is no category {code.strip()[:40]}; `cs.LG` or `math.PR` would be one.")
    return found
