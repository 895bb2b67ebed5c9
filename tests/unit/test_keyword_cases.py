"""The acceptance table of the keyword language, and our own rows beside it (tab-separated, no quoting)."""

from __future__ import annotations

from pathlib import Path

import pytest

from service.errors import KeywordError
from service.keywords import parse
from service.matching import Index
from service.model import Field, Paper

Row = tuple[str, str, str]


def rows(table: Path) -> list[Row]:
    lines = table.read_text("utf-8").rstrip("\n").split("\n")[1:]
    return [(keyword, text, verdict) for keyword, text, verdict, _ in (line.split("\t") for line in lines)]


OURS = rows(Path(__file__).with_name("keyword_cases.tsv"))


def verdict(keyword: str, text: str) -> str:
    """What the language says: the text is an author or a category where the keyword looks there, else an abstract."""
    try:
        read = parse(keyword)
    except KeywordError:
        return "refused"
    place = keyword.partition(":")[0]
    paper = {"au": Paper("", authors=(text,)), "cat": Paper("", categories=(text,))}.get(place, Paper("", text))
    index = Index([paper])
    assert bool(index.hits(read, 0)) == bool(len(index.find(read).papers)), "a match has a place, and only a match"
    return "yes" if len(index.find(read).papers) else "no"


@pytest.mark.parametrize(("keyword", "text", "expected"), OURS)
def test_the_language_decides_our_own_rows(keyword: str, text: str, expected: str) -> None:
    assert verdict(keyword, text) == expected


def test_the_language_decides_the_acceptance_table(shared: Path) -> None:
    table = rows(shared / "keyword-cases.tsv")
    assert len(table) > 70
    assert [row for row in table if verdict(row[0], row[1]) != row[2]] == []


@pytest.mark.parametrize(("keyword", "text", "expected"), [row for row in OURS if row[2] != "refused"])
def test_a_row_holds_in_a_title_as_in_an_abstract(keyword: str, text: str, expected: str) -> None:
    read = parse(keyword)
    if keyword.startswith(("au:", "cat:", "abs:", "ti:")):
        assert not len(Index([Paper("", "")]).find(read).papers)
        return
    found = Index([Paper(text, "")]).find(read)
    assert [bool(flag) for flag in found.title] == [True] * (expected == "yes")
    assert all(hit.field is Field.TITLE for hit in Index([Paper(text, "")]).hits(read, 0))
