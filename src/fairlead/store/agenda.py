"""Jobs and timers in SQL: written with their cause, done by the runner."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, func, insert, select, update

from fairlead.clearinghouse.ports import Job, Timer
from fairlead.programme.agenda import ATTEMPTS, Due, Ringing
from fairlead.store import tables
from fairlead.store.bulk import insert_many


@dataclass(frozen=True, slots=True)
class SQLAgenda:
    """Work to do, in one transaction."""

    connection: Connection

    def enqueue(self, job: Job, subject: str, *, at: datetime) -> None:
        """Have *job* done for *subject*."""
        row = {"kind": job.value, "subject": subject, "due_at": at, "attempts": 0}
        self.connection.execute(insert(tables.jobs), row)

    def enqueue_many(self, job: Job, subjects: Sequence[str], *, at: datetime) -> None:
        """Have *job* done for each of *subjects*, in this order."""
        rows = [
            {"kind": job.value, "subject": subject, "due_at": at, "attempts": 0}
            for subject in subjects
        ]
        insert_many(self.connection, tables.jobs, rows)

    def schedule(self, timer: Timer, subject: str, *, due: datetime) -> None:
        """Have *timer* ring for *subject* at *due*, and not when it was to ring."""
        self.cancel(timer, subject)
        row = {"kind": timer.value, "subject": subject, "due_at": due}
        self.connection.execute(insert(tables.timers), row)

    def schedule_new(self, timer: Timer, due: Mapping[str, datetime]) -> None:
        """Have *timer* ring for subjects for which it was not to ring yet."""
        rows = [
            {"kind": timer.value, "subject": subject, "due_at": at}
            for subject, at in due.items()
        ]
        insert_many(self.connection, tables.timers, rows)

    def cancel(self, timer: Timer, subject: str) -> None:
        """Have *timer* not ring for *subject*."""
        mine = (tables.timers.c.kind == timer.value) & (
            tables.timers.c.subject == subject
        )
        self.connection.execute(delete(tables.timers).where(mine))

    def due(self, at: datetime, *, limit: int) -> Sequence[Due]:
        """Return jobs that are due, the first enqueued first."""
        table = tables.jobs
        query = (
            select(table)
            .where(table.c.due_at <= at, table.c.attempts < ATTEMPTS)
            .order_by(table.c.id)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [
            Due(
                id=row["id"],
                job=Job(row["kind"]),
                subject=row["subject"],
                attempts=row["attempts"],
            )
            for row in self.connection.execute(query).mappings()
        ]

    def done(self, job: Due) -> None:
        """Take a job off the list."""
        self.connection.execute(delete(tables.jobs).where(tables.jobs.c.id == job.id))

    def failed(self, job: Due, error: str, *, at: datetime) -> None:
        """Put a job off; each time for longer."""
        later = at + timedelta(seconds=2**job.attempts)
        self.connection.execute(
            update(tables.jobs).where(tables.jobs.c.id == job.id),
            {"attempts": job.attempts + 1, "due_at": later, "error": error[:2000]},
        )

    def ringing(self, at: datetime, *, limit: int) -> Sequence[Ringing]:
        """Return timers that are due, in the order of their instants."""
        table = tables.timers
        query = (
            select(table)
            .where(table.c.due_at <= at)
            .order_by(table.c.due_at, table.c.subject)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [
            Ringing(
                timer=Timer(row["kind"]), subject=row["subject"], due_at=row["due_at"]
            )
            for row in self.connection.execute(query).mappings()
        ]

    def waiting(self) -> tuple[int, int]:
        """Return how many jobs are to be done, and how many wait for a person."""
        stuck = tables.jobs.c.attempts >= ATTEMPTS
        query = select(stuck, func.count()).group_by(stuck)
        counts = {bool(row[0]): row[1] for row in self.connection.execute(query)}
        return counts.get(False, 0), counts.get(True, 0)
