"""What a digest and the letters say, in both parts and in their headers."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from service.errors import AddressError
from service.messages import LARGEST_HTML
from service.messages.mime import quoted_printable
from service.model import DeliveryKind, Identity, Message, Paper, ReaderLinks
from tests import mails

GOLDEN = Path(__file__).resolve().parents[1] / "golden"
RENDERER = mails.renderer()
LETTERS = [kind for kind in DeliveryKind if kind is not DeliveryKind.DIGEST]
NEXT = datetime(2026, 11, 21, 6, 0, tzinfo=UTC)


def sent(**more: Any) -> mails.Read:
    return mails.read(RENDERER.digest(mails.digest(**more), mails.ENVELOPE))


def subject(**more: Any) -> str:
    return str(sent(**more).mail["Subject"])


def goldens() -> dict[str, Message]:
    first: dict[str, Any] = {
        "first": True,
        "days": 7,
        "counts": (4, 2, 2, 1),
        "next_edition": NEXT,
        "timezone": "Europe/Berlin",
    }
    digests = {
        "digest": mails.digest(max_papers=4, **mails.FOOT),
        "digest-weekly": mails.digest(
            weekly=True, sections=mails.SECTIONS, per_day=mails.PER_DAY, best=2, **mails.FOOT
        ),
        "digest-catch-up": mails.digest(since=date(2026, 11, 18)),
        "digest-first": mails.digest(max_papers=4, **first),
        "digest-first-empty": mails.digest([], **{**first, "counts": (0, 0, 0, 0)}),
        "digest-trending": mails.digest(mails.PAPERS[:2], (), trending=True),
    }
    made = {name: RENDERER.digest(digest, mails.ENVELOPE) for name, digest in digests.items()}
    return made | {kind.value: RENDERER.letter(kind, mails.ENVELOPE, mails.facts(kind)) for kind in LETTERS}


@pytest.mark.parametrize("name", sorted(goldens()))
def test_each_mail_is_the_golden_one_to_the_byte(name: str, rewrite_golden: bool) -> None:
    golden, body = GOLDEN / f"{name}.eml", goldens()[name].body
    if rewrite_golden:
        golden.write_bytes(body)
    assert body == golden.read_bytes()


def test_both_parts_hold_the_same_papers_in_the_same_order() -> None:
    mail = sent()
    assert len(mail.titles) == 5
    places = [mail.flat_text.index(title) for title in mail.titles]
    assert places == sorted(places)


def test_both_parts_hold_the_same_links_in_the_same_order() -> None:
    mail = sent()
    links = mails.ENVELOPE.links
    ways = [links.view, links.manage, links.pause, links.unsubscribe]
    footer = [*ways, mails.IDENTITY.base_url, mails.IDENTITY.privacy]
    assert mail.html_links == mail.text_links
    assert mail.html_links[-6:] == footer
    assert len(mail.html_links) == 15


def test_every_paper_names_each_keyword_that_matched_in_the_readers_own_spelling() -> None:
    mail = sent()
    for shown in (mail.flat_text, mail.seen):
        assert "Why: sparse attention, in the title and abstract; au:okafor, in the authors" in shown
        assert shown.count("Why:") == 5


def test_the_matched_words_are_marked_in_both_parts() -> None:
    mail = sent()
    assert "*sparse attention* with a memory" in mail.flat_text
    assert '<mark style="background:#fff0a8;color:inherit">Sparse Attention</mark> Is Enough' in mail.html
    assert "Chidi <mark" in mail.html


def test_tex_is_readable_and_the_words_beside_it_are_still_marked() -> None:
    mail = sent()
    assert "Kernel Methods for μP: what Poincaré would have asked" in mail.titles
    assert ">Kernel Methods</mark> for μP" in mail.html


def test_the_facts_and_links_that_are_known_are_shown() -> None:
    mail = sent()
    assert "cs.LG · cs.CL · ▲ 41 · ★ 1,310 · new" in mail.flat_text
    assert "PDF · arXiv · Code · Project" in mail.seen
    assert "revised" in mail.flat_text
    assert "cross-listed · 2023" in mail.flat_text


def test_a_paper_without_a_link_is_searched_by_its_title() -> None:
    url = "https://arxiv.org/search/?query=A+paper+of+a+capture+that+came+without+any+link&searchtype=title"
    assert url in sent().html_links


def test_many_authors_are_the_first_two_the_last_and_whoever_matched() -> None:
    assert "Ada Lind, Bao Tran, Chidi Okafor … Femi Adeyemi (+2)" in sent().seen


def test_the_head_counts_what_matched_of_what_was_read() -> None:
    assert "Fri 20 Nov · 5 of 63 papers match" in sent().seen
    assert "Fri 20 Nov · 1 of 63 papers matches" in sent(papers=mails.PAPERS[:1]).seen
    assert "Fri 20 Nov · 1 of 1 paper matches" in sent(papers=mails.PAPERS[:1], read=1).seen


def test_papers_behind_the_cut_are_counted_in_both_parts() -> None:
    mail = sent(max_papers=2)
    assert "and 3 more" in mail.seen
    assert "and 3 more" in mail.flat_text
    assert "and 0 more" not in sent().seen


def test_the_subject_fits_a_phone_and_says_how_much_more_there_is() -> None:
    plain = [replace(mails.PAPERS[0], authors=()), *mails.PAPERS[1:4]]
    assert subject(papers=plain) == "Sparse Attention Is Enough… + 3 more"
    assert subject(papers=plain[:1]) == "Sparse Attention Is Enough: Reading Long Scores with a Short Memory"


def test_a_matched_author_opens_the_subject() -> None:
    assert subject() == "Chidi Okafor: Sparse Attention Is… + 4"


def test_the_first_digest_counts_its_papers_and_says_when_the_next_one_comes() -> None:
    mail = sent(first=True, next_edition=NEXT, timezone="Europe/Berlin", counts=(4, 2, 1, 3), days=7)
    assert mail.mail["Subject"] == "Your first 5 papers"
    for shown in (mail.seen, mail.flat_text):
        assert "The next look is on Sat 21 Nov at 07:00 (Europe/Berlin)." in shown
        assert "best matches of the last 7 days" in shown
        assert "kernel methods: 4 papers" in shown
        assert "au:okafor: 1 paper" in shown
        assert "-survey" not in shown


def test_the_first_digest_is_honest_about_one_paper_and_about_none() -> None:
    assert subject(papers=mails.PAPERS[:1], first=True) == "Your first paper"
    assert subject(papers=[], first=True) == "Welcome: nothing matched yet"
    assert "matched your topics yet" in sent(papers=[], first=True, next_edition=NEXT).seen


def test_a_digest_on_a_quiet_day_says_that_nothing_matched() -> None:
    mail = sent(papers=[])
    assert mail.mail["Subject"] == "Fri 20 Nov: nothing matched"
    assert "0 of 63 papers match" in mail.seen


def test_a_digest_without_keywords_says_that_it_shows_what_is_trending() -> None:
    mail = sent(keywords=(), trending=True)
    for shown in (mail.seen, mail.flat_text):
        assert "trending: the 5 most upvoted of 63 papers" in shown
        assert "You have no topics yet" in shown
        assert "Why:" not in shown


def test_a_zone_that_is_no_longer_known_falls_back_to_utc() -> None:
    assert "Sat 21 Nov at 06:00 (UTC)" in sent(first=True, next_edition=NEXT, timezone="Mars/Olympus").seen


def test_a_digest_can_be_left_with_one_click() -> None:
    mail = sent().mail
    assert mail["List-Unsubscribe"] == "<https://papers.example.org/unsubscribe/unsubscr1be>"
    assert mail.get_all("List-Unsubscribe-Post") == ["List-Unsubscribe=One-Click"]
    assert mail["List-Id"] == '"Paper Round" <digest.papers.example.org>'
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Feedback-ID"] == "2026-11-20:digest:papers.example.org:paperround"
    assert mail["Message-ID"] == "<5f0c.2026-11-20@papers.example.org>"
    assert mail["References"] is None


def test_mailto_is_offered_only_where_mail_is_received() -> None:
    receiving = mails.renderer(replace(mails.IDENTITY, unsubscribe_mailto="leave@papers.example.org"))
    mail = mails.read(receiving.digest(mails.digest(), mails.ENVELOPE)).mail
    asking = "<mailto:leave@papers.example.org?subject=unsubscribe%20unsubscr1be>"
    assert mail["List-Unsubscribe"] == f"<https://papers.example.org/unsubscribe/unsubscr1be>, {asking}"


@pytest.mark.parametrize("kind", LETTERS)
def test_only_digests_and_quiet_notes_can_be_left_with_one_click(kind: DeliveryKind) -> None:
    mail = mails.read(RENDERER.letter(kind, mails.ENVELOPE, mails.facts(kind))).mail
    assert (mail["List-Unsubscribe-Post"] is not None) == (kind is DeliveryKind.QUIET)
    assert mail["Auto-Submitted"] == "auto-generated"


@pytest.mark.parametrize("kind", LETTERS)
def test_both_parts_of_a_letter_offer_the_same_links(kind: DeliveryKind) -> None:
    mail = mails.read(RENDERER.letter(kind, mails.ENVELOPE, mails.facts(kind)))
    assert set(mail.html_links) <= {link.rstrip(".") for link in mail.text_links}


def test_the_confirm_mail_quotes_nothing_that_was_typed_but_the_address() -> None:
    envelope = replace(mails.ENVELOPE, links=ReaderLinks(confirm="https://papers.example.org/confirm/c0nf1rm"))
    typed = {"keywords": "BUY NOW", "timezone": "BUY/NOW", "name": "BUY NOW", "read": "BUY NOW"}
    message = RENDERER.letter(DeliveryKind.CONFIRM, envelope, typed)
    mail = mails.read(message)
    assert message.body == RENDERER.letter(DeliveryKind.CONFIRM, envelope).body
    for shown in (mail.seen, mail.flat_text):
        assert "reader@example.org" in shown
        assert "ignore this mail" in shown
    assert envelope.links.confirm in mail.html_links
    assert envelope.links.confirm in mail.text_links


def test_a_quiet_note_says_how_much_was_read() -> None:
    mail = mails.read(RENDERER.letter(DeliveryKind.QUIET, mails.ENVELOPE, {"read": 214}))
    assert mail.mail["Subject"] == "Quiet week: 0 of 214 papers matched"
    assert "Of 214 papers in the last 7 days none matched" in mail.seen


def test_a_quiet_note_shows_what_nearly_matched_in_both_parts() -> None:
    mail = mails.read(RENDERER.letter(DeliveryKind.QUIET, mails.ENVELOPE, mails.facts(DeliveryKind.QUIET)))
    assert "Three papers were nearly a match" in mail.seen
    assert [title in mail.flat_text for title in mail.titles] == [True] * 3
    for said in ("does not mention “pruning”", 'Instead of "Sparse" write'):
        assert said in mail.seen
        assert said in mail.flat_text


def test_the_same_values_give_the_same_bytes() -> None:
    assert mails.renderer().digest(mails.digest(), mails.ENVELOPE) == RENDERER.digest(mails.digest(), mails.ENVELOPE)


def test_what_mails_share_in_their_headers_is_said_of_no_other_mail() -> None:
    links, renderer = mails.ENVELOPE.links._replace(unsubscribe=""), mails.renderer()
    envelopes = [mails.ENVELOPE, replace(mails.ENVELOPE, links=links), replace(mails.ENVELOPE, date=NEXT)]
    for digest in (mails.digest(), mails.digest()._replace(edition=NEXT.date())):
        for envelope in envelopes:
            assert renderer.digest(digest, envelope) == mails.renderer().digest(digest, envelope)


@pytest.mark.parametrize("value", ["a\r\nBcc: b@example.org", "a\nb", "ü@example.org"])
def test_a_name_of_a_mail_that_is_no_header_line_is_a_fault(value: str) -> None:
    with pytest.raises(ValueError, match="header line"):
        RENDERER.digest(mails.digest(), replace(mails.ENVELOPE, message_id=value))


def test_a_mail_is_seven_bit_clean_with_short_lines_ended_by_crlf() -> None:
    body = RENDERER.digest(mails.digest(), mails.ENVELOPE).body
    assert body.isascii()
    assert body.count(b"\n") == body.count(b"\r\n")
    assert max(map(len, body.split(b"\r\n"))) <= 998


def test_the_text_part_keeps_to_72_columns_but_for_links() -> None:
    lines = sent(papers=mails.PAPERS[:4]).text.splitlines()
    assert [line for line in lines if len(line) > 72 and "https://" not in line] == []


def test_an_address_beyond_ascii_is_sent_in_idna_form_and_its_name_as_it_is() -> None:
    message = RENDERER.digest(mails.digest(), replace(mails.ENVELOPE, recipient="reader@bücher.example"))
    assert message.recipient == "reader@xn--bcher-kva.example"
    assert mails.read(message).mail["To"] == "reader@xn--bcher-kva.example"
    named = RENDERER.digest(mails.digest(), replace(mails.ENVELOPE, recipient="jörg@bücher.example"))
    assert named.recipient == "jörg@xn--bcher-kva.example"
    assert "To: jörg@xn--bcher-kva.example\r\n".encode() in named.body
    assert named.body.replace("ö".encode(), b"").isascii()
    with pytest.raises(AddressError, match="is not one mail address"):
        RENDERER.digest(mails.digest(), replace(mails.ENVELOPE, recipient="jö\u202erg@example.org"))


def test_the_address_that_ends_a_subscription_goes_by_its_name_in_the_dns() -> None:
    renderer = mails.renderer(replace(mails.IDENTITY, unsubscribe_mailto="leave@bücher.example"))
    said = mails.read(renderer.digest(mails.digest(), mails.ENVELOPE)).mail["List-Unsubscribe"]
    assert "<mailto:leave@xn--bcher-kva.example?subject=" in said


@pytest.mark.parametrize("count", [0, 1, 3, 60, 100, 500])
def test_however_many_papers_match_the_html_stays_small_and_can_be_left(count: int) -> None:
    wide = Paper(title="大規模言語モデル " * 40, abstract="Sparse attention について。" * 60, authors=("山田太郎",) * 9)
    papers = [replace(wide, url=f"https://example.org/{number}") for number in range(count)]
    shown = sent(papers=papers, max_papers=1000)
    assert len(quoted_printable(shown.html)) <= LARGEST_HTML
    assert mails.ENVELOPE.links.unsubscribe in shown.html_links
    hidden = count - len(shown.titles)
    assert len(shown.titles) >= min(count, 15)
    assert (f"and {hidden} more" in shown.seen) == (hidden > 0)
    assert shown.text_links == shown.html_links


def test_an_installation_of_any_name_can_send() -> None:
    identity = Identity(name='Zeitung "für" 论文, Inc. <x>', base_url="http://127.0.0.1:8080", mail_from="a@localhost")
    mail = mails.read(mails.renderer(identity).digest(mails.digest(), mails.ENVELOPE)).mail
    assert mail["From"].addresses[0].display_name == 'Zeitung "für" 论文, Inc. <x>'
    assert mail["From"].addresses[0].addr_spec == "a@localhost"
    assert mail["List-Id"].endswith("<digest.127.0.0.1>")


def test_digests_that_are_rendered_together_are_the_ones_that_are_rendered_alone() -> None:
    wide = Paper(title="Sparse attention " * 20, abstract="Sparse attention について。" * 60, authors=("山田太郎",) * 9)
    large = [replace(wide, url=f"https://example.org/{number}") for number in range(100)]
    digests = [
        mails.digest(max_papers=4, **mails.FOOT),
        mails.digest(large, max_papers=1000),
        mails.digest([], trending=True),
        mails.digest(best=2),
    ]
    envelopes = [replace(mails.ENVELOPE, recipient=f"{number}@example.org") for number in range(len(digests))]
    pairs = list(zip(digests, envelopes, strict=True))
    assert RENDERER.digests(pairs) == [RENDERER.digest(*pair) for pair in pairs]
