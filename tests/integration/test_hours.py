"""When a digest begins: spread over a while after the hour, and not late in the day."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from sqlalchemy import text

from service.model import Schedule
from tests.integration.stores import paper
from tests.integration.worlds import house

PAPERS = [paper(f"Low-Rank Adaptation Of Case Number {n}", arxiv_id=f"2611.0900{n}") for n in range(3)]
TITLES = [each.title for each in PAPERS]
ADA = "ada@example.org"


def test_the_digests_of_one_hour_begin_spread_over_the_time_set(tmp_path: Path) -> None:
    with house(tmp_path, spread="15m") as home:
        for number in range(10):
            home.join(f"reader{number}@example.org", "low-rank adaptation")
        home.morning()
        first = len(home.digests())
        assert first == 10, "a first digest is not kept waiting"
        home.clock.tomorrow()
        home.arrive(PAPERS[0])
        home.morning()
        begun = [len(home.digests()) - first]
        for _ in range(3):
            home.clock.at += timedelta(minutes=5)
            home.world.pipeline.deliver(home.clock())
            begun.append(len(home.digests()) - first)
        assert begun == sorted(begun)
        assert begun[0] < begun[1] < begun[-1] == 10


def test_what_is_late_in_the_day_is_folded_into_the_next_digest(tmp_path: Path) -> None:
    with house(tmp_path, not_after="14") as home:
        home.join(ADA, "low-rank adaptation", schedule=Schedule("Europe/Berlin", 7))
        home.join("eve@example.org", "low-rank adaptation", schedule=Schedule("Europe/Berlin", 18))
        home.morning()
        first = len(home.digests(ADA))
        home.arrive(PAPERS[0])
        home.clock.tomorrow()
        home.world.pipeline.compose(home.clock())
        home.clock.at = home.clock.at.replace(hour=13)
        home.world.pipeline.deliver(home.clock())
        assert len(home.digests(ADA)) == first, "13:00 UTC is 14:00 in Berlin"
        home.clock.at = home.clock.at.replace(hour=17)
        home.morning()
        assert home.titles("eve@example.org", TITLES)[-1] == [TITLES[0]], "an evening that was chosen is not late"
        home.arrive(PAPERS[1])
        home.clock.tomorrow()
        home.morning()
        assert home.titles(ADA, TITLES)[first:] == [TITLES[:2]]


def test_who_is_late_every_day_gets_a_mail_every_other_day(tmp_path: Path) -> None:
    with house(tmp_path, not_after="14") as home:
        home.join(ADA, "low-rank adaptation", schedule=Schedule("Europe/Berlin", 7))
        home.morning()
        first = len(home.digests(ADA))
        for each in PAPERS:
            home.arrive(each)
            home.clock.tomorrow()
            home.world.pipeline.compose(home.clock())
            home.clock.at = home.clock.at.replace(hour=13)
            home.world.pipeline.deliver(home.clock())
        assert home.titles(ADA, TITLES)[first:] == [TITLES[:2]]


def test_what_was_too_late_in_the_evening_does_not_come_in_the_night(tmp_path: Path) -> None:
    with house(tmp_path, not_after="14") as home:
        home.join(ADA, "low-rank adaptation", schedule=Schedule("Europe/Berlin", 7))
        home.join("weekly@example.org", "low-rank adaptation", schedule=Schedule("Europe/Berlin", 7, frozenset({6})))
        home.morning()
        first = len(home.digests(ADA))
        home.arrive(PAPERS[0])
        home.clock.at = home.clock.tomorrow().replace(hour=23, minute=30)
        home.morning()
        assert len(home.digests(ADA)) == first, "it is half past midnight on Sunday in Berlin"
        home.clock.tomorrow()
        home.morning()
        assert home.titles(ADA, TITLES)[first:] == [[TITLES[0]]]
        assert home.titles("weekly@example.org", TITLES)[first:] == [[TITLES[0]]], "no week is waited for"


def test_what_may_have_been_sent_is_never_too_late(tmp_path: Path) -> None:
    with house(tmp_path, not_after="14") as home:
        home.join(ADA, "low-rank adaptation", schedule=Schedule("Europe/Berlin", 7))
        home.morning()
        first = len(home.digests(ADA))
        home.arrive(PAPERS[0])
        home.clock.tomorrow()
        home.world.pipeline.compose(home.clock())
        with home.world.store.engine.begin() as connection:
            died = "UPDATE delivery SET state = 'sending', lease = 'gone', lease_until = 0 WHERE state = 'ready'"
            connection.execute(text(died))
        home.clock.at = home.clock.at.replace(hour=13)
        home.world.pipeline.sweep(home.clock())
        home.clock.at += timedelta(minutes=5)
        home.world.pipeline.deliver(home.clock())
        assert home.titles(ADA, TITLES)[first:] == [[TITLES[0]]]


def test_a_minute_before_it_is_too_late_a_digest_is_sent(tmp_path: Path) -> None:
    with house(tmp_path, not_after="14") as home:
        home.join(ADA, "low-rank adaptation", schedule=Schedule("Europe/Berlin", 7))
        home.morning()
        first = len(home.digests(ADA))
        home.arrive(PAPERS[0])
        home.clock.tomorrow()
        home.clock.at = home.clock.at.replace(hour=12, minute=59)
        home.morning()
        assert home.titles(ADA, TITLES)[first:] == [[TITLES[0]]]


def test_a_reader_whose_zone_is_gone_keeps_no_digest_of_others_waiting(tmp_path: Path) -> None:
    with house(tmp_path, not_after="14") as home:
        for email in (ADA, "eve@example.org"):
            home.join(email, "low-rank adaptation")
        home.morning()
        home.arrive(PAPERS[0])
        home.clock.tomorrow()
        home.world.pipeline.compose(home.clock())
        with home.world.store.write() as unit:
            reader = unit.subscribers.by_mailbox("eve@example.org")
            assert reader is not None
            unit.subscribers.reschedule(reader.id, Schedule("Nowhere/Land", 7), 10, None)
        home.world.pipeline.deliver(home.clock())
        assert home.titles(ADA, TITLES)[-1] == [TITLES[0]]
