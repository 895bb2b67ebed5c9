"""A database that was brought back from a backup sends nothing until somebody has looked at it.

Comes in: a store, a witness outside of it. Goes out: a hold. Refuses to know: how a database tells its lives apart,
where a witness keeps its word.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from service.model import Witness
from service.pipeline.brake import hold
from service.store import Store
from service.store.journal import LIFE

OTHER = "restored from a backup, taken over by a stand-by, or moved: it is not the database that was last at work here"
OLDER = "restored from a backup: older than what was noted outside of the database (pass {come} of {told})"


@dataclass(frozen=True, slots=True)
class Copies:
    """Tells a database that goes on from one that was put back."""

    store: Store
    witness: Witness

    def look(self, now: datetime) -> None:
        """Put everything on hold where this is another life of the database, or one that has not come so far.

        Counts as a pass: a copy of the database from before is older than what its witness knows from now on.
        """
        # A witness may lie behind a network, and no transaction waits for one.
        told = self.witness.told()
        with self.store.write() as unit:
            life = unit.journal.life()
            if not life.name:
                return
            noted = told.get(life.name, 0)
            come = unit.journal.come()
            known = unit.journal.flag(LIFE)
            held = False
            if come <= noted:
                held = hold(unit, OLDER.format(come=come - 1, told=noted), now)
                come = unit.journal.come(noted)
            elif known and not life.same(known):
                held = hold(unit, OTHER, now)
            if held:
                unit.deliveries.recall()
            if str(life) != known:
                unit.journal.set_flag(LIFE, str(life))
        self.witness.tell(life.name, come)
