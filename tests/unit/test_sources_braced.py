"""bioRxiv and medRxiv write Greek letters and other signs as names in braces; readers see and find the signs."""

from __future__ import annotations

import json

import pytest

from service.keywords import parse as keyword
from service.matching import Index
from service.model import Page, Paper
from service.sources import parse

ABSTRACT = (
    "In {beta} cells, amyloid-{beta} (A{beta}) and TNF-{alpha} levels at 37{degrees}C; the APOE {varepsilon}4 isoform in "
    "{gamma}{delta} T cells of 5 {micro}m, {Delta}F508, 3 {+/-} 1, n [&amp;ge;] 3, f{x} and {a set}."
)
SEEN = (
    "In β cells, amyloid-β (Aβ) and TNF-α levels at 37°C; the APOE ε4 isoform in "
    "γδ T cells of 5 µm, ΔF508, 3 ± 1, n ≥ 3, f{x} and {a set}."
)
FEED = (
    '<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"><channel>'
    "<title>x</title></channel><item><title>NF-{{kappa}}B</title><link>https://{host}/cgi/content/short/2026.11v1</link>"
    "<description>{abstract}</description></item></rdf:RDF>"
)


def of_feed(host: str) -> Paper:
    page = FEED.format(host=host, abstract=ABSTRACT)
    (paper,) = parse(Page(page.encode(), "", f"https://{host}/feed")).papers
    return paper


def of_api() -> Paper:
    entry = {"title": "NF-{kappa}B", "doi": "10.64898/2026.11.1", "abstract": ABSTRACT.replace("&amp;", "&")}
    page = json.dumps({"messages": [], "collection": [entry]})
    (paper,) = parse(Page(page.encode(), "", "https://api.biorxiv.org/details")).papers
    return paper


def test_names_in_braces_become_the_signs_they_name() -> None:
    for paper in (of_feed("biorxiv.org"), of_feed("www.medrxiv.org"), of_api()):
        assert (paper.title, paper.abstract) == ("NF-κB", SEEN)


def test_elsewhere_braces_stand() -> None:
    assert of_feed("papers.example").title == "NF-{kappa}B"


@pytest.mark.parametrize(
    "wanted", ["β cell", "beta cells", "TNF-α level", "TNF-alpha levels", "APOE ε4", "Aβ", "5 μm", "NF-κB"]
)
def test_a_keyword_finds_what_is_written_in_braces(wanted: str) -> None:
    assert len(Index([of_api()]).find(keyword(wanted)).papers) == 1
