"""A saved text or Markdown of a listing → papers.

Comes in: the text of a saved page. Goes out: a Listing. Refuses to know: bytes, HTML, JSON.

Which of the layouts it is shows in the text itself: `Title:` blocks, the page of one paper, Markdown, links on lines of
their own, or nothing but titles and abstracts in turn, with empty lines between them or without.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from service.errors import ParseError
from service.folding import fold_title
from service.model import Listing, Paper
from service.sources import alternation, blocks, cards, markdown, paperpage
from service.sources.cards import Piece
from service.sources.furniture import counts_authors, is_banner, is_furniture, is_head, is_submitter
from service.sources.huggingface import SITE
from service.sources.text import fold, printed_day

_MOST_LINES = 60_000
_HEAD_LINES = 150
_URL = re.compile(r"<?(https?://[^\s<>]+)>?")
# A line is either named or indented: were it both, forty of them could be read in a trillion ways.
_FRONT = re.compile(r"\s*---\n(?:[\w-][\w -]{0,39}:.*\n|\s.*\n){1,40}?---\n")
_JINA = re.compile(r"^Markdown Content:[ \t]*\n", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\[\]\n]{0,300})\](?:\([^()\s]{0,1000}\)|\[\d{1,5}\])")
_SOFT_WRAP, _HARD_WRAP = 45, 120
_LONG, _TITLE_WORDS = 150, 3


def read(text: str, url: str = "") -> Listing:
    """Return the papers of a saved page. Raises ParseError where it holds none, and says what it looks like."""
    lines = _lines(text)
    if blocks.looks_like(lines):
        papers, skipped = blocks.read(lines)
        return _listing(papers, "capture-blocks", skipped)
    paper = paperpage.read(lines)
    if paper:
        return _listing([paper], "capture-paper")
    body = _body(lines)
    if not body and not url.startswith("https://huggingface.co/papers"):
        raise ParseError("this looks like a text that is no saved listing of papers", "some other text")
    return _read_body(body or lines)


def _lines(text: str) -> list[str]:
    unified = text.replace("\r\n", "\n").replace("\r", "\n")
    front = _FRONT.match(unified[:8_000])
    unified = unified[front.end() if front else 0 :]
    jina = _JINA.search(unified, 0, 4_000)
    return unified[jina.end() if jina else 0 :].split("\n", _MOST_LINES)[:_MOST_LINES]


def _body(lines: list[str]) -> list[str]:
    """Cut off everything up to the last line of the page's head, and unglue `Subscribe` from what follows it."""
    head = [place for place, line in enumerate(lines[:_HEAD_LINES]) if is_head(_bare(line))]
    if not head:
        return []
    body = lines[head[-1] + 1 :] or [""]
    after_banner = is_banner(_bare(lines[head[-1]]))
    if after_banner and body[0].startswith("Subscribe") and len(body[0]) > len("Subscribe"):
        body = [body[0].removeprefix("Subscribe"), *body[1:]]
    return body


def _bare(line: str) -> str:
    return fold(line).lstrip("#*-> ").strip("*_ ")


def _read_body(body: list[str]) -> Listing:
    day = _day(body)
    if markdown.looks_like("\n".join(body)):
        return _listing(cards.read(markdown.pieces(body)), "capture-markdown", day=day)
    pieces, submitted = _pieces(body)
    if any(cards.paper_name(piece.url) for piece in pieces):
        return _listing(cards.read(pieces), "capture-links", day=day)
    texts = [piece.text for piece in pieces if not is_furniture(piece.text)]
    if any(map(counts_authors, map(fold, body))) and all(len(text) < _LONG for text in texts):
        return _listing(_titles_alone(texts), "capture-titles", day=day)
    found, cut = alternation.pairs(texts)
    if not found:
        raise _nothing(texts, submitted)
    layout = "capture-paragraphs" if any(not line.strip() for line in body[:-1]) else "capture-lines"
    return _listing([Paper(title, abstract) for title, abstract in found], layout, cut, day)


def _day(body: list[str]) -> date | None:
    """The page's day stands first, before any paper, and only sometimes with its year."""
    for line in body[:40]:
        bare = _bare(_LINK.sub(r"\1", line))
        printed, found = printed_day(bare)
        if printed:
            return found
        if bare and not is_furniture(bare) and not _URL.fullmatch(bare):
            return None
    return None


def _pieces(body: list[str]) -> tuple[list[Piece], bool]:
    """Join hard-wrapped paragraphs, give each link on a line of its own to the text above it, drop submitters."""
    pieces: list[Piece] = []
    name_follows = submitted = False
    for text in _paragraphs(body):
        link = _URL.fullmatch(text)
        if link and pieces:
            pieces[-1] = Piece(pieces[-1].text, pieces[-1].url or link[1])
        elif is_submitter(text):
            name_follows = submitted = True
            continue
        elif not (name_follows and len(text) < 60):
            pieces.append(Piece(text))
        name_follows = False
    return pieces, submitted


def _paragraphs(body: list[str]) -> list[str]:
    """Each line is a paragraph, but for runs of short lines between empty ones, which are one that was wrapped."""
    if not any(not line.strip() for line in body):
        return [fold(line) for line in body if fold(line)]
    found: list[str] = []
    for run in _runs(body):
        found += [" ".join(run)] if _wrapped(run) else run
    return found


def _runs(body: list[str]) -> list[list[str]]:
    runs: list[list[str]] = [[]]
    for line in map(fold, body):
        if line:
            runs[-1].append(line)
        elif runs[-1]:
            runs.append([])
    return runs


def _wrapped(run: list[str]) -> bool:
    """Whether an editor broke these lines: none is long, all but the last are rather full, none is the page's link."""
    full = len(run) > 1 and sum(map(len, run[:-1])) >= _SOFT_WRAP * len(run[:-1]) and max(map(len, run)) <= _HARD_WRAP
    return full and not any(is_submitter(line) or line.startswith(SITE) for line in run)


def _titles_alone(texts: list[str]) -> list[Paper]:
    """A day's page shows no abstracts: every text of some words is a title."""
    return [Paper(text) for text in dict.fromkeys(texts) if len(text.split()) >= _TITLE_WORDS]


def _listing(papers: list[Paper], form: str, skipped: int = 0, day: date | None = None) -> Listing:
    """A page may hold every card twice; a listing does not."""
    once: dict[tuple[str, str, str], Paper] = {}
    for paper in papers:
        dated = replace(paper, listed=paper.listed or day)
        once.setdefault((paper.arxiv_id, fold_title(paper.title), paper.abstract), dated)
    if not once:
        raise _nothing([], False)
    return Listing(tuple(once.values()), skipped, day, form)


def _nothing(texts: list[str], submitted: bool) -> ParseError:
    if submitted:
        what = "a Hugging Face listing without titles"
        return ParseError("this looks like a Hugging Face listing saved without its titles and abstracts", what)
    if not texts:
        what = "a Hugging Face page without papers"
        return ParseError("this looks like the head of a Hugging Face listing without any paper below it", what)
    what = "a Hugging Face listing without abstracts"
    return ParseError("this looks like a Hugging Face listing, but no titles with abstracts can be told apart", what)
