"""Identity and merging."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.folding import fold_title, names_agree
from service.model import Links, Paper
from service.papers import arxiv_id, doi, keys, linked, merge, named, same, told_apart, weak

TITLE = "Teapots That Learn: Gradient Brewing"
KNOWN = Paper(TITLE, "We study kettles.", ("Ada Brewer",), arxiv_id="2601.00011")
CAPTURED = Paper(TITLE, "We study kettles.")

ARXIV_IDS = {
    "2501.12345": ("2501.12345", None),
    "arXiv:2501.12345v2": ("2501.12345", 2),
    "https://arxiv.org/abs/2501.12345v11": ("2501.12345", 11),
    "http://arxiv.org/pdf/0704.0001": ("0704.0001", None),
    "https://arxiv.org/pdf/2501.12345v2.pdf": ("2501.12345", 2),
    "oai:arXiv.org:2604.21935v1": ("2604.21935", 1),
    "https://huggingface.co/papers/2501.12345": ("2501.12345", None),
    "hep-th/9901001": ("hep-th/9901001", None),
    "http://arxiv.org/abs/math.GT/0309136v1": ("math/0309136", 1),
    "10.48550/arXiv.2501.12345": ("2501.12345", None),
    "https://example.org/2501.12345678": ("", None),
    "astro-ph/9912555v3": ("astro-ph/9912555", 3),
    "version 2501.1": ("", None),
    "2026.1119": ("", None),
    "news/2026112": ("", None),
    "https://lab.example/pdf/article/1234567": ("", None),
    "https://lab.example/html/news/0601123": ("", None),
    "math/0613001": ("", None),
    "": ("", None),
}


@pytest.mark.parametrize("text", ARXIV_IDS)
def test_an_arxiv_id_is_found_in_every_form_it_has(text: str) -> None:
    assert arxiv_id(text) == ARXIV_IDS[text]


def test_a_doi_is_lower_case_and_bare() -> None:
    assert doi("https://doi.org/10.1088/ABC-def.") == "10.1088/abc-def"
    assert doi("no such thing") == ""


@pytest.mark.parametrize(
    ("paper", "first"),
    [
        (KNOWN, "arxiv:2601.00011"),
        (replace(KNOWN, doi="10.1/x"), "arxiv:2601.00011"),
        (replace(KNOWN, arxiv_id="2601.00011v3"), "arxiv:2601.00011"),
        (replace(KNOWN, arxiv_id="", doi="10.48550/ARXIV.2601.00011"), "arxiv:2601.00011"),
        (replace(KNOWN, arxiv_id="", doi="10.1101/ABC"), "doi:10.1101/abc"),
        (replace(KNOWN, arxiv_id="", openreview_id="rJ4km2R5t7"), "openreview:rJ4km2R5t7"),
        (replace(KNOWN, arxiv_id=""), "title:teapotsthatlearngradientbrewing|brewer"),
        (CAPTURED, "title:teapotsthatlearngradientbrewing"),
        (Paper("Short title", guid="7"), "guid:feed|7"),
        (Paper("Short title", url="https://a.example/7"), "link:feed|https://a.example/7"),
    ],
)
def test_the_strongest_key_is_the_id(paper: Paper, first: str) -> None:
    assert keys(paper, "feed")[0] == first


def test_every_paper_has_a_key_and_a_short_one_is_known_by_its_text() -> None:
    (key,) = keys(Paper("SingLoRA", "One matrix."))
    assert weak(key)
    assert key == keys(Paper("singlora", "One  matrix"))[0]
    assert key != keys(Paper("SingLoRA", "Another text."))[0]


def test_a_short_title_seen_in_a_capture_first_is_the_paper_of_the_live_page() -> None:
    live = Paper("SingLoRA", "One matrix.", ("Ada Brewer",), arxiv_id="2507.05566")
    captured = Paper("SingLoRA", "One matrix.")
    assert set(keys(live)) & set(keys(captured))
    assert same(live, captured)


def test_a_title_that_is_very_long_still_gives_a_key_for_any_index() -> None:
    assert all(len(key) < 300 for key in keys(Paper("word " * 20_000, authors=("x" * 5000,), guid="g" * 9000)))


SPELLINGS = [
    ("$\\mu$P: Scaling the Learning Rate of Poincar\\'e Maps", "muP: Scaling the Learning Rate of Poincaré Maps"),
    ("Low-Rank  Adaptation\n  of Dough for Everyone", "low rank adaptation of dough for everyone."),
    ("{\\it Determinism} and its $O(n^2)$ Discontents Again", "Determinism and its O(n^2) Discontents Again"),
    ("\\textbf{Bold} Moves in $\\beta$-Bread Baking Research", "textbf{Bold} Moves in β–Bread Baking Research"),
    ("Training 5$\\times$ Faster with Very Little Water", "Training 5× Faster with Very Little Water"),
    ("Kettles with $\\mathbbm{1}$ and $\\mathds{R}$ for Everyone", "Kettles with mathbbm{1} and R for Everyone"),
    ("Boiling of $^{76}$Ge in Kettles of Germanium", "Boiling of ⁷⁶Ge in Kettles of Germanium"),
    ("Kettles for $x \\ge 3$ and Tea for $x \\le 2$", "Kettles for x≥3 and Tea for x≤2"),
    ("Search for $t\\bar{t}H$ and $\\bar B$ in Kettles", "Search for tt̄H and B̄ in Kettles"),
    ("\\ion{H}{ii} Regions of the Outer Kettle", "H II regions of the outer kettle"),
    ("Erd\\H{o}s, Gödel and the Art of Tea", 'Erdős, G\\"odel and the Art of Tea'),
    ("“Quoted” — dashes – and ‘marks’ in Titles", "\"Quoted\" - dashes - and 'marks' in Titles"),
]


@pytest.mark.parametrize(("one", "other"), SPELLINGS)
def test_a_title_is_the_same_however_a_source_wrote_it(one: str, other: str) -> None:
    assert fold_title(one) == fold_title(other)
    assert same(Paper(one), Paper(other))


@pytest.mark.parametrize(
    "other", ["Y. LeCun", "LeCun, Yann", "Yann LeCun (NYU)", "Yann Le Cun", "LeCun Y", "YANN LECUN", "LeCun YA"]
)
def test_spellings_of_one_name_agree(other: str) -> None:
    assert names_agree("Yann LeCun", other)
    assert names_agree(other, "Yann LeCun")


@pytest.mark.parametrize(
    ("one", "other"), [("Wei Li", "Bo Li"), ("Ada Brewer", "Bob Kettle"), ("Wei Ali", "Bo Li"), ("Wei LI", "Bo Li")]
)
def test_two_names_do_not_agree(one: str, other: str) -> None:
    assert not names_agree(one, other)


def test_chinese_names_agree_in_either_order() -> None:
    assert names_agree("Zhang Wei", "Wei Zhang")
    assert names_agree("张伟", "张伟")
    assert not names_agree("张伟", "李娜")


DIFFERENT = [
    (KNOWN, replace(KNOWN, arxiv_id="2601.99999")),
    (replace(KNOWN, arxiv_id="", doi="10.1/a"), replace(KNOWN, arxiv_id="", doi="10.1/b")),
    (replace(KNOWN, arxiv_id="", doi="10.64898/1"), replace(KNOWN, arxiv_id="", doi="10.64898/2")),
    (replace(KNOWN, arxiv_id="", doi="10.64898/1"), replace(KNOWN, title="Another", arxiv_id="", doi="10.1/b")),
    (replace(KNOWN, arxiv_id="", doi="10.1101/gr.1"), replace(KNOWN, arxiv_id="", doi="10.1038/a")),
    (replace(KNOWN, arxiv_id=""), replace(CAPTURED, authors=("Bob Kettle",))),
    (Paper("Short title", "a"), Paper("Short title", "b")),
    (Paper(TITLE, url="https://a.example/week/1", guid="1"), Paper(TITLE, url="https://a.example/week/2", guid="2")),
    (CAPTURED, replace(CAPTURED, title="Another Title of Five Words")),
    (Paper("One entry", url="https://a.example/1", guid="7"), Paper("Another", url="https://a.example/2", guid="7")),
    (Paper("One entry", url="https://a.example/", guid="1"), Paper("Another", url="https://a.example/", guid="2")),
]
ONE = [
    (KNOWN, CAPTURED),
    (KNOWN, replace(KNOWN, title="A Wholly New Title for Version Two")),
    (KNOWN, replace(KNOWN, arxiv_id="", doi="10.1/a", authors=("Brewer, A.",))),
    (
        replace(KNOWN, arxiv_id="", doi="10.1101/2026.11.17.690000"),
        replace(KNOWN, arxiv_id="", doi="10.1038/a", authors=("Brewer, A.",)),
    ),
    (Paper("Short title", guid="7", abstract="a"), Paper("Short title (updated)", guid="7")),
    (
        Paper("Short title", url="https://a.example/1", guid="7"),
        Paper("Short title", url="https://a.example/2", guid="7"),
    ),
    (
        Paper("Short title", url="https://a.example/1", guid="7"),
        Paper("Short title", url="https://a.example/1", guid="8"),
    ),
]


VERSIONS = [
    ("10.21203/rs.3.rs-123456/v1", "10.21203/rs.3.rs-123456/v2"),
    ("10.20944/preprints202611.1234.v1", "10.20944/preprints202611.1234.v2"),
    ("10.26434/chemrxiv-2026-abcde", "10.26434/chemrxiv-2026-abcde-v2"),
    ("10.31234/osf.io/abcde_v1", "10.31234/osf.io/abcde_v2"),
    ("10.36227/techrxiv.123.456/v1", "10.36227/techrxiv.123.456/v2"),
    ("10.7554/eLife.12345.1", "10.7554/eLife.12345.2"),
    ("10.12688/f1000research.1234.1", "10.12688/f1000research.1234.2"),
]


@pytest.mark.parametrize(("first", "second"), VERSIONS)
def test_a_preprint_whose_versions_have_each_a_doi_is_one_paper(first: str, second: str) -> None:
    one, other = (replace(KNOWN, arxiv_id="", doi=each) for each in (first, second))
    assert same(one, other)
    assert keys(one)[0] == keys(other)[0]
    assert linked(one).url.casefold() == f"https://doi.org/{first}".casefold(), "only the version is known to resolve"
    assert set(keys(other)) & named(f"https://doi.org/{second}", ())


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_a_shared_title_does_not_join_two_papers(one: Paper, other: Paper) -> None:
    assert not same(one, other)
    assert not same(other, one)


@pytest.mark.parametrize(("one", "other"), ONE)
def test_one_paper_of_two_sources_is_one(one: Paper, other: Paper) -> None:
    assert same(one, other)
    assert same(other, one)


HOME = "https://kettles.example/journal"
WEEKLY = Paper("Teapots", "We study teapots.", published=datetime(2026, 11, 13, tzinfo=UTC), url=HOME)


def test_a_place_that_shows_one_paper_after_the_other_shows_several() -> None:
    later = replace(WEEKLY, title="Kettles", abstract="We boil.", published=datetime(2026, 11, 20, tzinfo=UTC))
    assert not same(WEEKLY, later)
    for edited in (
        replace(WEEKLY, title="Kettles", abstract="We boil."),
        replace(later, abstract=WEEKLY.abstract),
        replace(later, title=WEEKLY.title),
    ):
        assert same(WEEKLY, edited)


def test_without_a_time_only_a_guid_says_that_a_paper_was_edited_in_title_and_text() -> None:
    first = replace(WEEKLY, published=None)
    later = replace(first, title="Kettles", abstract="We boil.")
    for other in (later, replace(later, published=WEEKLY.published), replace(later, guid="2")):
        assert not same(first, other)
        assert not same(other, first)
    for edited in (replace(first, title="Kettles"), replace(first, abstract="We boil."), replace(later, abstract="")):
        assert same(first, edited)
    assert same(replace(first, guid="1"), replace(later, guid="1"))
    soon = replace(later, published=datetime(2026, 11, 13, 3, tzinfo=UTC))
    assert not same(WEEKLY, soon)
    assert same(replace(WEEKLY, guid="1"), replace(soon, guid="1"))


@pytest.mark.parametrize("place", [Paper("", url=HOME), Paper("", guid="1"), Paper("", guid="1", url=HOME)])
def test_entries_that_all_name_one_place_are_papers_of_their_own(place: Paper) -> None:
    titles = ("Teapots That Learn", "Kettles That Forget")
    listed = [*(replace(place, title=title) for title in titles), Paper("Cups", url="x:1")]
    one, other, cups = told_apart(listed)
    assert not same(one, other)
    assert same(one, told_apart(listed)[0])
    assert (one.url, cups) == (place.url, listed[2])


def test_an_entry_keeps_its_place_where_only_one_of_guid_and_link_is_shared() -> None:
    listed = (Paper("Teapots", guid="1", url=HOME + "/1"), Paper("Kettles", guid="1", url=HOME + "/2"))
    assert told_apart(listed) == listed
    known = (Paper("Teapots", url=HOME, arxiv_id="2601.00001"), Paper("Kettles", url=HOME, doi="10.1000/k.1"))
    assert told_apart(known) == known


def test_merging_keeps_the_best_of_each_source() -> None:
    listed = Paper(
        TITLE,
        "We reach Omega(n) in 5times.",
        ("A. Brewer",),
        url="https://huggingface.co/papers/2601.00011",
        published=datetime(2026, 1, 3, 12, tzinfo=UTC),
        listed=date(2026, 1, 5),
        upvotes=3,
        links=Links(huggingface="https://huggingface.co/papers/2601.00011", code="https://github.com/kitchen/pot"),
        arxiv_id="2601.00011",
    )
    announced = Paper(
        TITLE,
        "We reach $\\Omega(n)$ in 5$\\times$.",
        ("Ada Brewer", "Bob Kettle"),
        published=datetime(2026, 1, 3, tzinfo=UTC),
        categories=("cs.CK",),
        links=Links(arxiv="https://arxiv.org/abs/2601.00011"),
        arxiv_id="2601.00011",
        version=1,
        comment="Accepted at ICML",
    )
    for paper in (merge(listed, announced), merge(announced, listed)):
        assert paper.abstract == announced.abstract
        assert paper.authors == ("Ada Brewer", "Bob Kettle")
        assert (paper.published, paper.listed) == (announced.published, listed.listed)
        assert (paper.upvotes, paper.categories, paper.comment) == (3, ("cs.CK",), "Accepted at ICML")
        assert all((paper.links.arxiv, paper.links.huggingface, paper.links.code))
    assert merge(listed, replace(listed, upvotes=9)).upvotes == 9


def test_a_newer_versions_text_replaces_an_older_ones_and_never_the_other_way() -> None:
    first = Paper(TITLE, "An abstract that was long and had much to say.", arxiv_id="2601.00011", version=1)
    second = Paper("Teapots: A New Title", "Short now.", arxiv_id="2601.00011", version=2)
    for paper in (merge(first, second), merge(second, first)):
        assert (paper.title, paper.abstract, paper.version) == (second.title, second.abstract, 2)


texts = st.text(alphabet="ab$\\ é", max_size=12)
papers = st.builds(
    Paper,
    title=texts.map(lambda text: "T" + text),
    abstract=texts,
    authors=st.lists(texts.filter(bool), max_size=3).map(tuple),
    url=st.sampled_from(["", "https://a.example/1", "https://a.example/2"]),
    published=st.none() | st.datetimes(timezones=st.just(UTC)),
    listed=st.none() | st.dates(),
    categories=st.lists(st.sampled_from(["cs.LG", "cs.AI"]), unique=True).map(tuple),
    upvotes=st.none() | st.integers(0, 99),
    arxiv_id=st.sampled_from(["", "2601.00011"]),
    version=st.none() | st.integers(1, 3),
    doi=st.sampled_from(["", "10.1/a"]),
    comment=texts,
)


@pytest.mark.parametrize(
    ("paper", "page"),
    [
        (Paper("A", arxiv_id="2601.00011"), "https://arxiv.org/abs/2601.00011"),
        (Paper("A", arxiv_id="hep-th/9901001"), "https://arxiv.org/abs/hep-th/9901001"),
        (Paper("A", doi="10.48550/ARXIV.2601.00011"), "https://arxiv.org/abs/2601.00011"),
        (Paper("A", doi="10.1101/ABC<def"), "https://doi.org/10.1101/abc"),
        (Paper("A", url="https://papers.example/1", arxiv_id="2601.00011"), "https://papers.example/1"),
        (Paper("A", links=Links(arxiv="https://arxiv.org/abs/2601.00011v2"), arxiv_id="2601.00011"), ""),
        (Paper("A", arxiv_id="../../login"), ""),
        (Paper("A"), ""),
    ],
)
def test_a_paper_without_a_page_has_the_one_its_number_names(paper: Paper, page: str) -> None:
    assert linked(paper).url == page
    assert linked(paper).links.arxiv == (page if "arxiv" in page else paper.links.arxiv)


@given(papers, papers)
def test_merging_loses_no_fact_and_merging_again_changes_nothing(old: Paper, new: Paper) -> None:
    once = merge(old, new)
    assert merge(once, new) == once
    for field in fields(Paper):
        if getattr(old, field.name) or getattr(new, field.name):
            assert getattr(once, field.name) not in (None, "", ())
    assert set(old.categories) | set(new.categories) == set(once.categories)


@given(papers, papers)
def test_being_one_paper_does_not_depend_on_who_came_first(one: Paper, other: Paper) -> None:
    assert same(one, one)
    assert same(one, other) == same(other, one)


@given(st.text(max_size=200))
def test_any_title_can_be_folded_and_has_a_key(title: str) -> None:
    assert fold_title(fold_title(title)) == fold_title(title)
    assert keys(Paper(title)) == keys(Paper(title))
    assert keys(Paper(title))
