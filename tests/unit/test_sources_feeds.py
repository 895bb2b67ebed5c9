"""RSS, Atom, RDF and JSON Feed, and the characters they are written in."""

from __future__ import annotations

import json
from datetime import date

import pytest

from service.errors import ParseError
from service.model import ArrivalKind, Listing, Page, Paper
from service.sources import parse
from tests.unit import pages

RSS = '<?xml version="1.0"?><rss version="2.0"><channel><title>x</title>{}</channel></rss>'


def read(text: str, url: str = "") -> Listing:
    return parse(Page(text.encode(), "", url))


def one(item: str, url: str = "") -> Paper:
    return read(RSS.format(f"<item>{item}</item>"), url).papers[0]


@pytest.mark.parametrize(
    ("announced", "kind"),
    [
        ("new", ArrivalKind.NEW),
        ("cross", ArrivalKind.CROSS),
        ("replace", ArrivalKind.REPLACE),
        ("replace-cross", ArrivalKind.REPLACE),
    ],
)
def test_arxiv_says_how_it_announces_a_paper(announced: str, kind: ArrivalKind) -> None:
    listing = read(pages.rss(kind=announced))
    assert {paper.kind for paper in listing.papers} == {kind}
    assert listing.day == date(2026, 1, 5)
    assert listing.papers[0].authors == ("Ada Brewer", "Bob Kettle")
    assert listing.papers[0].categories == ("cs.CK", "stat.ML")
    assert (listing.papers[0].arxiv_id, listing.papers[0].version) == ("2601.00011", 2)


@pytest.mark.parametrize(
    ("mark", "kind", "version"),
    [
        ("v1 [hep-ex]", ArrivalKind.NEW, 1),
        ("v1 [hep-ex] CROSS LISTED", ArrivalKind.CROSS, 1),
        ("v3 [math.AG] UPDATED", ArrivalKind.REPLACE, 3),
    ],
)
def test_the_mark_in_an_old_title_is_read_and_taken_off(mark: str, kind: ArrivalKind, version: int) -> None:
    paper = one(f"<title>On Kettles. (arXiv:1805.08875{mark})</title><link>http://arxiv.org/abs/1805.08875</link>")
    assert (paper.title, paper.kind, paper.version, paper.arxiv_id) == ("On Kettles", kind, version, "1805.08875")


def test_a_less_than_sign_in_an_announced_abstract_is_no_tag() -> None:
    text = "arXiv:2601.00001v1 Announce Type: new \nAbstract: If a&lt;b and c&gt;d then p &lt; 0.05 &amp; q."
    assert one(f"<title>Signs</title><description>{text}</description>").abstract == "If a<b and c>d then p < 0.05 & q."


HTML = {
    "Tea &amp;amp; Kettles": "Tea & Kettles",
    "Tea &amp; Kettles": "Tea & Kettles",
    "Tea &lt;script&gt;alert(1)&lt;/script&gt;&lt;b&gt;now&lt;/b&gt;": "Tea now",
    "<![CDATA[Tea <style>p{}</style><i>hot</i> &lt;b&gt;]]>": "Tea hot <b>",
    "<![CDATA[Tea<br/>and<p>cake</p><!-- or not -->]]>": "Tea and cake",
    "Tea if a &lt; b": "Tea if a < b",
    "H&lt;sub&gt;2&lt;/sub&gt;O": "H₂O",
}


@pytest.mark.parametrize("written", HTML)
def test_titles_lose_their_html_and_nothing_else(written: str) -> None:
    assert one(f"<title>{written}</title>").title == HTML[written]


@pytest.mark.parametrize(
    ("link", "url"),
    [
        ("https://a.example/My Tea.pdf", "https://a.example/My%20Tea.pdf"),
        ("https://a.example/o'neil?q=&quot;tea&quot;", "https://a.example/o%27neil?q=%22tea%22"),
        ("https://a.example/a&lt;1::b\\c&gt;", "https://a.example/a%3C1::b%5Cc%3E"),
    ],
)
def test_a_link_with_signs_that_no_link_may_have_is_mended(link: str, url: str) -> None:
    assert one(f"<title>T</title><link>{link}</link>").url == url


def test_a_feed_at_an_address_with_a_space_has_links() -> None:
    assert (
        one("<title>T</title><link>b</link>", "https://a.example/my feed/?q=a b").url == "https://a.example/my%20feed/b"
    )


@pytest.mark.parametrize(
    "link", ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "vbscript:x", "https://a b/"]
)
def test_only_http_links_are_kept(link: str) -> None:
    assert one(f"<title>T</title><link>{link}</link>").url == ""


def test_a_relative_link_is_resolved_against_the_feed() -> None:
    assert one("<title>T</title><link>/a/b</link>", "https://site.example/feed").url == "https://site.example/a/b"


