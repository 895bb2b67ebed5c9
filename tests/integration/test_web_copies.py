"""What was mailed, read again: one digest in a browser, its papers in a reference manager, past digests, a feed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlsplit

import feedparser
import pytest
from selectolax.lexbor import LexborHTMLParser

from service.links import Purpose, feed_link
from service.model import Choice, Profile, Schedule, SubscriberState
from tests.integration.sites import Site, site, text
from tests.integration.stores import paper
from tests.integration.worlds import MORNING

ADA = "ada@uni.example"
TITLES = [f"Low-Rank Adaptation & <its> Uses, Part {number}" for number in range(14)]
PAPERS = [
    paper(title, authors=("Ada Müller", "Bo van Dam"), url=f"https://papers.example/{number}", published=MORNING)
    for number, title in enumerate(TITLES)
]


@contextmanager
def served(folder: Path) -> Iterator[Site]:
    """The site with one reader who has had a digest of ten papers and four that it only counts."""
    with site(folder) as pages:
        pages.house.join(ADA, "low-rank adaptation", "-survey", schedule=Schedule(weekdays=frozenset(range(1, 8))))
        pages.house.arrive(*PAPERS)
        pages.house.morning()
        yield pages


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One site for all who only look."""
    with served(tmp_path_factory.mktemp("copies")) as pages:
        yield pages


@pytest.fixture
def changing(tmp_path: Path) -> Iterator[Site]:
    """A site of its own for who changes it."""
    with served(tmp_path) as pages:
        yield pages


def viewed(pages: Site) -> str:
    """The path of the newest digest's copy, as its mail names it."""
    return f"/view/{re.findall(r'/view/([^ ]+)', ' '.join(pages.house.digests(ADA)[-1].split()))[0]}"


def fed(pages: Site) -> str:
    """The path of the reader's feed, as the list of past digests names it."""
    page = LexborHTMLParser(pages.get(f"/manage/{pages.token(ADA, Purpose.MANAGE)}/digests").text)
    (link,) = page.css('a[type="application/atom+xml"]')
    return urlsplit(link.attributes["href"] or "").path


def test_a_digest_opens_in_the_browser_with_every_paper(read: Site) -> None:
    page = read.get(viewed(read))
    shown = [" ".join(node.text().split()) for node in LexborHTMLParser(page.text).css("h2[dir=auto]")]
    assert sorted(shown) == sorted(TITLES)
    assert "more" not in text(page).split("Cite these papers")[0]
    assert text(page, "mark")


def test_papers_that_the_mail_only_counted_stand_under_no_profile_in_the_browser(tmp_path: Path) -> None:
    with site(tmp_path) as pages:
        token = pages.house.join(ADA, "adaptation")
        profiles = (Profile(("adaptation",), "Tuning"), Profile(("owls",), "Birds"))
        choice = Choice(profiles, Schedule(weekdays=frozenset(range(1, 8))), 6)
        pages.house.world.subscriptions.change(token, choice, pages.house.clock())
        pages.house.arrive(*PAPERS, paper("Owls See at Night"))
        pages.house.morning()
        headings = LexborHTMLParser(pages.get(viewed(pages)).text).css("h2")
    names = [" ".join(each.text().split()) for each in headings if each.attributes.get("class") == "section"]
    assert names == ["Tuning", "Birds", "More papers"]


def test_a_copy_can_be_given_to_anybody(read: Site) -> None:
    page, reader = read.get(viewed(read)), read.reader(ADA)
    paths = [urlsplit(link.attributes["href"] or "").path for link in LexborHTMLParser(page.text).css("a[href]")]
    assert not [path for path in paths if path.startswith(tuple(f"/{each}/" for each in Purpose))]
    for own in (ADA, "ada@", reader.public_id, "Unsubscribe", "Pause"):
        assert own not in page.text
    assert page.headers["referrer-policy"] == "no-referrer"
    assert "noindex" in page.headers["x-robots-tag"]
    assert not LexborHTMLParser(page.text).css("script, img, link, form, iframe")
    assert "default-src 'none'" in page.headers["content-security-policy"]


def test_the_papers_can_be_cited(read: Site) -> None:
    path = viewed(read)
    page = LexborHTMLParser(read.get(path).text)
    for ending, kind in (("bib", "application/x-bibtex"), ("ris", "application/x-research-info-systems")):
        (link,) = page.css(f'a[href$=".{ending}"]')
        assert link.attributes["href"] == f"{path.removeprefix('/view/')}.{ending}"
        answer = read.get(f"{path}.{ending}")
        assert answer.headers["content-type"].startswith(kind)
        assert answer.headers["content-disposition"] == f'attachment; filename="papers-2026-11-20.{ending}"'
        copied = page.css("pre")[0 if ending == "bib" else 1].text()
        assert copied.split() == answer.content.decode().split()
    assert answer.text.count("ER  - ") == len(TITLES)


