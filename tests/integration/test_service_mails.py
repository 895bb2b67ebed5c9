"""Every mail of the service is sent by the flow that needs it, over real pages and to a real mail server."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import idna
import pytest

from service.bootstrap import World
from service.errors import PolicyRefused, RelayUnavailable
from service.links import Purpose
from service.model import DeliveryKind, SubscriberState
from service.operations.alarms import MOST_LINES, RESTED
from service.pipeline.health import ALIKE, Health
from service.pipeline.tray import POISON_ATTEMPTS
from service.pipeline.usual import FEWEST_READERS, watch
from service.store.deliveries import new_delivery
from tests import mails, servers
from tests.integration.sites import Site, form, site

ADA = "ada@uni.example"
NEW = "new.ada@home.example"
OPERATOR = "ops@papers.example"
SECRETS = {"secret_keys": "k" * 40, "suppression_key": "s" * 40}


@dataclass
class Post:
    """The pages of a house and the mail server that it sends to."""

    pages: Site
    sink: servers.Sink

    @property
    def world(self) -> World:
        """The service itself."""
        return self.pages.house.world

    def alarms(self) -> list[str]:
        """What the operator is told now."""
        before = len(self.sink.messages)
        told = self.world.alarms.sound(self.pages.house.clock())
        come = self.sink.wait(before + len(told))[before:]
        return [str(mails.read_received(each).mail["Subject"]) for each in come]

    def leave(self, data: Mapping[str, object] | None = None) -> None:
        """Stop by the link of a mail."""
        path = f"/unsubscribe/{self.pages.token(ADA, Purpose.UNSUBSCRIBE)}"
        assert self.pages.post(path, data).status_code == 200

    def sent(self) -> list[mails.Read]:
        """Send what waits; what has come to the mail server since this was last asked."""
        before = len(self.sink.messages)
        done = self.world.pipeline.deliver(self.pages.house.clock())
        assert (done.failed, done.retried) == (0, 0)
        come = self.sink.wait(before + done.sent)[before:]
        return [mails.read_received(each) for each in come]

    def subjects(self) -> list[str]:
        """The subjects of what is sent now."""
        return [str(each.mail["Subject"]) for each in self.sent()]


def path_of(mail: mails.Read, page: str) -> str:
    """The path of the one link of a mail to such a page."""
    (link,) = {urlsplit(each).path for each in mail.text_links if page in each}
    return link


@pytest.fixture
def post(tmp_path: Path, smtp: servers.Sink) -> Iterator[Post]:
    """A house with one confirmed reader, whose first mails are out."""
    with site(tmp_path, smtp_url=smtp.url, contact=OPERATOR, **SECRETS) as pages:
        pages.post("/subscribe", form(ADA, "low-rank adaptation"))
        pages.post(f"/confirm/{pages.token(ADA, Purpose.CONFIRM)}")
        pages.house.morning()
        yield Post(pages, smtp)


def test_each_step_of_joining_and_of_asking_for_the_link_is_mailed(post: Post) -> None:
    kinds = [str(mails.read_received(each).mail["Subject"]) for each in post.sink.messages]
    assert kinds == ["Please confirm: papers from Paper Round", "Welcome: nothing matched yet"]
    post.pages.post("/manage", {"email": ADA})
    (mail,) = post.sent()
    assert mail.mail["Subject"] == "Your link to Paper Round"
    assert post.pages.get(path_of(mail, "/manage/")).status_code == 200


@pytest.mark.parametrize("address", ["jörg@uni.example", "用户@例子.example"])
def test_an_address_beyond_ascii_is_served_where_the_mail_server_knows_such(tmp_path: Path, address: str) -> None:
    with servers.smtp(utf8=True) as sink, site(tmp_path, smtp_url=sink.url, **SECRETS) as pages:
        assert pages.post("/subscribe", form(address, "low-rank adaptation")).status_code == 200
        pages.post(f"/confirm/{pages.token(address, Purpose.CONFIRM)}")
        pages.house.morning()
        for each in sink.wait(2):
            wire = f"{address.partition('@')[0]}@{idna.encode(address.partition('@')[2]).decode()}"
            assert each.recipients == (wire,)
            assert {"SMTPUTF8", "BODY=8BITMIME"} <= set(each.options)
            assert f"To: {wire}\r\n".encode() in each.body


def test_an_address_beyond_ascii_is_refused_at_the_door_where_the_mail_server_knows_none(tmp_path: Path) -> None:
    with servers.smtp(utf8=False) as sink, site(tmp_path, smtp_url=sink.url, **SECRETS) as pages:
        page = pages.post("/subscribe", form("jörg@uni.example", "low-rank adaptation"))
        assert page.status_code == 422
        assert "takes only plain letters (a to z) before the @" in page.text
        assert pages.house.world.subscriptions.find(ADA) is None
        assert pages.post("/subscribe", form("joerg@bücher.example", "low-rank adaptation")).status_code == 200


def test_who_moves_is_asked_at_the_new_address_and_told_at_the_old_one(post: Post) -> None:
    post.pages.post(f"/manage/{post.pages.token(ADA, Purpose.MANAGE)}/records", {"what": "move"})
    (fresh,) = post.sent()
    assert fresh.mail["To"] == ADA
    post.pages.post(path_of(fresh, "/move/"), {"email": NEW})
    (asked,) = post.sent()
    assert asked.mail["To"] == NEW
    post.pages.post(path_of(asked, "/address/"))
    (told,) = post.sent()
    assert told.mail["To"] == ADA
    assert "moved to n…@…" in told.flat_text
    assert "If this was not you" in told.flat_text
    assert NEW not in told.flat_text
    assert "moved to n…@…" in told.seen


def test_who_leaves_by_hand_is_told_goodbye_once(post: Post) -> None:
    post.leave()
    (mail,) = post.sent()
    assert mail.mail["To"] == ADA
    assert mail.mail["Subject"] == "You have left Paper Round"
    assert "last mail" in mail.flat_text
    post.leave()
    assert post.subjects() == []


def test_a_mail_programs_one_click_is_answered_by_silence(post: Post) -> None:
    post.leave({"List-Unsubscribe": "One-Click"})
    assert post.pages.state(ADA) == SubscriberState.LEFT
    assert post.subjects() == []


def test_who_comes_back_at_once_is_not_told_goodbye(post: Post) -> None:
    post.leave()
    path = f"/unsubscribe/{post.pages.token(ADA, Purpose.UNSUBSCRIBE)}/undo"
    assert post.pages.post(path).status_code == 200
    assert post.subjects() == []


def test_who_leaves_again_after_coming_back_is_told_goodbye_all_the_same(post: Post) -> None:
    post.leave()
    assert post.pages.post(f"/unsubscribe/{post.pages.token(ADA, Purpose.UNSUBSCRIBE)}/undo").status_code == 200
    post.leave()
    assert post.subjects() == ["You have left Paper Round"]


def test_who_has_a_digest_of_somebody_elses_cannot_fill_their_inbox_with_goodbyes(post: Post) -> None:
    undo = f"/unsubscribe/{post.pages.token(ADA, Purpose.UNSUBSCRIBE)}/undo"
    subjects: list[str] = []
    for _ in range(4):
        post.leave()
        subjects += post.subjects()
        assert post.pages.post(undo).status_code == 200
        post.pages.house.clock.at += timedelta(minutes=1)
    assert subjects == ["You have left Paper Round"]


def held(post: Post) -> None:
    """A morning far beyond what is usual, which puts the brake on."""
    for ago, papers in ((3, 1.0), (2, 1.0), (1, 1.0), (0, 30.0)):
        with post.world.store.write() as unit:
            watch(unit, [papers] * FEWEST_READERS, post.pages.house.clock() - timedelta(days=ago))


def test_the_operator_is_told_of_an_automatic_hold_past_the_hold_and_once_a_day(post: Post) -> None:
    held(post)
    assert post.alarms() == ["Paper Round: all mails are on hold"]
    told = mails.read_received(post.sink.messages[-1])
    assert told.mail["To"] == OPERATOR
    assert "30.0 papers per reader and day, usually 1.0" in told.flat_text
    assert "paperround release" in told.flat_text
    assert told.mail["List-Unsubscribe"] is None
    assert post.alarms() == []
    post.pages.house.clock.at += timedelta(hours=23)
    assert post.alarms() == []
    post.pages.house.clock.at += timedelta(hours=2)
    assert post.alarms() == ["Paper Round: all mails are on hold"]


def test_who_holds_by_hand_is_not_told_of_it(post: Post) -> None:
    post.world.operations.hold("moving house", post.pages.house.clock())
    assert post.alarms() == []


def test_the_operator_is_told_of_a_relay_that_stays_away(post: Post) -> None:
    health = Health(["smtp.example:25"])
    for _ in range(RESTED):
        assert post.alarms() == []
        post.pages.house.clock.at += timedelta(minutes=20)
        with post.world.store.write() as unit:
            health.read(unit)
            health.gave_out(unit, 0, RelayUnavailable("nobody answers"), post.pages.house.clock())
    assert post.alarms() == ["Paper Round: the mail server cannot be used"]
    assert "smtp.example:25: nobody answers" in mails.read_received(post.sink.messages[-1]).flat_text


def test_an_alarm_stays_short_whatever_there_is_to_tell(post: Post) -> None:
    with post.world.store.write() as unit:
        for number in range(MOST_LINES + 5):
            unit.journal.set_flag(f"relay r{number}", {"failures": RESTED, "why": "gone\r\nBcc: x@y " + "x" * 100_000})
    assert post.alarms() == ["Paper Round: the mail server cannot be used"]
    assert "And 5 more." in mails.read_received(post.sink.messages[-1]).flat_text
    assert len(post.sink.messages[-1].body) < 40_000


def test_the_operator_is_told_of_a_breaker_that_opens_again(post: Post) -> None:
    health = Health(["smtp.example:25"])
    for _ in range(ALIKE + 1):
        post.pages.house.clock.at += timedelta(minutes=15)
        with post.world.store.write() as unit:
            health.read(unit)
            health.refused(unit, 0, PolicyRefused("not today", 550, "5.7.1"), post.pages.house.clock())
    assert post.alarms() == ["Paper Round: the mail server cannot be used"]


def test_a_run_ends_though_the_only_reader_leaves_just_before_the_mail_begins(post: Post) -> None:
    post.pages.house.clock.tomorrow()
    with post.world.store.write() as unit:
        row = new_delivery(DeliveryKind.QUIET, post.pages.reader(ADA).id, "2026-11-21", post.pages.house.clock())
        unit.deliveries.add([row])
    # The second time it is asked, the row is claimed.
    leaving = iter([False, True])

    def stop() -> bool:
        if next(leaving, False):
            post.leave({"List-Unsubscribe": "One-Click"})
        return False

    done = post.world.pipeline.deliver(post.pages.house.clock(), stop)
    assert (done.sent, done.failed, done.skipped) == (0, 0, 1)
    assert next(leaving, "left") == "left"


def test_a_row_that_cannot_be_rendered_holds_up_none_beside_it(post: Post) -> None:
    reader, now = post.pages.reader(ADA).id, post.pages.house.clock.tomorrow()
    with post.world.store.write() as unit:
        kinds = (DeliveryKind.QUIET, DeliveryKind.DIGEST, DeliveryKind.TEST)
        unit.deliveries.add([new_delivery(kind, reader, f"2026-11-2{at}", now) for at, kind in enumerate(kinds)])
    done = post.world.pipeline.deliver(post.pages.house.clock())
    assert (done.sent, done.retried) == (2, 1)


def test_the_operator_is_told_of_what_was_put_aside(post: Post) -> None:
    post.pages.house.clock.tomorrow()
    with post.world.store.write() as unit:
        bad = new_delivery(DeliveryKind.DIGEST, post.pages.reader(ADA).id, "2026-11-21", post.pages.house.clock())
        unit.deliveries.add([bad])
    for _ in range(POISON_ATTEMPTS):
        post.world.pipeline.deliver(post.pages.house.clock())
        post.pages.house.clock.at += timedelta(hours=1)
    assert post.alarms() == ["Paper Round: mails were put aside"]
    assert "1 × digest: it cannot be rendered" in mails.read_received(post.sink.messages[-1]).flat_text


def test_the_operator_is_told_of_a_source_that_fails_for_hours(post: Post) -> None:
    gone = f"http://127.0.0.1:{servers.free_port()}/feed.xml"
    post.world.operations.add_source(gone, post.pages.house.clock())
    (source,) = [each for each in post.world.operations.sources() if each.url == gone]
    post.world.pipeline.collect(source.id, post.pages.house.clock())
    assert post.alarms() == ["Paper Round: papers do not come"]
    assert gone in mails.read_received(post.sink.messages[-1]).flat_text


def test_an_alarm_that_cannot_be_sent_is_sent_later(tmp_path: Path) -> None:
    with servers.smtp() as sink:
        pass
    with site(tmp_path, smtp_url=sink.url, contact=OPERATOR, **SECRETS) as pages:
        post = Post(pages, sink)
        held(post)
        assert post.world.alarms.sound(pages.house.clock()) == []
        assert post.world.alarms.sound(pages.house.clock()) == []


def test_without_an_address_nobody_is_told(tmp_path: Path, smtp: servers.Sink) -> None:
    with site(tmp_path, smtp_url=smtp.url, contact="https://papers.example/contact", **SECRETS) as pages:
        held(Post(pages, smtp))
        assert Post(pages, smtp).alarms() == []
