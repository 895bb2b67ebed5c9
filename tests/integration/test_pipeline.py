"""The pipe as a whole, on SQLite and a real Maildir, with a clock that is turned by hand."""

from __future__ import annotations

import re
import weakref
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from service.bootstrap import SilentBell, build
from service.errors import InputError, LinkError
from service.links import Purpose
from service.model import Links, Schedule, SubscriberState
from service.pipeline.composing import BATCH
from service.settings import load
from tests.integration.stores import NOW, SOURCE, paper
from tests.integration.worlds import DAY, MORNING, House

LORA = paper("Sparse Low-Rank Adaptation of Very Large Models", arxiv_id="2611.01001", upvotes=3)
KERNEL = paper("Neural Tangent Kernels at Finite Width", arxiv_id="2611.01002", upvotes=9)
SURVEY = paper("Low-Rank Adaptation: A Survey of Methods", arxiv_id="2611.01003", upvotes=50)
CATS = paper("Counting Cats in Satellite Images", arxiv_id="2611.01004", upvotes=7)
TITLES = [each.title for each in (LORA, KERNEL, SURVEY, CATS)]
ADA = "ada@example.org"


def test_the_first_digest_comes_at_once_and_says_why(home: House) -> None:
    home.arrive(LORA, KERNEL, SURVEY, CATS)
    home.join(ADA, "low-rank adaptation", "neural tangent kernel", "-survey")
    home.morning()
    assert home.titles(ADA, TITLES) == [[LORA.title, KERNEL.title]] or home.titles(ADA, TITLES) == [
        [KERNEL.title, LORA.title]
    ]
    (text,) = home.digests(ADA)
    assert "low-rank adaptation" in text
    assert "neural tangent kernel" in text


def test_the_same_papers_again_send_nothing_again(home: House) -> None:
    home.arrive(LORA)
    home.join(ADA, "low-rank adaptation")
    home.morning()
    home.clock.tomorrow()
    home.arrive(LORA)
    home.arrive(LORA, source="https://elsewhere.example/feed")
    home.morning()
    assert home.titles(ADA, TITLES) == [[LORA.title]]


def test_one_new_paper_is_all_that_the_next_edition_holds(home: House) -> None:
    home.arrive(LORA, KERNEL)
    home.join(ADA, "low-rank adaptation", "kernel")
    home.morning()
    home.clock.tomorrow()
    home.arrive(LORA, KERNEL, SURVEY)
    home.morning()
    assert home.titles(ADA, TITLES)[1] == [SURVEY.title]


def test_a_profile_without_keywords_gets_what_is_trending(home: House) -> None:
    papers = [paper(f"Trending Study Number {n}", arxiv_id=f"2611.02{n:03}", upvotes=n) for n in range(15)]
    home.arrive(*papers)
    home.join(ADA)
    home.morning()
    (found,) = home.titles(ADA, [f"{each.title}" for each in reversed(papers)])
    assert found[:2] == ["Trending Study Number 14", "Trending Study Number 13"]
    assert "Trending Study Number 5" in found
    assert "Number 4\n" not in home.digests(ADA)[0]


@pytest.mark.parametrize(("count", "days"), [(3, 7), (2, 30)])
def test_the_first_digest_says_how_far_back_it_looked(home: House, count: int, days: int) -> None:
    home.arrive(*[paper(f"Adapters Study Number {n}", arxiv_id=f"2611.04{n:03}") for n in range(count)])
    home.join(ADA, "adapters")
    home.morning()
    assert f"the best matches of the last {days} days" in " ".join(home.digests(ADA)[0].split())
    home.clock.tomorrow()
    home.arrive(paper("Adapters Study of Another Day", arxiv_id="2611.05001"))
    home.morning()
    assert "best matches" not in home.digests(ADA)[1]


def test_a_quiet_day_sends_nothing(home: House) -> None:
    home.arrive(LORA)
    home.join(ADA, "low-rank adaptation")
    home.morning()
    home.clock.tomorrow()
    home.arrive(CATS)
    composed = home.world.pipeline.compose(home.clock())
    assert (composed.ready, composed.quiet) == (0, 1)
    home.morning()
    assert len(home.digests(ADA)) == 1


