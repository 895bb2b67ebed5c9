"""Whatever stands in a paper, a keyword or an address, a mail stays one mail and holds nothing that acts."""

from __future__ import annotations

import email
import email.policy
from dataclasses import replace
from datetime import UTC, datetime
from email.header import decode_header, make_header
from email.utils import parseaddr
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from selectolax.lexbor import LexborHTMLParser

from service.errors import AddressError
from service.messages import mailbox
from service.messages.headers import block, named, unstructured
from service.messages.mime import quoted_printable
from service.messages.visible import clean
from service.model import DeliveryKind, Field, Fit, Hit, Links, Paper, Selected, StoredPaper
from tests import mails

RENDERER = mails.renderer()
PAYLOADS = [
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "javascript:alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    "</title></style></p></body>",
    "</mark><a href='https://evil.example'>",
    "\r\nBcc: victim@example.org\r\n\r\n<h1>",
    "\u2028List-Unsubscribe: <https://evil.example>",
    "\u202e\u2066gnp.exe\u2069",
    "=?utf-8?q?encoded?=",
    "-->]]><!--[if mso]>",
    "--=_boundary--",
    "\x00\x1b[2J\x07",
    "\ud800 lone",
    "\ue000\ue001\ue001",
    "$\\mu$ {\\it x $ \\",
    "expression(alert(1)); background:url(https://evil.example/x.png)",
    "W" * 100_000,
    "low rank " * 12_000,
    "\u0334" * 1000,
    "",
]
TEXT = st.text(st.characters(), max_size=120) | st.sampled_from(PAYLOADS[:17])
URL = TEXT | TEXT.map(lambda text: "https://example.org/" + text) | TEXT.map(lambda text: "javascript:" + text)
HITS = st.builds(Hit, st.sampled_from(list(Field)), st.integers(-3, 200), st.integers(-3, 200), st.integers(0, 3))
PAPERS = st.builds(
    Paper,
    title=TEXT,
    abstract=TEXT,
    authors=st.lists(TEXT, max_size=7).map(tuple),
    url=URL,
    published=st.none() | st.datetimes(timezones=st.just(UTC)),
    categories=st.lists(TEXT, max_size=5).map(tuple),
    upvotes=st.none() | st.integers(-5, 10**9),
    stars=st.none() | st.integers(-5, 10**9),
    links=st.builds(Links, URL, URL, URL, URL, URL),
)


def rendered(papers: list[tuple[Paper, list[Hit]]], keyword: str = "any", **more: Any) -> mails.Read:
    selected = tuple(
        Selected(StoredPaper(number, 1, paper), (Fit(keyword, tuple(hits)),))
        for number, (paper, hits) in enumerate(papers)
    )
    digest = mails.digest([], (keyword,), **more)._replace(papers=selected)
    return mails.read(RENDERER.digest(digest, mails.ENVELOPE))


