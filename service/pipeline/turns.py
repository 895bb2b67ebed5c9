"""One visitor a host, whichever worker it is: turns kept in the database.

Comes in: the name of a host. Goes out: the turn, or how long to wait. Refuses to know: what is fetched there.
"""

from __future__ import annotations

from dataclasses import dataclass

from service.store import Store


@dataclass(frozen=True, slots=True)
class Turns:
    """`manners.Turns` over a store; the clock is the database's."""

    store: Store

    def take(self, host: str, longest: float) -> float:
        """Take a host's turn for so many seconds at most; returns 0 where it is ours, else the seconds to wait."""
        with self.store.write() as unit:
            return unit.paces.take_turn(f"host {host}", longest)

    def give_back(self, host: str, rest: float) -> None:
        """End the turn, and leave the host alone for so many seconds."""
        with self.store.write() as unit:
            unit.paces.end_turn(f"host {host}", rest)
