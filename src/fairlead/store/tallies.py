"""Sums over findings and cases in SQL, each from an index alone where all are seen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, String, cast, func, select

from fairlead.access.visibility import Always, Condition
from fairlead.base.ids import OrganisationId
from fairlead.clearinghouse.queues import ECOSYSTEM
from fairlead.clearinghouse.submissions import Outcome
from fairlead.store import tables, visibility
from fairlead.store.clearinghouse import CASE_FIELDS, SUBMISSION_FIELDS

_MONTH = len("2026-08")


@dataclass(frozen=True, slots=True)
class SQLTallies:
    """See `fairlead.clearinghouse.ports.Tallies`."""

    connection: Connection

    def months(
        self, condition: Condition, since: str
    ) -> Sequence[tuple[OrganisationId, str, Outcome | None, int]]:
        """Count submissions by organisation, month and how they were answered."""
        table = tables.submissions
        written = cast(table.c.received_at, String)
        month = func.substr(written, 1, _MONTH)
        query = (
            select(table.c.organisation, month, table.c.outcome, func.count())
            .where(visibility.sql(condition, SUBMISSION_FIELDS), written >= since)
            .group_by(table.c.organisation, month, table.c.outcome)
        )
        return [
            (OrganisationId(name), at, Outcome(said) if said else None, count)
            for name, at, said, count in self.connection.execute(query)
        ]

    def ecosystems(self, condition: Condition) -> Mapping[str, int]:
        """Count submissions by ecosystem."""
        held, table = tables.finding_marks, tables.submissions
        mine = held.c.mark.startswith(ECOSYSTEM, autoescape=True)
        query = select(held.c.mark, func.count()).where(mine).group_by(held.c.mark)
        if not isinstance(condition, Always):
            query = query.join(table, table.c.id == held.c.receipt)
            query = query.where(visibility.sql(condition, SUBMISSION_FIELDS))
        rows = self.connection.execute(query)
        return {mark.removeprefix(ECOSYSTEM): count for mark, count in rows}

    def joined(self, condition: Condition) -> Mapping[OrganisationId, int]:
        """Count cases by who was read in to them."""
        held, table = tables.case_participants, tables.cases
        query = select(held.c.organisation, func.count()).group_by(held.c.organisation)
        if not isinstance(condition, Always):
            query = query.join(table, table.c.id == held.c.case_id)
            query = query.where(visibility.sql(condition, CASE_FIELDS))
        rows = self.connection.execute(query)
        return {OrganisationId(name): count for name, count in rows}
