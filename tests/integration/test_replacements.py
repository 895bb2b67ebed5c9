"""New versions of papers: never news, and only for profiles that ask for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from service.model import ArrivalKind, Paper
from tests.integration.stores import paper
from tests.integration.worlds import House, house

OTHER = "https://papers.example/other"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as here:
        yield here


def kettle(version: int, kind: ArrivalKind = ArrivalKind.REPLACE, n: int = 1) -> Paper:
    text = f"It boils, as version {version} shows. " * 4
    return paper(f"Kettle {n} boils in finite time", text, arxiv_id=f"2611.0000{n}", version=version, kind=kind)


def want_replacements(home: House, email: str, *, wanted: bool = True) -> None:
    reader = home.world.subscriptions.find(email)
    assert reader is not None
    profiles = [(replace(each, replacements=wanted), each.keywords) for each in reader.profiles]
    with home.world.store.write() as unit:
        unit.subscribers.set_profiles(reader.id, profiles, home.clock())


def mornings(home: House, email: str) -> list[str]:
    """What each digest shows of the paper: nothing, that it is new, or that it is revised."""
    shown = []
    for text in home.digests(email):
        read = " ".join(text.partition("Also trending")[0].split())
        shown.append("" if "Kettle 1" not in read else "revised" if "revised" in read else "new")
    return shown


def test_a_new_version_goes_to_who_asked_and_is_called_revised(home: House) -> None:
    home.arrive(kettle(1, ArrivalKind.NEW), paper("Kettle two"), paper("Kettle three"))
    for name in ("ada", "grace"):
        home.join(f"{name}@uni.example", "kettle")
    want_replacements(home, "ada@uni.example")
    home.morning()
    home.clock.tomorrow()
    home.arrive(kettle(2), paper("Kettle four"))
    home.morning()
    assert mornings(home, "ada@uni.example") == ["new", "revised"]
    assert mornings(home, "grace@uni.example") == ["new", ""]


def test_each_version_comes_once_through_however_many_sources(home: House) -> None:
    home.arrive(kettle(1, ArrivalKind.NEW), paper("Kettle two"), paper("Kettle three"))
    home.join("ada@uni.example", "kettle")
    want_replacements(home, "ada@uni.example")
    home.morning()
    for version, source in ((2, "https://papers.example/daily"), (2, OTHER), (3, OTHER), (3, OTHER)):
        home.clock.tomorrow()
        home.arrive(kettle(version), paper(f"Kettle of {home.clock():%d}"), source=source)
        home.morning()
    assert mornings(home, "ada@uni.example") == ["new", "revised", "", "revised", ""]


def test_what_is_new_stands_before_what_is_revised(home: House) -> None:
    home.join("ada@uni.example", "kettle", "boils")
    home.morning()
    want_replacements(home, "ada@uni.example")
    home.clock.tomorrow()
    home.arrive(replace(kettle(2), upvotes=900), paper("Kettle of today"))
    home.morning()
    text = home.digests("ada@uni.example")[-1]
    assert text.index("Kettle of today") < text.index("Kettle 1 boils")


def test_an_edited_profile_does_not_bring_a_revision_again(home: House) -> None:
    home.join("ada@uni.example", "kettle")
    home.morning()
    want_replacements(home, "ada@uni.example")
    home.clock.tomorrow()
    home.arrive(kettle(2))
    home.morning()
    want_replacements(home, "ada@uni.example")
    home.clock.tomorrow()
    home.arrive(paper("Kettle of today"))
    home.morning()
    assert mornings(home, "ada@uni.example")[-2:] == ["revised", ""]


def test_what_came_as_a_revision_does_not_come_as_new_once_a_later_version_is_out(home: House) -> None:
    home.join("ada@uni.example", "kettle")
    home.morning()
    want_replacements(home, "ada@uni.example")
    home.clock.tomorrow()
    home.arrive(kettle(2))
    home.morning()
    want_replacements(home, "ada@uni.example", wanted=False)
    home.clock.tomorrow()
    home.arrive(kettle(3))
    home.arrive(kettle(3, ArrivalKind.NEW), paper("Kettle of today"), source=OTHER)
    home.morning()
    assert mornings(home, "ada@uni.example")[-2:] == ["revised", ""]
