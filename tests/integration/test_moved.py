"""Links that a mailbox has kept from before its reader moved: they stop mails, and tell and open nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from service.links import Purpose
from service.model import SubscriberState
from tests.integration.sites import Site, form, site, text
from tests.integration.test_web_records import links
from tests.integration.worlds import DAY

OLD, NEW = "ada@old.example", "ada.lovelace@competitor.example"
OPENING = (Purpose.MANAGE, Purpose.EXPORT, Purpose.ERASE, Purpose.MOVE, Purpose.CONFIRM)


@pytest.fixture
def pages(tmp_path: Path) -> Iterator[Site]:
    """The site, whose one reader is about to move from OLD to NEW."""
    with site(tmp_path) as opened:
        opened.house.join(OLD, "adapters")
        yield opened


def move(pages: Site, old: str, new: str) -> None:
    pages.house.clock.at += timedelta(minutes=1)
    pages.post(f"/move/{pages.token(old, Purpose.MOVE)}", {"email": new})
    assert pages.post(links(pages, "address")[-1]).status_code == 200
    pages.house.clock.at += timedelta(minutes=1)


@pytest.mark.parametrize("purpose", OPENING)
def test_an_old_link_opens_nothing_and_a_fresh_one_goes_to_the_new_address(pages: Site, purpose: Purpose) -> None:
    path = f"/{purpose}/{pages.token(OLD, purpose)}"
    assert pages.get(path).status_code == 200
    move(pages, OLD, NEW)
    ways = ["", "/records", "/digests"] if purpose is Purpose.MANAGE else [""]
    for way in ways:
        answer = pages.get(path + way)
        assert (answer.status_code, "go to another address since" in text(answer, ".lead")) == (410, True)
        assert "competitor" not in answer.text
    asked = {"what": "erase", "email": "eve@uni.example", "keywords": "x"}
    for way in ("", "/records", "/pause", "/feeds", "/resume") if purpose is Purpose.MANAGE else [""]:
        assert pages.post(path + way, asked).status_code == 410
    assert pages.state(NEW) == SubscriberState.ACTIVE
    assert pages.get(f"/{purpose}/{pages.token(NEW, purpose)}").status_code == 200
    pages.post("/manage", {"email": NEW})
    assert pages.mails()[0] == f"{NEW}: Your link to Paper Round"


def test_an_old_link_still_rests_and_stops_mails_and_does_not_tell_where_they_went(pages: Site) -> None:
    stop, rest = (f"/{each}/{pages.token(OLD, each)}" for each in (Purpose.UNSUBSCRIBE, Purpose.PAUSE))
    move(pages, OLD, NEW)
    pages.house.clock.at += 100 * DAY
    steps = [pages.get(stop), pages.get(rest), pages.post(rest, {"days": "7"}), pages.post(rest + "/resume")]
    steps += [pages.post(stop + "/weekly"), pages.post(stop), pages.get(stop), pages.post(stop + "/undo")]
    steps += [pages.post(stop + "/pause", {"days": "7"}), pages.post(stop)]
    for answer in steps:
        assert answer.status_code == 200
        assert "competitor" not in answer.text
    assert "a…@…?" in text(steps[0], "h1")
    assert pages.state(NEW) == SubscriberState.LEFT
    assert "competitor.example" in pages.get(f"/unsubscribe/{pages.token(NEW, Purpose.UNSUBSCRIBE)}").text


def test_a_member_of_a_list_that_moved_still_asks_its_owner(tmp_path: Path) -> None:
    lab, boss = "lab@old.example", "boss@uni.example"
    with site(tmp_path) as pages:
        pages.post("/subscribe", form(lab, "adapters"))
        pages.post(f"/confirm/{pages.token(lab, Purpose.CONFIRM)}", {"owner": boss})
        stop, own = (f"/{each}/{pages.token(lab, each)}" for each in (Purpose.UNSUBSCRIBE, Purpose.OWNER))
        move(pages, lab, "lab@competitor.example")
        assert "competitor" not in pages.post(stop).text
        assert pages.mails()[0].startswith(boss)
        letter = pages.house.world.operations.mail(pages.house.world.operations.mailbox()[0].name)
        assert letter is not None
        assert "lab@competitor.example" in letter.text
        assert pages.get(own).status_code == 200
