"""The demo as a new user runs it: a process of its own, a folder of its own, a real mailbox."""

from __future__ import annotations

import email
import email.policy
import json
import os
import re
import signal
from collections.abc import Sequence
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest

from service.bootstrap import build
from service.settings import load
from tests.forked import begin, paperround
from tests.integration.stores import paper
from tests.integration.worlds import house
from tests.journey.steps import eventually

KEYWORDS = ("-k", "low-rank adaptation", "-k", "neural tangent kernel", "-k", "-survey")
PAGE = """new

Get trending papers in your email inbox!

Subscribe

byAK and the research community

Mar 14

Low-Rank Adaptation of Lantern Networks

We adapt lantern networks by low-rank updates and show that a lantern of rank four is as bright as a full one on all \
of the twelve benchmarks that we tried, at a tenth of the cost and with no change to the wick or to the oil.

Counting Cats from Orbit

We count cats in satellite images. Cats are small and satellites are far away, so that counting them is hard, but with \
patience and a very large telescope it can be done to within a factor of two on sunny days.
"""
ONE_MORE = """
A Neural Tangent Kernel for Orchids

We derive the neural tangent kernel of an orchid in the limit of infinitely many petals and find that it predicts the \
flowering of orchids better than any gardener whom we could persuade to take part in the study.
"""


def demo(folder: Path, *arguments: str | Path, code: int = 0) -> str:
    """Run the demo once and return what it said."""
    done = paperround("demo", "--once", "--data", folder, *arguments)
    assert done.code == code, done.said
    return done.said


def mails(folder: Path) -> list[EmailMessage]:
    """Every mail of the mailbox."""
    found = []
    for path in folder.rglob("*.eml"):
        mail = email.message_from_bytes(path.read_bytes(), policy=email.policy.default)
        assert isinstance(mail, EmailMessage)
        found.append(mail)
    return found


def digests(folder: Path) -> list[EmailMessage]:
    """The digests among the mails, oldest first."""
    found = [mail for mail in mails(folder) if mail["List-Unsubscribe-Post"]]
    return sorted(found, key=lambda mail: mail["Date"].datetime)


def parts(mail: EmailMessage) -> tuple[str, str]:
    """Text and HTML, white space folded."""
    text, html = mail.get_body(("plain",)), mail.get_body(("html",))
    assert text is not None
    assert html is not None
    plain = re.sub(r"<[^>]+>", "", html.get_content())
    return re.sub(r"\s+", " ", text.get_content()), re.sub(r"\s+", " ", plain)


@pytest.fixture
def page(tmp_path: Path) -> Path:
    path = tmp_path / "capture.txt"
    path.write_text(PAGE)
    return path


def test_the_bundled_demo_sends_one_digest(tmp_path: Path) -> None:
    assert "/mailbox" in demo(tmp_path)
    assert len(digests(tmp_path)) == 1


def test_the_demo_on_named_pages_sends_the_papers_that_match(tmp_path: Path, page: Path) -> None:
    assert f"1 sent to {tmp_path}" in demo(tmp_path, *KEYWORDS, page)
    (mail,) = digests(tmp_path)
    for part in parts(mail):
        assert "Low-Rank Adaptation of Lantern Networks" in part
        assert "low-rank adaptation" in part
        assert "Counting Cats" not in part


def test_a_page_may_have_a_name_in_another_encoding(tmp_path: Path, page: Path) -> None:
    assert "caf?.txt" in demo(tmp_path, *KEYWORDS, page.rename(tmp_path / "caf\udce9.txt"))
    assert len(digests(tmp_path)) == 1


def test_the_next_edition_holds_exactly_what_is_new(tmp_path: Path, page: Path) -> None:
    demo(tmp_path, "--day", "2026-11-20", *KEYWORDS, page)
    demo(tmp_path, "--day", "2026-11-21", *KEYWORDS, page)
    assert len(digests(tmp_path)) == 1
    page.write_text(PAGE + ONE_MORE)
    demo(tmp_path, "--day", "2026-11-22", *KEYWORDS, page)
    _, second = digests(tmp_path)
    assert "Orchids" in parts(second)[0]
    assert "Lantern" not in parts(second)[0]


