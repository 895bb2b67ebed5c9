"""An abstract → the two sentences that carry the matched words.

Comes in: a readable Passage. Goes out: a shorter one, of whole sentences where they fit. Refuses to know: TeX, mails.
"""

from __future__ import annotations

import re
from bisect import bisect
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import pairwise

from service.messages.passages import Passage, Span

LIMIT = 320
_SHORT = 120
_GAP = " … "
_MORE = "…"
# A stop ends a sentence when white space and then something that can begin one follow. A heap of stops is looked at
# once, not from each of them.
_STOP = re.compile(r"(?:(?<![.!?])[.!?]++[\"'”’)\]]*+(?= +[\"'“‘(\[]*[^\Wa-z_])|[。！？])")
# Words whose full stop belongs to them, and initials of names; these words begin a sentence even behind such a one.
_NO_STOP = re.compile(
    r"(?:\b(?:e\.g|i\.e|et al|cf|vs|resp|approx|w\.r\.t|a\.k\.a|etc|viz|ca|Dr|Prof|St|Mr|Ms"
    r"|i\.i\.d|s\.t|w\.(?:h\.)?p|a\.[es])"
    r"|\b(?:Figs?|Eqn?s?|Sect?s?|Tabs?|Refs?|Nos?|Algs?|Thms?|Lems?|Props?|Defs?|Cors?|Apps?|Chap|Ch|Vol|pp)"
    r"|(?<!\w)[A-Z])\.$"
)
_BEGINS = re.compile(r" (?:We|The|This|These|Our|It|In|To|However|But|For|While|When|Here|Moreover|Finally)\b")


class Cut:
    """Parts of an abstract, put together with what stands between them."""

    __slots__ = ("_parts", "text")

    def __init__(self, abstract: str, pieces: Iterable[Span | str]) -> None:
        text, parts = "", list[tuple[int, int, int]]()
        for piece in pieces:
            if isinstance(piece, str):
                text += piece
                continue
            start, end = piece
            parts.append((start, end, len(text) - start))
            text += abstract[start:end]
        self.text, self._parts = text, parts

    def hits(self, hits: Sequence[Span]) -> tuple[Span, ...]:
        """Where hits of the abstract, or what is left of them, stand here."""
        return tuple(
            [
                (max(first, start) + moved, min(last, end) + moved)
                for start, end, moved in self._parts
                for first, last in hits
                if first < end and start < last
            ]
        )


def excerpt(abstract: Passage, sentences: int = 2, limit: int = LIMIT) -> Passage:
    """Return at most so many sentences and characters of an abstract, those with hits before those beside them.

    Sentences stand in their own order, with an ellipsis where something between them is left out. A sentence that is
    too long by itself is cut around its first hit, at the ends of words.
    """
    text, hits = abstract.text, abstract.hits
    cut = cut_for(text, hits, sentences, limit)
    return Passage(cut.text, cut.hits(hits))


def cut_for(text: str, hits: Sequence[Span], sentences: int = 2, limit: int = LIMIT) -> Cut:
    """The same without the marks; the very same object wherever hits lie in the same sentences."""
    spans, ends = _sentences(text)
    if not spans:
        return Cut(text, [(0, len(text))])
    chosen = _choice(text, _touched(hits, spans, ends), sentences, limit)
    return Cut(text, _around_hit(text, hits, spans[chosen], limit)) if isinstance(chosen, int) else chosen


def sentence_spans(text: str) -> list[Span]:
    """Cut a text into sentences, as spans without the white space between them."""
    spans, start = [], 0
    for stop in _STOP.finditer(text):
        if _BEGINS.match(text, stop.end()) or not _NO_STOP.search(text, max(start, stop.end() - 12), stop.end()):
            spans.append((start, stop.end()))
            start = stop.end() + (text[stop.end() : stop.end() + 1] == " ")
    return [*spans, (start, len(text))] if start < len(text) else spans


@lru_cache(maxsize=2048)
def _sentences(text: str) -> tuple[list[Span], list[int]]:
    spans = sentence_spans(text)
    return spans, [end for _, end in spans]


def _touched(hits: Sequence[Span], spans: Sequence[Span], ends: Sequence[int]) -> tuple[int, ...]:
    """The numbers of the sentences with hits, as often as they have any."""
    touched = []
    for first, last in hits:
        at = bisect(ends, first)
        while at < len(spans) and spans[at][0] < last:
            touched.append(at)
            at += 1
    return tuple(touched)


# Keywords differ, but they hit the same sentences; what is kept for a choice takes a KB at most.
@lru_cache(maxsize=32_768)
def _choice(text: str, touched: Sequence[int], sentences: int, limit: int) -> int | Cut:
    """Choose what to show of a text by the sentences that have hits; a number for one too long by itself."""
    (spans, _), chosen = _sentences(text), list[int]()
    for candidate in _by_merit([touched.count(at) for at in range(len(spans))]):
        if len(chosen) < sentences and _length(spans, [*chosen, candidate]) <= limit:
            chosen.append(candidate)
        elif not chosen:
            return candidate
    return Cut(text, _filled(text, spans, sorted(chosen), limit if len(chosen) < sentences else 0))


def _by_merit(hits: Sequence[int]) -> Iterable[int]:
    """Sentences with most hits first; then what follows the best one, then what stands before it.

    One without a hit from elsewhere says nothing of either: mostly it is where the code is.
    """
    best = hits.index(max(hits))
    telling = (at for at, count in enumerate(hits) if count or abs(at - best) == 1 or at == best)
    return sorted(telling, key=lambda at: (-hits[at], at != best, at != best + 1, at))


def _length(spans: Sequence[Span], chosen: Iterable[int]) -> int:
    """How many characters the chosen sentences take together, with what stands between them."""
    places = sorted(chosen)
    gaps = sum(1 if after == at + 1 else len(_GAP) for at, after in pairwise(places))
    return gaps + sum(spans[at][1] - spans[at][0] for at in places)


def _filled(text: str, spans: Sequence[Span], chosen: Sequence[int], limit: int) -> list[Span | str]:
    """Where so little was found that a card would look empty, add the beginning of the next sentence, up to `limit`."""
    pieces: list[Span | str] = [spans[chosen[0]]]
    for before, at in pairwise(chosen):
        pieces += " " if at == before + 1 else _GAP, spans[at]
    following = chosen[-1] + 1
    if limit and following < len(spans) and (length := _length(spans, chosen)) < _SHORT:
        pieces += " ", *_cut(text, spans[following], limit - length - 1)
    return pieces


def _cut(text: str, sentence: Span, limit: int) -> list[Span | str]:
    start, end = sentence
    if end - start <= limit:
        return [sentence]
    space = text.rfind(" ", start + limit // 2, start + limit)
    return [(start, space if space > start else start + limit - 1), _MORE]


def _around_hit(text: str, hits: Sequence[Span], sentence: Span, limit: int) -> list[Span | str]:
    start, end = sentence
    first = next((max(hit[0], start) for hit in hits if hit[0] < end and start < hit[1]), start)
    if first - start < limit * 2 // 3:
        return _cut(text, sentence, limit)
    # Where the sentence soon ends, what stands before the hit has the rest of the room.
    begin = text.find(" ", max(min(first - limit // 3, end - limit), start), first) + 1 or first
    return [_MORE, *_cut(text, (begin, end), limit - 1)]
