"""What publishers' feeds put around titles, abstracts, authors and dates, and what is left of it."""

from __future__ import annotations

import json

import pytest

from service.model import Page, Paper
from service.sources import parse

NAMES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/" '
    'xmlns:content="http://purl.org/rss/1.0/modules/content/"'
)
RSS = f'<rss version="2.0" {NAMES}><channel><title>x</title><item>{{}}</item></channel></rss>'
RDF = (
    f'<rdf:RDF xmlns="http://purl.org/rss/1.0/" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#" {NAMES}>'
    '<channel rdf:about="x"><title>x</title></channel><item rdf:about="https://x.example/1">{}</item></rdf:RDF>'
)
ATOM = '<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><entry>{}</entry></feed>'
# title, abstract, authors, day, DOI
Expected = tuple[str, str, tuple[str, ...], str, str]
TWO = ("Ada Brewer", "Bob Kettle")
FEEDS: dict[str, tuple[str, Expected]] = {
    "Nature": (
        RDF.format(
            "<title><![CDATA[Boiling of <i>tiny</i> kettles in <sup>3</sup>He]]></title>"
            '<content:encoded><![CDATA[<p>Nature, Published online: 19 November 2026; <a href="https://x.example/1">'
            "doi:10.1038/s41586-026-00001-1</a></p>Kettles of nanometre size boil.]]></content:encoded>"
            "<dc:creator>Ada Brewer</dc:creator><dc:creator>Bob Kettle</dc:creator><dc:date>2026-11-19</dc:date>"
            "<dc:identifier>doi:10.1038/s41586-026-00001-1</dc:identifier>"
        ),
        (
            "Boiling of tiny kettles in 3He",
            "Kettles of nanometre size boil.",
            TWO,
            "2026-11-19",
            "10.1038/s41586-026-00001-1",
        ),
    ),
    "Science": (
        RDF.format(
            "<title>Tea learns</title><link>https://www.science.org/doi/abs/10.1126/science.abc1234?af=R</link>"
            "<description>Science, Volume 386, Issue 6724, Page 823-827, November 2026. &lt;br/&gt;Tea brews itself."
            "</description><dc:date>2026-11-19T08:00:00Z</dc:date>"
        ),
        ("Tea learns", "Tea brews itself.", (), "2026-11-19", "10.1126/science.abc1234"),
    ),
    "ACM": (
        RSS.format("<title>Kettle Sort</title><link>https://dl.acm.org/doi/10.1145/3600006/pdf?download=true</link>"),
        ("Kettle Sort", "", (), "None", "10.1145/3600006"),
    ),
    "PMLR": (
        RSS.format(
            "<title>Kettles &amp;amp; $\\mu$P</title><description>We boil $\\mathcal{O}(n^2)$ where a &amp;lt; b."
            "</description><pubDate>Mon, 20 Jul 2026 00:00:00 +0000</pubDate>"
        ),
        ("Kettles & $\\mu$P", "We boil $\\mathcal{O}(n^2)$ where a < b.", (), "2026-07-20", ""),
    ),
    "JMLR": (
        RSS.format(
            "<title>Kettles</title><author>Ada Brewer, Bob Kettle</author><pubDate>2026</pubDate>"
            "<description>We consider kettles.</description>"
        ),
        ("Kettles", "We consider kettles.", TWO, "2026-01-01", ""),
    ),
    "ACL Anthology": (
        RSS.format(
            "<title>Kettle Parsing</title><pubDate>Mon, 01 Jan 0001 00:00:00 +0000</pubDate><description></description>"
        ),
        ("Kettle Parsing", "", (), "None", ""),
    ),
    "ScienceDirect": (
        RSS.format(
            "<title>Kettles and fog</title><description><![CDATA[<p>Publication date: December 2026</p><p><b>Source:</b> "
            "Kettle, Volume 12</p><p>Author(s): Ada Brewer, Bob Kettle</p>]]></description>"
        ),
        ("Kettles and fog", "", TWO, "None", ""),
    ),
    "Wiley": (
        RSS.format(
            "<title>Kettle Steel</title><description>Advanced Science, EarlyView.</description><guid>10.1002/advs.1</guid>"
            "<content:encoded>&lt;h2&gt;ABSTRACT&lt;/h2&gt;&lt;p&gt;Steel kettles conduct.&lt;/p&gt;</content:encoded>"
            "<dc:creator>\nAda Brewer, \nBob Kettle</dc:creator>"
        ),
        ("Kettle Steel", "Steel kettles conduct.", TWO, "None", "10.1002/advs.1"),
    ),
    "IEEE": (
        RSS.format("<title>Kettles</title><authors>Ada Brewer;Bob Kettle;</authors><description>We see.</description>"),
        ("Kettles", "We see.", TWO, "None", ""),
    ),
    "PubMed": (
        RSS.format(
            "<title>Kettles in surgery</title><description>CONCLUSION: Kettles help.</description><content:encoded>"
            "<![CDATA[<div><p>J Kettle. 2026 Nov 19. doi: 10.1000/k.1. Online ahead of print.</p><p><b>ABSTRACT</b></p>"
            "<p>BACKGROUND: Kettles are hot.</p><p>CONCLUSION: Kettles help.</p><p>PMID:<a href='https://x.example/1'>"
            "41234567</a> | PMC:<a href='https://x.example/2'>PMC1234567</a> | DOI:<a href=https://doi.org/10.1000/k.1>"
            "10.1000/k.1</a></p></div>]]></content:encoded>"
            "<pubDate>Thu, 19 Nov 2026 06:00:00 -0500</pubDate><dc:identifier>doi:10.1000/k.1</dc:identifier>"
        ),
        (
            "Kettles in surgery",
            "BACKGROUND: Kettles are hot. CONCLUSION: Kettles help.",
            (),
            "2026-11-19",
            "10.1000/k.1",
        ),
    ),
    "PubMed, a letter": (
        RSS.format(
            "<title>A letter on kettles</title><description>NO ABSTRACT</description><content:encoded><![CDATA[<div><p>"
            "J Kettle. 2026 Nov 19. doi: 10.1000/k.2. Online ahead of print.</p><p><b>NO ABSTRACT</b></p><p>PMID:<a "
            "href='https://x.example/1'>41234568</a> | DOI:<a href=https://doi.org/10.1000/k.2>10.1000/k.2</a></p></div>]]>"
            "</content:encoded><dc:identifier>pmid:41234568</dc:identifier><dc:identifier>doi:10.1000/k.2</dc:identifier>"
        ),
        ("A letter on kettles", "", (), "None", "10.1000/k.2"),
    ),
    "NBER": (
        RSS.format(
            "<title>Wages in Tea -- Shops -- by Ada Brewer, Bob Kettle</title><link>https://x.example/papers/w1#fromrss"
            "</link><description>We pay wages.</description>"
        ),
        ("Wages in Tea -- Shops", "We pay wages.", TWO, "None", ""),
    ),
    "Frontiers": (
        RSS.format(
            "<title>Kettles</title><description>&lt;sec&gt;&lt;title&gt;Background&lt;/title&gt;&lt;p&gt;We boil.&lt;/p&gt;"
            "&lt;/sec&gt;&lt;sec&gt;&lt;title&gt;Results&lt;/title&gt;&lt;p&gt;Tea.&lt;/p&gt;&lt;/sec&gt;</description>"
            "<link>https://x.example/articles/10.3389/fkett.2026.1</link>"
        ),
        ("Kettles", "Background We boil. Results Tea.", (), "None", "10.3389/fkett.2026.1"),
    ),
    "BMJ": (
        RDF.format(
            "<title>Kettles</title><description>&lt;sec&gt;&lt;st&gt;Objective&lt;/st&gt;&lt;p&gt;To boil.&lt;/p&gt;&lt;/sec&gt;"
            "&lt;sec&gt;&lt;st&gt;Results&lt;/st&gt;&lt;p&gt;Tea.&lt;/p&gt;&lt;/sec&gt;</description><dc:creator>Brewer, A., "
            "Kettle, B.</dc:creator><dc:identifier>info:doi/10.1136/kettle-1</dc:identifier><dc:identifier>"
            "<![CDATA[hwp:master-id:kettle;kettle-1]]></dc:identifier>"
        ),
        ("Kettles", "Objective To boil. Results Tea.", ("Brewer, A.", "Kettle, B."), "None", "10.1136/kettle-1"),
    ),
    "PNAS": (
        RSS.format(
            "<title>Kettles</title><description>Proceedings of the National Academy of Sciences, &lt;a href='x'&gt;Volume 123,"
            " Issue 46&lt;/a&gt;, November 2026. &lt;br/&gt;SignificanceTea matters. It does.AbstractWe boil.</description>"
        ),
        ("Kettles", "We boil.", (), "None", ""),
    ),
    "PNAS, a summary": (
        RSS.format(
            "<title>Kettles</title><description>Proceedings of the National Academy of Sciences, Ahead of Print. &lt;br/&gt;"
            "SignificanceTea matters.</description>"
        ),
        ("Kettles", "Tea matters.", (), "None", ""),
    ),
    "Project Euclid": (
        RSS.format(
            "<title>Kettles</title><description>&lt;div&gt;&lt;strong&gt;Ada Brewer, Bob Kettle&lt;/strong&gt;&lt;br/&gt;Ann. "
            "Tea, Vol. 1, No. 1, 1--20.&lt;br/&gt;&lt;strong&gt;Abstract: &lt;/strong&gt;&lt;br/&gt;We boil.&lt;/div&gt;"
            "</description><author>Ada Brewer, Bob Kettle</author>"
        ),
        ("Kettles", "We boil.", TWO, "None", ""),
    ),
    "Copernicus": (
        RSS.format(
            "<title>Kettles over Europe</title><guid>https://doi.org/10.5194/kettle-26-1-2026</guid><description>&lt;b&gt;"
            "Kettles over Europe&lt;/b&gt;&lt;br /&gt;\nAda Brewer and Bob Kettle&lt;br /&gt;\nKettle Chem. Phys., 26, 1–20, "
            "https://doi.org/10.5194/kettle-26-1-2026, 2026&lt;br /&gt;\nPreprint under review for KCP (discussion: open)"
            "&lt;br /&gt;\nWe boil over Europe.</description>"
        ),
        ("Kettles over Europe", "We boil over Europe.", TWO, "None", "10.5194/kettle-26-1-2026"),
    ),
    "MDPI": (
        RDF.format(
            "<title>Kettles, Vol. 15, Pages 1234: Tea That Learns</title><description>&lt;p&gt;Tea That Learns&lt;/p&gt; "
            "&lt;p&gt;Kettles &lt;a href='https://x.example/1'&gt;doi: 10.3390/k1234&lt;/a&gt;&lt;/p&gt; &lt;p&gt;Authors: Ada "
            "Brewer Bob Kettle &lt;/p&gt; &lt;p&gt;We teach tea.&lt;/p&gt;</description><dc:creator>Ada Brewer</dc:creator>"
            "<dc:creator>Bob Kettle</dc:creator><dc:date>2026-11-19</dc:date><prism:doi>10.3390/k1234</prism:doi>"
        ),
        ("Tea That Learns", "We teach tea.", TWO, "2026-11-19", "10.3390/k1234"),
    ),
    "APS": (
        RDF.format(
            "<title>Boiling</title><description><![CDATA[<p>Author(s): Ada Brewer and Bob Kettle</p><p>We boil.</p><br/>"
            "[Phys. Rev. Kettle 137, 123456] Published Thu Nov 19, 2026]]></description><dc:creator>Ada Brewer and Bob "
            "Kettle</dc:creator><dc:date>2026-11-19T10:00:00+00:00</dc:date><prism:doi>10.1103/k.1</prism:doi>"
        ),
        ("Boiling", "We boil.", TWO, "2026-11-19", "10.1103/k.1"),
    ),
    "Taylor & Francis": (
        RDF.format(
            "<title>Kettles</title><link>https://x.example/doi/full/10.1080/0123.2026?af=R</link><description>Volume 12, "
            "Issue 4, November 2026, Page 1-20&lt;br/&gt;. &lt;br/&gt;</description><dc:creator>Ada Brewer</dc:creator>"
        ),
        ("Kettles", "", ("Ada Brewer",), "None", "10.1080/0123.2026"),
    ),
    "RSC": (
        RSS.format(
            "<title>Kettles</title><description><![CDATA[<div><i><b>Kettle Sci.</b></i>, 2026, Advance Article<br/><b>DOI"
            "</b>: 10.1039/D6KS00001A, Edge Article</div><div>We boil.<br/>To cite this article before page numbers are "
            "assigned, use the DOI form of citation above.<br/>The content of this RSS Feed (c) The Royal Society of "
            "Chemistry</div>]]></description>"
        ),
        ("Kettles", "We boil.", (), "None", ""),
    ),
    "ACS": (
        RSS.format(
            "<title>[ASAP] Kettles</title><link>http://dx.doi.org/10.1021/k.1</link><author>Ada Brewer, and Bob Kettle</author>"
            "<description>&lt;div&gt;ACS Kettles&lt;/div&gt;&lt;div&gt;DOI: 10.1021/k.1&lt;/div&gt;</description>"
        ),
        ("Kettles", "", TWO, "None", "10.1021/k.1"),
    ),
    "IOP": (
        RDF.format("<title>Kettles</title><prism:publicationDate>2026-11-19T00:00:00Z</prism:publicationDate>"),
        ("Kettles", "", (), "2026-11-19", ""),
    ),
    "PLOS": (
        ATOM.format(
            "<title>Kettle ecology</title><id>10.1371/journal.pone.1</id><author><name>Ada Brewer</name></author>"
            "<updated>2026-11-19T14:00:00Z</updated>"
            '<content type="html">&lt;p&gt;by Ada Brewer, Bob Kettle&lt;/p&gt;\n\nWe study kettles.</content>'
        ),
        ("Kettle ecology", "We study kettles.", TWO, "2026-11-19", "10.1371/journal.pone.1"),
    ),
}