def test_a_bad_keyword_is_refused_with_its_position(tmp_path: Path, page: Path) -> None:
    said = demo(tmp_path, "-k", 'flow "matching', page, code=2)
    assert "unclosed quote at character 6" in said
    assert not mails(tmp_path)


@pytest.mark.parametrize("missing", ["nowhere.txt", "."])
def test_an_unreadable_page_is_named(tmp_path: Path, missing: str) -> None:
    assert f"{tmp_path / missing} cannot be read" in demo(tmp_path / "data", tmp_path / missing, code=2)


def test_the_demo_on_real_captures(tmp_path: Path, seeds: Sequence[Path]) -> None:
    demo(tmp_path, *KEYWORDS, *seeds)
    (mail,) = digests(tmp_path)
    text, html = parts(mail)
    titles = [
        "SingLoRA: Low Rank Adaptation Using a Single Matrix",
        "Neural Tangent Kernel: Convergence and Generalization",
    ]
    for title in titles:
        assert title in text
        assert title in html


def test_the_folder_of_a_service_is_left_alone(tmp_path: Path) -> None:
    """Its sources would be put away, and its readers' mails would count as sent and lie in a mailbox."""
    with house(tmp_path) as home:
        home.arrive(paper("Low-Rank Adaptation of Lantern Networks", "We adapt lanterns."))
        home.join("ada@uni.example", "low-rank adaptation")
        said = demo(tmp_path, code=2)
        assert f"{tmp_path} holds the data of a service" in said
        assert [each.active for each in home.world.operations.sources()] == [True]
        assert [reader.email for reader, _ in home.world.operations.subscribers()] == ["ada@uni.example"]
    assert not mails(tmp_path)


def test_a_folder_of_the_demo_that_became_a_service_is_left_alone(tmp_path: Path) -> None:
    demo(tmp_path)
    assert "subscribes already" in demo(tmp_path)
    world = build(load({}, None, data_dir=str(tmp_path)))
    world.operations.heartbeat("beat", datetime.now(UTC))
    world.close()
    assert "holds the data of a service" in demo(tmp_path, code=2)


def test_a_folder_that_goes_with_the_demo_is_not_named(page: Path) -> None:
    said = paperround("demo", "--once", page, *KEYWORDS).said
    assert "send it                            1 sent " in said
    assert "mailbox" not in said.partition("Your first")[0]


def test_pages_of_a_day_long_past_make_the_edition_of_that_day(tmp_path: Path) -> None:
    feed = {
        "paper": {"id": "2408.00001", "title": "Lanterns Adapted by Low-Rank Updates", "summary": "We adapt lanterns."},
        "submittedOnDailyAt": "2024-08-01T06:00:00.000Z",
        "title": "Lanterns Adapted by Low-Rank Updates",
    }
    page = tmp_path / "papers.json"
    page.write_text(json.dumps([feed]))
    said = demo(tmp_path / "data", page, "-k", "lanterns")
    assert said.startswith("The pages are of 2024-08-01, so the edition is that day's")
    assert "1 paper, 1 new" in said
    assert "Thu 1 Aug · 1 of 1 " in said


def test_a_feed_of_several_days_long_past_makes_the_edition_of_the_last(tmp_path: Path) -> None:
    item = "<item><title>Lanterns of {0}</title><description>Hot.</description><pubDate>{0} Aug 2024</pubDate></item>"
    page = tmp_path / "feed.xml"
    page.write_text(f"<rss version='2.0'><channel>{item.format(3)}{item.format(1)}</channel></rss>")
    said = demo(tmp_path / "data", page, "-k", "lanterns")
    assert said.startswith("The pages are of 2024-08-03, so the edition is that day's")
    assert "Sat 3 Aug · 2 of 2 " in said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_whatever_ends_the_demo_takes_its_folder_away(tmp_path: Path, number: int) -> None:
    said = tmp_path / "said"
    process = begin(("demo",), {"TMPDIR": str(tmp_path)}, said)
    try:
        eventually(lambda: said.exists() and "Ctrl-C ends the demo" in said.read_text("utf-8"))
        (folder,) = tmp_path.glob("paperround-*")
        assert process.pid is not None
        os.kill(process.pid, number)
        process.join(20)
        assert (process.exitcode, "The demo is over." in said.read_text("utf-8"), folder.exists()) == (0, True, False)
    finally:
        process.kill()
