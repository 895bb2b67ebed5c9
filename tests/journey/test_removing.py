"""In a browser, Remove takes a topic away however it was typed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

from service.links import Purpose
from tests.integration.sites import Site, site
from tests.integration.stores import paper

NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with site(tmp_path_factory.mktemp("removing")) as opened:
        opened.house.arrive(paper("Adapters, Once More", arxiv_id="2611.00077"))
        yield opened


@pytest.fixture(scope="module")
def window(browser: Browser) -> Iterator[Page]:
    """A window with scripts: a new one for each test takes as long as the test."""
    with browser.new_context() as opened:
        yield opened.new_page()


@pytest.fixture
def reader(pages: Site) -> str:
    """Somebody with a subscription, whom no other test knows."""
    email = f"reader{next(NUMBERS)}@uni.example"
    pages.house.join(email, "adapters")
    return email


@pytest.fixture
def page(pages: Site, window: Page, reader: str) -> Iterator[Page]:
    """The page of the subscription."""
    window.goto(f"{pages.url}/manage/{pages.token(reader, Purpose.MANAGE)}")
    yield window
    window.unroute_all(behavior="wait")


def answer_no_more(page: Page) -> None:
    """From now on the page shows what its script alone makes of it."""
    page.route("**/*", lambda route: route.abort())


@pytest.mark.parametrize(
    ("typed", "left"),
    [
        ("lora\nadapters", "adapters"),
        ("lora, adapters", "adapters"),
        ("- lora\n- adapters", "adapters"),
        ('lora\n"one, two"', '"one, two"'),
    ],
)
def test_what_is_removed_is_gone_and_all_else_stays(
    pages: Site, page: Page, reader: str, typed: str, left: str
) -> None:
    page.fill("#keywords", typed)
    expect(page.locator("[data-row=lora]")).to_be_visible()
    page.get_by_role("button", name="Remove lora", exact=True).click()
    expect(page.locator("#keywords")).to_have_value(left)
    expect(page.locator("[data-row=lora]:not([data-gone])")).to_have_count(0)
    page.locator("[data-save]").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    assert pages.reader(reader).profiles[0].keywords == (left,)


def test_a_topic_with_two_blanks_is_removed_and_a_second_press_takes_it_back(page: Page) -> None:
    page.fill("#keywords", "adapters\nlora  all")
    row = page.locator("[data-row='lora all']")
    expect(row).to_be_visible()
    answer_no_more(page)
    row.get_by_role("button").click()
    expect(page.locator("#keywords")).to_have_value("adapters")
    row.get_by_role("button").click()
    expect(page.locator("#keywords")).to_have_value("adapters\nlora all")


def test_nothing_is_struck_out_that_stands_behind_a_comma(page: Page) -> None:
    page.fill("#keywords", "lora, adapters\ncats")
    expect(page.locator("[data-row=cats]")).to_be_visible()
    answer_no_more(page)
    page.get_by_role("button", name="Remove cats").click()
    expect(page.locator("[data-gone]")).to_have_count(1)
    expect(page.locator("#keywords")).to_have_value("lora, adapters")