def read(text: str) -> Paper:
    (paper,) = parse(Page(text.encode(), "", "https://papers.example/feed")).papers
    return paper


@pytest.mark.parametrize("publisher", FEEDS)
def test_what_a_publisher_prints_around_a_paper_is_taken_off(publisher: str) -> None:
    text, expected = FEEDS[publisher]
    paper = read(text)
    day = str(paper.published)[:10]
    assert (paper.title, paper.abstract, paper.authors, day, paper.doi) == expected


@pytest.mark.parametrize(
    ("written", "authors"),
    [
        ("Brewer, Ada", ("Brewer, Ada",)),
        ("Ada Brewer and Bob Kettle", TWO),
        ("Ada Brewer; Bob Kettle", TWO),
        ("Ada Brewer", ("Ada Brewer",)),
        ("Ada Lovelace, Grace Hopper", ("Ada Lovelace", "Grace Hopper")),
        ("van der Berg, Anna Maria", ("van der Berg, Anna Maria",)),
        ("de la Cruz, Ana M.", ("de la Cruz, Ana M.",)),
        ("Van der Berg, Anna Maria", ("Van der Berg, Anna Maria",)),
        ("Garcia Lopez, Juan Carlos", ("Garcia Lopez, Juan Carlos",)),
        ("GRAY KETTLE, Ada Marie", ("GRAY KETTLE, Ada Marie",)),
        ("University of California, Los Angeles", ("University of California, Los Angeles",)),
        ("A. Brewer, B. Kettle &amp; C. Cup", ("A. Brewer", "B. Kettle", "C. Cup")),
        ("Brewer, Ada, Kettle, Bob", ("Brewer, Ada", "Kettle, Bob")),
        ("Brewer A, Kettle BC", ("Brewer A", "Kettle BC")),
        ("Brewer JA, Kettle B", ("Brewer JA", "Kettle B")),
        ("Brewer JA, Kettle B.", ("Brewer JA", "Kettle B.")),
        ("de la Cruz M-A, O'Neil P", ("de la Cruz M-A", "O'Neil P")),
        ("de la Cruz, Ana M", ("de la Cruz, Ana M",)),
        ("by Ada Brewer | Bob Kettle", TWO),
        ("Ada Brewer, Ph.D., Bob Kettle,", TWO),
        ("Ada Brewer Jr., Bob Kettle, et al.", ("Ada Brewer Jr.", "Bob Kettle")),
        ("Ada Brewer, Jr., Bob Kettle", ("Ada Brewer Jr.", "Bob Kettle")),
        ("Ada Brewer\u00b9, Bob Kettle\u00b2,*", TWO),
        ("Ada Brewer [1], Bob Kettle [12]", TWO),
        ("\u738b\u4f1f\u3001\u674e\u5a1c", ("\u738b\u4f1f", "\u674e\u5a1c")),
        ("\u738b\u4f1f\uff1b\u674e\u5a1c", ("\u738b\u4f1f", "\u674e\u5a1c")),
        ("By, Ola", ("By, Ola",)),
        ("van der Berg, Anna Maria; Garcia Lopez, Juan", ("van der Berg, Anna Maria", "Garcia Lopez, Juan")),
        ("van der Berg, Anna Maria and Garcia Lopez, Juan", ("van der Berg, Anna Maria", "Garcia Lopez, Juan")),
    ],
)
def test_one_name_or_several_in_one_field_are_told_apart(written: str, authors: tuple[str, ...]) -> None:
    assert read(RSS.format(f"<title>T</title><dc:creator>{written}</dc:creator>")).authors == authors


