"""How much there is, for whoever runs the machine: numbers only."""

from __future__ import annotations

from sqlalchemy import Connection, func, select

from fairlead.store import tables

COUNTED = {
    "organisations": tables.organisations,
    "people": tables.people,
    "submissions": tables.submissions,
    "cases": tables.cases,
    "advisories": tables.advisories,
    "events": tables.events,
    "events_without_place": tables.unsequenced,
}


def count(connection: Connection) -> dict[str, int]:
    """Return the number of rows of each kind."""
    return {
        name: connection.execute(select(func.count()).select_from(table)).scalar_one()
        for name, table in COUNTED.items()
    }
