"""What a reader may choose, checked before anything is kept of it.

Comes in: choices as a form brought them. Goes out: the same, read and in order. Refuses to know: stores, pages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from service import editions
from service.errors import InputError
from service.keywords import parse_all
from service.model import Choice, Mend, Profile

MOST_PAPERS = 100
MOST_PROFILES = 10
LONGEST_NAME = 60


def checked(choice: Choice) -> Choice:
    """Return the choice as it is kept. Raises KeywordsError or InputError for what cannot be.

    A profile without topics stands for the day's trending papers, and only where no other has any.
    """
    if not 1 <= choice.max_papers <= MOST_PAPERS:
        raise InputError(f"A digest holds 1 to {MOST_PAPERS} papers; {choice.max_papers} is not among them.")
    if len(choice.profiles) > MOST_PROFILES:
        raise InputError(f"A subscription has at most {MOST_PROFILES} profiles.")
    profiles = [_profile(each) for each in choice.profiles]
    wanted = tuple(each for each in profiles if each.keywords) or tuple(profiles[:1]) or (Profile(),)
    return replace(choice, profiles=wanted, schedule=editions.check_schedule(choice.schedule))


def mended(choice: Choice, mend: Mend) -> Choice:
    """Return the choice with one change; what it speaks of may have gone in the meantime."""
    profiles = list(choice.profiles or (Profile(),))
    at = mend.profile if 0 <= mend.profile < len(profiles) else 0
    old = profiles[at]
    kept = [mend.add if keyword == mend.drop and mend.add else keyword for keyword in old.keywords]
    keywords = [keyword for keyword in kept if keyword != mend.drop]
    if mend.add and mend.add not in keywords:
        keywords.append(mend.add)
    sources = old.sources
    if mend.source is not None and sources is not None:
        sources |= {mend.source}
    profiles[at] = replace(old, keywords=tuple(keywords), sources=sources)
    return replace(choice, profiles=tuple(profiles), max_papers=mend.max_papers or choice.max_papers)


def canonical(profile: Profile) -> Sequence[str]:
    """The canonical texts of a profile's keywords, in their order."""
    return [keyword.canonical for keyword in parse_all(profile.keywords)]


def _profile(given: Profile) -> Profile:
    keywords = tuple(keyword.text for keyword in parse_all(given.keywords))
    name = " ".join(given.name.split())[:LONGEST_NAME]
    return replace(given, keywords=keywords, name=name, sources=given.sources or None)