def test_numbered_affiliations_are_no_authors() -> None:
    names = "Ada Brewer (1), Bob Kettle (1 and 2) ((1) University of Tea, (2) Tea (Inc.), Leeds)"
    paper = one(f"<title>T. (arXiv:2601.00001v1 [cs.CK])</title><dc:creator>{names}</dc:creator>")
    assert paper.authors == ("Ada Brewer", "Bob Kettle")


def test_what_arxivs_api_says_of_a_bad_query_is_no_paper() -> None:
    entry = (
        "<id>https://arxiv.org/api/errors#incorrect_id_format_for_tea</id><title>Error</title>"
        "<summary>incorrect id format for tea</summary><author><name>arXiv api core</name></author>"
    )
    with pytest.raises(ParseError, match="an error of arXiv's API: incorrect id format for tea"):
        read(f'<feed xmlns="http://www.w3.org/2005/Atom"><title>x</title><entry>{entry}</entry></feed>')


def test_pairs_of_surname_and_initials_are_authors() -> None:
    rdf = '<title>T</title><dc:creator xmlns:dc="http://purl.org/dc/elements/1.1/">Kukla, D., Crampton, A. B.</dc:creator>'
    assert one(rdf).authors == ("Kukla, D.", "Crampton, A. B.")


def test_the_api_of_arxiv_gives_comment_doi_and_categories() -> None:
    extra = (
        '<arxiv:comment xmlns:arxiv="http://arxiv.org/schemas/atom">5\n  pages</arxiv:comment>'
        '<arxiv:doi xmlns:arxiv="http://arxiv.org/schemas/atom">10.1088/ABC</arxiv:doi>'
        '<category term="cs.CL" scheme="http://arxiv.org/schemas/atom"/>'
        '<arxiv:primary_category xmlns:arxiv="http://arxiv.org/schemas/atom" term="cs.CK"/></entry>'
    )
    paper = read(pages.atom(pages.PAPERS[:1]).replace("</entry>", extra)).papers[0]
    assert (paper.comment, paper.doi, paper.categories) == ("5 pages", "10.1088/abc", ("cs.CK", "cs.CL"))
    assert (paper.arxiv_id, paper.version, str(paper.published)[:10]) == ("2601.00011", 1, "2026-01-03")


def test_an_entry_without_a_title_is_skipped_and_counted() -> None:
    listing = read(RSS.format("<item><title>T</title></item><item><link>https://a.example/</link></item>"))
    assert (len(listing.papers), listing.skipped) == (1, 1)


def test_a_feed_cut_off_in_the_middle_loses_its_last_entry_only() -> None:
    whole = pages.rss()
    listing = read(whole[: whole.rindex("<description>") + 40])
    assert [paper.title for paper in listing.papers] == [title for title, _ in pages.PAIRS[:3]]
    assert listing.skipped == 1


def test_a_feed_that_is_not_well_formed_is_still_read() -> None:
    listing = read(RSS.format("<item><title>Tea & Cake&nbsp;&eacute;</title></item><item><title>Two</title></item>"))
    assert [paper.title for paper in listing.papers] == ["Tea & Cake é", "Two"]


def test_a_feed_whose_entries_have_no_titles_is_refused() -> None:
    with pytest.raises(ParseError, match="no titles"):
        read(RSS.format("<item><link>https://a.example/</link></item>"))
    with pytest.raises(ParseError, match="no titles"):
        read(json.dumps({"version": "https://jsonfeed.org/version/1", "items": [{"id": "1"}]}))


def test_entities_of_a_document_type_do_not_blow_up() -> None:
    bomb = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10 if n else "x" * 1000}">' for n in range(9))
    text = f'<?xml version="1.0"?><!DOCTYPE z [{bomb}]><rss version="2.0"><channel><item><title>T &a8;</title></item></channel></rss>'
    assert len(read(text).papers[0].title) < 10_000


ENCODED = [
    ("utf-8", "", ""),
    ("utf-8-sig", "", ""),
    ("utf-16", "", ""),
    ("utf-16-le", "", ""),
    ("iso-8859-1", "ISO-8859-1", ""),
    ("iso-8859-1", "", "text/xml; charset=ISO-8859-1"),
    ("windows-1252", "windows-1252", ""),
    ("windows-1252", "", ""),
    ("utf-8", "ISO-8859-1", ""),
    ("utf-8", "no-such-encoding", ""),
]


@pytest.mark.parametrize(("encoding", "declared", "media_type"), ENCODED)
def test_a_page_is_read_in_its_own_characters(encoding: str, declared: str, media_type: str) -> None:
    declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else '<?xml version="1.0"?>'
    text = declaration + "<rss version='2.0'><channel><item><title>Café Gödel à la carte</title></item></channel></rss>"
    (paper,) = parse(Page(text.encode(encoding), media_type, "")).papers
    assert paper.title == "Café Gödel à la carte"


