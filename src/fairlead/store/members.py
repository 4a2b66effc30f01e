"""Organisations, people, tokens and what opens a session, in SQL."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, Table, delete, insert, select

from fairlead.access.members import (
    ORGANISATIONS,
    PEOPLE,
    TOKENS,
    Organisation,
    Person,
    Token,
)
from fairlead.access.ports import Pass
from fairlead.base.ids import PersonId
from fairlead.store import tables
from fairlead.store.subjects import Kept, SQLSubjects

KEPT_ORGANISATIONS = Kept(
    ORGANISATIONS, tables.organisations, lambda state: {"name": state.name}
)
KEPT_PEOPLE = Kept(
    PEOPLE,
    tables.people,
    lambda state: {"organisation": state.organisation, "active": state.active},
)
KEPT_TOKENS = Kept(
    TOKENS,
    tables.tokens,
    lambda state: {"organisation": state.organisation, "digest": state.digest},
)


class SQLOrganisations(SQLSubjects[Organisation]):
    """All organisations."""

    def all(self) -> Sequence[Organisation]:
        """Return every organisation, by name."""
        return self._many(self._states().order_by(tables.organisations.c.name))


class SQLPeople(SQLSubjects[Person]):
    """All people."""

    def all(self) -> Sequence[Person]:
        """Return every person."""
        return self._many(self._states().order_by(tables.people.c.id))


class SQLTokens(SQLSubjects[Token]):
    """All tokens."""

    def all(self) -> Sequence[Token]:
        """Return every token, those that last longest first."""
        found = self._many(self._states())
        return sorted(found, key=lambda token: token.expires_at, reverse=True)

    def by_digest(self, digest: str) -> Token | None:
        """Return the token whose secret has this digest."""
        found = self._many(self._states().where(tables.tokens.c.digest == digest))
        return found[0] if found else None


@dataclass(frozen=True, slots=True)
class SQLPasses:
    """One-time codes or sessions; operational, not on the record."""

    connection: Connection
    table: Table

    def put(self, new: Pass) -> None:
        """Keep *new*."""
        row = {"digest": new.digest, "person": new.person, "ends_at": new.ends_at}
        self.connection.execute(insert(self.table), row)

    def get(self, digest: str) -> Pass | None:
        """Return the pass whose secret has this digest."""
        query = select(self.table).where(self.table.c.digest == digest)
        row = self.connection.execute(query).mappings().one_or_none()
        return _pass(row) if row else None

    def take(self, digest: str) -> Pass | None:
        """Return and remove it, at once: of two that try, one gets it."""
        taking = (
            delete(self.table)
            .where(self.table.c.digest == digest)
            .returning(*self.table.c)
        )
        row = self.connection.execute(taking).mappings().one_or_none()
        return _pass(row) if row else None

    def drop_person(self, person: PersonId) -> None:
        """Remove every pass of *person*."""
        self.connection.execute(delete(self.table).where(self.table.c.person == person))

    def drop_ended(self, at: datetime) -> None:
        """Remove what ended before *at*."""
        self.connection.execute(delete(self.table).where(self.table.c.ends_at <= at))


def _pass(row: RowMapping) -> Pass:
    return Pass(
        digest=row["digest"], person=PersonId(row["person"]), ends_at=row["ends_at"]
    )
