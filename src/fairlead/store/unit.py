"""The store on any SQL database: units of work, each one transaction."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import Connection, Engine

from fairlead.base.ports import Randomness
from fairlead.catalogue.imports import IMPORTS, Import
from fairlead.record.events import Codec
from fairlead.store import clearinghouse, members, tables
from fairlead.store.agenda import SQLAgenda
from fairlead.store.clearinghouse import SQLAdvisories, SQLCases, SQLSubmissions
from fairlead.store.engine import open_engine, reading, writing
from fairlead.store.findings import SQLIndex
from fairlead.store.members import SQLOrganisations, SQLPeople, SQLTokens
from fairlead.store.sessions import (
    SQLChallenges,
    SQLPasses,
    SQLSessions,
    SQLSignCounts,
)
from fairlead.store.subjects import Kept, SQLSubjects

KEPT_IMPORTS = Kept(IMPORTS, tables.imports, lambda state: {"at": state.at})

KEPT = (
    members.KEPT_ORGANISATIONS,
    members.KEPT_PEOPLE,
    members.KEPT_TOKENS,
    clearinghouse.KEPT_SUBMISSIONS,
    clearinghouse.KEPT_CASES,
    clearinghouse.KEPT_ADVISORIES,
    KEPT_IMPORTS,
)
"""Every kind of subject there is."""

CODEC = Codec(fact for kept in KEPT for fact in kept.subject.facts)
"""Reads and writes every fact there is."""


@dataclass(frozen=True, slots=True)
class SQLUnit:
    """One SQL transaction."""

    connection: Connection
    organisations: SQLOrganisations
    people: SQLPeople
    tokens: SQLTokens
    codes: SQLPasses
    sessions: SQLSessions
    challenges: SQLChallenges
    sign_counts: SQLSignCounts
    submissions: SQLSubmissions
    cases: SQLCases
    advisories: SQLAdvisories
    index: SQLIndex
    agenda: SQLAgenda
    imports: SQLSubjects[Import]

    @classmethod
    def of(cls, connection: Connection, randomness: Randomness) -> SQLUnit:
        """Return the unit that works in the transaction of *connection*."""
        rest = (CODEC, randomness)
        return cls(
            connection=connection,
            organisations=SQLOrganisations(
                connection, members.KEPT_ORGANISATIONS, *rest
            ),
            people=SQLPeople(connection, members.KEPT_PEOPLE, *rest),
            tokens=SQLTokens(connection, members.KEPT_TOKENS, *rest),
            codes=SQLPasses(connection),
            sessions=SQLSessions(connection),
            challenges=SQLChallenges(connection),
            sign_counts=SQLSignCounts(connection),
            submissions=SQLSubmissions(
                connection, clearinghouse.KEPT_SUBMISSIONS, *rest
            ),
            cases=SQLCases(connection, clearinghouse.KEPT_CASES, *rest),
            advisories=SQLAdvisories(connection, clearinghouse.KEPT_ADVISORIES, *rest),
            index=SQLIndex(connection),
            agenda=SQLAgenda(connection),
            imports=SQLSubjects(connection, KEPT_IMPORTS, *rest),
        )


class SQLStore:
    """The store behind a database address."""

    def __init__(self, url: str, randomness: Randomness) -> None:
        """Connect lazily to *url*; salts and the like come from *randomness*."""
        self.engine: Engine = open_engine(url)
        self._randomness = randomness

    @contextmanager
    def begin(self) -> Iterator[SQLUnit]:
        """Open a unit that may write; leaving commits, an exception rolls back."""
        with writing(self.engine) as connection:
            yield SQLUnit.of(connection, self._randomness)

    @contextmanager
    def read(self) -> Iterator[SQLUnit]:
        """Open a unit that only reads, and so waits for no writer."""
        with reading(self.engine) as connection:
            yield SQLUnit.of(connection, self._randomness)

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
