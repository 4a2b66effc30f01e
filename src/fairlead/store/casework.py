"""Messages, statements and tasks of cases, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Generic, TypeVar

from sqlalchemy import Column, ColumnElement, Select, Table, and_, exists, select

from fairlead.access.visibility import Condition
from fairlead.base.ids import CaseId, PersonId
from fairlead.base.pages import Page
from fairlead.clearinghouse.casework.messages import MESSAGES, Message
from fairlead.clearinghouse.casework.statements import STATEMENTS, Statement
from fairlead.clearinghouse.casework.tasks import TASKS, Task
from fairlead.record.subjects import Versioned
from fairlead.store import tables, visibility
from fairlead.store.clearinghouse import CASE_FIELDS
from fairlead.store.subjects import Kept, SQLSubjects

S = TypeVar("S", bound=Versioned)

KEPT_MESSAGES = Kept(
    MESSAGES,
    tables.messages,
    lambda state: {"case_id": state.case, "at": state.at},
    lambda state, _: {
        tables.message_readers: [
            {"message_id": state.id, "reader": reader}
            for reader in sorted(set(state.readers))
        ],
        tables.message_mentions: [
            {"message_id": state.id, "person": person}
            for person in sorted(set(state.mentions))
        ],
    },
    (tables.message_readers, tables.message_mentions),
)
KEPT_STATEMENTS = Kept(
    STATEMENTS,
    tables.statements,
    lambda state: {"case_id": state.case, "organisation": state.organisation},
    lambda state, _: {
        tables.statement_readers: [
            {"statement_id": state.id, "reader": reader} for reader in state.readers
        ]
    },
    (tables.statement_readers,),
)
KEPT_TASKS = Kept(
    TASKS,
    tables.tasks,
    lambda state: {
        "case_id": state.case,
        "person": state.person,
        "due": state.due if state.open else None,
    },
    lambda state, _: {
        tables.task_readers: [
            {"task_id": state.id, "reader": reader} for reader in state.readers
        ]
    },
    (tables.task_readers,),
)


def _fields(
    owner: Table, readers: Table
) -> dict[str, Column[str] | visibility.Members]:
    belongs_to, reader = list(readers.c)
    return {
        "readers": visibility.Members(
            owner=owner.c.id, belongs_to=belongs_to, member=reader
        )
    }


class SQLParts(SQLSubjects[S], Generic[S]):
    """What belongs to cases, each part of it for some readers."""

    def seen(
        self, case: CaseId, cases: Condition, condition: Condition, page: Page | None
    ) -> Sequence[S]:
        """Return the parts of *case* for which both conditions hold; see the port."""
        table = self.kept.table
        query = self._states().where(
            table.c.case_id == case, self._both(cases, condition)
        )
        query = self._ordered(query)
        if page is not None:
            query = query.offset(page.after).limit(page.size)
        return self._many(query)

    def names_in(self, case: CaseId) -> Sequence[str]:
        """Return the names of all parts of *case*."""
        table = self.kept.table
        query = select(table.c.id).where(table.c.case_id == case).order_by(table.c.id)
        return self.connection.execute(query).scalars().all()

    def _both(self, cases: Condition, condition: Condition) -> ColumnElement[bool]:
        table = self.kept.table
        fields = _fields(table, self.kept.child_tables[0])
        mine = exists().where(
            tables.cases.c.id == table.c.case_id, visibility.sql(cases, CASE_FIELDS)
        )
        return and_(visibility.sql(condition, fields), mine)

    def _ordered(self, query: Select[Any]) -> Select[Any]:
        return query.order_by(self.kept.table.c.id)


class SQLMessages(SQLParts[Message]):
    """All messages, the newest first."""

    def mentioning(
        self, person: PersonId, cases: Condition, condition: Condition, page: Page
    ) -> Sequence[Message]:
        """Return the messages that mention *person*, for which both conditions hold."""
        table, mentioned = tables.messages, tables.message_mentions
        query = self._states().where(
            exists().where(
                mentioned.c.message_id == table.c.id, mentioned.c.person == person
            ),
            self._both(cases, condition),
        )
        return self._many(self._ordered(query).offset(page.after).limit(page.size))

    def _ordered(self, query: Select[Any]) -> Select[Any]:
        return query.order_by(tables.messages.c.at.desc(), tables.messages.c.id)


class SQLStatements(SQLParts[Statement]):
    """All statements, organisation by organisation."""

    def _ordered(self, query: Select[Any]) -> Select[Any]:
        return query.order_by(tables.statements.c.organisation, tables.statements.c.id)


class SQLTasks(SQLParts[Task]):
    """All tasks, what is due first before what is due later, what is done last."""

    def waiting(
        self, cases: Condition, condition: Condition, page: Page
    ) -> Sequence[Task]:
        """Return what is still to be done, for which both conditions hold."""
        table = tables.tasks
        query = self._states().where(
            table.c.due.is_not(None), self._both(cases, condition)
        )
        return self._many(self._ordered(query).offset(page.after).limit(page.size))

    def _ordered(self, query: Select[Any]) -> Select[Any]:
        table = tables.tasks
        return query.order_by(table.c.due.is_(None), table.c.due, table.c.id)