def assert_inert(mail: mails.Read) -> None:
    """One set of headers, and in the HTML no element or attribute but those of the templates."""
    assert mail.mail.get_all("List-Unsubscribe-Post") == ["List-Unsubscribe=One-Click"]
    assert mail.mail["Bcc"] is None
    assert len(mail.mail["To"].addresses) == 1
    assert not any(set(str(value)) & set("\r\n\x85\u2028\u2029") for value in mail.mail.values())
    body = LexborHTMLParser(mail.html)
    assert {node.tag for node in body.css("body *")} <= {
        "div", "table", "tbody", "tr", "td", "h1", "h2", "p", "a", "b", "bdi", "code", "mark", "wbr", "ul", "li",
        "-comment",
    }  # fmt: skip
    assert {name for node in body.css("body *") for name in node.attributes} <= {
        "style", "class", "role", "aria-roledescription", "aria-label", "lang", "dir", "href", "width", "cellpadding",
        "cellspacing", "border", "align",
    }  # fmt: skip
    assert all(link.startswith(("https://", "http://")) for link in mail.html_links)
    assert not any("url(" in (node.attributes["style"] or "") for node in body.css("[style]"))


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(PAPERS, st.lists(HITS, max_size=4)), max_size=5), TEXT)
def test_any_text_in_any_field_makes_a_harmless_mail(papers: list[tuple[Paper, list[Hit]]], keyword: str) -> None:
    mail = rendered(papers, keyword)
    assert_inert(mail)
    # A link that stands in an abstract is text: it is shown in both parts and linked in neither.
    assert [link for link in mail.text_links if link in mail.html_links] == mail.html_links
    assert len(mail.titles) == len(papers)
    for title in mail.titles:
        assert title in mail.flat_text


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: payload[:20].encode("ascii", "replace").decode())
def test_a_hostile_text_in_every_field_is_still_sent(payload: str) -> None:
    links = Links(payload, payload, payload, payload, "https://example.org/" + payload)
    paper = Paper(payload, payload, (payload, payload), payload, categories=(payload,), links=links, comment=payload)
    places = [Hit(field, 0, max(len(payload), 1)) for field in Field]
    mail = rendered([(paper, places), (replace(paper, title="The next paper"), [])], payload, first=True)
    assert_inert(mail)
    assert mail.titles[1] == "The next paper"
    assert len(quoted_printable(mail.html)) < 80_000


@given(TEXT)
def test_any_subject_and_name_survive_their_headers(text: str) -> None:
    lines = block([("Subject", unstructured("x" + text)), ("From", named("x" + text, "a@example.org"))])
    message = f"{lines}\r\n".encode("ascii")
    mail = email.message_from_bytes(message, policy=email.policy.strict)
    assert " ".join(str(mail["Subject"]).split()) == clean("x" + text)
    name, address = parseaddr("".join(lines.partition("From: ")[2].splitlines()))
    assert (str(make_header(decode_header(name))), address) == (clean("x" + text)[:60].rstrip(), "a@example.org")
    assert max(map(len, lines.split("\r\n"))) <= 78


@pytest.mark.parametrize("value", ["a\r\nBcc: b", "a\nb", "a\r\n\r\nb", "ü", "a" * 1000, "a\x00"])
def test_a_value_that_is_no_header_line_is_a_fault(value: str) -> None:
    with pytest.raises(ValueError, match="header line"):
        block([("X-Test", value)])


@pytest.mark.parametrize(
    "address",
    ["a@b, c@d", "a@b,c@d", "a b@example.org", "a@b@c", '"a b"@example.org', "a@", "@b", "", "a", "<a@b>",
     "a@b\r\nBcc: c@d",
     "a@b\u2028c", ".a@b", "a..b@c", "ü\u200b@b", "a@-b", "a@b..c", "a;c@b", "a@(b)", "x" * 65 + "@b"],
)  # fmt: skip
def test_what_is_not_one_address_is_refused(address: str) -> None:
    with pytest.raises(AddressError):
        mailbox(address)


@pytest.mark.parametrize("address", ["a@b", "a+b@example.org", "o'neil/x=y@sub.example.org", "a@[127.0.0.1]"])
def test_every_plain_address_is_kept(address: str) -> None:
    assert mailbox(address) == address


@given(st.emails())
def test_any_usable_address_stands_alone_in_its_header(address: str) -> None:
    try:
        recipient = mailbox(address)
    except AddressError:
        return
    mail = mails.read(RENDERER.letter(DeliveryKind.TEST, replace(mails.ENVELOPE, recipient=address))).mail
    assert [one.addr_spec for one in mail["To"].addresses] == [recipient]


def test_a_time_without_a_zone_is_still_a_date() -> None:
    envelope = replace(mails.ENVELOPE, date=datetime(2026, 11, 20, 6, 0, tzinfo=UTC))
    assert mails.read(RENDERER.letter(DeliveryKind.TEST, envelope)).mail["Date"] == "Fri, 20 Nov 2026 06:00:00 +0000"
