"""Mails through servers that may do anything at any step: nothing lost, nothing twice, nothing begun too soon."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from service.deliveries import Mail, Outcome
from service.deliveries.smtp import SmtpCarrier
from service.errors import DeliveryError, RelayUnavailable, StoreError
from tests.fickle import Record, fickle

MAILS = 60


@dataclass
class Tray:
    """An outbox in memory. Of the mails to be begun it now and then withholds one, whose reader has left."""

    chance: random.Random
    left: list[int] = field(default_factory=lambda: list(range(MAILS)))
    outcomes: dict[int, list[Outcome]] = field(default_factory=dict)
    begun: list[int] = field(default_factory=list)
    withheld: set[int] = field(default_factory=set)
    troubles: int = 0

    def usable(self) -> Sequence[int]:
        return [0] if self.troubles < 1000 else []

    def unusable(self, relay: int, error: DeliveryError) -> None:
        assert isinstance(error, RelayUnavailable)
        self.troubles += 1

    def reserve(self) -> Mail | None:
        if not self.left:
            return None
        number = self.left.pop()
        return Mail(number, f"digest{number}@papers.test", f"reader{number}@papers.test")

    def wait(self) -> None:
        """No other will come."""

    def noted(self, number: int) -> bool:
        return number in self.outcomes

    def prepare(self) -> None:
        """It is there."""

    def exchange(self, done: Sequence[Outcome], begin: Sequence[Mail]) -> Iterator[tuple[Mail, bytes]]:
        for outcome in done:
            self.outcomes.setdefault(outcome.mail.id, []).append(outcome)
        given = []
        for mail in begin:
            if self.chance.random() < 0.05:
                self.withheld.add(mail.id)
            else:
                self.begun.append(mail.id)
                given.append(
                    (mail, f"N: {mail.id}\r\n\r\n.\r\n".encode() + b"text\r\n" * self.chance.choice((1, 20_000)))
                )
        return iter(given)


def carried(seed: int, *, pipelining: bool) -> tuple[Tray, Record]:
    chance = random.Random(seed)
    tray = Tray(chance)
    faults = chance.choice((0.02, 0.1, 0.3))
    with fickle(seed, faults, pipelining=pipelining, noted=tray.noted) as record:
        carrier = SmtpCarrier([f"smtp://127.0.0.1:{record.port}"], chance.choice((1, 2, 8)), timeout=30)
        carrier.carry(tray)
        carrier.close()
    return tray, record


def judge(tray: Tray, record: Record) -> None:
    assert record.wrong == []
    assert not tray.left
    assert sorted(tray.begun) == sorted(set(range(MAILS)) - tray.withheld)
    assert sorted(tray.outcomes) == sorted(tray.begun)
    for number, outcomes in tray.outcomes.items():
        (outcome,) = outcomes
        taken = record.taken[number]
        assert taken <= 1, number
        if outcome.error is None:
            assert taken == 1, number
        elif outcome.error.in_doubt:
            # An answer may be lost with a connection that ends while the next envelope is still unread.
            assert record.pipelining or not record.answered.get(number), number
        else:
            assert taken == 0, number
            assert outcome.error.code == record.refused.get(number) or isinstance(outcome.error, RelayUnavailable)
    assert not any(record.taken[number] for number in tray.withheld)


class Failing(Tray):
    """An outbox that gives one mail, and is then out of reach when the next is asked for."""

    def reserve(self) -> Mail | None:
        if self.begun:
            raise StoreError("the database is out of reach")
        return super().reserve()


def test_what_was_taken_is_noted_although_the_outbox_fails_just_then() -> None:
    tray = Failing(random.Random(1))
    with fickle(1, 0.0, pipelining=False, noted=tray.noted) as record:
        carrier = SmtpCarrier([f"smtp://127.0.0.1:{record.port}"])
        with pytest.raises(StoreError):
            carrier.carry(tray)
        carrier.close()
    assert [(number, record.taken[number]) for number in tray.outcomes] == [(tray.begun[0], 1)]


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("pipelining", [True, False])
def test_a_fickle_server_gets_each_mail_once_and_none_too_soon(
    pipelining: bool, full: bool, figure: Callable[[str], None]
) -> None:
    first, rounds = (random.SystemRandom().randrange(1 << 32), 300) if full else (4, 3)
    said, kinds = Counter[str](), Counter[str]()
    for seed in range(first, first + rounds):
        tray, record = carried(seed, pipelining=pipelining)
        try:
            judge(tray, record)
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
        said += record.said
        for (outcome,) in tray.outcomes.values():
            in_doubt = outcome.error is not None and outcome.error.in_doubt
            kinds["in doubt" if in_doubt else type(outcome.error).__name__ if outcome.error else "taken"] += 1
    bad = sum(times for each, times in said.items() if each.split(" ", 1)[1][0] not in "23")
    became = ", ".join(f"{number:,} {kind}" for kind, number in kinds.most_common())
    figure(f"fickle servers, pipelining {pipelining}, from seed {first}: {bad:,} faults; mails: {became}")
    assert bad > 3 * rounds
