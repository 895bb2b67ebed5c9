"""A reader with a browser: look, sign up, confirm, change the topics, and leave, on a phone without scripts too."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Browser, Page, ViewportSize, expect

from service.cli import demo_pages
from tests import servers
from tests.journey.steps import READER, eventually, feed, link, read, service

NEW = "new.reader@example.org"
PHONE: ViewportSize = {"width": 360, "height": 740}
DESK: ViewportSize = {"width": 1280, "height": 800}
LOOKS = {
    "phone": (PHONE, False), "desk": (DESK, True), "phone with scripts": (PHONE, True), "desk without": (DESK, False),
}  # fmt: skip
MORE_LOOKS = ("phone with scripts", "desk without")


@pytest.fixture(params=list(LOOKS))
def page(request: pytest.FixtureRequest, browser: Browser, full: bool) -> Iterator[Page]:
    """A fresh browser: narrow and wide, with and without scripts."""
    if not full and request.param in MORE_LOOKS:
        pytest.skip("another look of the same journey: run with --full")
    size, scripts = LOOKS[request.param]
    page = browser.new_page(viewport=size, java_script_enabled=scripts)
    yield page
    page.close()


def test_a_reader_comes_stays_and_leaves(
    page: Page, tmp_path: Path, smtp: servers.Sink, settings: dict[str, str]
) -> None:
    pages = feed("The Colour of Alpine Orchids", "On the Price of Lamps")
    with demo_pages.serve(pages) as origin, service(tmp_path, sources=f"{origin}/feed", **settings) as base:
        subscribes(page, base)
        page.goto(base + link(read(smtp.wait(1)[0]), "confirm"))
        page.get_by_role("button", name="Yes, send my first digest").click()
        expect(page.get_by_text("Your first digest is on its way")).to_be_visible()
        digest = read(smtp.wait(2)[1])
        changes_topics(page, base + link(digest, "manage"))
        leaves(page, base + link(digest, "unsubscribe"))
        assert len(smtp.messages) <= 3, "a confirmation, a digest and a goodbye"


def test_a_whole_life_and_what_could_hurt_needs_a_fresh_link_from_a_mail(
    page: Page, tmp_path: Path, smtp: servers.Sink, settings: dict[str, str], full: bool
) -> None:
    if not full:
        pytest.skip("a whole journey through five mails: run with --full")
    pages = feed("The Colour of Alpine Orchids", "On the Price of Lamps")
    with demo_pages.serve(pages) as origin, service(tmp_path, sources=f"{origin}/feed", **settings) as base:
        subscribes(page, base)
        page.goto(base + link(read(smtp.wait(1)[0]), "confirm"))
        page.get_by_role("button", name="Yes, send my first digest").click()
        digest = read(smtp.wait(2)[1])
        manage = link(digest, "manage")
        changes_topics(page, base + manage)
        leaves(page, base + link(digest, "unsubscribe"))
        page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("heading", name="Welcome back.")).to_be_visible()
        for what in ("export", "erase", "move"):
            answer = page.goto(base + manage.replace("/manage/", f"/{what}/"))
            assert answer is not None
            assert answer.status == 404, "a digest is not enough"
        records = exports(page, base, manage, smtp)
        assert READER in records
        assert "orchids" in records
        moves(page, base, manage, smtp)
        erases(page, base, manage, smtp)


def asks(page: Page, base: str, manage: str, smtp: servers.Sink, what: str, button: str) -> None:
    """Ask for a link on the records page, and follow it from the mail."""
    page.goto(base + manage)
    page.get_by_role("link", name="see or erase your records").click()
    fits(page)
    page.get_by_role("button", name=button).click()
    expect(page.get_by_role("heading", name="Look in your inbox.")).to_be_visible()
    page.goto(base + mailed(smtp, what)[1])
    fits(page)


def mailed(smtp: servers.Sink, what: str) -> tuple[str, str]:
    """To whom the first mail with a link of this kind went, and the link."""
    eventually(lambda: any(f"/{what}/" in text(each) for each in smtp.messages))
    mail = next(each for each in smtp.messages if f"/{what}/" in text(each))
    return mail.recipients[0], link(read(mail), what)


def text(received: servers.Received) -> str:
    body = read(received).get_body(("plain",))
    return body.get_content() if body else ""


def exports(page: Page, base: str, manage: str, smtp: servers.Sink) -> str:
    asks(page, base, manage, smtp, "export", "Mail me the link to my records")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download the file").click()
    return Path(download.value.path()).read_text("utf-8")


def moves(page: Page, base: str, manage: str, smtp: servers.Sink) -> None:
    asks(page, base, manage, smtp, "move", "Mail me the link to change my address")
    page.get_by_label("The new address").fill(NEW)
    page.get_by_role("button", name="Ask there").click()
    asked, confirm = mailed(smtp, "address")
    assert asked == NEW
    before = len(smtp.messages)
    page.goto(base + confirm)
    page.get_by_role("button", name="Yes, send them here").click()
    expect(page.get_by_role("heading", name="Done.")).to_be_visible()
    assert smtp.wait(before + 1)[before].recipients == (READER,), "the old address is told"


def erases(page: Page, base: str, manage: str, smtp: servers.Sink) -> None:
    asks(page, base, manage, smtp, "erase", "Mail me the link to erase everything")
    assert mailed(smtp, "erase")[0] == NEW
    page.get_by_role("button", name="Erase everything").click()
    expect(page.get_by_role("heading", name="Erased.")).to_be_visible()
    answer = page.goto(base + manage)
    assert answer is not None
    assert answer.status == 410


def fits(page: Page) -> None:
    """Nothing is wider than the window."""
    assert page.locator("html").evaluate("page => page.scrollWidth <= page.clientWidth")


def subscribes(page: Page, base: str) -> None:
    page.set_default_timeout(8_000)
    # The pages are there before the first papers are.
    eventually(lambda: "Alpine" in requests.get(f"{base}/search?k=orchids", timeout=10).text)
    page.goto(base)
    page.locator("#keywords").fill("orchids")
    look = page.get_by_role("button", name="See what they find")
    # With scripts the preview follows the typing, and the button is gone.
    if look.is_visible():
        look.click()
    expect(page.get_by_role("link", name="The Colour of Alpine Orchids")).to_be_visible()
    expect(page.get_by_role("link", name="On the Price of Lamps")).to_have_count(0)
    fits(page)
    page.locator("#email").fill(READER)
    page.locator("button.main", has_text="Send my first digest").click()
    expect(page.get_by_text("inbox").first).to_be_visible()


def changes_topics(page: Page, manage: str) -> None:
    page.goto(manage)
    fits(page)
    page.locator("#keywords").fill("orchids\nlamps")
    look = page.get_by_role("button", name="See what they find")
    if look.is_visible():
        look.click()
    expect(page.locator("[data-row=lamps]")).to_be_visible()
    page.locator("[data-save]").click()
    page.goto(manage)
    expect(page.locator("#keywords")).to_have_value("orchids\nlamps")
    page.get_by_role("button", name="Remove lamps").click()
    expect(page.locator("#keywords")).to_have_value("orchids")
    page.get_by_role("button", name="Weekly").click()
    expect(page.locator("[data-save]")).to_have_text("Save 2 changes")
    page.locator("[data-save]").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    expect(page.locator("[name=weekdays]:checked")).to_have_count(1)
    page.locator("#paper").fill("On the Price of Lamps")
    page.get_by_role("button", name="Ask").click()
    expect(page.locator("#why [role=status]")).to_be_visible()
    fits(page)


def leaves(page: Page, unsubscribe: str) -> None:
    page.goto(unsubscribe)
    fits(page)
    page.get_by_role("button", name="Stop").first.click()
    page.get_by_label("Too many mails").check()
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("Thank you")).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
