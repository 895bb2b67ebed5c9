"""Every mail of the service is sent by the flow that needs it, over real pages and to a real mail server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from service.links import Purpose
from service.model import Message, SubscriberState
from tests import mails, servers
from tests.integration.sites import Site, form, site

ADA = "ada@uni.example"
SECRETS = {"secret_keys": "k" * 40, "suppression_key": "s" * 40}


@dataclass
class Post:
    """The pages of a house and the mail server that it sends to."""

    pages: Site
    sink: servers.Sink

    def leave(self, **options: object) -> None:
        """Stop by the link of a mail."""
        path = f"/unsubscribe/{self.pages.token(ADA, Purpose.UNSUBSCRIBE)}"
        assert self.pages.post(path, **options).status_code == 200

    def sent(self) -> list[mails.Read]:
        """Send what waits; what has come to the mail server since this was last asked."""
        before = len(self.sink.messages)
        done = self.pages.house.world.pipeline.deliver(self.pages.house.clock())
        assert (done.failed, done.retried) == (0, 0)
        come = self.sink.wait(before + done.sent)[before:]
        return [mails.read(Message(each.sender, each.recipients[0], each.body)) for each in come]

    def subjects(self) -> list[str]:
        """The subjects of what is sent now."""
        return [str(each.mail["Subject"]) for each in self.sent()]


@pytest.fixture
def post(tmp_path: Path, smtp: servers.Sink) -> Iterator[Post]:
    """A house with one confirmed reader, whose first mails are out."""
    with site(tmp_path, smtp_url=smtp.url, **SECRETS) as pages:
        pages.post("/subscribe", form(ADA, "low-rank adaptation"))
        pages.post(f"/confirm/{pages.token(ADA, Purpose.CONFIRM)}")
        pages.house.morning()
        yield Post(pages, smtp)


def test_who_leaves_by_hand_is_told_goodbye_once(post: Post) -> None:
    post.leave()
    (mail,) = post.sent()
    assert mail.mail["To"] == ADA
    assert mail.mail["Subject"] == "You have left Paper Round"
    assert "last mail" in mail.flat_text
    post.leave()
    assert post.subjects() == []


def test_a_mail_programs_one_click_is_answered_by_silence(post: Post) -> None:
    post.leave(data={"List-Unsubscribe": "One-Click"})
    assert post.pages.state(ADA) == SubscriberState.LEFT
    assert post.subjects() == []


def test_who_comes_back_at_once_is_not_told_goodbye(post: Post) -> None:
    post.leave()
    path = f"/unsubscribe/{post.pages.token(ADA, Purpose.UNSUBSCRIBE)}/undo"
    assert post.pages.post(path).status_code == 200
    assert post.subjects() == []
