"""What opens the door, in SQL: codes, sessions, challenges, counters; operational."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from fairlead.access.ports import Challenge, How, Pass, Purpose, Session
from fairlead.base.ids import PersonId
from fairlead.store import tables


@dataclass(frozen=True, slots=True)
class SQLPasses:
    """One-time codes."""

    connection: Connection

    def put(self, new: Pass) -> None:
        """Keep *new*."""
        self.connection.execute(insert(tables.codes), asdict(new))

    def take(self, digest: str) -> Pass | None:
        """Return and remove it, at once: of two that try, one gets it."""
        table = tables.codes
        taking = delete(table).where(table.c.digest == digest).returning(*table.c)
        row = self.connection.execute(taking).mappings().one_or_none()
        return Pass(**row) if row else None

    def drop_person(self, person: PersonId) -> None:
        """Remove every pass of *person*."""
        mine = tables.codes.c.person == person
        self.connection.execute(delete(tables.codes).where(mine))

    def drop_ended(self, at: datetime) -> None:
        """Remove what ended before *at*."""
        ended = tables.codes.c.ends_at <= at
        self.connection.execute(delete(tables.codes).where(ended))


@dataclass(frozen=True, slots=True)
class SQLSessions:
    """Browser sessions."""

    connection: Connection

    def put(self, new: Session) -> None:
        """Keep *new*."""
        self.connection.execute(insert(tables.sessions), asdict(new))

    def get(self, digest: str) -> Session | None:
        """Return the session whose secret has this digest."""
        query = select(tables.sessions).where(tables.sessions.c.digest == digest)
        row = self.connection.execute(query).mappings().one_or_none()
        return _session(row) if row else None

    def take(self, digest: str) -> Session | None:
        """Return and remove it."""
        table = tables.sessions
        taking = delete(table).where(table.c.digest == digest).returning(*table.c)
        row = self.connection.execute(taking).mappings().one_or_none()
        return _session(row) if row else None

    def verified(self, digest: str, at: datetime) -> None:
        """Note that the person was verified at *at*."""
        mine = tables.sessions.c.digest == digest
        self.connection.execute(
            update(tables.sessions).where(mine), {"verified_at": at}
        )

    def of_person(self, person: PersonId) -> Sequence[Session]:
        """Return the sessions of *person*, the newest first."""
        table = tables.sessions
        mine = select(table).where(table.c.person == person)
        rows = self.connection.execute(mine.order_by(table.c.began_at.desc()))
        return [_session(row) for row in rows.mappings()]

    def drop_person(self, person: PersonId) -> None:
        """Remove every session of *person*."""
        mine = tables.sessions.c.person == person
        self.connection.execute(delete(tables.sessions).where(mine))

    def drop_ended(self, at: datetime) -> None:
        """Remove what ended before *at*."""
        ended = tables.sessions.c.ends_at <= at
        self.connection.execute(delete(tables.sessions).where(ended))


def _session(row: RowMapping) -> Session:
    return Session(**{**row, "how": How(row["how"])})


@dataclass(frozen=True, slots=True)
class SQLChallenges:
    """Challenges that are out."""

    connection: Connection

    def put(self, new: Challenge) -> None:
        """Keep *new*, in place of an older one for the same browser and purpose."""
        self.take(new.bound, new.purpose)
        self.connection.execute(insert(tables.challenges), asdict(new))

    def take(self, bound: str, purpose: Purpose) -> Challenge | None:
        """Return and remove it, at once: of two that try, one gets it."""
        table = tables.challenges
        mine = (table.c.bound == bound) & (table.c.purpose == purpose.value)
        taking = delete(table).where(mine).returning(*table.c)
        row = self.connection.execute(taking).mappings().one_or_none()
        return Challenge(**{**row, "purpose": purpose}) if row else None

    def drop_ended(self, at: datetime) -> None:
        """Remove what ended before *at*."""
        ended = tables.challenges.c.ends_at <= at
        self.connection.execute(delete(tables.challenges).where(ended))


@dataclass(frozen=True, slots=True)
class SQLSignCounts:
    """How often each passkey says it was used."""

    connection: Connection

    def get(self, credential: str) -> int:
        """Return the last count of the passkey with this digest; at first zero."""
        table = tables.sign_counts
        # Of two who show the same passkey at once, the second waits for the first.
        query = select(table.c["count"]).where(table.c.digest == credential)
        count = self.connection.execute(query.with_for_update()).scalar_one_or_none()
        return count or 0

    def put(self, credential: str, count: int, *, at: datetime) -> None:
        """Note a count."""
        self.drop(credential)
        row = {"digest": credential, "count": count, "used_at": at}
        self.connection.execute(insert(tables.sign_counts), row)

    def used_at(self, credential: str) -> datetime | None:
        """Return when the passkey was last used."""
        table = tables.sign_counts
        query = select(table.c.used_at).where(table.c.digest == credential)
        found: datetime | None = self.connection.execute(query).scalar_one_or_none()
        return found

    def drop(self, credential: str) -> None:
        """Forget a passkey."""
        mine = tables.sign_counts.c.digest == credential
        self.connection.execute(delete(tables.sign_counts).where(mine))