SPELT = [
    ("cp932", "Shift_JIS", "やかん①～沸騰―髙橋"),
    ("cp932", "x-sjis", "やかんの沸騰"),
    ("euc_jp", "x-euc-jp", "やかんの沸騰"),
    ("cp949", "EUC-KR", "주전자 똠방각하"),
    ("cp949", "ks_c_5601-1987", "주전자"),
    ("gbk", "gb2312", "水壶在沸腾镕"),
    ("big5hkscs", "Big5", "水壺沸騰嘅"),
    ("iso8859-5", "ISO_8859-5", "Чайник"),
    ("cp1251", "cp-1251", "Чайник"),
    ("cp1255", "iso-8859-8-i", "קומקום"),
    ("cp874", "TIS-620", "กาต้มน้ำ"),
    ("mac_roman", "x-mac-roman", "Café"),
]


@pytest.mark.parametrize(("codec", "name", "title"), SPELT)
def test_characters_are_found_under_any_name_they_go_by(codec: str, name: str, title: str) -> None:
    text = f'<?xml version="1.0" encoding="{name}"?>' + RSS[21:].format(f"<item><title>{title}</title></item>")
    assert parse(Page(text.encode(codec), "text/xml", "")).papers[0].title == title


@pytest.mark.parametrize(
    ("codec", "name", "title"), [each for each in SPELT if len(each[2].encode(each[0])) % 2 == 0][:4]
)
def test_one_broken_character_spoils_no_page(codec: str, name: str, title: str) -> None:
    text = f'<?xml version="1.0" encoding="{name}"?>' + RSS[21:].format(f"<item><title>{title}</title></item>")
    torn = text.encode(codec).replace(b"</channel>", b"<x>\x81</x></channel>")
    assert parse(Page(torn, "text/xml", "")).papers[0].title == title


def test_a_slow_or_foreign_codec_is_never_looked_up() -> None:
    for name in ("idna", "punycode", "unicode_escape", "rot13", "zip", "utf-7"):
        (paper,) = parse(Page(pages.rss().encode(), f"text/xml; charset={name}", "")).papers[:1]
        assert paper.title == pages.PAPERS[0].title


def test_the_title_of_an_image_within_an_entry_is_not_its_title() -> None:
    image = "<image><title>A picture</title></image>"
    feed = '<feed xmlns="http://www.w3.org/2005/Atom"><entry>{}</entry></feed>'
    for entry in (f"<title>Kettles</title>{image}", f"{image}<title>Kettles</title>"):
        assert [paper.title for paper in parse(Page(feed.format(entry).encode(), "", "")).papers] == ["Kettles"]


@pytest.mark.parametrize("tag", ["author", "dc:creator"])
@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("ada@tea.science (Ada Brewer)", "Ada Brewer"),
        ("<![CDATA[Ada Brewer (ada@tea.institute)]]>", "Ada Brewer"),
        ("Ada Brewer &lt;ada@tea.example&gt;", "Ada Brewer"),
        ("ada@tea.photography", ""),
    ],
)
def test_an_author_is_a_name_whatever_mail_address_stands_beside_it(tag: str, written: str, name: str) -> None:
    assert one(f"<title>Kettles</title><{tag}>{written}</{tag}>").authors == ((name,) if name else ())


def test_an_ampersand_by_itself_is_no_reference() -> None:
    assert one("<title>R&D of kettles at AT&T &mdash; Q&amp;A</title>").title == "R&D of kettles at AT&T — Q&A"


def test_a_formula_in_mathml_is_read_without_its_tags() -> None:
    formula = "&lt;math&gt;&lt;msup&gt;&lt;mi&gt;x&lt;/mi&gt;&lt;mn&gt;2&lt;/mn&gt;&lt;/msup&gt;&lt;/math&gt;"
    assert one(f"<title>On {formula} and if a &lt; b</title>").title == "On x² and if a < b"


@pytest.mark.parametrize(
    "marked",
    [
        '&lt;inline-formula&gt;&lt;tex-math notation="LaTeX"&gt;$N$&lt;/tex-math&gt;&lt;/inline-formula&gt; kettles',
        "&lt;ce:italic&gt;$N$&lt;/ce:italic&gt; &lt;scp&gt;kettles&lt;/scp&gt;",
        "<![CDATA[<mml:math><mml:mi>$N$</mml:mi><mml:annotation encoding='x'>N</mml:annotation></mml:math> kettles]]>",
    ],
)
def test_a_publishers_own_mark_up_is_no_part_of_a_title(marked: str) -> None:
    assert one(f"<title>{marked}</title>").title == "$N$ kettles"