@pytest.mark.parametrize(
    ("other", "count"),
    [("Brewer, Ada", 1), ("Ada Brewer", 2), ("Ada Brewer, Bob Kettle", 2), ("Brewer JA, Kettle B", 2)],
)
def test_a_name_that_may_be_two_is_read_as_its_feed_writes_names(other: str, count: int) -> None:
    entries = "</item><item>".join(
        f"<title>T</title><dc:creator>{names}</dc:creator>" for names in ("Gray Kettle, Ada Marie", other)
    )
    papers = parse(Page(RSS.format(entries).encode(), "", "https://papers.example/feed")).papers
    assert len(papers[0].authors) == count


@pytest.mark.parametrize(
    "title",
    ["[Water] and tea", "Kettles, Vol. 15: a history", "[Reviews] ", "Tea: Pages 12: a study", "Tea -- by chance"],
)
def test_a_title_that_only_resembles_an_imprint_stays_whole(title: str) -> None:
    assert read(RSS.format(f"<title>{title}</title>")).title == title.strip()


@pytest.mark.parametrize(
    "abstract",
    [
        "Volume rendering, Issue by issue. It works.",
        "By contrast, tea is hot.",
        "Ahead of print, we boil kettles.",
        "Volume 12, Issue 4 of Tea is sold out.",
        "We share data. DOI: 10.5281/tea.1",
        "Significance tests of tea. We boil.",
        "We boil and ask whether it is ABSTRACT: Tea is.",
    ],
)
def test_an_abstract_that_only_resembles_an_imprint_stays_whole(abstract: str) -> None:
    assert read(RSS.format(f"<title>T</title><description>{abstract}</description>")).abstract == abstract


