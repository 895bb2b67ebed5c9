"""The grammar of keywords: words bind tightest, then NOT, AND, OR.

Comes in: one keyword. Goes out: its expression, and whether it excludes. Refuses to know: papers, counts.
Raises KeywordError with the character at which reading stopped, and nothing else.
"""

from __future__ import annotations

from service.errors import KeywordError
from service.keywords.expression import And, Expression, Leaf, Not, Or, Phrase, grounded
from service.keywords.lexer import FIELDS, TAGS, Kind, Piece, pieces
from service.keywords.terms import Term, leaf
from service.model import Field
from service.words import read

DEPTH = 20
# One sign may stand for twenty letters (U+FDFA); what is long when read takes as long as what is long when typed.
READ_LENGTH = 600
_BEGINS = frozenset({Kind.WORD, Kind.QUOTE, Kind.FIELD, Kind.OPEN, Kind.MINUS, Kind.NOT})


class Parser:
    """Reads one keyword by recursive descent; use it once."""

    def __init__(self, keyword: str, most: int = READ_LENGTH) -> None:
        self.keyword = keyword
        self.reading = read(keyword)
        if len(self.reading.text) > most:
            length = f"{len(self.reading.text):,}"
            raise KeywordError(f"its signs stand for {length} letters, and at most {most} can be read", keyword)
        self.pieces = pieces(keyword, self.reading)
        self.at = 0
        self.depth = 0
        self.refused: list[KeywordError] = []

    def parse(self) -> tuple[Expression, bool]:
        """Return the expression and whether the keyword excludes what the expression matches. Raises KeywordError."""
        if not self.pieces:
            raise KeywordError("an empty keyword", self.keyword)
        expression = self._any(None)
        if self.at < len(self.pieces):
            left = self.pieces[self.at]
            if left.kind is Kind.TAG:
                raise self._error(f"{left.text.strip()} out of place", left, "a group has it in front: ti:(a OR b)")
            raise self._error("closing bracket without an opening one", left)
        exclusion = not grounded(expression)
        expression = self._excluded(expression) if exclusion else expression
        if self.refused:
            raise self.refused[0]
        return expression, exclusion

    def _excluded(self, expression: Expression) -> Expression:
        """Return what a keyword made of minuses alone leaves out."""
        terms = expression.operands if isinstance(expression, And) else (expression,)
        taken = [term.operand for term in terms if isinstance(term, Not)]
        negations = [piece for piece in self.pieces if piece.kind in {Kind.NOT, Kind.MINUS}]
        worded = any(piece.kind is Kind.NOT for piece in negations)
        if worded or len(taken) < len(terms) or not all(map(grounded, taken)):
            advice = "write -word alone to leave papers out, or word AND NOT other"
            raise self._error("nothing to take away from", negations[0], advice)
        return _flat(Or, taken)

    def _any(self, field: Field | None) -> Expression:
        operands = [self._all(field)]
        while self._take(Kind.OR):
            operands.append(self._all(field))
        return _flat(Or, operands)

    def _all(self, field: Field | None) -> Expression:
        operands = [self._one(field)]
        while self._take(Kind.AND) or self._kind() in _BEGINS:
            operands.append(self._one(field))
        return _flat(And, operands)

    def _one(self, field: Field | None) -> Expression:
        if self._take(Kind.NOT) or self._take(Kind.MINUS):
            return Not(self._nested(field))
        return self._unit(field)

    def _nested(self, field: Field | None) -> Expression:
        self.depth += 1
        if self.depth > DEPTH:
            raise self._error(f"brackets more than {DEPTH} deep", self.pieces[self.at - 1])
        found = self._one(field) if self.pieces[self.at - 1].kind is not Kind.OPEN else self._any(field)
        self.depth -= 1
        return found

    def _unit(self, field: Field | None) -> Expression:
        kind = self._kind()
        if kind is Kind.FIELD:
            return self._in_field(field)
        if kind is Kind.OPEN:
            return self._group(field)
        if kind is Kind.QUOTE:
            return self._quote(field)
        if kind is Kind.WORD:
            return self._words(field)
        raise self._missing()

    def _in_field(self, outer: Field | None) -> Expression:
        piece = self._next()
        if outer is not None:
            raise self._error("a field inside a field", piece)
        if self._kind() not in {Kind.WORD, Kind.QUOTE, Kind.OPEN}:
            raise self._error(
                f"{piece.text} without words after it", piece, f"to leave papers out write -{piece.text}word"
            )
        return self._unit(FIELDS[piece.text[:-1].lower()])

    def _group(self, field: Field | None) -> Expression:
        opening = self._next()
        if self._kind() is Kind.CLOSE:
            raise self._error("nothing between the brackets", opening)
        if self._kind() is None:
            raise self._error("unclosed bracket", opening)
        found = self._nested(field)
        if not self._take(Kind.CLOSE):
            raise self._error("unclosed bracket", opening)
        return found

    def _quote(self, field: Field | None) -> Leaf:
        piece = self._next()
        if not piece.text.strip('" '):
            raise self._error("nothing between the quotes", piece)
        return self._leaf(Term(piece.text[1:-1], piece.typed, True, piece.position, self.keyword), self._tagged(field))

    def _words(self, field: Field | None) -> Leaf:
        first = last = self._next()
        if first.text.startswith("-"):
            raise self._error("a minus out of place", first, "it stands directly before its term: -survey, -ti:survey")
        while self._kind() is Kind.WORD:
            last = self._next()
        text = self.reading.text[first.start : last.end]
        typed = first.typed if first is last else text
        return self._leaf(Term(text, typed, False, first.position, self.keyword), self._tagged(field))

    def _tagged(self, field: Field | None) -> Field | None:
        """The field of a term, which may be named behind it."""
        if self._kind() is not Kind.TAG:
            return field
        piece = self._next()
        if field is not None:
            raise self._error("a field inside a field", piece)
        return TAGS[piece.text.strip(" []").lower()]

    def _leaf(self, term: Term, field: Field | None) -> Leaf:
        """Return the leaf of a term; one that is refused waits until the grammar around it has been checked."""
        try:
            return leaf(term, field)
        except KeywordError as error:
            self.refused.append(error)
            return Phrase(term.text)

    def _kind(self) -> Kind | None:
        return self.pieces[self.at].kind if self.at < len(self.pieces) else None

    def _next(self) -> Piece:
        self.at += 1
        return self.pieces[self.at - 1]

    def _take(self, kind: Kind) -> bool:
        taken = self._kind() is kind
        self.at += taken
        return taken

    def _missing(self) -> KeywordError:
        """Say which operator has nothing on its side."""
        before = self.pieces[self.at - 1] if self.at else None
        if before and before.kind in {Kind.AND, Kind.OR, Kind.NOT, Kind.MINUS}:
            return self._error(f"{before.text} needs something after it", before)
        here = self.pieces[min(self.at, len(self.pieces) - 1)]
        if here.kind is Kind.CLOSE:
            return self._error("closing bracket without an opening one", here)
        return self._error(f"{here.text} needs something before it", here)

    def _error(self, message: str, piece: Piece, advice: str = "") -> KeywordError:
        told = f"{message} at character {piece.position}"
        return KeywordError(f"{told}; {advice}" if advice else told, self.keyword, piece.position)


def _flat(kind: type[And] | type[Or], operands: list[Expression]) -> Expression:
    """Join operands, opening those of the same kind; one operand stands for itself."""
    flat = [inner for operand in operands for inner in (operand.operands if isinstance(operand, kind) else (operand,))]
    return flat[0] if len(flat) == 1 else kind(tuple(flat))
