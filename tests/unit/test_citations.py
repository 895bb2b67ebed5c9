"""Papers as BibTeX and RIS: what a reference manager gets, and what no title can do to it."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from itertools import accumulate

import pytest

from service.messages import bibtex, ris
from service.model import Links, Paper

DAY = datetime(2026, 11, 18, tzinfo=UTC)
PAPER = Paper(
    "Sparse Attention at 100% of $O(n^2)$: {\\it why} & how_much",
    "It costs less.",
    ("Ada Müller", "Vincent van Gogh", "Research Team and Friends", "OpenAI"),
    published=DAY,
    categories=("cs.LG",),
    links=Links(arxiv="https://arxiv.org/abs/2611.00001"),
    doi="10.1000/a_b{c}",
    arxiv_id="2611.00001",
)
HOSTILE = "}\n@comment{ \\input{/etc/passwd} %$&#_^~\r\nER  - \u2028TY  - JOUR"


def test_an_entry_says_all_that_is_known() -> None:
    assert bibtex([PAPER]) == (
        "@misc{muller2026sparse,\n"
        "  title = {{Sparse Attention at 100\\% of O(n²): why \\& how\\_much}},\n"
        "  author = {Müller, Ada and van Gogh, Vincent and {Research Team and Friends} and {OpenAI}},\n"
        "  year = {2026},\n"
        "  month = nov,\n"
        "  eprint = {2611.00001},\n"
        "  archivePrefix = {arXiv},\n"
        "  primaryClass = {cs.LG},\n"
        "  doi = {10.1000/a\\_b\\textbraceleft{}c\\textbraceright{}},\n"
        "  url = {https://arxiv.org/abs/2611.00001}\n"
        "}\n"
    )


def test_a_record_says_all_that_is_known() -> None:
    assert ris([PAPER]) == "\r\n".join(
        [
            "TY  - GEN",
            "TI  - Sparse Attention at 100% of O(n²): why & how_much",
            "AU  - Müller, Ada",
            "AU  - van Gogh, Vincent",
            "AU  - Research Team and Friends",
            "AU  - OpenAI",
            "PY  - 2026",
            "DA  - 2026/11/18/",
            "AB  - It costs less.",
            "DO  - 10.1000/a_b{c}",
            "AN  - arXiv:2611.00001",
            "UR  - https://arxiv.org/abs/2611.00001",
            "ER  - ",
            "",
        ]
    )


def test_papers_that_would_share_a_key_are_told_apart() -> None:
    keys = re.findall(r"@misc\{(.*),", bibtex([PAPER, PAPER, PAPER]))
    assert keys == ["muller2026sparse", "muller2026sparse-2", "muller2026sparse-3"]


@pytest.mark.parametrize("hostile", [HOSTILE, "\\", "{", "}", "", " ", "\x00\u202e", "a" * 100_000, "\\end{document}"])
def test_no_paper_leaves_its_entry(hostile: str) -> None:
    paper = Paper(hostile, hostile, (hostile, f"{hostile}, x"), url=hostile, categories=(hostile,), doi=hostile)
    entries = bibtex([paper, PAPER])
    assert len(re.findall(r"^@misc\{[a-z0-9-]+,$", entries, re.MULTILINE)) == entries.count("@misc{") == 2
    plain = re.sub(r"\\[%$&#_]|\\text(?:backslash|asciitilde|asciicircum|braceleft|braceright)\{\}", "", entries)
    assert "\\" not in plain
    # BibTeX counts every brace, whatever stands before it.
    for entry in entries.strip().split("\n\n@misc"):
        depths = list(accumulate((sign == "{") - (sign == "}") for sign in entry.removeprefix("@misc")))
        assert depths.index(0) == len(depths) - 1
    records = ris([paper, PAPER])
    assert records.count("\r\n") == records.count("\n") == len(records.splitlines())
    assert (
        len(re.findall(r"^TY  - ", records, re.MULTILINE)) == len(re.findall(r"^ER  - \r$", records, re.MULTILINE)) == 2
    )
