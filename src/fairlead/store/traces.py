"""Traces in SQL: kept in a unit that only reads too, before it is left."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from fairlead.access.traces import TRACES, How, Trace, TraceLeft
from fairlead.base.ids import TraceId
from fairlead.store import tables
from fairlead.store.subjects import Kept, SQLSubjects

SHOWN = 200
"""Traces on one object that are shown, at most."""

KEPT_TRACES = Kept(
    TRACES,
    tables.traces,
    lambda state: {"actor": state.actor, "at": state.at},
    lambda state, _: {
        tables.trace_objects: [
            {
                "trace_id": state.id,
                "object": thing,
                "how": state.how.value,
                "actor": state.actor,
                "at": state.at,
            }
            for thing in state.objects
        ]
    },
    (tables.trace_objects,),
)


class Waiting(NamedTuple):
    """A trace that is kept when the unit is left."""

    fact: TraceLeft
    name: TraceId
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class SQLTraces(SQLSubjects[Trace]):
    """All traces."""

    reading: bool = False
    """The transaction cannot write."""
    waiting: list[Waiting] = field(default_factory=list)

    def leave(self, fact: TraceLeft, *, name: TraceId, by: str, at: datetime) -> None:
        """Put a trace on the record; see `fairlead.access.traces`."""
        if self.reading:
            self.waiting.append(Waiting(fact, name, by, at))
        else:
            self.save(None, [fact], name=name, by=by, at=at)

    def of(self, thing: str) -> Sequence[Trace]:
        """Return the traces on one object, the newest first."""
        table, objects = tables.traces, tables.trace_objects
        query = (
            self._states()
            .join(objects, objects.c.trace_id == table.c.id)
            .where(objects.c.object == thing)
            .order_by(objects.c.at.desc(), table.c.id)
            .limit(SHOWN)
        )
        return self._many(query)

    def newest(self, *, after: int, size: int) -> Sequence[Trace]:
        """Return all traces, the newest first."""
        table = tables.traces
        query = self._states().order_by(table.c.at.desc(), table.c.id)
        return self._many(query.offset(after).limit(size))

    def left_by(self, actor: str, how: How, *, since: datetime) -> frozenset[str]:
        """Return the objects on which *actor* left a trace of this kind since then."""
        table = tables.trace_objects
        query = select(table.c.object).where(
            table.c.actor == actor, table.c.at > since, table.c.how == how.value
        )
        return frozenset(self.connection.execute(query.distinct()).scalars())