def test_past_digests_stand_in_a_list_newest_first(changing: Site) -> None:
    first = viewed(changing)
    changing.house.clock.tomorrow()
    changing.house.arrive(paper("Low-Rank Adaptation of the Next Day", url="https://papers.example/next"))
    changing.house.morning()
    token = changing.token(ADA, Purpose.MANAGE)
    page = changing.get(f"/manage/{token}/digests")
    items = LexborHTMLParser(page.text).css(".digests li")
    assert [" ".join(item.text().split()) for item in items] == [
        "Low-Rank Adaptation of the Next Day Saturday 21 November · 1 paper",
        f"{TITLES[0]} Friday 20 November · 14 papers",
    ]
    links = [urlsplit(link.attributes["href"] or "").path for link in LexborHTMLParser(page.text).css(".digests a")]
    assert links == [viewed(changing), first]
    assert f"/manage/{token}/digests" in changing.get(f"/manage/{token}").text


def test_the_feed_holds_every_paper_of_every_digest(changing: Site) -> None:
    changing.house.clock.tomorrow()
    changing.house.arrive(paper("Low-Rank Adaptation of the Next Day", url="https://papers.example/next"))
    changing.house.morning()
    answer = changing.get(fed(changing))
    feed = feedparser.parse(answer.content, response_headers={"content-type": answer.headers["content-type"]})
    assert not feed.bozo, feed.get("bozo_exception")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    assert feed.entries[0].title == "Low-Rank Adaptation of the Next Day"
    assert {entry.link for entry in feed.entries} == {each.url for each in PAPERS} | {"https://papers.example/next"}
    assert len({entry.id for entry in feed.entries}) == len(feed.entries) == 15
    assert {author.name for author in feed.entries[-1].authors} == {"Ada Müller", "Bo van Dam"}


@pytest.mark.parametrize("what", ["view", "bib", "ris", "feed", "digests"])
def test_who_asks_again_is_told_that_nothing_changed(read: Site, what: str) -> None:
    paths = {"feed": fed(read), "digests": f"/manage/{read.token(ADA, Purpose.MANAGE)}/digests", "view": viewed(read)}
    path = paths.get(what) or f"{viewed(read)}.{what}"
    first = read.get(path)
    assert first.headers["cache-control"] == "private, no-cache"
    assert first.headers["referrer-policy"] == "no-referrer"
    tag, date = first.headers["etag"], format_datetime(read.house.clock(), usegmt=True)
    assert "last-modified" not in first.headers, "no date tells that a paper was hidden"
    for condition in ({"If-None-Match": f'"other", {tag}'}, {"If-None-Match": "*"}):
        again = read.get(path, headers=condition)
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
    for condition in ({"If-None-Match": '"other"', "If-Modified-Since": date}, {"If-Modified-Since": date}):
        assert read.get(path, headers=condition).content == first.content


def test_links_that_were_not_made_here_open_nothing(read: Site) -> None:
    signer, now = read.house.world.signer, read.house.clock()
    digest = viewed(read).removeprefix("/view/")
    row = digest.split(".")[1].split("~")[0]
    for path in (
        f"/view/{digest[:-1]}",
        f"/view/{signer.sign(Purpose.VIEW, f'{row}~000000000000', now)}",
        f"/view/{signer.sign(Purpose.VIEW, '9999~000000000000', now)}",
        f"/view/{signer.sign(Purpose.VIEW, 'x', now)}",
        f"/view/{read.token(ADA, Purpose.MANAGE)}",
        f"/feed/{signer.sign(Purpose.FEED, f'{read.reader(ADA).public_id}~7', now)}",
        f"/feed/{signer.sign(Purpose.FEED, 'nobody~0', now)}",
        f"/feed/{digest}",
    ):
        assert read.get(path).status_code in (404, 410), path


def test_a_feed_ends_with_the_subscription_and_begins_again_with_it(changing: Site) -> None:
    path = fed(changing)
    token = changing.token(ADA, Purpose.UNSUBSCRIBE)
    changing.post(f"/unsubscribe/{token}")
    assert changing.state(ADA) == SubscriberState.LEFT
    assert changing.get(path).status_code in (404, 410)
    changing.house.join(ADA, "low-rank adaptation")
    assert changing.get(path).status_code == 200