MEANING = "We present a parser for Abstract Meaning Representation (AMR) graphs."


@pytest.mark.parametrize(
    ("content", "abstract"),
    [
        (f"<p>{MEANING}</p>", ""),
        ("<p>We scale Abstract Interpretation to nets.</p>", ""),
        ("<p>We parse\n<i>Abstract</i> Meaning\nRepresentation.</p>", ""),
        ("<p>Graphical Abstract: A kettle on fire.</p>", ""),
        ("<h3>Graphical Abstract</h3><p>A kettle on fire.</p>", ""),
        ('<p title="Abstract: A kettle.">We boil. They <b>boil</b>.</p>', ""),
        ("<p>Kettle Letters 7.</p><h2>Abstract</h2><p>We boil.</p><p>They boil.</p>", "We boil. They boil."),
        ("<p>Kettle Letters 7.</p><p><strong>Abstract</strong> We boil. They boil.</p>", "We boil. They boil."),
        ("<p>Kettle Letters 7. Abstract: We boil. They boil.</p>", "We boil. They boil."),
        ("<p>Kettle Letters 7.</p><b>Abstract</b>: We boil. They boil.", "We boil. They boil."),
        ("<p>Kettle Letters 7 ABSTRACT We boil. They boil.</p>", "We boil. They boil."),
        ("Kettle Letters 7.<br/>Abstract<br/>We boil. They boil.", "We boil. They boil."),
        ("<jats:title>Abstract</jats:title><jats:p>We boil. They boil.</jats:p>", "We boil. They boil."),
        (f"<h2>Abstract</h2><p>{MEANING}</p>", MEANING),
    ],
)
def test_the_label_of_an_abstract_stands_apart(content: str, abstract: str) -> None:
    entry = (
        f"<title>T</title><description>Kettles.</description><content:encoded><![CDATA[{content}]]></content:encoded>"
    )
    assert read(RSS.format(entry)).abstract == (abstract or "Kettles.")


