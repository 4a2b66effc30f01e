"""The store on any SQL database: units of work, each one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from sqlalchemy import Connection, Engine

from fairlead.bench.generated import GeneratedSuite
from fairlead.catalogue.imports import IMPORTS, Import
from fairlead.record.events import Codec
from fairlead.store import claims as claiming
from fairlead.store import clearinghouse, members, tables
from fairlead.store import owners as owning
from fairlead.store.agenda import SQLAgenda
from fairlead.store.applications import KEPT_APPLICATIONS, SQLApplications
from fairlead.store.attempts import SQLAttempts
from fairlead.store.bench import KEPT_RUNS, KEPT_SUITES, SQLLeases, SQLRuns
from fairlead.store.casework import (
    KEPT_MESSAGES,
    KEPT_STATEMENTS,
    KEPT_TASKS,
    SQLMessages,
    SQLStatements,
    SQLTasks,
)
from fairlead.store.claim_places import SQLPlaces
from fairlead.store.claims import (
    SQLAliases,
    SQLAllowances,
    SQLClaims,
    SQLIntroductions,
    SQLInventories,
    SQLOwnerWords,
)
from fairlead.store.clearinghouse import (
    SQLAdvisories,
    SQLCases,
    SQLExports,
    SQLSubmissions,
)
from fairlead.store.engine import open_engine, reading, wipe_journal, writing
from fairlead.store.findings import SQLIndex
from fairlead.store.halves import SQLHalves
from fairlead.store.members import SQLOrganisations, SQLPeople, SQLTokens
from fairlead.store.owners import (
    KEPT_OWNERS,
    KEPT_ROUTINGS,
    SQLOwners,
    SQLRoutings,
)
from fairlead.store.pairs import KEPT_PAIRS, SQLPairs
from fairlead.store.programme import (
    KEPT_CONSENTS,
    KEPT_FIGURES,
    KEPT_MILESTONES,
    SQLConsents,
    SQLFeeds,
    SQLFigures,
    SQLMilestones,
)
from fairlead.store.queue import SQLQueue
from fairlead.store.review import (
    KEPT_DETERMINATIONS,
    KEPT_ENGAGEMENTS,
    SQLDeterminations,
    SQLEngagements,
)
from fairlead.store.sessions import (
    SQLChallenges,
    SQLPasses,
    SQLSessions,
    SQLSignCounts,
)
from fairlead.store.subjects import (
    Kept,
    SQLSubjects,
    body_contexts,
    destroyed_contexts,
)
from fairlead.store.tallies import SQLTallies
from fairlead.store.traces import KEPT_TRACES, SQLTraces
from fairlead.store.vault import Vault, destroyed_key, destroyed_keys
from fairlead.store.views import SQLViews

KEPT_IMPORTS = Kept(IMPORTS, tables.imports, lambda state: {"at": state.at})

KEPT = (
    members.KEPT_ORGANISATIONS,
    members.KEPT_PEOPLE,
    members.KEPT_TOKENS,
    KEPT_APPLICATIONS,
    clearinghouse.KEPT_SUBMISSIONS,
    clearinghouse.KEPT_CASES,
    KEPT_MESSAGES,
    KEPT_STATEMENTS,
    KEPT_TASKS,
    clearinghouse.KEPT_ADVISORIES,
    clearinghouse.KEPT_EXPORTS,
    KEPT_ENGAGEMENTS,
    KEPT_DETERMINATIONS,
    KEPT_RUNS,
    KEPT_SUITES,
    KEPT_MILESTONES,
    KEPT_FIGURES,
    KEPT_CONSENTS,
    KEPT_PAIRS,
    KEPT_TRACES,
    KEPT_IMPORTS,
    *claiming.KEPT,
    *owning.KEPT,
)
"""Every kind of subject there is."""

CODEC = Codec(
    (fact for kept in KEPT for fact in kept.subject.facts),
    (upcast for kept in KEPT for upcast in kept.subject.upcasts),
)
"""Reads and writes every fact there is."""


@dataclass(frozen=True, slots=True)
class SQLUnit:
    """One SQL transaction."""

    connection: Connection
    organisations: SQLOrganisations
    people: SQLPeople
    tokens: SQLTokens
    applications: SQLApplications
    codes: SQLPasses
    sessions: SQLSessions
    challenges: SQLChallenges
    sign_counts: SQLSignCounts
    submissions: SQLSubmissions
    attempts: SQLAttempts
    cases: SQLCases
    queue: SQLQueue
    tallies: SQLTallies
    views: SQLViews
    messages: SQLMessages
    statements: SQLStatements
    tasks: SQLTasks
    advisories: SQLAdvisories
    exports: SQLExports
    engagements: SQLEngagements
    determinations: SQLDeterminations
    runs: SQLRuns
    suites: SQLSubjects[GeneratedSuite]
    leases: SQLLeases
    milestones: SQLMilestones
    figures: SQLFigures
    consents: SQLConsents
    feeds: SQLFeeds
    halves: SQLHalves
    pairs: SQLPairs
    traces: SQLTraces
    index: SQLIndex
    agenda: SQLAgenda
    imports: SQLSubjects[Import]
    claims: SQLClaims
    places: SQLPlaces
    owner_words: SQLOwnerWords
    aliases: SQLAliases
    allowances: SQLAllowances
    inventories: SQLInventories
    introductions: SQLIntroductions
    owners: SQLOwners
    routings: SQLRoutings

    @classmethod
    def of(
        cls, connection: Connection, vault: Vault, *, reading: bool = False
    ) -> SQLUnit:
        """Return the unit that works in the transaction of *connection*."""
        rest = (CODEC, vault)
        cases = SQLCases(connection, clearinghouse.KEPT_CASES, *rest)
        return cls(
            connection=connection,
            organisations=SQLOrganisations(
                connection, members.KEPT_ORGANISATIONS, *rest
            ),
            people=SQLPeople(connection, members.KEPT_PEOPLE, *rest),
            tokens=SQLTokens(connection, members.KEPT_TOKENS, *rest),
            applications=SQLApplications(connection, KEPT_APPLICATIONS, *rest),
            codes=SQLPasses(connection),
            sessions=SQLSessions(connection),
            challenges=SQLChallenges(connection),
            sign_counts=SQLSignCounts(connection),
            submissions=SQLSubmissions(
                connection, clearinghouse.KEPT_SUBMISSIONS, *rest
            ),
            attempts=SQLAttempts(connection, vault),
            cases=cases,
            queue=SQLQueue(connection, cases, vault),
            tallies=SQLTallies(connection),
            views=SQLViews(connection, vault),
            messages=SQLMessages(connection, KEPT_MESSAGES, *rest),
            statements=SQLStatements(connection, KEPT_STATEMENTS, *rest),
            tasks=SQLTasks(connection, KEPT_TASKS, *rest),
            advisories=SQLAdvisories(connection, clearinghouse.KEPT_ADVISORIES, *rest),
            exports=SQLExports(connection, clearinghouse.KEPT_EXPORTS, *rest),
            engagements=SQLEngagements(connection, KEPT_ENGAGEMENTS, *rest),
            determinations=SQLDeterminations(connection, KEPT_DETERMINATIONS, *rest),
            suites=SQLSubjects(connection, KEPT_SUITES, *rest),
            runs=SQLRuns(connection, KEPT_RUNS, *rest),
            leases=SQLLeases(connection),
            milestones=SQLMilestones(connection, KEPT_MILESTONES, *rest),
            figures=SQLFigures(connection, KEPT_FIGURES, *rest),
            consents=SQLConsents(connection, KEPT_CONSENTS, *rest),
            feeds=SQLFeeds(connection),
            halves=SQLHalves(connection, vault),
            pairs=SQLPairs(connection, KEPT_PAIRS, *rest),
            traces=SQLTraces(connection, KEPT_TRACES, *rest, reading=reading),
            index=SQLIndex(connection, vault),
            agenda=SQLAgenda(connection),
            imports=SQLSubjects(connection, KEPT_IMPORTS, *rest),
            claims=SQLClaims(connection, claiming.KEPT_CLAIMS, *rest),
            places=SQLPlaces(connection, vault),
            owner_words=SQLOwnerWords(connection, claiming.KEPT_OWNER_WORDS, *rest),
            aliases=SQLAliases(connection, claiming.KEPT_ALIASES, *rest),
            allowances=SQLAllowances(connection, claiming.KEPT_ALLOWANCES, *rest),
            inventories=SQLInventories(connection, claiming.KEPT_INVENTORIES, *rest),
            introductions=SQLIntroductions(
                connection, claiming.KEPT_INTRODUCTIONS, *rest
            ),
            owners=SQLOwners(connection, KEPT_OWNERS, *rest),
            routings=SQLRoutings(connection, KEPT_ROUTINGS, *rest),
        )


class SQLStore:
    """The store behind a database address."""

    def __init__(self, url: str, vault: Vault) -> None:
        """Connect lazily to *url*; what is confidential is kept closed by *vault*."""
        self.engine: Engine = open_engine(url)
        self.vault = vault

    @contextmanager
    def begin(self) -> Iterator[SQLUnit]:
        """Open a unit that may write; leaving commits, an exception rolls back."""
        blobs = None if self.vault.blobs is None else self.vault.blobs.batch()
        vault = replace(self.vault, blobs=blobs)
        with writing(self.engine) as connection:
            try:
                unit = SQLUnit.of(connection, vault)
                yield unit
                unit.queue.mark(unit.submissions.touched)
                if blobs is not None:
                    blobs.sync()
            except BaseException:
                # Nothing is committed yet, so nothing names what was written.
                if blobs is not None:
                    blobs.discard()
                raise

    @contextmanager
    def read(self) -> Iterator[SQLUnit]:
        """Open a unit that only reads, and so waits for no writer.

        Traces that reading left are kept when it is left without an exception, before
        anything of what was read can be shown.
        """
        with reading(self.engine) as connection:
            unit = SQLUnit.of(connection, self.vault, reading=True)
            yield unit
        if unit.traces.waiting:
            with self.begin() as writer:
                for trace in unit.traces.waiting:
                    writer.traces.leave(
                        trace.fact, name=trace.name, by=trace.by, at=trace.at
                    )

    def destroy_key(self, stream: str) -> None:
        """Destroy the key of a subject whose bodies were destroyed."""
        with reading(self.engine) as connection:
            number = destroyed_key(connection, stream)
        if number is not None:
            self.vault.keys.destroy(number)
        with reading(self.engine) as connection:
            self._remove_blobs(body_contexts(connection, stream))

    def _remove_blobs(self, contexts: Iterable[str]) -> None:
        """Remove the blobs of bodies that were destroyed, if they had any."""
        blobs = self.vault.blobs
        if blobs is None:
            return
        for name in map(self.vault.blob_name, contexts):
            if blobs.has(name):
                blobs.remove(name)

    def wipe_journal(self) -> None:
        """Leave nothing of what was deleted in the database's journal."""
        wipe_journal(self.engine)

    def destroy_keys(self) -> int:
        """Destroy again every key that was destroyed; tell how many came back.

        Done before anything is served: a copy of the keys may have been put in place
        that still holds them (promise P7).
        """
        back = 0
        with reading(self.engine) as connection:
            for number in destroyed_keys(connection):
                if self.vault.keys.get(number) is not None:
                    self.vault.keys.destroy(number)
                    back += 1
            self._remove_blobs(destroyed_contexts(connection))
        if back:
            wipe_journal(self.engine)
        return back

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()
