"""Every page of the product in a browser: for everybody, narrow and wide, light and dark, quick and still."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from itertools import product
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Response, Route, ViewportSize, expect

from service.cli.pictures import SCHEMES
from service.web.timing import SHORTEST_VISIT
from tests import outside
from tests.integration.sites import site
from tests.journey.walk import Visit, Walk, visits

LARGEST, MOST_REQUESTS, MOST_SHIFT = 60_000, 6, 0.01
LOOKS = tuple(product(SCHEMES, (360, 768, 1280, 1600)))
PLAIN_LOOKS = tuple(product(SCHEMES, (360, 1280)))
DESK: ViewportSize = {"width": 1280, "height": 800}
LARGE_LETTERS = '{"webkit": {"webprefs": {"default_font_size": 32}}}'


@pytest.fixture(scope="module")
def walk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walk]:
    texts = {
        "imprint": "Example Institute\n1 Sample Street, Berlin",
        "privacy": "We keep your address and topics.",
    }
    with site(tmp_path_factory.mktemp("walk"), contact="desk@uni.example", **texts) as opened:
        walk = Walk(opened)
        walk.prepare()
        yield walk


@pytest.fixture
def desk(browser: Browser) -> Iterator[Page]:
    """A window that goes from page to page, for a new one takes as long as a page does. No page sets a cookie."""
    with browser.new_context(viewport=DESK, reduced_motion="reduce") as opened:
        yield opened.new_page()


@pytest.fixture
def large(browser: Browser, tmp_path: Path) -> Iterator[Page]:
    """A phone whose owner has asked the browser for letters twice as large."""
    (tmp_path / "Default").mkdir()
    (tmp_path / "Default" / "Preferences").write_text(LARGE_LETTERS, "utf-8")
    with browser.browser_type.launch_persistent_context(
        tmp_path, executable_path=outside.browser(), args=["--no-sandbox"], viewport={"width": 360, "height": 740}
    ) as opened:
        page = opened.new_page()
        assert page.evaluate("getComputedStyle(document.documentElement).fontSize") == "32px"
        yield page


@pytest.mark.timeout(900)
def test_every_page_is_for_everybody(desk: Page, walk: Walk, full: bool, figure: Callable[[str], None]) -> None:
    axe, wrong, seen = outside.axe(), [], 0
    chosen = visits() if full else slice_of(visits())
    for number, (method, path, visit) in enumerate(chosen):
        if not walk.open(desk, method, path, visit):
            continue
        seen, name = seen + 1, f"{method} {path} {visit.face}".rstrip()
        for scheme, width in LOOKS if full else (LOOKS[number * 3 % len(LOOKS)],):
            desk.emulate_media(color_scheme=scheme)
            desk.set_viewport_size({"width": width, "height": 800})
            wrong += [f"{name}, {scheme} {width}: {each}" for each in faults(desk, axe)]
    assert wrong == []
    assert seen > (40 if full else 7)
    figure(
        f"axe-core: {seen} pages in {len(LOOKS)} looks, no violation, nothing to scroll sideways, nothing that moves"
    )


@pytest.mark.timeout(900)
def test_every_page_is_for_everybody_without_scripts_too(
    browser: Browser, walk: Walk, full: bool, figure: Callable[[str], None]
) -> None:
    if not full:
        pytest.skip("every page once more: run with --full")
    axe, wrong, seen = outside.axe(), [], 0
    for method, path, visit in visits():
        page = browser.new_page(reduced_motion="reduce")
        page.route("**/static/*.js*", lambda route: route.abort())
        page.route("**/static/*.css*", _styled_for_no_scripts)
        if walk.open(page, method, path, visit):
            seen += 1
            for scheme, width in PLAIN_LOOKS:
                page.emulate_media(color_scheme=scheme)
                page.set_viewport_size({"width": width, "height": 800})
                wrong += [f"{method} {path} {visit.face}, {scheme} {width}: {each}" for each in faults(page, axe)]
        page.close()
    assert wrong == []
    figure(f"axe-core: {seen} pages without scripts in {len(PLAIN_LOOKS)} looks, no violation")


@pytest.mark.timeout(900)
def test_every_page_is_light_and_still(browser: Browser, walk: Walk, full: bool, figure: Callable[[str], None]) -> None:
    wrong, largest, seen = [], 0, 0
    for method, path, visit in visits():
        if visit.face != "topics" and not full:
            continue
        heard: list[Response] = []
        page = browser.new_page(viewport={"width": 360, "height": 740})
        page.on("response", partial(_hear, heard))
        if walk.open(page, method, path, visit):
            seen += 1
            page.wait_for_load_state("networkidle")
            size = sum(len(each.body()) for each in heard)
            shift = page.evaluate(_SHIFT)
            largest = max(largest, size)
            if size > LARGEST or len(heard) > MOST_REQUESTS or shift > MOST_SHIFT:
                wrong.append(f"{method} {path} {visit.face}: {size} bytes, {len(heard)} requests, moved by {shift}")
        page.close()
    assert wrong == []
    figure(f"{seen} pages: at most {largest} bytes and {MOST_REQUESTS} requests each, no shift over {MOST_SHIFT}")


@pytest.mark.timeout(900)
def test_every_control_is_reached_by_the_keyboard_and_shows_it(desk: Page, walk: Walk, full: bool) -> None:
    most = (("/", ""), ("/manage/{token}", "profiles"))
    chosen = [each for each in visits() if full or (each[1], each[2].face) in most]
    wrong = []
    for method, path, visit in chosen:
        if walk.open(desk, method, path, visit):
            wrong += [f"{method} {path} {visit.face}: {each}" for each in unreached(desk)]
    assert wrong == []


@pytest.mark.timeout(900)
def test_letters_twice_as_large_fit_on_a_phone(large: Page, walk: Walk, full: bool) -> None:
    widest = {("/", ""), ("/manage/{token}", ""), ("/search", "found"), ("/mailbox", ""), ("/mailbox/{name}", "")}
    wrong = []
    for method, path, visit in visits():
        if (full or (path, visit.face) in widest) and walk.open(large, method, path, visit):
            large.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")
            wrong += [f"{method} {path} {visit.face}: {each}" for each in large.evaluate(_TOO_WIDE)]
    assert wrong == []


def test_who_presses_keys_goes_on_from_there(desk: Page, walk: Walk) -> None:
    wanted = {(path, visit.face): (method, visit) for method, path, visit in visits()}
    # A topic that is removed has no row any more: then it is the field of the topics.
    for path, pressed, then in (
        ("/", "a[data-topic]", "a[data-topic]"),
        ("/manage/{token}", "[name=drop]", "textarea"),
    ):
        method, visit = wanted[path, ""]
        assert walk.open(desk, method, path, visit)
        desk.locator(pressed).first.focus()
        desk.keyboard.press("Enter")
        # The page says it in the same breath as it shows what has changed.
        expect(desk.locator("p.unseen[role=status]")).to_contain_text("this week")
        assert desk.evaluate(f"document.activeElement.matches({then!r})"), path


@pytest.mark.parametrize("scripts", [True, False])
def test_what_is_wrong_is_met_first(browser: Browser, walk: Walk, scripts: bool) -> None:
    page = browser.new_page(java_script_enabled=scripts)
    page.goto(walk.site.url)
    page.get_by_label("Your address").fill("nobody")
    walk.site.house.clock.at += timedelta(seconds=SHORTEST_VISIT)  # Who is quicker has to wait for the answer.
    page.get_by_role("button", name="Send my first digest").click()
    expect(page.locator("#summary")).to_be_focused()
    page.close()


def slice_of(found: list[tuple[str, str, Visit]]) -> list[tuple[str, str, Visit]]:
    """The pages with most on them: what the ordinary suite has time for."""
    busy = {"/", "/subscribe", "/manage/{token}", "/confirm/{token}", "/unsubscribe/{token}"}
    return [each for each in found if each[1] in busy][::2]


def _styled_for_no_scripts(route: Route) -> None:
    """axe-core is a script itself, so scripts are on; the page is styled as where they are off."""
    answer = route.fetch()
    assert "(scripting: enabled)" in answer.text()
    route.fulfill(response=answer, body=answer.text().replace("(scripting: enabled)", "(scripting: none)"))


def _hear(heard: list[Response], answer: Response) -> None:
    """Each page begins anew, but not where it sends the browser on."""
    if answer.request.is_navigation_request() and answer.request.redirected_from is None:
        heard.clear()
    if not 300 <= answer.status < 400:
        heard.append(answer)


def faults(page: Page, axe: str) -> Iterator[str]:
    if page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
        yield "it can be scrolled sideways"
    if moving := page.evaluate(_MOVING):
        yield f"{moving} moves for people who asked for stillness"
    page.evaluate(axe)
    for each in page.evaluate("axe.run({resultTypes: ['violations']}).then(found => found.violations)"):
        yield f"{each['id']}: {each['help']} ({each['nodes'][0]['html'][:120]})"


def unreached(page: Page) -> list[str]:
    """The controls that the Tab key does not come to, or that do not show it, or that a bar at the edge hides."""
    wanted = page.evaluate(_CONTROLS)
    dim: list[str] = []
    # A mail that is shown in its frame has links of its own, which the key goes through on its way.
    for _ in range(wanted + 5 + sum(frame.locator("a").count() for frame in page.frames[1:])):
        page.keyboard.press("Tab")
        if look := page.evaluate(_FOCUSED):
            dim.append(f"{look} does not show that it has the focus")
        if covered := page.evaluate(_COVERED):
            dim.append(f"{covered} has the focus and is hidden")
    return dim + [f"{each} is not reached" for each in page.evaluate(_MISSED)]


_SHIFT = """() => new Promise(done => {
  new PerformanceObserver(list => done(list.getEntries().reduce((sum, each) => sum + each.value, 0)))
    .observe({type: "layout-shift", buffered: true});
  setTimeout(() => done(0), 100);
})"""
_MOVING = """() => [...document.querySelectorAll("*")].filter(each => {
  const style = getComputedStyle(each);
  return style.transitionDuration.split(", ").some(time => parseFloat(time) > 0) || style.animationName !== "none";
}).map(each => each.tagName).slice(0, 1).join()"""
_CONTROLS = """() => {
  window.wanted = [...document.querySelectorAll("a[href], button, input, select, textarea, summary, iframe")]
    .filter(each => each.tabIndex >= 0 && each.type !== "hidden" && each.checkVisibility());
  window.reached = new Set();
  return window.wanted.length;
}"""
_FOCUSED = """() => {
  const here = document.activeElement;
  if (!here || here === document.body) return "";
  const known = window.reached.has(here);
  window.reached.add(here);
  const marked = each => each && getComputedStyle(each).outlineStyle !== "none";
  if (known || here.tagName === "IFRAME" || marked(here) || marked(here.nextElementSibling)) return "";
  return here.outerHTML.slice(0, 100);
}"""
_COVERED = """() => {
  const here = document.activeElement, at = here.getBoundingClientRect();
  const seen = document.elementFromPoint(at.left + at.width / 2, at.top + at.height / 2);
  const bar = seen?.closest(".save, .phone-bar");
  return bar && !bar.contains(here) ? here.outerHTML.slice(0, 100) : "";
}"""
_TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth, whole = document.documentElement.scrollWidth;
  const beyond = [...document.querySelectorAll("main *")].filter(each =>
    each.checkVisibility() && each.getBoundingClientRect().right > width + 1 && !each.closest(".trap, .unseen"));
  return whole > width ? [`${whole} wide: ${beyond.at(-1)?.outerHTML.slice(0, 100)}`] : [];
}"""
_MISSED = "() => window.wanted.filter(each => !window.reached.has(each)).map(each => each.outerHTML.slice(0, 100))"