def test_a_keyword_added_at_noon_finds_this_mornings_papers(home: House) -> None:
    home.arrive(LORA, CATS)
    token = home.join(ADA, "low-rank adaptation")
    home.morning()
    home.clock.at += timedelta(hours=5)
    home.change(token, "low-rank adaptation", "counting cats")
    home.clock.tomorrow()
    home.morning()
    assert home.titles(ADA, TITLES) == [[LORA.title], [CATS.title]]


def test_more_papers_than_wanted_are_counted_and_count_as_delivered(home: House) -> None:
    papers = [paper(f"Adapters Study Number {n}", arxiv_id=f"2611.03{n:03}") for n in range(14)]
    home.arrive(*papers)
    home.join(ADA, "adapters")
    home.morning()
    assert "4 more" in home.digests(ADA)[0]
    home.clock.tomorrow()
    home.morning()
    assert len(home.digests(ADA)) == 1


def test_leaving_ends_it_and_what_was_ready_is_not_sent(home: House) -> None:
    home.arrive(LORA)
    home.join(ADA, "low-rank adaptation")
    home.world.pipeline.compose(home.clock())
    home.world.subscriptions.leave(home.token(ADA, Purpose.UNSUBSCRIBE), home.clock())
    assert home.world.pipeline.deliver(home.clock()).sent == 0
    home.clock.tomorrow()
    home.arrive(SURVEY)
    home.morning()
    assert home.digests(ADA) == []


def test_a_pause_sends_nothing_until_its_day(home: House) -> None:
    home.arrive(LORA)
    token = home.join(ADA, "low-rank adaptation")
    home.morning()
    until = (home.clock() + 3 * DAY).date()
    home.world.subscriptions.pause(token, until, home.clock())
    home.clock.tomorrow()
    home.arrive(SURVEY)
    home.morning()
    assert len(home.digests(ADA)) == 1
    home.clock.tomorrow()
    home.clock.tomorrow()
    home.world.pipeline.sweep(home.clock())
    home.clock.tomorrow()
    home.morning()
    assert home.titles(ADA, TITLES)[1] == [SURVEY.title]


def test_after_an_outage_there_is_one_catch_up_digest(home: House) -> None:
    home.arrive(LORA)
    home.join(ADA, "low-rank adaptation")
    home.morning()
    home.clock.at += 2 * DAY
    home.arrive(SURVEY)
    home.clock.at += timedelta(hours=20)
    home.morning()
    home.morning()
    assert home.titles(ADA, TITLES) == [[LORA.title], [SURVEY.title]]


def test_looking_back_never_exceeds_seven_days(home: House) -> None:
    home.arrive(LORA)
    token = home.join(ADA, "low-rank adaptation")
    home.morning()
    home.world.subscriptions.pause(token, None, home.clock())
    home.clock.at += DAY
    home.arrive(SURVEY)
    home.clock.at += 9 * DAY
    home.world.subscriptions.resume(token, home.clock())
    home.clock.tomorrow()
    home.morning()
    assert len(home.digests(ADA)) == 1


def test_a_digest_not_begun_gives_way_to_the_next_and_loses_nothing(home: House) -> None:
    home.arrive(LORA)
    home.join(ADA, "low-rank adaptation")
    home.world.pipeline.compose(home.clock())
    home.clock.tomorrow()
    home.arrive(SURVEY)
    assert home.world.pipeline.compose(home.clock()).superseded == 1
    home.world.pipeline.deliver(home.clock())
    assert [sorted(titles) for titles in home.titles(ADA, TITLES)] == [sorted([LORA.title, SURVEY.title])]


def test_fifty_triggers_at_once_make_one_digest_each(home: House) -> None:
    home.arrive(LORA)
    for n in range(5):
        home.join(f"reader{n}@example.org", "low-rank adaptation")
    with ThreadPoolExecutor(10) as pool:
        list(pool.map(lambda _: home.world.pipeline.compose(home.clock()), range(50)))
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: home.world.pipeline.deliver(home.clock()), range(8)))
    assert [len(home.digests(f"reader{n}@example.org")) for n in range(5)] == [1] * 5


