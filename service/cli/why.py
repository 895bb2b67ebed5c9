"""`paperround why ADDRESS PAPER`: what became of one paper for one reader.

Comes in: an address, a paper as people name it. Goes out: when it came and through what, what it matched,
whether it was sent, and why. Refuses to know: how that is found out; the reader's own page asks the same question.
"""

from __future__ import annotations

from typing import Annotated

import typer

from service.cli.output import Json, known, rows, say, world


def why(
    address: str,
    paper: Annotated[str, typer.Argument(help="A link, an arXiv id, a DOI or the title.")],
    json: Json = False,
) -> None:
    """Say when a paper came, what it matched, and why a reader did or did not get it."""
    with world() as here:
        reader = known(here, address)
        found = here.pipeline.why(reader, paper, here.now())
    came = [{"at": f"{each.at:%Y-%m-%d %H:%M}Z", "through": each.source, "as": each.kind} for each in found.came]
    title = found.paper.title if found.paper else ""
    if json:
        facts = {"title": title, "why": found.sentence, "nearest": found.miss, "matched": found.matched, "came": came}
        rows([facts], json, empty="")
    else:
        for line in (title, found.sentence, found.miss):
            if line:
                say(line)
        rows([{"came": each["at"], "through": each["through"], "as": each["as"]} for each in came], json, empty="")
        if found.paper:
            say(f"It matches {', '.join(found.matched)}." if found.matched else "It matches no topic of this reader.")
    if found.paper is None:
        raise typer.Exit(3)
