"""Signed links: one purpose each, deterministic, short, and refused with a clear sentence."""

from __future__ import annotations

import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta

import itsdangerous
import pytest
from hypothesis import given
from hypothesis import strategies as st
from itsdangerous.signer import HMACAlgorithm

from service.errors import LinkError
from service.links import Purpose, Signer, link, reader_links

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
SIGNER = Signer(["the newest key of the house", "an older key of the house"])

purposes = st.sampled_from(list(Purpose))
subjects = st.text("ABCXYZabcxyz0189_-.~", min_size=1, max_size=40)
moments = st.integers(1_577_836_800, 3_786_912_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


@given(purposes, subjects, moments)
def test_what_was_signed_is_read_back(purpose: Purpose, subject: str, issued: datetime) -> None:
    assert SIGNER.verify(purpose, SIGNER.sign(purpose, subject, issued), issued) == subject


class _HalfDigest(HMACAlgorithm):
    def get_signature(self, key: bytes, value: bytes) -> bytes:
        return super().get_signature(key, value)[:16]


@given(st.text(min_size=1), purposes, subjects, moments)
def test_a_token_is_what_the_library_signs(key: str, purpose: Purpose, subject: str, issued: datetime) -> None:
    derived = hmac.digest(key.encode(), f"paperround.link.{purpose}".encode(), "sha256")
    library = itsdangerous.Signer(derived, key_derivation="none", algorithm=_HalfDigest(hashlib.sha256))
    expected = library.sign(f"{int(issued.timestamp()):x}.{subject}").decode()
    assert Signer([key, "an older key"]).sign(purpose, subject, issued) == expected


@given(subjects, moments)
def test_the_links_of_a_reader_are_each_what_one_alone_would_be(subject: str, issued: datetime) -> None:
    links = reader_links(SIGNER, "https://papers.example.org", subject, issued, "a view")
    for purpose in (Purpose.MANAGE, Purpose.PAUSE, Purpose.UNSUBSCRIBE):
        assert getattr(links, purpose) == link(SIGNER, "https://papers.example.org", purpose, subject, issued)
    assert links.view == "a view"


@given(purposes, purposes, subjects, moments)
def test_a_signature_serves_one_purpose_only(made: Purpose, used: Purpose, subject: str, issued: datetime) -> None:
    token = SIGNER.sign(made, subject, issued)
    if made is used:
        assert SIGNER.verify(used, token, issued) == subject
    else:
        with pytest.raises(LinkError, match="can do nothing else"):
            SIGNER.verify(used, token, issued)


@given(purposes, subjects, st.data())
def test_no_character_of_a_token_can_be_changed(purpose: Purpose, subject: str, data: st.DataObject) -> None:
    token = SIGNER.sign(purpose, subject, NOW)
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters().filter(lambda character: character != token[place]))
    with pytest.raises(LinkError):
        SIGNER.verify(purpose, token[:place] + other + token[place + 1 :], NOW)


@given(purposes, subjects, st.data())
def test_no_part_of_a_token_is_enough(purpose: Purpose, subject: str, data: st.DataObject) -> None:
    token = SIGNER.sign(purpose, subject, NOW)
    with pytest.raises(LinkError):
        SIGNER.verify(purpose, token[: data.draw(st.integers(0, len(token) - 1))], NOW)


@given(purposes, st.text())
def test_any_other_text_is_refused_with_a_sentence(purpose: Purpose, text: str) -> None:
    with pytest.raises(LinkError, match="not valid"):
        SIGNER.verify(purpose, text, NOW)


@pytest.mark.parametrize("tail", ["\n", " ", "=", ".", "%0a", "\udc80"])
def test_a_tail_behind_a_token_is_refused(tail: str) -> None:
    with pytest.raises(LinkError):
        SIGNER.verify(Purpose.MANAGE, SIGNER.sign(Purpose.MANAGE, "reader", NOW) + tail, NOW)


def test_equal_arguments_give_equal_tokens() -> None:
    again = Signer(["the newest key of the house", "an older key of the house"])
    assert SIGNER.sign(Purpose.PAUSE, "reader", NOW) == again.sign(Purpose.PAUSE, "reader", NOW)


def test_links_of_an_older_key_work_after_a_rotation() -> None:
    token = Signer(["an older key of the house"]).sign(Purpose.UNSUBSCRIBE, "reader", NOW)
    assert SIGNER.verify(Purpose.UNSUBSCRIBE, token, NOW) == "reader"


def test_the_newest_key_signs() -> None:
    newest = Signer(["the newest key of the house"])
    assert newest.verify(Purpose.MANAGE, SIGNER.sign(Purpose.MANAGE, "reader", NOW), NOW) == "reader"


def test_a_key_that_was_taken_away_verifies_nothing() -> None:
    token = SIGNER.sign(Purpose.MANAGE, "reader", NOW)
    with pytest.raises(LinkError, match="not valid"):
        Signer(["an older key of the house"]).verify(Purpose.MANAGE, token, NOW)


@pytest.mark.parametrize(("purpose", "days"), [(Purpose.CONFIRM, 7), (Purpose.MANAGE, 365), (Purpose.PAUSE, 365)])
def test_a_link_works_to_its_last_second_and_no_longer(purpose: Purpose, days: int) -> None:
    token = SIGNER.sign(purpose, "reader", NOW)
    last = NOW + timedelta(days=days)
    assert SIGNER.verify(purpose, token, last) == "reader"
    with pytest.raises(LinkError, match=f"expired: it worked for {days} days"):
        SIGNER.verify(purpose, token, last + timedelta(seconds=1))


def test_an_unsubscribe_link_never_expires() -> None:
    token = SIGNER.sign(Purpose.UNSUBSCRIBE, "reader", NOW)
    assert SIGNER.verify(Purpose.UNSUBSCRIBE, token, NOW + timedelta(days=36500)) == "reader"


@given(subjects, moments)
def test_tokens_are_short_and_pass_through_urls_and_mail(subject: str, issued: datetime) -> None:
    token = SIGNER.sign(Purpose.MANAGE, subject, issued)
    assert re.fullmatch(r"[A-Za-z0-9_.~-]+[A-Za-z]", token)
    assert len(token) <= len(subject) + 33


@pytest.mark.parametrize("subject", ["", "a b", "a/b", "ä", "a\n", "a?b"])
def test_a_subject_that_would_not_survive_a_url_is_refused(subject: str) -> None:
    with pytest.raises(ValueError, match="cannot carry"):
        SIGNER.sign(Purpose.MANAGE, subject, NOW)


@pytest.mark.parametrize("keys", [[], [""], ["a key", ""]])
def test_no_key_or_an_empty_key_signs_nothing(keys: list[str]) -> None:
    with pytest.raises(ValueError, match="at least one key"):
        Signer(keys)


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        SIGNER.sign(Purpose.MANAGE, "reader", datetime(2026, 1, 1))  # noqa: DTZ001 -- the naive time is the point
