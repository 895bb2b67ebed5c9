"""Who may subscribe: everybody, some domains, who is invited, nobody; and the operator's own invitations."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from service.cli import app
from service.errors import InputError
from service.links import Purpose
from service.model import Choice, Profile, Schedule, SubscriberState
from service.subscriptions import forgetting, invitations
from tests.integration.sites import Site, form, site, text, value
from tests.integration.worlds import House, house

CODE = "first-floor-seminar"
ADA, EVE = "ada@uni.example", "eve@elsewhere.example"
PEOPLE = '''email,topics,timezone,hour
ada@uni.example,"low-rank adaptation; ""LoRA""",Europe/Berlin,6:00
bob@uni.example,,,
'''


@pytest.fixture
def home(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path, signup="closed") as opened:
        yield opened


def invited(home: House, table: str | bytes) -> list[tuple[int, str]]:
    """The line and the outcome, or the problem, of each row."""
    rows = invitations.read(table.encode() if isinstance(table, str) else table)
    done = invitations.invite(home.world.subscriptions, rows, Schedule(), home.clock())
    return [(each.line, each.outcome or each.problem) for each in done]


def asked(home: House) -> list[str]:
    home.world.pipeline.deliver(home.clock())
    return sorted(each.recipient for each in home.world.operations.mailbox() if "An invitation" in each.subject)


def test_a_code_opens_the_door_and_nothing_else_does(tmp_path: Path) -> None:
    with site(tmp_path, signup="invite", invitations=f"{CODE}, second-code") as pages:
        assert "by invitation" in text(pages.get("/"), ".notice")
        for code, sentence in [("", "by invitation"), (CODE[:-1], "not known"), (CODE.upper(), "not known")]:
            answer = pages.post("/subscribe", form(ADA, "lora", invitation=code))
            assert answer.status_code == 422
            assert sentence in text(answer, "#invitation-problems")
            assert value(answer, "invitation") == code
        assert pages.mails() == []
        assert pages.post("/subscribe", form(ADA, "lora", invitation=f" {CODE} ")).status_code == 200
        assert pages.state(ADA) == SubscriberState.PENDING


def test_a_link_with_a_code_fills_it_in(tmp_path: Path) -> None:
    with site(tmp_path, signup="invite", invitations=CODE) as pages:
        assert value(pages.get(f"/?k=lora&invitation={CODE}"), "invitation") == CODE


def test_without_any_code_nobody_is_asked_for_one(tmp_path: Path) -> None:
    with site(tmp_path, signup="invite") as pages:
        assert 'name="email"' not in pages.get("/").text
        assert pages.post("/subscribe", form(ADA, "lora", invitation=CODE)).status_code == 422


def test_a_code_lets_in_who_is_outside_the_listed_domains(tmp_path: Path) -> None:
    with site(tmp_path, signup="uni.example", invitations=CODE) as pages:
        assert pages.post("/subscribe", form(ADA, "lora")).status_code == 200
        refused = pages.post("/subscribe", form(EVE, "lora"))
        assert "uni.example" in text(refused, "#email-problems")
        assert pages.post("/subscribe", form(EVE, "lora", invitation=CODE)).status_code == 200


def test_a_domain_is_the_same_however_it_is_spelt(tmp_path: Path) -> None:
    with site(tmp_path, signup="bücher.example") as pages:
        for domain in ("bücher.example", "xn--bcher-kva.example", "lesen.BÜCHER.example"):
            assert pages.post("/subscribe", form(f"ada@{domain}", "lora")).status_code == 200, domain
        assert pages.post("/subscribe", form("ada@notbücher.example", "lora")).status_code == 422


@pytest.mark.parametrize("settings", [{"signup": "closed"}, {"signup": "invite", "invitations": CODE}])
def test_a_refusal_does_not_tell_who_reads_here(tmp_path: Path, settings: dict[str, str]) -> None:
    with site(tmp_path, **settings) as pages:
        _read_already(pages, ADA)
        known, unknown = (pages.post("/subscribe", form(email, "lora")) for email in (ADA, "ida@uni.example"))
        assert known.content.replace(b"ada@", b"ida@") == unknown.content


def _read_already(pages: Site, email: str) -> None:
    pages.house.world.subscriptions.enrol(email, "lora", Schedule(), pages.house.clock())


def test_an_open_door_asks_for_no_code(tmp_path: Path) -> None:
    with site(tmp_path, invitations=CODE) as pages:
        assert 'name="invitation"' not in pages.get("/").text
        assert pages.post("/subscribe", form(ADA, "lora", invitation="anything")).status_code == 200


def test_each_of_a_table_is_asked_with_the_topics_filled_in(home: House) -> None:
    assert invited(home, PEOPLE) == [(2, "invited"), (3, "invited")]
    assert asked(home) == [ADA, "bob@uni.example"]
    ada = home.world.subscriptions.find(ADA)
    assert ada is not None
    assert ada.state == SubscriberState.PENDING, "whether they read is their own choice"
    assert ada.profiles[0].keywords == ("low-rank adaptation", '"LoRA"')
    assert (ada.schedule.timezone, ada.schedule.hour) == ("Europe/Berlin", 6)


def test_inviting_again_writes_to_nobody_twice(home: House) -> None:
    invited(home, PEOPLE)
    home.clock.at += timedelta(days=6)
    assert invited(home, PEOPLE + "eve@uni.example,mamba\nADA@uni.example,other\n") == [
        (2, "asked before"), (3, "asked before"), (4, "invited"), (5, "asked before"),
    ]  # fmt: skip
    assert asked(home) == [ADA, "bob@uni.example", "eve@uni.example"]
    home.world.subscriptions.enrol(ADA, "lora", Schedule(), home.clock())
    assert invited(home, PEOPLE)[0] == (2, "subscribed already")


def test_who_does_not_answer_is_asked_anew_when_the_link_is_dead_three_times_ever(home: House) -> None:
    for _ in range(5):
        invited(home, PEOPLE)
        home.clock.at += timedelta(days=8)
    assert asked(home).count(ADA) == 3


def test_who_never_confirms_is_forgotten_after_two_weeks_and_nobody_else(home: House) -> None:
    home.world.subscriptions.enrol(EVE, "lora", Schedule(), home.clock())
    invited(home, PEOPLE)
    home.clock.at += timedelta(days=10)
    home.world.subscriptions.invite("bob@uni.example", "sparse models", Schedule(), home.clock())
    home.clock.at += timedelta(days=5)
    assert home.world.forgetting.forget(home.clock()) == 1
    known = {email for email in (ADA, EVE, "bob@uni.example") if home.world.subscriptions.find(email)}
    assert known == {EVE, "bob@uni.example"}
    assert home.world.forgetting.forget(home.clock() + timedelta(days=14)) == 1
    assert home.world.subscriptions.find("bob@uni.example") is None


def test_whoever_changes_their_topics_without_end_leaves_no_heap_of_them(
    home: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Ten thousand of them take as many questions to make.
    few = 2_000
    monkeypatch.setattr(forgetting, "LOOSE", few)
    home.world.subscriptions.enrol(ADA, "lora", Schedule(), home.clock())
    token = home.token(ADA, Purpose.MANAGE)

    def rows() -> int:
        with home.world.store.read() as unit:
            return len(unit.subscribers.keyword_rows())

    for turn in range(few // 1000 + 1):
        profiles = [Profile(tuple(f"topic {turn} of {part} and {n}" for n in range(100))) for part in range(10)]
        home.world.subscriptions.change(token, Choice(tuple(profiles), Schedule()), home.clock())
    assert rows() > few
    home.world.forgetting.forget(home.clock())
    assert rows() == 1000


def test_who_has_left_is_not_written_to(home: House) -> None:
    reader = home.world.subscriptions.enrol(ADA, "lora", Schedule(), home.clock())
    home.world.subscriptions.end(reader, home.clock())
    ((_, said), _) = invited(home, PEOPLE)
    assert "only they themselves" in said
    assert asked(home) == ["bob@uni.example"]


def test_a_bad_row_is_named_by_its_line_and_stops_nobody_else(home: House) -> None:
    rows = ["email;topics;hour", "ada@;lora;", "", 'bob@uni.example;"lora; ""flow";', "eve@uni.example;lora;25"]
    rows += ["ida@uni.example;", 'una@uni.example;"flow matching" b;', "uta@uni.example;mamba;7"]
    said = dict(invited(home, "\r\n".join(rows)))
    assert sorted(said) == [2, 4, 5, 6, 7, 8]
    assert "cannot be used" in said[2]
    assert '"flow: unclosed quote' in said[4]
    assert said[5] == "'25' is no hour; write 0 to 23."
    assert (said[6], said[8]) == ("invited", "invited")
    assert "each inner one doubled" in said[7]


def test_a_quote_that_nobody_closes_tells_how_much_it_swallowed(home: House) -> None:
    table = 'email,topics\nada@uni.example,"lora\nbob@uni.example,mamba\neve@uni.example,rnn\n'
    assert invited(home, table) == [(2, "An opening quote is never closed, so the 2 lines below could not be read.")]


def test_an_unclosed_quote_tells_what_it_swallowed_up_to_the_next_quote_too(home: House) -> None:
    rows = ["email,topics", 'ada@uni.example,"lora', "bob@uni.example,mamba", 'eve@uni.example,"rnn; gru"']
    (_, said), ida = invited(home, "\n".join([*rows, "ida@uni.example,lora"]))
    assert said.endswith("Perhaps an opening quote is never closed: the 2 lines below could not be read.")
    assert ida == (5, "invited")


def test_an_unclosed_quote_in_a_long_table_tells_what_it_swallowed(home: House) -> None:
    rows = [f"reader{n}@uni.example,{'a long topic ' * 15}" for n in range(700)]
    (line, said), *rest = invited(home, "\n".join(["email,topics", 'ada@uni.example,"lora', *rows]))
    swallowed = re.fullmatch(r"An opening quote is never closed, so the (\d+) lines below could not be read.", said)
    assert swallowed
    assert (line, int(swallowed[1]) + len(rest)) == (2, 700)


def test_a_cell_that_is_far_too_long_is_named(home: House) -> None:
    table = f"email,topics\nada@uni.example,{'lora ' * 30_000}\nbob@uni.example,mamba\n"
    assert invited(home, table) == [(2, "A cell holds more than 131,072 characters."), (3, "invited")]


@pytest.mark.parametrize("table", [b"", b"name,topics\nada,lora\n", "email,töpics".encode("latin-1"), b'"email'])
def test_what_is_no_such_table_is_refused_with_a_sentence(home: House, table: bytes) -> None:
    with pytest.raises(InputError, match=r"The first line must name the columns|save the table as"):
        invited(home, table)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_what_spreadsheets_write_is_read(home: House, encoding: str) -> None:
    assert invited(home, "E-Mail\tTopic\r\nada@uni.example\tPoincaré\r\n".encode(encoding)) == [(2, "invited")]
    ada = home.world.subscriptions.find(ADA)
    assert ada is not None
    assert ada.profiles[0].keywords == ("Poincaré",)


def test_the_command_says_line_by_line_what_to_mend_and_counts_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PAPERROUND_DATA_DIR", str(tmp_path))
    people = tmp_path / "people.csv"
    people.write_text(PEOPLE + "nobody,lora\n", encoding="utf-8")
    first, again = (CliRunner().invoke(app, ["invite", str(people)]) for _ in range(2))
    assert (first.exit_code, first.stdout) == (1, "2 invited, 1 to be mended.\n")
    assert first.stderr.startswith("people.csv, line 4: nobody: This mail address cannot be used")
    assert again.stdout == "0 invited, 2 asked before, 1 to be mended.\n"
    assert "cannot be read" in CliRunner().invoke(app, ["invite", str(tmp_path / "other.csv")]).stderr