def test_a_mailbox_that_cannot_be_written_loses_nothing(home: House) -> None:
    home.arrive(LORA)
    home.join(ADA, "low-rank adaptation")
    home.world.pipeline.deliver(home.clock())
    home.world.pipeline.compose(home.clock())
    box = home.world.settings.mailbox_dir
    away = box.with_name("away")
    box.rename(away)
    box.write_text("in the way")
    assert home.world.pipeline.deliver(home.clock()).relay
    box.unlink()
    away.rename(box)
    home.clock.at += timedelta(hours=1)
    assert home.world.pipeline.deliver(home.clock()).sent == 1
    assert home.titles(ADA, TITLES) == [[LORA.title]]


def test_a_second_rendering_of_a_row_has_the_same_bytes(home: House, tmp_path: Path) -> None:
    home.arrive(LORA, KERNEL)
    home.join(ADA, "low-rank adaptation", "kernel")
    home.morning()
    box = home.world.settings.mailbox_dir
    first = {path.name: path.read_bytes() for path in box.rglob("*.eml")}
    with home.world.store.engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE delivery SET state = 'ready', not_before = composed_at WHERE kind = 'digest'"
        )
    home.arrive(paper("A Brand New Low-Rank Adaptation", arxiv_id="2611.04001"))
    home.clock.at += timedelta(hours=3)
    home.world.pipeline.deliver(home.clock())
    assert {path.name: path.read_bytes() for path in box.rglob("*.eml")} == first


def test_a_link_of_one_purpose_opens_nothing_else(home: House) -> None:
    home.join(ADA, "kernel")
    with pytest.raises(LinkError):
        home.world.subscriptions.leave(home.token(ADA, Purpose.PAUSE), home.clock())
    with pytest.raises(LinkError):
        home.change(home.token(ADA, Purpose.CONFIRM))


def test_an_unknown_address_and_a_known_one_are_answered_alike(home: House) -> None:
    subscribe = home.world.subscriptions.subscribe
    home.join(ADA, "kernel")
    subscribe(ADA, "lora", Schedule(), home.clock())
    subscribe("new@example.org", "lora", Schedule(), home.clock())
    reader = home.world.subscriptions.find(ADA)
    assert reader is not None
    assert reader.profiles[0].keywords == ("kernel",)


def test_a_mailbox_is_asked_to_confirm_once_a_day_and_three_times_ever(home: House) -> None:
    for _ in range(6):
        for spelling in ("new@example.org", "New@Example.org"):
            home.world.subscriptions.subscribe(spelling, "lora", Schedule(), home.clock())
        home.world.pipeline.deliver(home.clock())
        home.clock.tomorrow()
    assert len(home.world.operations.mailbox()) == 3


def test_a_confirmation_mail_repeats_nothing_that_was_typed(home: House) -> None:
    home.world.subscriptions.subscribe("new@example.org", "buy cheap watches", Schedule(), home.clock())
    home.world.pipeline.deliver(home.clock())
    letter = home.world.operations.mail(home.world.operations.mailbox()[0].name)
    assert letter is not None
    assert "watches" not in letter.text + letter.html
    assert not re.search(rb"(?i)list-unsubscribe-post", letter.raw)


def test_who_left_comes_back_by_confirming_again(home: House) -> None:
    home.arrive(LORA)
    home.join(ADA, "low-rank adaptation")
    home.morning()
    home.world.subscriptions.leave(home.token(ADA, Purpose.UNSUBSCRIBE), home.clock())
    home.clock.tomorrow()
    home.join(ADA, "low-rank adaptation", "kernel")
    reader = home.world.subscriptions.find(ADA)
    assert reader is not None
    assert reader.state == SubscriberState.ACTIVE
    home.arrive(KERNEL)
    home.morning()
    assert KERNEL.title in home.titles(ADA, TITLES)[-1]


@pytest.mark.parametrize("until", [0, -1])
def test_a_pause_ends_in_the_future(home: House, until: int) -> None:
    token = home.join(ADA, "kernel")
    with pytest.raises(InputError, match="after today"):
        home.world.subscriptions.pause(token, (home.clock() + until * DAY).date(), home.clock())


def test_papers_carry_their_links_into_the_mail(home: House) -> None:
    links = Links(pdf="https://arxiv.org/pdf/2611.05001", code="https://code.example/repo")
    home.arrive(paper("Kernels Everywhere", arxiv_id="2611.05001", links=links))
    home.join(ADA, "kernels")
    home.morning()
    assert "https://code.example/repo" in home.digests(ADA)[0]


