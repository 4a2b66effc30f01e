"""Runs, and attempts lent to workers, in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from fairlead.base.ids import EngagementId
from fairlead.bench.generated import SUITES
from fairlead.bench.leases import SECONDS, Lease, refuse_stale, taken
from fairlead.bench.runs import RUNS, RunState
from fairlead.errors import Conflict, NotFound
from fairlead.store import tables
from fairlead.store.subjects import Kept, SQLSubjects

KEPT_RUNS = Kept(
    RUNS,
    tables.runs,
    lambda state: {"engagement": state.engagement, "state_name": state.state.value},
)
KEPT_SUITES = Kept(SUITES, tables.suites, lambda _: {})
_LEASES = tables.leases
_MANIFEST, _FIRST = "manifest", 0
"""The row before the first attempt of a run has its manifest."""


class SQLRuns(SQLSubjects[RunState]):
    """All runs."""

    def of(self, engagement: EngagementId | None) -> Sequence[RunState]:
        """Return those of *engagement*, or those of none."""
        table = tables.runs
        query = self._states().where(
            table.c.engagement.is_not_distinct_from(engagement)
        )
        return self._many(query.order_by(table.c.id))


@dataclass(frozen=True, slots=True)
class SQLLeases:
    """Attempts that workers take."""

    connection: Connection

    def offer(self, leases: Sequence[Lease], manifest: bytes = b"") -> None:
        """Offer attempts of a run; see `fairlead.bench.ports`."""
        runs = {lease.run for lease in leases}
        held = {lease.key for run in runs for lease in self.all(run)}
        rows = [_row(lease) for lease in leases if lease.key not in held]
        for run in runs if manifest else ():
            same = (_LEASES.c.run == run) & (_LEASES.c.key == _MANIFEST)
            self.connection.execute(delete(_LEASES).where(same))
            told = Lease(run=run, key=_MANIFEST, place=_FIRST - 1)
            self.connection.execute(insert(_LEASES), _row(told) | {"line": manifest})
        if rows:
            self.connection.execute(insert(_LEASES), rows)

    def manifest(self, run: str) -> bytes:
        """Return the manifest of a run that is offered, or raise `NotFound`."""
        found = self.line(run, _MANIFEST)
        if found is None:
            raise NotFound(f"nothing of {run!r} is offered")
        return found

    def take(
        self, run: str, worker: str, at: datetime, *, most: int
    ) -> Sequence[Lease]:
        """Have *worker* take free attempts; see `fairlead.bench.ports`."""
        free = _LEASES.c.until.is_(None) | (_LEASES.c.until <= at)
        query = (
            select(_LEASES)
            .where(_LEASES.c.run == run, _LEASES.c.line.is_(None), free)
            .order_by(_LEASES.c.place)
            .limit(most)
            .with_for_update(skip_locked=True)
        )
        rows = self.connection.execute(query).mappings().all()
        leases = [taken(_lease(row), worker, at) for row in rows]
        for lease in leases:
            self._change(lease, {"fence": lease.fence - 1}, _row(lease))
        return leases

    def renew(self, lease: Lease, at: datetime) -> bool:
        """Have its worker keep it longer; tell whether it still has it."""
        until = {"until": at + timedelta(seconds=SECONDS)}
        return self._change(lease, {"fence": lease.fence}, until)

    def finish(self, lease: Lease, line: bytes) -> None:
        """Keep what became of an attempt; see `fairlead.bench.ports`."""
        if self._change(lease, {"fence": lease.fence}, {"line": line, "until": None}):
            return
        same = (_LEASES.c.run == lease.run) & (_LEASES.c.key == lease.key)
        row = self.connection.execute(select(_LEASES).where(same)).mappings().first()
        if row is None:
            raise Conflict(f"{lease.key} is no attempt of {lease.run}")
        refuse_stale(_lease(row), lease.fence)
        raise Conflict(f"{lease.key} changed meanwhile")

    def all(self, run: str) -> Sequence[Lease]:
        """Return every attempt of a run, in order."""
        query = (
            select(_LEASES)
            .where(_LEASES.c.run == run, _LEASES.c.place >= _FIRST)
            .order_by(_LEASES.c.place)
        )
        return [_lease(row) for row in self.connection.execute(query).mappings()]

    def lines(self, run: str) -> Sequence[bytes]:
        """Return what became of those that are finished, in order."""
        query = select(_LEASES.c.line).where(
            _LEASES.c.run == run,
            _LEASES.c.line.is_not(None),
            _LEASES.c.place >= _FIRST,
        )
        return list(self.connection.execute(query.order_by(_LEASES.c.place)).scalars())

    def line(self, run: str, key: str) -> bytes | None:
        """Return what became of one; nothing where it is not finished."""
        query = select(_LEASES.c.line).where(_LEASES.c.run == run, _LEASES.c.key == key)
        found: bytes | None = self.connection.execute(query).scalar_one_or_none()
        return found

    def drop(self, run: str) -> None:
        """Forget a run."""
        self.connection.execute(delete(_LEASES).where(_LEASES.c.run == run))

    def _change(
        self, lease: Lease, expected: Mapping[str, Any], values: Mapping[str, Any]
    ) -> bool:
        """Change the row of *lease* if it is as *expected* and not finished."""
        query = update(_LEASES).where(
            _LEASES.c.run == lease.run,
            _LEASES.c.key == lease.key,
            _LEASES.c.line.is_(None),
            *(_LEASES.c[name] == value for name, value in expected.items()),
        )
        return self.connection.execute(query, values).rowcount == 1


def _row(lease: Lease) -> dict[str, Any]:
    return {
        "run": lease.run,
        "key": lease.key,
        "place": lease.place,
        "fence": lease.fence,
        "worker": lease.worker,
        "until": lease.until,
    }


def _lease(row: Mapping[Any, Any]) -> Lease:
    return Lease(
        run=row["run"],
        key=row["key"],
        place=row["place"],
        fence=row["fence"],
        worker=row["worker"],
        until=row["until"],
        done=row["line"] is not None,
    )
