"""What a digest costs once a morning has begun, beside Jinja2 and EmailMessage for each reader (`bench.plain_mail`).

Ours is the desk that the workers use, from claimed rows to the bytes of mails; its readers are so many that most cards
have been printed for somebody else. The other side gets the same digests ready-made, and its cards for nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

from bench.ground import Ground
from bench.measure import PAIRS, AtLeast, Measure, Pair, register, seconds
from bench.plain_mail import PlainMail
from bench.stored import NOW, filled, populate
from service.bootstrap import World
from service.model import Digest, Envelope
from service.pipeline.rendering import Desk
from service.store.deliveries import Delivery

PAPERS, MOST, BATCH, SAMPLE = 500, 20, 200, 30


def morning(ground: Ground, name: str, readers: int, most: int) -> World:
    """A service with the digests of so many readers composed and none delivered."""
    world = filled(ground, name, ground.papers(PAPERS))
    populate(world, ground.keywords, ground.readers(readers), most)
    world.pipeline.compose(NOW)
    return world


def batches(world: World) -> Iterator[tuple[Desk, list[Delivery]]]:
    """The rows as a sender claims them, each batch with its desk."""
    while True:
        with world.store.write() as unit:
            rows = unit.deliveries.claim("bench", NOW, BATCH, 3600.0)
        if not rows:
            return
        desk = world.pipeline.desk()
        desk.lay_out(rows, NOW)
        yield desk, rows


def run(ground: Ground) -> Sequence[Pair]:
    """Seconds for one mail."""
    world = morning(ground, "composing", ground.size(20_000, 4000), MOST)
    claimed = list(batches(world))
    plain = PlainMail(world.templates, world.identity)
    taken = []
    for number in range(PAIRS):
        share = claimed[number::PAIRS]
        mine = sum(seconds(partial(_messages, *each)) for each in share) / sum(len(rows) for _, rows in share)
        desk, rows = share[-1]
        digests = [(desk.digest(row), desk.envelope(row)) for row in rows[:SAMPLE]]
        taken.append(Pair(mine, seconds(partial(_plainly, plain, digests)) / len(digests)))
    return taken


def _messages(desk: Desk, rows: Sequence[Delivery]) -> None:
    for row in rows:
        desk.message(row)


def _plainly(plain: PlainMail, digests: Sequence[tuple[Digest, Envelope]]) -> None:
    for each in digests:
        plain.digest(*each).as_bytes()


register(
    Measure(
        f"compose, up to {MOST} papers a mail",
        "Jinja2 + EmailMessage",
        AtLeast(80),
        run,
        note="mails of 46 KB",
    )
)
