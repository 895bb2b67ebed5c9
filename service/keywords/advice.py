"""What to tell a reader about a keyword that can be read but may not do what was meant.

Comes in: a keyword, and what it hit. Goes out: sentences for the reader, each with what to write instead.
Refuses to know: how the hits were counted. Nothing here refuses a keyword.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import groupby, takewhile

from service.categories import categories
from service.keywords.expression import And, Expression, Or, Phrase, canonical, leaves
from service.keywords.lexer import FIELDS, Kind, Piece
from service.keywords.widening import terms
from service.model import Field
from service.words import FUNCTION, WORDS_TOO, tokens
from service.words.acronyms import pairs

BROAD_SHARE = 0.2
BROAD_FROM = 50
# Behind a sign that is no letter of a word; the one of `cat:cs.*` has its say.
_IDLE_STAR = re.compile(r"(?<![\w.*])\*")
# What stands for one letter or none in Web of Science, PubMed and others: organi?ation.
_IDLE_QUESTION = re.compile(r"([^\W\d_]+)\?[^\W\d_]")
# The star of a name, as TeX raises it: C^*-algebra.
_RAISED_STAR = re.compile(r"\b[A-Z]\$?\^\{?\*[}$]{0,2}(?=-[A-Za-z])")
# A capital with a star is a name also in quotes: A*, C*-algebra.
_NAMED_STAR = re.compile(r"(?<![\w*])[A-Z]\*(?![\w*])")
# In the signs of the pieces: single words joined by OR to what has a field.
_BEHIND_FIELD = re.compile(r"[ac](?:w+|q)(?P<words>(?:ow(?=[o)]|$))+)")
_NAME = re.compile(r"(?![A-Z]{2,}$)[^\W\d_]+(?:-[^\W\d_]+)*")
# What other search engines join words by: +lora +adapter, lora NEAR/3 adapter.
_JOINT = re.compile(r"\s(?:\|\|?|&&|\+(?=[^\W\d_]|\s+\S))|\b(?:NEAR|ADJ|PRE|W)/\d+\b|\bNEAR\b")
_SHOUTED = re.compile(r"(?<!\S)!(?=[\w\"(])")
_QUOTED = re.compile(r"[\"“”„][^\"“”„]*[\"“”„]")


def slips(text: str, expression: Expression, pieces: Sequence[Piece]) -> Iterator[str]:
    """Yield what looks like a slip in the spelling of a keyword itself, given also as the pieces it was read in."""
    for leaf in leaves(expression):
        if isinstance(leaf, Phrase):
            yield from _slips(leaf)
    yield from _idle_signs(text)
    if other := either(text, expression):
        yield f"Did you mean {other}? This wants both in one paper."
    if named := _categories(expression, pieces):
        yield f"Did you mean {', '.join(named)}? This looks for the words."
    if fielded := _fieldless(pieces):
        yield f"Did you mean {', '.join(fielded)}? A field holds only for what stands right behind it."
    yield from _quoted_star(pieces)
    yield from _left_out(pieces)
    for found in tokens(text):
        if found.word.isupper() and found.word.lower() in WORDS_TOO and _loose(found.word, expression):
            yield f'{found.word} is also a word: write "{found.word}" in quotes for this spelling only.'


def _idle_signs(text: str) -> Iterator[str]:
    """Yield what to write in place of signs that mean something elsewhere."""
    unquoted = _QUOTED.sub("", text)
    if _JOINT.search(unquoted):
        yield "This joins nothing here: write OR or AND in capitals."
    if _SHOUTED.search(text):
        yield "An exclamation mark leaves nothing out: write -word for that."
    if asked := _IDLE_QUESTION.search(text):
        starred = f"write {asked[1]}* or " if len(asked[1]) > 2 else ""
        yield f"A question mark stands for no letter: {starred}join the spellings by OR."
    if _IDLE_STAR.search(_RAISED_STAR.sub("", unquoted)):
        yield "A star counts only right behind the letters of a word: this one is left out."


def _quoted_star(pieces: Sequence[Piece]) -> Iterator[str]:
    """Yield what to write for the first star in quotes; PubMed and Web of Science know it there."""
    quoted = (_RAISED_STAR.sub("", piece.text.strip('"')) for piece in pieces if piece.kind is Kind.QUOTE)
    starred = next((each for each in quoted if re.search(r"\w\*", _NAMED_STAR.sub("", each))), "")
    bare = re.sub(r"(?<=\w)\*\w+", "*", starred)
    if re.fullmatch(r"(?:[\w -]|(?<=\w{3})\*)+", bare):
        yield f"A star in quotes is left out: write {bare} without them."
    elif starred:
        yield "A star in quotes is left out: it counts only outside them, as in diffus*."


def _left_out(pieces: Sequence[Piece]) -> Iterator[str]:
    """Yield what a minus before several words leaves out: elsewhere it takes the first word only."""
    for at, piece in enumerate(pieces):
        field = pieces[at + 1].text if piece.kind is Kind.MINUS and pieces[at + 1].kind is Kind.FIELD else ""
        after = pieces[at + 1 + bool(field) :]
        words = [each.typed for each in takewhile(lambda each: each.kind is Kind.WORD, after)]
        if piece.kind is Kind.MINUS and len(words) > 1:
            phrase, first = " ".join(words), words[0].rstrip(".,;:!?")
            yield f"This leaves out the phrase “{phrase}”: put -{field}{first} last to leave out that word alone."


def either(text: str, expression: Expression) -> str:
    """Return the OR form of a name with its acronym in brackets, or nothing: `world model (WM)` asks for both."""
    operands = expression.operands if isinstance(expression, And) else ()
    named = list(pairs(text)) if len(operands) == 2 and all(isinstance(each, Phrase) for each in operands) else []
    return f"{named[0][1]} OR {named[0][0]}" if len(named) == 1 else ""


def _categories(expression: Expression, pieces: Sequence[Piece]) -> list[str]:
    """The categories of arXiv, in their field, that words outside any field are spelt like."""
    runs = (list(run) for kind, run in groupby(pieces, lambda piece: piece.kind) if kind is Kind.WORD)
    spelt = (" ".join(piece.text for piece in run) for run in runs)
    phrases = set(leaves(expression))
    return [f"cat:{named}" for each in spelt if (named := _named(each)) and Phrase(canonical(each, False)) in phrases]


def _fieldless(pieces: Sequence[Piece]) -> list[str]:
    """The single words behind a field and OR that are perhaps names of authors or archives, with that field."""
    found: list[str] = []
    for seen in _BEHIND_FIELD.finditer("".join(map(_sign, pieces))):
        words = [piece.text for piece in pieces[seen.start("words") : seen.end("words")] if piece.kind is Kind.WORD]
        if seen[0][0] == "a":
            found += [f"au:{word}" for word in words if _NAME.fullmatch(word)]
        else:
            found += [f"cat:{named}" for word in words if (named := categories(word)) and not _named(word)]
    return found


def _sign(piece: Piece) -> str:
    """One letter for a piece: the field of an author or a category, a word, a quote, OR, a bracket, anything else."""
    if piece.kind is Kind.FIELD:
        field = FIELDS[piece.text[:-1].lower()]
        return "a" if field is Field.AUTHOR else "c" if field is Field.CATEGORY else "x"
    return {Kind.WORD: "w", Kind.QUOTE: "q", Kind.OR: "o", Kind.CLOSE: ")"}.get(piece.kind, "x")


def _category(text: str, expression: Expression) -> str:
    """The category of arXiv that a phrase is spelt like, or nothing."""
    return _named(text) if isinstance(expression, Phrase) else ""


def _named(text: str) -> str:
    """The one category of arXiv that a text is, or nothing; `physics` is a word."""
    named = categories(text)
    return named if {".", "-"} & set(named) and "+" not in named else ""


def _loose(word: str, expression: Expression) -> bool:
    return any(isinstance(leaf, Phrase) and not leaf.exact and leaf.text == word.lower() for leaf in leaves(expression))


def _slips(leaf: Phrase) -> Iterator[str]:
    words = [part.word for part in leaf.parts]
    if not leaf.exact:
        for operator in ("or", "and", "not"):
            if operator in words[1:-1] or (operator in words[:1] and len(words) > 1 and operator == "not"):
                yield f"Did you mean {operator.upper()}? Operators are in capitals; {leaf.text} is taken as words."
    if all(word.lower() in FUNCTION for word in words):
        yield f"“{leaf.text}” stands in nearly every paper: add a word that says more."


def outcome(expression: Expression, exclusion: bool, count: int, total: int, typed: str = "") -> Iterator[str]:
    """Yield what the number of papers says: `count` of `total` papers were hit by the keyword as it was `typed`."""
    if count == 0 and total:
        yield from _nothing(expression, exclusion, typed)
    if broad(count, total):
        yield from _broad(expression, exclusion, count, total)


def _nothing(expression: Expression, exclusion: bool, typed: str) -> Iterator[str]:
    looser = apart(expression, typed)
    if exclusion:
        yield "No paper so far matches it: nothing to leave out yet."
    elif looser:
        yield f"No paper so far; {looser} would also find the words apart."
    else:
        yield "No paper so far; it stays on watch."


def apart(expression: Expression, typed: str = "") -> str:
    """Return the AND form of a phrase of several telling words, or nothing; what a hyphen joins stays together."""
    if not isinstance(expression, Phrase) or _category(typed, expression):
        return ""
    words = [term.lower() for term in terms(expression, typed)]
    telling = [word for word in words if word not in FUNCTION and len(word) > 1]
    return " AND ".join(telling) if len(telling) > 1 else ""


def broad(count: int, total: int) -> bool:
    """Whether so many papers of so many are more than a reader can have meant."""
    return total >= BROAD_FROM and count > BROAD_SHARE * total


def titles_only(expression: Expression) -> str:
    """Return the keyword that looks for the same phrase in titles only, or nothing for what is no plain phrase."""
    if not isinstance(expression, Phrase) or expression.field is not None:
        return ""
    return f"ti:{expression.text}" if not expression.exact else f'ti:"{expression.text}"'


def _broad(expression: Expression, exclusion: bool, count: int, total: int) -> Iterator[str]:
    share = f"{count} of {total} papers"
    if exclusion:
        yield f"This leaves out {share}."
    elif titles_only(expression):
        yield f"Broad: {share}. {titles_only(expression)} looks at titles only."
    elif isinstance(expression, And | Or | Phrase):
        yield f"Broad: {share}. Add AND with a word that says more."
    else:
        yield f"Broad: {share}."
