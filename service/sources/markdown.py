"""Markdown of a listing, as saved by several scrapers → pieces.

Comes in: Markdown with inline links, or with numbered references whose table may be cut off. Goes out: pieces in order.
Refuses to know: which pieces make a paper.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from service.sources.cards import Piece
from service.sources.text import fold

_HEADING = re.compile(r"(#{1,6}) +(?=\S)")
_ITEM = re.compile(r"\s{0,3}[-*+] ")
_RULE = re.compile(r"(?:[-*_] ?){3,}")
_REFERENCE = re.compile(r"\s*(?:\[(\d{1,5})\]:?|(\d{1,5})\.)\s+<?(https?://\S+?)>?\s*")
_IMAGE = re.compile(r"!\[[^\]\n]{0,300}\](?:\([^()\s]{0,1000}\)|\[\d{1,5}\])")
_CLOSED = re.compile(r"\](?:\((?P<url>[^()\s]{1,1000})(?:\s+\"[^\"]{0,300}\")?\)|\[(?P<number>\d{1,5})\])$")
_LINK = re.compile(r"\[([^\[\]]{0,2000})\](?:\((?P<url>[^()\s]{1,1000})(?:\s+\"[^\"]{0,300}\")?\)|\[\d{1,5}\])")
_ESCAPED = re.compile(r"\\([\\_*\[\]#])")
# Looked at from the first of a heap of backslashes alone.
_BREAK = re.compile(r"(?<!\\)\\++(?=\s|$)")
_CITED = re.compile(r"\[\d{1,3}(?:[,;] ?\d{1,3}){0,20}\](?![(\[])")
_LONGEST_BLOCK = 200


def looks_like(text: str) -> bool:
    """Say whether a saved page is Markdown: it has headings, or links in brackets."""
    return bool(re.search(r"^#{1,6} +\S", text, re.MULTILINE) or re.search(r"\]\((?:https?://|/)", text))


def pieces(lines: list[str]) -> list[Piece]:
    """Return the text runs of a Markdown page with their links resolved and their escapes undone."""
    references = {found[1] or found[2]: found[3] for line in lines if (found := _REFERENCE.fullmatch(line))}
    body = [line for line in lines if not _REFERENCE.fullmatch(line)]
    return [piece for block in _blocks(body) if (piece := _piece(block, references)).text or piece.url]


def _blocks(lines: list[str]) -> Iterator[str]:
    """Cut the page where a paragraph, a heading or a list item ends; a bracket left open holds its lines together."""
    block: list[str] = []
    for line in lines:
        if block and _ends(block, line):
            yield "\n".join(block)
            block = []
        if line.strip() or block:
            block.append(line)
    yield "\n".join(block)


def _ends(block: list[str], line: str) -> bool:
    if _HEADING.match(line) or len(block) > _LONGEST_BLOCK:
        return True
    if _open(block):
        return False
    if not line.strip() or _ITEM.match(line) or _opens(line):
        return True
    return bool(_HEADING.match(block[0])) and not line.startswith("  ")


def _open(block: list[str]) -> bool:
    start = _HEADING.sub("", block[0]).lstrip()
    return _opens(start) and not _CLOSED.search(block[-1].rstrip())


def _opens(line: str) -> bool:
    """A citation (`[7].`) at the start of a line is no link."""
    return line.startswith("[") and not _CITED.match(line)


def _piece(block: str, references: Mapping[str, str]) -> Piece:
    heading = _HEADING.match(block)
    level = len(heading[1]) if heading else 0
    text = _IMAGE.sub("", block[heading.end() if heading else 0 :]).strip()
    whole = _CLOSED.search(text) if text.startswith("[") else None
    if whole and "](" not in text[: whole.start()]:
        url = whole["url"] or references.get(whole["number"], "")
        return Piece(_words(text[1 : whole.start()]), url, level)
    first = _LINK.search(text)
    lone = first["url"] if first and first["url"] and not _LINK.sub("", text).strip(" -*+") else ""
    return Piece(_words(_LINK.sub(_inner, text)), lone, level)


def _inner(link: re.Match[str]) -> str:
    return "" if (link["url"] or "").endswith("#community") else link[1]


def _words(text: str) -> str:
    return fold("" if _RULE.fullmatch(text.strip()) else _ESCAPED.sub(r"\1", _BREAK.sub("", text)))