def test_a_feed_that_has_got_about_gets_another_address(changing: Site) -> None:
    manage, old = f"/manage/{changing.token(ADA, Purpose.MANAGE)}", fed(changing)
    assert changing.get(f"{manage}/feeds").status_code == 405, "no link changes anything"
    answer = changing.post(f"{manage}/feeds")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{manage}/digests?done=feeds")
    assert "Your feed has a new address" in text(changing.get(answer.headers["location"]))
    new = fed(changing)
    assert (changing.get(old).status_code, changing.get(new).status_code) == (410, 200)
    assert feedparser.parse(changing.get(new).content).feed.links[0].href.endswith(new)
    changing.post(f"{manage}/feeds")
    assert changing.get(new).status_code == 410
    assert fed(changing) not in (old, new)


def test_nothing_is_left_to_read_of_a_reader_who_was_erased(changing: Site) -> None:
    copy, feed = viewed(changing), fed(changing)
    changing.house.world.subscriptions.erase(changing.reader(ADA), changing.house.clock())
    for path in (copy, f"{copy}.bib", f"{copy}.ris", feed):
        answer = changing.get(path)
        assert answer.status_code == 410
        assert "Part" not in answer.text


def test_a_hidden_paper_leaves_every_copy(changing: Site) -> None:
    copy, feed = viewed(changing), fed(changing)
    with changing.house.world.store.write() as unit:
        unit.papers.hide(1)
    for path in (copy, f"{copy}.bib", f"{copy}.ris", feed):
        answer = changing.get(path)
        assert answer.status_code == 200
        assert "Part 0" not in answer.text
        assert "Part 1" in answer.text


def test_each_profile_has_a_feed_of_its_own(changing: Site) -> None:
    home, reader = changing.house, changing.reader(ADA)
    first, second = (feed_link(home.world.signer, "", reader.public_id, position) for position in (0, 1))
    assert changing.get(second).status_code in (404, 410), "there is no second profile yet"
    profiles = [
        (Profile(("low-rank adaptation",), "Adapters"), ("low-rank adaptation",)),
        (Profile(("orchids",), "Flowers & <more>"), ("orchids",)),
    ]
    with home.world.store.write() as unit:
        unit.subscribers.set_profiles(reader.id, profiles, home.clock())
    home.clock.tomorrow()
    home.arrive(
        paper("Orchids of the Next Day", url="https://papers.example/orchids"),
        paper("Low-Rank Adaptation of Orchids", url="https://papers.example/both"),
        paper("Low-Rank Adaptation Alone", url="https://papers.example/alone"),
    )
    home.morning()
    adapters, flowers = (feedparser.parse(changing.get(path).content) for path in (first, second))
    assert (adapters.feed.title, flowers.feed.title) == ("Paper Round: Adapters", "Paper Round: Flowers & <more>")
    assert adapters.feed.id != flowers.feed.id
    assert {entry.link for entry in flowers.entries} == {
        "https://papers.example/orchids",
        "https://papers.example/both",
    }
    own = {"https://papers.example/both", "https://papers.example/alone"}
    assert {entry.link for entry in adapters.entries} == own | {each.url for each in PAPERS}
    page = changing.get(f"/manage/{changing.token(ADA, Purpose.MANAGE)}/digests")
    links = LexborHTMLParser(page.text).css('a[type="application/atom+xml"]')
    assert [link.text() for link in links] == ["Adapters", "Flowers & <more>"]


def test_a_feed_is_new_for_whoever_asks_once_it_says_something_else(changing: Site) -> None:
    path = fed(changing)
    tags = [changing.get(path).headers["etag"]]

    def changed() -> bool:
        answer = changing.get(path, headers={"If-None-Match": tags[-1]})
        tags.append(answer.headers["etag"])
        return answer.status_code == 200

    assert not changed()
    with changing.house.world.store.write() as unit:
        unit.papers.hide(1)
    assert changed()
    changing.post(f"/manage/{changing.token(ADA, Purpose.MANAGE)}", {"keywords": "low-rank adaptation\nlamps"})
    assert changed()
    changing.house.clock.tomorrow()
    assert not changed()
    changing.house.arrive(paper("Low-Rank Adaptation of the Next Day", url="https://papers.example/next"))
    changing.house.morning()
    assert changed()
    assert len(set(tags)) == 4