def test_an_item_of_a_json_feed_whose_id_is_its_address_is_linked() -> None:
    items = [{"id": "https://tea.example/kettles", "title": "Kettles"}]
    feed = {"version": "https://jsonfeed.org/version/1.1", "title": "Tea", "items": items}
    assert read(json.dumps(feed)).papers[0].url == "https://tea.example/kettles"


MEDIA = '<media:content url="x.png"><media:title>Fig. 1</media:title><media:description>A cup.</media:description></media:content>'
SUMMARIES = {
    f"{MEDIA}<description>We boil.</description>": "We boil.",
    f"<description>We boil.</description>{MEDIA}": "We boil.",
    MEDIA: "A cup.",
    "<itunes:summary>A talk.</itunes:summary><description>We boil.</description>": "We boil.",
    "<description>&lt;img src='x'&gt;</description><content:encoded>We boil.</content:encoded>": "We boil.",
    "<description>&lt;figure&gt;&lt;figcaption&gt;Fig. 1&lt;/figcaption&gt;&lt;/figure&gt;We boil.</description>": "We boil.",
    "<description>We boil tea […]</description><content:encoded>&lt;p&gt;We boil tea. It is hot.&lt;/p&gt;</content:encoded>": (
        "We boil tea. It is hot."
    ),
    "<description>We boil tea...</description><content:encoded>Another text.</content:encoded>": "We boil tea...",
    "<description>We boil. The post Tea appeared first on Kettle Lab.</description>": "We boil.",
    "<description>Kettles.</description>": "",
}


@pytest.mark.parametrize("entry", SUMMARIES)
def test_the_abstract_is_what_says_most_of_the_paper(entry: str) -> None:
    names = "xmlns:media='http://search.yahoo.com/mrss/' xmlns:content='http://purl.org/rss/1.0/modules/content/'"
    for title, rest in (("<title>Kettles</title>", entry), (entry, "<title>Kettles</title>")):
        feed = f"<rss version='2.0' {names}><channel><item>{title}{rest}</item></channel></rss>"
        (paper,) = read(feed).papers
        assert (paper.title, paper.abstract) == ("Kettles", SUMMARIES[entry])


PLACES = {
    "<link/><guid>https://a.example/1</guid>": "https://a.example/1",
    "<guid isPermaLink='false'>https://a.example/1</guid>": "https://a.example/1",
    "<guid isPermaLink='false'>k-1</guid><prism:url>https://a.example/1</prism:url>": "https://a.example/1",
    "<guid isPermaLink='false'>k-1</guid>": "",
}


@pytest.mark.parametrize("place", PLACES)
def test_an_entry_without_a_link_is_found_by_what_it_has(place: str) -> None:
    assert one(f"<title>T</title>{place}").url == PLACES[place]


def test_the_first_number_that_is_a_doi_counts() -> None:
    numbers = "<prism:doi>n/a</prism:doi><dc:identifier>info:doi/10.1000/K.1</dc:identifier>"
    assert one(f"<title>T</title>{numbers}").doi == "10.1000/k.1"


def test_names_of_a_list_are_told_apart() -> None:
    names = "&lt;ul&gt;&lt;li&gt;Ada Brewer&lt;/li&gt;&lt;li&gt;Bob Kettle&lt;/li&gt;&lt;/ul&gt;"
    assert one(f"<title>T</title><dc:creator>{names}</dc:creator>").authors == ("Ada Brewer", "Bob Kettle")


def test_a_tag_that_is_a_number_or_an_address_goes_by_its_label() -> None:
    tags = '<category term="12" label="Optics"/><category term="cs.CK" label="Kettles"/><category term="https://a.example/t"/>'
    feed = f'<feed xmlns="http://www.w3.org/2005/Atom"><entry><title>T</title>{tags}</entry></feed>'
    assert read(feed).papers[0].categories == ("Optics", "cs.CK", "https://a.example/t")


def item(**said: object) -> Paper:
    """The one paper of a JSON Feed."""
    items = [{"title": "Kettles"} | said]
    return read(json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "Tea", "items": items})).papers[0]


def test_an_item_of_a_json_feed_is_read_as_an_entry_of_another() -> None:
    paper = item(
        id="10.1000/k.1",
        summary="<p>We &amp; they</p> <p>boil.</p>",
        authors=[{"name": "Ada Brewer, Bob Kettle, A Cup"}],
    )
    assert (paper.doi, paper.abstract) == ("10.1000/k.1", "We & they boil.")
    assert paper.authors == ("Ada Brewer", "Bob Kettle", "A Cup")
    assert item(summary="If a<b & c").abstract == "If a<b & c"


@pytest.mark.parametrize("number", [None, ["1"], {"a": 1}])
def test_an_item_whose_id_is_no_id_has_none(number: object) -> None:
    assert item(id=number).guid == ""
