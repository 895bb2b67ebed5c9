"""What a digest costs once a morning has begun, beside Jinja2 and EmailMessage for each reader (`bench.plain_mail`).

Both sides get the same digests ready-made and give the bytes of mails; the plain one gets its cards for nothing. How
much ours gains hangs on how many cards were printed for somebody else before: the more readers, the more.
"""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from functools import partial

from bench.ground import Ground
from bench.measure import PAIRS, AtLeast, Measure, Pair, register, seconds
from bench.plain_mail import PlainMail
from bench.stored import NOW, filled, populate
from service.bootstrap import World
from service.model import Digest, Envelope
from service.pipeline.bodies import TOGETHER
from service.pipeline.rendering import Desk
from service.store.deliveries import Delivery

PAPERS, MOST, BATCH, SAMPLE = 850, 60, 200, 30


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


def run(ground: Ground, known: bool) -> Sequence[Pair]:
    """Seconds for one mail, near the end of a morning: what four fifths of its readers got is known by then, or all."""
    readers = 2000 if known else 20_000
    world = morning(ground, f"composing-{readers}", readers, MOST)
    plain = PlainMail(world.templates, world.identity)
    digests = [(desk.digest(row), desk.envelope(row)) for desk, rows in batches(world) for row in rows]
    early = len(digests) * 4 // 5
    _joined(world, digests if known else digests[:early])
    # Nothing of this is garbage, and looking through it would cost both sides more than the mails.
    gc.freeze()
    taken = []
    for number in range(PAIRS):
        share = digests[early + number :: PAIRS]
        mine = seconds(partial(_joined, world, share)) / len(share)
        taken.append(Pair(mine, seconds(partial(_plainly, plain, share[:SAMPLE])) / SAMPLE))
    return taken


def _joined(world: World, digests: Sequence[tuple[Digest, Envelope]]) -> None:
    for at in range(0, len(digests), TOGETHER):
        world.pipeline.renderer.digests(digests[at : at + TOGETHER])


def _plainly(plain: PlainMail, digests: Sequence[tuple[Digest, Envelope]]) -> None:
    for each in digests:
        plain.digest(*each).as_bytes()


register(
    Measure(
        f"compose, up to {MOST} papers a mail, every card known",
        "Jinja2 + EmailMessage",
        AtLeast(80),
        partial(run, known=True),
        note="mails of 41 KB",
    ),
    Measure(
        f"compose, up to {MOST} papers a mail, the last fifth of 20,000 readers",
        "Jinja2 + EmailMessage",
        AtLeast(80),
        partial(run, known=False),
        note="of 60 papers four are in cards that nobody had before; finding the places and printing one takes 0.1 ms",
        long=True,
    ),
)
