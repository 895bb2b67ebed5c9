"""Every page template, rendered with hostile facts: it escapes, needs no script, and can be read by a machine."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache
from pathlib import Path
from typing import Any

import jinja2
import pytest
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from service import bootstrap
from service.links import FRESH, Purpose
from service.model import DeliveryState, Identity, Mend, Paper, Profile, Schedule, Subscriber, SubscriberState
from service.pipeline import Start, Suggestion, Why
from service.pipeline.suggesting import Kind
from service.settings import load
from service.subscriptions.door import Door
from service.subscriptions.wishes import Last
from service.web.api import document
from service.web.choosing import Menu, Part, Wanted
from service.web.documentation import Part as Told
from service.web.documentation import Question, Shape, questions, shapes
from service.web.forms import Problem, Typed
from service.web.pages import STATIC, prepared
from service.web.shown import zones
from service.web.trying import Offer

TEMPLATES = Path(__file__).resolve().parents[2] / "templates" / "web"
HOSTILE = "<script>alert(1)</script>\"'&{{ 7*7 }}"
NOW = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
IDENTITY = Identity(contact="desk@paper.example", imprint="Imprint " + HOSTILE, privacy="https://paper.example/privacy")


@dataclass(frozen=True)
class Bag:
    """Whatever a template reads by name."""

    facts: dict[str, Any]

    def __getattr__(self, name: str) -> Any:
        try:
            return self.facts[name]
        except KeyError:
            raise AttributeError(name) from None


def reader(state: SubscriberState = SubscriberState.ACTIVE, until: date | None = None, *topics: str) -> Subscriber:
    schedule = Schedule("Europe/Berlin", 7, frozenset({1, 2, 3, 4, 5}))
    profiles = (Profile(topics),) if topics else ()
    return Subscriber(1, "p", f'"{HOSTILE}"@uni.example', state, schedule, profiles, 10, paused_until=until)


def advice(topic: str, count: int, *warnings: str) -> Bag:
    return Bag(
        {"keyword": topic, "count": count, "total": 900, "warnings": warnings, "exclusion": topic[:1] == "-"}
        | {"days": (0, count, 2), "last": NOW if count else None}
    )


def passage(*runs: tuple[str, bool]) -> Bag:
    return Bag({"text": "".join(text for text, _ in runs), "runs": runs})


def card(title: str, upvotes: int = 0) -> Bag:
    author = Bag({"name": passage(("Ada " + HOSTILE, False))})
    return Bag(
        {
            "links": [Bag({"url": "https://papers.example/1?a=1&b=2"})],
            "title": passage((title, False), (" adaptation", True)),
            "authors": [author, author, author],
            "others": 4,
            "sentence": passage(("We adapt " + HOSTILE, False), (" low-rank", True)),
            "reasons": [Bag({"keyword": HOSTILE})],
            "upvotes": upvotes,
        }
    )


PROBLEMS = [
    Problem("keywords", "unclosed quote at character 7", 'lora "' + HOSTILE, 7),
    Problem("keywords", "too long", "a" * 400),
    Problem("email", HOSTILE),
    Problem("invitation", "not known " + HOSTILE),
    Problem("weekdays", "choose a day"),
    Problem("hour", "choose an hour"),
    Problem("timezone", "There is no such zone"),
    Problem("max_papers", "1 to 100"),
    Problem("until", "Please choose a day after today"),
]
TYPED = Typed(HOSTILE, HOSTILE, f"lora\n{HOSTILE}\n-survey", HOSTILE, "7", ("1", "3", HOSTILE), HOSTILE)


def morning(count: int, more: int = 0, coming: bool = False) -> Bag:
    facts = {"day": NOW.date(), "due": NOW, "found": count + more, "more": more, "read": 1500, "coming": coming}
    return Bag(facts | {"had": 7 if coming else 0})


def group(*cards: Bag, more: int = 0, coming: bool = False) -> Bag:
    facts = {"cards": cards, "morning": morning(len(cards), more, coming), "at_length": 1, "open": not coming}
    return Bag(facts)


def week(found: int, read: int = 1500, trending: bool = False) -> Bag:
    return Bag({"found": found, "read": read, "trending": trending})


def topics(*advice: Bag) -> list[Bag]:
    return [Bag({"advice": each, "example": passage((HOSTILE, False), (" RF", True))}) for each in advice]


def one_day(*cards: Bag, total: int = 0, **other: object) -> dict[str, object]:
    found = {"day": NOW.date(), "total": total, "before": None, "after": None} | other
    facts = {"cards": cards, "page": 1, "pages": 1, "today": NOW.date()}
    return facts | {key: other[key] for key in facts if key in other} | {"found": Bag(found)}


def search(*cards: Bag, **other: object) -> dict[str, object]:
    facts: dict[str, object] = {"typed": "", "topics": (), "problems": (), "found": None, "groups": (), "after": ""}
    facts |= {"older": "", "older_than": None, "unread": False, "now": NOW}
    if cards:
        facts["groups"] = [(NOW.date(), cards), (date(2025, 1, 1), cards[:1])]
    return facts | other


def front(**other: object) -> dict[str, object]:
    facts: dict[str, object] = {
        "form": Typed(),
        "problems": (),
        "fresh": True,
        "now": NOW,
        "timezone": "Europe/Berlin",
        "examples": ["lora", HOSTILE],
        "refused": (),
        "week": week(0, 0, True),
        "groups": [],
        "topics": [],
        "offers": (),
        "sources": (),
    }
    facts |= {"zones": zones(), "door": door()}
    return facts | other


def door(**settings: str) -> Door:
    secret = "0123456789abcdef"
    public = {"base_url": "https://paper.example", "secret_keys": secret, "suppression_key": secret}
    return Door(load({}, None, **public, **settings))


def manage(**other: object) -> dict[str, object]:
    facts: dict[str, object] = {"reader": reader(), "token": "t", "problems": (), "done": "", "asked": "", "why": None}
    facts |= {"next": NOW, "tomorrow": date(2026, 11, 21), "unsubscribe": "/unsubscribe/u", "last": None}
    facts |= {"form": wanted(Part("", "lora")), "menu": MENU, "changes": 0, "coming": [NOW], "posted": True}
    facts |= {"seen": "a" * 16, "overtaken": False}
    facts |= {"now": NOW, "timezone": "Europe/Berlin", "week": week(0, 0), "groups": [], "rows": [[]], "offers": [()]}
    return facts | {"zones": zones()} | other


def wanted(*parts: Part) -> Wanted:
    return Wanted(parts, HOSTILE, "7", ("1", "3", HOSTILE), HOSTILE, True)


def told(state: DeliveryState, error: str = "") -> Last:
    return Last(NOW, 4, 1208, state, error)


MENU = Menu({"1": "Papers of " + HOSTILE, "2": "Two"}, {"3": "cs.LG"}, frozenset({"cs.lg"}), {"4": "Old " + HOSTILE})
OFFERS = [Suggestion(HOSTILE, Kind.ACRONYM, "lora", 3), Suggestion("a AND b", Kind.APART, HOSTILE, 1)]
WHY = Why(HOSTILE, Paper(HOSTILE, ""), "nearly " + HOSTILE, Mend(0, HOSTILE, HOSTILE, 2, 20), "Change " + HOSTILE)
COUNTS = (advice("low-rank adaptation", 14), advice(HOSTILE, 0, "matches nothing; " + HOSTILE), advice("-survey", 3))
PENDING = reader(SubscriberState.PENDING, None, "low-rank adaptation", HOSTILE)
PAUSED = reader(SubscriberState.PAUSED, date(2026, 12, 4), "lora")
LIST = replace(reader(), owner=HOSTILE + "@uni.example")
REST = {"token": "t", "problems": (), "tomorrow": date(2026, 11, 21), "purpose": "pause"}
MAIL = Bag(
    {
        "summary": Bag(
            dict.fromkeys(("name", "subject", "sender", "recipient"), HOSTILE) | {"date": NOW, "written": NOW}
        ),
        "headers": (("Subject", HOSTILE),),
        "text": HOSTILE + " https://paper.example/confirm/abc",
        "html": "<p>x",
    }
)

ERRORS = (400, 403, 404, 405, 408, 409, 413, 418, 422, 429, 500, 503)
CONFIRM: dict[str, object] = {"owner": "", "problems": (), "shared": False}


SCENES: dict[str, list[dict[str, object]]] = {
    "front": [
        front(),
        front(week=week(2, trending=True), groups=[group(card(HOSTILE, 42), card("Two"))]),
        front(form=TYPED, problems=PROBLEMS, week=week(0), groups=[group()], fresh=False, refused=PROBLEMS[:2]),
        front(
            form=Typed(keywords="lora\nworld model"),
            week=week(1208),
            groups=[group(card(HOSTILE), coming=True), group(), group(card("A"), card(HOSTILE, 3), more=1204), group()],
            topics=topics(*COUNTS),
            offers=[Offer(each, ("lora", HOSTILE)) for each in OFFERS],
            sources=[
                Bag({"url": url, "last_ok_at": at}) for url in (HOSTILE, "https://a.example") for at in (None, NOW)
            ]
            * 4,
        ),
        front(form=Typed(keywords="lora"), week=week(0), groups=[group(coming=True), group()], topics=topics(*COUNTS)),
        front(form=Typed(keywords="lora"), week=week(0, 0), groups=[group(coming=True)]),
        front(door=door(signup="closed")),
        front(door=door(signup="invite")),
        front(door=door(signup="invite", invitations="open-sesame"), problems=PROBLEMS[-1:]),
        front(door=door(signup="uni.example, lab.example")),
        front(door=door(signup="uni.example", invitations="open-sesame"), form=TYPED),
    ],
    "day": [
        one_day(card(HOSTILE, 42), card("Two"), total=2, before=date(2026, 11, 19)),
        one_day(card(HOSTILE), total=90, page=2, pages=4, after=date(2026, 11, 21)),
        one_day(total=2, page=7),
        one_day(before=date(2026, 11, 19)),
        one_day(day=date(2026, 11, 14), before=date(2026, 11, 13), after=date(2026, 11, 16)),
    ],
    "day-unknown": [{"text": HOSTILE, "newest": NOW.date()}, {"text": "", "newest": None}],
    "search": [
        search(),
        search(typed=HOSTILE, topics=["lora"], problems=[*PROBLEMS, Problem("after", HOSTILE)]),
        search(
            *(card(HOSTILE, 3), card("Two")),
            topics=[HOSTILE, "lora"],
            found=Bag({"recent": 3, "mark": True}),
            older="x",
            older_than=date(2025, 1, 1),
        ),
        search(
            topics=["lora"],
            found=Bag({"recent": None, "mark": True}),
            after="x",
            older="y",
            older_than=date(2025, 1, 1),
        ),
        search(topics=["lora"], found=Bag({"recent": 0, "mark": None})),
        search(topics=["lora"], found=Bag({"recent": 0, "mark": None}), unread=True),
    ],
    "start": [
        {"typed": "", "found": Start(), "topics": [], "chosen": ()},
        {"typed": HOSTILE, "found": Start((), (HOSTILE,), (HOSTILE,)), "topics": topics(*COUNTS), "chosen": [HOSTILE]},
        {"typed": HOSTILE, "found": Start((), (), (HOSTILE, "b")), "topics": [], "chosen": ()},
    ],
    "inbox": [{"email": HOSTILE}],
    "confirm": [
        CONFIRM | {"reader": reader()},
        CONFIRM | {"reader": PENDING},
        CONFIRM | {"reader": PENDING, "shared": True, "owner": HOSTILE, "problems": [Problem("owner", HOSTILE)]},
        CONFIRM | {"reader": PAUSED},
    ],
    "confirmed": [
        {"reader": reader(), "manage": "/manage/t", "next": NOW},
        {"reader": LIST, "manage": "", "next": NOW},
        {"reader": PAUSED, "manage": "/manage/t", "next": NOW},
    ],
    "link": [{"email": "", "problems": ()}, {"email": HOSTILE, "problems": [Problem("email", HOSTILE)]}],
    "link-sent": [{"email": HOSTILE}],
    "manage": [
        manage(done="saved", last=told(DeliveryState.SENT)),
        manage(overtaken=True, changes=2),
        manage(
            form=wanted(Part(HOSTILE, "lora\n" + HOSTILE, ("1", "4", "5"), HOSTILE), Part("Two", "cats")),
            problems=[*PROBLEMS, Problem("categories-0", HOSTILE), Problem("keywords-1", HOSTILE)],
            rows=[topics(*COUNTS), []],
            offers=[OFFERS, ()],
            groups=[group(card("A"), card(HOSTILE, 3), more=4)],
            week=week(6),
            changes=2,
            done=HOSTILE,
            asked=HOSTILE,
            why=WHY,
            last=told(DeliveryState.FAILED, HOSTILE),
        ),
        manage(reader=PAUSED, done="paused", last=told(DeliveryState.NONE), why=Why("Unknown."), changes=1),
        manage(reader=reader(SubscriberState.PAUSED), next=None, last=told(DeliveryState.READY), posted=False),
    ],
    "come-back": [
        {"reader": reader(state), "token": "t", "topics": [HOSTILE, "lora"]}
        for state in (SubscriberState.LEFT, SubscriberState.PENDING)
    ],
    "digests": [
        {
            "reader": reader(),
            "token": "t",
            "issues": (),
            "feeds": (("", "https://paper.example/feed/f"),),
            "done": "feeds",
        },
        {
            "reader": reader(),
            "token": "t",
            "issues": [
                Bag(
                    {"edition": date(2026, 11, 20), "month": "2026-11", "papers": count, "title": title}
                    | {"link": "https://paper.example/v"}
                )
                for count, title in ((1, HOSTILE), (14, ""))
            ],
            "feeds": ((HOSTILE, "https://paper.example/feed/f"), ("Two", "https://paper.example/feed/g")),
            "done": "",
        },
    ],
    "records": [{"reader": reader(), "token": "t"}],
    "records-sent": [{"reader": reader(), "what": str(what)} for what in FRESH],
    "export": [{"reader": reader()}],
    "erase": [{"reader": reader()}],
    "erased": [{}],
    "move": [{"reader": reader(), "email": HOSTILE, "problems": PROBLEMS[2:3]}],
    "move-sent": [{"email": HOSTILE}],
    "address": [{"reader": reader(), "email": HOSTILE + "@uni.example"}],
    "moved": [{"reader": reader(state), "told": told} for state in SubscriberState for told in (True, False)],
    "unsubscribe": [
        REST | {"reader": reader()},
        REST | {"reader": reader(SubscriberState.LEFT)},
        REST | {"reader": LIST},
    ],
    "rhythm": [
        {"reader": reader(), "token": "t", "before": (1, 2), "next": NOW},
        {"reader": reader(), "token": "t", "before": (), "next": None},
    ],
    "stopped": [
        {"reader": each, "token": "t", "thanked": thanked}
        for each, thanked in (
            (reader(SubscriberState.LEFT), False),
            (reader(SubscriberState.LEFT), True),
            (LIST, False),
        )
    ],
    "owner": [{"reader": LIST, "kept": kept} for kept in (False, True)],
    "owner-asked": [{"reader": LIST, "token": "t"}],
    "pause": [
        REST | {"reader": reader()},
        REST | {"reader": PAUSED, "problems": PROBLEMS[-1:], "purpose": "unsubscribe"},
        REST | {"reader": reader(SubscriberState.SUPPRESSED)},
    ],
    "paused": [
        {"reader": PAUSED, "token": "t", "purpose": "pause", "next": NOW},
        {"reader": reader(SubscriberState.PAUSED), "token": "t", "purpose": "unsubscribe", "next": None},
    ],
    "resumed": [
        {"reader": reader(state), "next": NOW if state == SubscriberState.ACTIVE else None} for state in SubscriberState
    ],
    "broken-link": [{"message": HOSTILE}],
    "error": [{"status": status, "message": HOSTILE} for status in ERRORS],
    "text": [{"name": name, "body": HOSTILE + " https://paper.example"} for name in ("imprint", "privacy")],
    "docs": [
        {"questions": questions(document(IDENTITY)), "shapes": shapes(document(IDENTITY))},
        {
            "questions": [
                Question(
                    "x",
                    "GET",
                    HOSTILE,
                    HOSTILE,
                    HOSTILE,
                    (Told(HOSTILE, HOSTILE, HOSTILE, True),),
                    HOSTILE,
                    (),
                    HOSTILE,
                )
            ],
            "shapes": [Shape(HOSTILE.split()[0], HOSTILE, ())],
        },
    ],
    "mailbox": [{"mails": ()}, {"mails": (MAIL.summary,)}],
    "mail": [{"mail": MAIL, "name": HOSTILE}],
}


@cache
def templates() -> jinja2.Environment:
    return prepared(bootstrap.environment(), IDENTITY)


def rendered(name: str, facts: dict[str, object], mailbox: bool = True) -> str:
    return templates().get_template(f"web/{name}.html").render(mailbox=mailbox, **facts)


def scenes() -> list[Any]:
    return [
        pytest.param(name, facts, id=f"{name}-{number}")
        for name, variants in SCENES.items()
        for number, facts in enumerate(variants)
    ]


def test_every_page_has_a_scene_here() -> None:
    pages = {path.stem for path in TEMPLATES.glob("*.html") if not path.stem.startswith("_")} - {"layout"}
    assert pages == set(SCENES)


@pytest.mark.parametrize(("name", "facts"), scenes())
def test_a_page_escapes_whatever_it_is_given(name: str, facts: dict[str, object]) -> None:
    page = rendered(name, facts)
    assert "<script>alert" not in page
    (script,) = HTMLParser(page).css("script")
    assert (script.attributes["src"] or "").startswith("/static/script.js")


@pytest.mark.parametrize(
    ("contact", "target"),
    [
        ("desk@paper.example", "mailto:desk@paper.example"),
        ("mailto:desk@paper.example", "mailto:desk@paper.example"),
        ("https://social.example/@lab", "https://social.example/@lab"),
        ("Ada, room 4, or ada@paper.example", None),
    ],
)
def test_a_contact_leads_where_it_says(contact: str, target: str | None) -> None:
    prints = prepared(bootstrap.environment(), replace(IDENTITY, contact=contact))
    page = HTMLParser(prints.get_template("web/erased.html").render(mailbox=False))
    links = [node.attributes["href"] for node in page.css("footer a") if node.text() == "Contact"]
    assert links == ([target] if target else [])


@pytest.mark.parametrize(("name", "facts"), scenes())
def test_a_page_obeys_its_content_security_policy(name: str, facts: dict[str, object]) -> None:
    tree = HTMLParser(rendered(name, facts))
    assert not tree.css("style, [style], base, object, embed")
    for node in tree.css("*"):
        assert not [key for key in node.attributes if key.startswith("on")]
        assert not (node.attributes.get("href") or "").lower().startswith(("javascript:", "data:"))
    for node in tree.css("link[href], script[src], img[src], iframe[src], form[action]"):
        target = node.attributes.get("href") or node.attributes.get("src") or node.attributes.get("action") or ""
        assert target.startswith("/")
        assert not target.startswith("//")


@pytest.mark.parametrize(("name", "facts"), scenes())
def test_a_page_can_be_used_without_seeing_it(name: str, facts: dict[str, object]) -> None:
    tree = HTMLParser(rendered(name, facts))
    html, title, heading = tree.css_first("html"), tree.css_first("title"), tree.css("h1")
    assert html is not None
    assert html.attributes["lang"] == "en"
    assert title is not None
    assert title.text().strip(" ·").endswith("Paper Round")
    assert len(heading) == 1
    assert heading[0].text().strip()
    assert not re.search(r"</span>[.?!]", heading[0].html or ""), "on a phone the mark would stand alone on its line"
    ids = [node.attributes["id"] for node in tree.css("[id]")]
    assert len(ids) == len(set(ids)), "an id names one thing"
    labelled = {node.attributes.get("for") for node in tree.css("label")}
    for control in tree.css("input:not([type=hidden]), select, textarea"):
        wrapped = control.parent is not None and control.parent.tag == "label"
        assert wrapped or control.attributes.get("id") in labelled, control.html
    for node in tree.css("[aria-describedby], [aria-labelledby]"):
        named = node.attributes.get("aria-describedby") or node.attributes.get("aria-labelledby") or ""
        assert set(named.split()) <= set(ids), node.html


@pytest.mark.parametrize(("name", "facts"), scenes())
def test_a_page_and_its_assets_stay_small(name: str, facts: dict[str, object]) -> None:
    assets = sum(path.stat().st_size for path in STATIC.iterdir())
    assert len(rendered(name, facts).encode()) + assets <= 60_000


def test_a_summary_leads_to_the_field_at_fault() -> None:
    tree = HTMLParser(rendered("front", SCENES["front"][2]))
    ids = {node.attributes["id"] for node in tree.css("[id]")}
    targets = [node.attributes["href"] or "" for node in tree.css("#summary a")]
    assert {"#keywords", "#email", "#weekdays", "#hour", "#timezone"} <= set(targets)
    assert {target[1:] for target in targets} <= ids | {"max_papers", "until", "invitation"}


def test_the_character_at_fault_is_marked() -> None:
    tree = HTMLParser(rendered("front", front(form=TYPED, problems=[Problem("keywords", "no", 'ab"c', 3)])))
    assert [node.text() for node in tree.css("mark.fault")] == ['"']


def test_nobody_else_learns_of_the_local_mailbox() -> None:
    assert "/mailbox" not in rendered("inbox", {"email": "a@uni.example"}, mailbox=False)
    assert "/mailbox" in rendered("inbox", {"email": "a@uni.example"}, mailbox=True)


def test_the_enter_key_signs_up_although_a_button_below_the_topics_only_looks() -> None:
    buttons = HTMLParser(rendered("front", front())).css("form[action='/subscribe'] button")
    assert "name" not in buttons[0].attributes
    assert [button.attributes.get("value") for button in buttons].count("look") == 1


def test_crawlers_are_asked_to_leave_every_signed_link_alone() -> None:
    asked = (TEMPLATES / "robots.txt").read_text("utf-8").splitlines()
    for purpose in Purpose:
        assert f"Disallow: /{purpose}" in {line.rstrip("/") for line in asked}


def test_no_line_begins_with_the_mark_behind_an_address() -> None:
    """The address is one piece, so a line may end behind it; its mark is told to it and stays inside."""
    loose = re.compile(r"words\.address\([^}]*\) \}\}(?:</\w+>)?(?:\{% if [^%]*%\})?[.,;:?!]")
    assert {file.name: found for file in TEMPLATES.glob("*.html") if (found := loose.findall(file.read_text()))} == {}
