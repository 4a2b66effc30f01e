"""Submissions, cases and advisories, in SQL."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
from sqlalchemy import ColumnElement, func, select

from fairlead.access.visibility import Condition
from fairlead.base.ids import CaseId, OrganisationId, Receipt
from fairlead.clearinghouse.advisories import ADVISORIES, PublishedAdvisory
from fairlead.clearinghouse.cases import CASES, Case, State
from fairlead.clearinghouse.ports import Page
from fairlead.clearinghouse.submissions import (
    SUBMISSIONS,
    Reasons,
    Submission,
    SubmissionDecided,
    SubmissionReceived,
)
from fairlead.record.events import type_of
from fairlead.store import tables, visibility
from fairlead.store.subjects import Kept, SQLSubjects

KEPT_SUBMISSIONS = Kept(
    SUBMISSIONS,
    tables.submissions,
    lambda state: {
        "organisation": state.organisation,
        "digest": state.digest,
        "received_at": state.received_at,
        "case_id": state.case,
    },
)
KEPT_CASES = Kept(
    CASES,
    tables.cases,
    lambda state: {
        "state_name": state.state.value,
        "opened_at": state.opened_at,
        "title": state.title,
    },
    lambda state: {
        tables.case_participants: [
            {"case_id": state.id, "organisation": organisation}
            for organisation in sorted(state.participants)
        ]
    },
)
KEPT_ADVISORIES = Kept(
    ADVISORIES,
    tables.advisories,
    lambda state: {"case_id": state.case, "published_at": state.published_at},
)

SUBMISSION_FIELDS = {"organisation": tables.submissions.c.organisation}
CASE_FIELDS = {
    "participants": visibility.Members(
        owner=tables.cases.c.id,
        belongs_to=tables.case_participants.c.case_id,
        member=tables.case_participants.c.organisation,
    )
}


class SQLSubmissions(SQLSubjects[Submission]):
    """All submissions."""

    def by_digest(self, organisation: OrganisationId, digest: str) -> Submission | None:
        """Return what *organisation* sent with these bytes, if it did."""
        table = tables.submissions
        same = (table.c.organisation == organisation) & (table.c.digest == digest)
        found = self._many(self._states().where(same))
        return found[0] if found else None

    def of_case(self, case: CaseId) -> Sequence[Submission]:
        """Return the submissions filed in *case*, the oldest first."""
        table = tables.submissions
        query = self._states().where(table.c.case_id == case)
        return self._many(query.order_by(table.c.received_at, table.c.id))

    def report(self, receipt: Receipt) -> bytes | None:
        """Return the report exactly as sent; nothing once it was destroyed."""
        return self._body(receipt, type_of(SubmissionReceived))

    def reasons(self, receipt: Receipt) -> Reasons:
        """Return why its pairs were decided as they were."""
        body = self._body(receipt, type_of(SubmissionDecided))
        return msgspec.json.decode(body, type=Reasons) if body else Reasons()

    def seen(self, condition: Condition, page: Page) -> Sequence[Submission]:
        """Return those for which *condition* holds, the newest first."""
        table = tables.submissions
        query = (
            self._states()
            .where(visibility.sql(condition, SUBMISSION_FIELDS))
            .order_by(table.c.received_at.desc(), table.c.id)
        )
        return self._many(query.offset(page.after).limit(page.size))

    def _body(self, receipt: Receipt, fact_type: str) -> bytes | None:
        query = (
            select(tables.events.c.body)
            .where(tables.events.c.stream == SUBMISSIONS.stream(receipt))
            .where(tables.events.c.type == fact_type)
        )
        body: bytes | None = self.connection.execute(query).scalars().first()
        return body


class SQLCases(SQLSubjects[Case]):
    """All cases."""

    def find(self, name: CaseId, condition: Condition) -> Case:
        """Return the case if *condition* holds for it, or raise `NotFound`."""
        query = self._states().where(tables.cases.c.id == name)
        return self._one(query.where(visibility.sql(condition, CASE_FIELDS)), name)

    def seen(
        self, condition: Condition, page: Page, *, states: Sequence[State], words: str
    ) -> Sequence[Case]:
        """Return those for which *condition* holds, the newest first."""
        table = tables.cases
        query = self._states().where(
            visibility.sql(condition, CASE_FIELDS), *_narrowed(states, words)
        )
        query = query.order_by(table.c.opened_at.desc(), table.c.id)
        return self._many(query.offset(page.after).limit(page.size))

    def count(self, condition: Condition) -> dict[State, int]:
        """Count those for which *condition* holds, by state."""
        table = tables.cases
        query = (
            select(table.c.state_name, func.count())
            .where(visibility.sql(condition, CASE_FIELDS))
            .group_by(table.c.state_name)
        )
        return {State(name): count for name, count in self.connection.execute(query)}


class SQLAdvisories(SQLSubjects[PublishedAdvisory]):
    """All published advisories."""

    def newest(self, page: Page) -> Sequence[PublishedAdvisory]:
        """Return advisories, the newest first."""
        table = tables.advisories
        query = self._states().order_by(table.c.published_at.desc(), table.c.id)
        return self._many(query.offset(page.after).limit(page.size))


def _narrowed(states: Sequence[State], words: str) -> list[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if states:
        names = [state.value for state in states]
        conditions.append(tables.cases.c.state_name.in_(names))
    # Every word must occur; full-text search comes with the pages people work in.
    conditions += [
        tables.cases.c.title.icontains(word, autoescape=True)
        for word in words.split()[:10]
    ]
    return conditions