@pytest.mark.parametrize(("zone", "over"), [("Pacific/Auckland", True), ("America/Los_Angeles", False)])
def test_a_pause_ends_with_the_readers_own_day(home: House, zone: str, over: bool) -> None:
    token = home.join(ADA, "kernel", schedule=Schedule(zone))
    home.world.subscriptions.pause(token, (home.clock() + 2 * DAY).date(), home.clock())
    # 12:00 UTC on the day before: already tomorrow in Auckland, still early morning in Los Angeles.
    home.clock.at = home.clock.at.replace(hour=12) + DAY
    home.world.pipeline.sweep(home.clock())
    reader = home.world.subscriptions.find(ADA)
    assert reader is not None
    assert (reader.state == SubscriberState.ACTIVE) is over


@pytest.mark.parametrize("weekdays", [frozenset({1}), frozenset(range(1, 8))], ids=["weekly", "daily"])
@pytest.mark.parametrize(("hour", "on_at"), [(0, 0), (7, 8), (7, 7), (7, 0)])
def test_the_day_a_pause_ends_has_its_digest_whenever_the_service_looks(
    home: House, weekdays: frozenset[int], hour: int, on_at: int
) -> None:
    token = home.join(ADA, "kernel", schedule=Schedule("UTC", hour, weekdays))
    home.morning()
    monday = datetime(2026, 11, 30, tzinfo=UTC)
    home.world.subscriptions.pause(token, monday.date(), home.clock())
    home.arrive(KERNEL)
    # Twenty seconds after the hour, as sweeps come each minute.
    home.clock.at = monday.replace(hour=on_at, second=20)
    home.world.pipeline.sweep(home.clock())
    home.clock.at = monday.replace(hour=8, minute=1)
    home.morning()
    assert home.titles(ADA, TITLES)[1:] == [[KERNEL.title]]
    with home.world.store.read() as unit:
        following = unit.subscribers.next_due(1)
    assert following == monday.replace(hour=hour) + DAY * (7 if len(weekdays) == 1 else 1)


@pytest.mark.parametrize(("hours", "back"), [(0.9, True), (1.1, False)])
def test_leaving_can_be_undone_for_an_hour(home: House, hours: float, back: bool) -> None:
    home.join(ADA, "kernel")
    token = home.token(ADA, Purpose.UNSUBSCRIBE)
    home.world.subscriptions.leave(token, home.clock())
    home.clock.at += timedelta(hours=hours)
    reader = home.world.subscriptions.undo(token, home.clock())
    assert (reader.state == SubscriberState.ACTIVE) is back


def test_a_pause_link_never_brings_back_who_left(home: House) -> None:
    home.join(ADA, "kernel")
    home.world.subscriptions.leave(home.token(ADA, Purpose.UNSUBSCRIBE), home.clock())
    reader = home.world.subscriptions.resume(home.token(ADA, Purpose.PAUSE), home.clock(), Purpose.PAUSE)
    assert reader.state == SubscriberState.LEFT


def test_the_first_mails_go_out_while_others_are_composed(tmp_path: Path) -> None:
    """A ring after each batch: with several workers one composes while the others send."""
    due: list[int] = []

    class Bell(SilentBell):
        def deliver(self) -> None:
            with world.store.read() as unit:
                due.append(len(unit.subscribers.due(MORNING, 1000)))

    world = build(load({}, None, data_dir=str(tmp_path)), bell=Bell())
    world.store.migrate()
    with world.store.write() as unit:
        source = unit.sources.add(SOURCE, "feed", MORNING)
        unit.papers.add(source.id, SOURCE, [LORA], MORNING)
        for number in range(BATCH + 1):
            row = unit.subscribers.add(f"r{number}", f"r{number}@example.org", f"r{number}@x.org", Schedule(), 10, NOW)
            unit.subscribers.activate(row, NOW, NOW, welcome=True)
    assert world.pipeline.compose(MORNING).ready == BATCH + 1
    assert due == [1, 0]
    world.close()


def test_whoever_tries_ever_other_choices_of_sources_fills_no_memory(home: House) -> None:
    home.arrive(LORA)
    with home.world.store.read() as unit, home.world.pipeline.window.open(unit, home.clock()) as view:
        kept = [weakref.ref(view.firsts(frozenset((1, other))).numbers) for other in range(1000)]
        assert view.firsts(frozenset((1, 2))).numbers[0] == 1
    assert sum(each() is not None for each in kept) < 300
