"""Lines of a saved listing, titles and abstracts in turn → pairs.

Comes in: the texts between head and foot of a page. Goes out: (title, abstract) pairs. Refuses to know: files, papers.

Where every title has its abstract, the lines alternate. Real captures lose lines and gain others, so the cheapest
reading of the whole sequence is looked for (Viterbi's algorithm over four roles), not each line judged alone: a short
abstract or a long title is read right because of what stands around it.
"""

from __future__ import annotations

from collections.abc import Sequence

_TITLE, _ABSTRACT, _MORE, _OTHER = range(4)
_ROLES = (_TITLE, _ABSTRACT, _MORE, _OTHER)
_NEVER = 1e9
# The cost of going from one role (row) to the next (column): a title without an abstract is rare, two paragraphs rarer.
_STEP = (
    (5.0, 0.0, _NEVER, 5.0),
    (0.0, _NEVER, 2.0, 0.0),
    (0.0, _NEVER, 1.0, 0.0),
    (0.0, _NEVER, _NEVER, 0.0),
)
_START = (0.0, _NEVER, _NEVER, 0.0)


def pairs(texts: Sequence[str]) -> tuple[list[tuple[str, str]], int]:
    """Return titles with their abstracts, in order, and how many titles came without one: a page may be cut off."""
    found: list[tuple[str, str]] = []
    for text, role in zip(texts, _roles(texts), strict=True):
        if role == _TITLE:
            found.append((text, ""))
        elif role in (_ABSTRACT, _MORE):
            title, before = found[-1]
            found[-1] = (title, f"{before} {text}".strip())
    whole = [pair for pair in found if pair[1]]
    return whole, len(found) - len(whole)


def _roles(texts: Sequence[str]) -> list[int]:
    if not texts:
        return []
    costs = [start + own for start, own in zip(_START, _costs(texts[0]), strict=True)]
    back: list[list[int]] = []
    for text in texts[1:]:
        own = _costs(text)
        best = [min(_ROLES, key=lambda role, to=to: costs[role] + _STEP[role][to]) for to in _ROLES]  # type: ignore[misc]
        costs = [costs[best[to]] + _STEP[best[to]][to] + own[to] for to in _ROLES]
        back.append(best)
    role = min(_ROLES, key=lambda last: costs[last] + (2.0 if last == _TITLE else 0.0))
    roles = [role]
    for best in reversed(back):
        role = best[role]
        roles.append(role)
    return roles[::-1]


def _costs(text: str) -> tuple[float, float, float, float]:
    """How badly a text fits each role: arXiv takes abstracts up to 1,920 characters, so two long ones are two."""
    length, stopped = len(text), text.endswith((".", "!", "?", ".)", '."', ".”"))
    abstract = _abstract_cost(length) + (0.0 if stopped else 1.5)
    label = length < 60 and not stopped
    other = 2.5 if label else 4.0 if length < 80 else 7.0
    return _title_cost(length) + text.endswith("."), abstract, abstract + length / 130, other


def _title_cost(length: int) -> float:
    return 0.0 if length <= 200 else 2.0 if length <= 300 else 6.0


def _abstract_cost(length: int) -> float:
    return 0.0 if length >= 300 else 1.0 if length >= 150 else 2.0 if length >= 80 else 3.0