@pytest.mark.parametrize(
    ("text", "abstract"),
    [
        ("Abstract Meaning Representation is a graph.", "Abstract Meaning Representation is a graph."),
        ("Abstract Interpretation scales.", "Abstract Interpretation scales."),
        ("Abstract Syntax Trees grow.", "Abstract Syntax Trees grow."),
        ("Abstract: Meaning is a graph.", "Meaning is a graph."),
        ("Abstract We see a graph.", "We see a graph."),
        ("ABSTRACT Syntax is a graph.", "Syntax is a graph."),
    ],
)
def test_an_abstract_that_begins_with_a_term_keeps_it(text: str, abstract: str) -> None:
    assert read(RSS.format(f"<title>T</title><description>{text}</description>")).abstract == abstract


def test_a_version_of_a_preprint_is_no_part_of_its_doi() -> None:
    guid = "https://www.biorxiv.org/content/10.1101/2026.11.17.690000v2"
    assert read(RSS.format(f"<title>T</title><guid>{guid}</guid>")).doi == ""


@pytest.mark.parametrize(
    ("link", "doi"),
    [
        ("https://academic.oup.example/kettles/article/doi/10.1093/kettles/btaf123/8000000", "10.1093/kettles/btaf123"),
        ("https://academic.oup.example/article/doi/10.1093/nar/gkag1/80000?rss=1", "10.1093/nar/gkag1"),
        ("https://academic.oup.example/article/doi/10.1093/nar/odd.1/80000", ""),
        ("https://x.example/doi/10.1000/kettles/12/8000000", ""),
        ("https://x.example/doi/full/10.1000/k.1", "10.1000/k.1"),
        ("https://x.example/doi/10.1000/k.1/full", "10.1000/k.1"),
        ("https://x.example/lookup/doi/10.1101/2026.11.17.690000v2", ""),
        ("https://doi.org/10.1088/1748-9326/ab1234", "10.1088/1748-9326/ab1234"),
        ("https://dx.doi.org/10.1000%2Fk.1?utm_source=rss", "10.1000/k.1"),
        ("https://x.example/articles/k.1", ""),
        ("https://link.springer.example/article/10.1007/s10994-026-00001-1", "10.1007/s10994-026-00001-1"),
        ("https://x.example/articles/10.3389/fkett.2026.1/full", "10.3389/fkett.2026.1"),
        ("https://x.example/article/10.1088/1748-9326/ab1234", ""),
        ("https://x.example/files/10.1007/s10994", ""),
    ],
)
def test_a_link_gives_a_doi_only_where_its_end_is_sure(link: str, doi: str) -> None:
    assert read(RSS.format(f"<title>T</title><link>{link}</link>")).doi == doi
    feed = {"version": "https://jsonfeed.org/version/1.1", "items": [{"title": "T", "url": link}]}
    assert read(json.dumps(feed)).doi == doi


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        (
            "BackgroundKettles are hot.MethodsWe boil (n=3).Results0.9 of tea (p&lt;0.05).ConclusionsTea.",
            "Background: Kettles are hot. Methods: We boil (n=3). Results: 0.9 of tea (p<0.05). Conclusions: Tea.",
        ),
        ("OBJECTIVETo boil. DESIGNA trial.", "OBJECTIVE: To boil. DESIGN: A trial."),
        ("Materials and MethodsWe boil.FindingsTea.", "Materials and Methods: We boil. Findings: Tea."),
        ("DesignGPT boils tea.", "DesignGPT boils tea."),
        ("Background: Kettles. Methods: We boil.", "Background: Kettles. Methods: We boil."),
        ("Results matter. Methods too.", "Results matter. Methods too."),
    ],
)
def test_headings_do_not_run_into_the_words_of_an_abstract(written: str, shown: str) -> None:
    assert read(RSS.format(f"<title>T</title><description>{written}</description>")).abstract == shown
    feed = {"version": "https://jsonfeed.org/version/1.1", "items": [{"title": "T", "content_html": written}]}
    assert read(json.dumps(feed)).abstract == shown
