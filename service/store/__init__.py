"""The only room that speaks SQL: a unit of work with verbs in the words of `service.model`.

    with store.read() as unit:  unit.subscribers.due(now)
    with store.write() as unit: unit.deliveries.add(...)

Comes in: nouns. Goes out: nouns. Refuses to know: networks, clocks (except the database's own, for leases), templates.
"""

from service.store.unit import Store, Unit

__all__ = ["Store", "Unit"]
