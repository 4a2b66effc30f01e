"""The work queue in SQL: each page walks one index, and looks at few cases beside it.

A list that narrows the queue down (a word, a mark, a state, what an organisation was
read in to) has an index in the order of the queue. The shortest one is walked; the
others are asked for each case on the way. Where all are long, no more than `LOOKED_AT`
cases are looked at: so the first byte never waits for a million of them, and the page
says where it stopped (`benchmarks/pages.py` prints the plans).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    String,
    Tuple,
    delete,
    exists,
    func,
    select,
    tuple_,
)

from fairlead.access.visibility import Condition, Contains
from fairlead.base.ids import CaseId, Receipt
from fairlead.clearinghouse.cases import State
from fairlead.clearinghouse.queues import (
    ECOSYSTEM,
    LOOKED_AT,
    WORKED_ON,
    Answer,
    Count,
    Facets,
    Marked,
    Order,
    Place,
    Severity,
    Sheet,
    Wanted,
    answer_mark,
    marks_of,
    marks_of_case,
    project_mark,
    severity_mark,
)
from fairlead.clearinghouse.submissions import Outcome
from fairlead.store import tables, visibility
from fairlead.store.bulk import chunks, insert_many
from fairlead.store.clearinghouse import CASE_FIELDS, WORDS, SQLCases, fingerprint_of
from fairlead.store.vault import Vault

CASES = tables.cases
_SEVERITIES = {severity_mark(severity): severity for severity in Severity}
_ANSWERS = {answer_mark(answer): answer for answer in Answer}
_PLAIN = frozenset(_SEVERITIES) | frozenset(_ANSWERS)
"""Marks that stand in the database as they are; of others, a fingerprint."""


@dataclass(frozen=True, slots=True)
class _List:
    """Cases that share something, in the order in which they were opened."""

    table: FromClause
    case: ColumnElement[str]
    at: ColumnElement[datetime]
    shared: tuple[ColumnElement[bool], ...] = ()

    def holds(self) -> ColumnElement[bool]:
        """Return the condition that a case is in the list."""
        if self.table is CASES:
            return self.shared[0]
        return exists().where(self.case == CASES.c.id, *self.shared)


@dataclass(frozen=True, slots=True)
class SQLQueue:
    """The queue in one transaction; see `fairlead.clearinghouse.ports.Queue`."""

    connection: Connection
    cases: SQLCases
    vault: Vault

    def keep(self, facets: Mapping[Receipt, Facets]) -> None:
        """Keep by what findings are found."""
        table = tables.finding_marks
        for some in chunks(list(facets)):
            self.connection.execute(delete(table).where(table.c.receipt.in_(some)))
            rows = [
                {"receipt": receipt, "mark": mark}
                for receipt in some
                for mark in sorted(map(self._kept, marks_of(facets[receipt])))
            ]
            insert_many(self.connection, table, rows)

    def clear(self) -> None:
        """Drop all that is kept of findings and cases."""
        for table in (tables.finding_marks, tables.case_marks):
            self.connection.execute(delete(table))

    def mark(self, cases: Iterable[CaseId]) -> None:
        """Mark *cases* by the findings that are filed in them now."""
        table = tables.case_marks
        for some in chunks(sorted(cases)):
            opened = select(CASES.c.id, CASES.c.opened_at).where(CASES.c.id.in_(some))
            found = self._findings(some)
            self.connection.execute(delete(table).where(table.c.case_id.in_(some)))
            rows = [
                {"case_id": row.id, "mark": mark, "opened_at": row.opened_at}
                for row in self.connection.execute(opened)
                for mark in sorted(marks_of_case(found[row.id]))
            ]
            insert_many(self.connection, table, rows)

    def walk(
        self,
        condition: Condition,
        wanted: Wanted,
        *,
        until: datetime | None = None,
        start: Place | None = None,
        size: int = 50,
    ) -> Sheet:
        """Return a page of the cases for which *condition* holds."""
        lists = [*self._lists(condition, wanted)]
        lengths = [self._length(one) for one in lists]
        shortest = min(range(len(lists)), key=lengths.__getitem__)
        long = lengths[shortest] > LOOKED_AT
        by_due = wanted.order is Order.DUE or until is not None
        # No other list is in the order in which clocks run out.
        driven = lists[0] if long and by_due else lists[shortest]
        way = _Way(self.connection, driven, start, by_due=by_due, alone=long)
        conditions = [
            visibility.sql(condition, CASE_FIELDS),
            *(one.holds() for one in lists[1:] if one is not driven),
            *_narrowed(wanted, until, by_due=by_due),
        ]
        bound = way.bound() if long else None
        found = way.walked([*conditions, *way.up_to(bound)], size + 1)
        if len(found) > size:
            return self._sheet(found[:size], found[size - 1])
        return self._sheet(found, bound, None if bound is None else LOOKED_AT)

    def count(self, condition: Condition, most: int) -> Mapping[State, Count]:
        """Count those for which *condition* holds, by state, up to *most* of each."""
        if isinstance(condition, Contains):
            return self._count_joined(condition, most)
        allowed = visibility.sql(condition, CASE_FIELDS)
        found = {}
        for state in State:
            some = select(CASES.c.id).where(CASES.c.state_name == state.value, allowed)
            count = self._length_of(some.limit(most + 1))
            if count:
                found[state] = Count(min(count, most), more=count > most)
        return found

    def _count_joined(self, condition: Contains, most: int) -> Mapping[State, Count]:
        """Count the cases that one organisation was read in to."""
        held = tables.case_participants
        some = (
            select(CASES.c.state_name)
            .select_from(held.join(CASES, CASES.c.id == held.c.case_id))
            .where(held.c.organisation == condition.value)
            .order_by(held.c.opened_at.desc())
            .limit(LOOKED_AT)
            .subquery()
        )
        query = select(some.c.state_name, func.count()).group_by(some.c.state_name)
        counts = {State(name): n for name, n in self.connection.execute(query)}
        more = sum(counts.values()) == LOOKED_AT
        return {
            s: Count(min(n, most), more=more or n > most) for s, n in counts.items()
        }

    def _lists(self, condition: Condition, wanted: Wanted) -> Iterable[_List]:
        """Return the list of all cases, then those that narrow it down."""
        yield _List(CASES, CASES.c.id, CASES.c.opened_at)
        if isinstance(condition, Contains):
            joined = tables.case_participants.alias()
            mine = joined.c.organisation == condition.value
            yield _List(joined, joined.c.case_id, joined.c.opened_at, (mine,))
        if len(wanted.states) == 1:
            here = CASES.c.state_name == wanted.states[0].value
            yield _List(CASES, CASES.c.id, CASES.c.opened_at, (here,))
        if wanted.coordinator:
            whose = CASES.c.coordinator == wanted.coordinator
            yield _List(CASES, CASES.c.id, CASES.c.opened_at, (whose,))
        for word in re.findall(r"\w+", wanted.words.casefold())[:WORDS]:
            said = tables.case_words.alias()
            same = said.c.word == fingerprint_of(word, self.vault)
            yield _List(said, said.c.case_id, said.c.opened_at, (same,))
        for mark in _asked(wanted):
            held = tables.case_marks.alias()
            same = held.c.mark == self._kept(mark)
            yield _List(held, held.c.case_id, held.c.opened_at, (same,))

    def _length(self, one: _List) -> int:
        """Return how long a list is, as far as it matters."""
        return self._length_of(select(one.case).where(*one.shared).limit(LOOKED_AT + 1))

    def _length_of(self, some: Select[Any]) -> int:
        query = select(func.count()).select_from(some.subquery())
        return int(self.connection.execute(query).scalar_one())

    def _sheet(
        self,
        places: Sequence[Place],
        following: Place | None,
        looked_at: int | None = None,
    ) -> Sheet:
        table = tables.case_marks
        names = [place.case for place in places]
        shown = select(table.c.case_id, table.c.mark).where(
            table.c.case_id.in_(names), table.c.mark.in_(_PLAIN)
        )
        marks = self.connection.execute(shown).all()
        return Sheet(
            cases=self.cases.all_of(names),
            severities={c: _SEVERITIES[m] for c, m in marks if m in _SEVERITIES},
            answers={c: _ANSWERS[m] for c, m in marks if m in _ANSWERS},
            following=following,
            looked_at=looked_at,
        )

    def _findings(self, cases: Sequence[CaseId]) -> Mapping[str, Sequence[Marked]]:
        """Return what is filed in *cases*, but for what was destroyed."""
        table, held = tables.submissions, tables.finding_marks
        query = (
            select(table.c.case_id, table.c.id, table.c.outcome, held.c.mark)
            .select_from(table.outerjoin(held, held.c.receipt == table.c.id))
            .where(table.c.case_id.in_(cases), table.c.key.is_not(None))
        )
        marks: defaultdict[tuple[str, str, str | None], set[str]] = defaultdict(set)
        for case, receipt, outcome, mark in self.connection.execute(query):
            marks[case, receipt, outcome] |= {mark} - {None}
        found: defaultdict[str, list[Marked]] = defaultdict(list)
        for (case, _, outcome), its in marks.items():
            answered = None if outcome is None else Outcome(outcome)
            found[case].append(Marked(outcome=answered, marks=frozenset(its)))
        return found

    def _kept(self, mark: str) -> str:
        """Return a mark as it stands in the database: a project's name is kept closed."""
        if mark in _PLAIN or mark.startswith(ECOSYSTEM):
            return mark
        return f"project {self.vault.quick_fingerprint(mark.encode()).hex()}"


@dataclass(frozen=True, slots=True)
class _Way:
    """Along one list, in the order that is wanted."""

    connection: Connection
    driven: _List
    start: Place | None
    by_due: bool
    alone: bool
    """No other list is short enough to be read as a whole."""

    def bound(self) -> Place | None:
        """Return the last place that is looked at, if there are more behind it."""
        query = select(self.driven.case, self._at).select_from(self.driven.table)
        query = query.where(*self.driven.shared, *self._from_start())
        row = self.connection.execute(
            query.order_by(*self._order()).offset(LOOKED_AT - 1).limit(1)
        ).one_or_none()
        return None if row is None else Place(row[1], CaseId(row[0]))

    def up_to(self, bound: Place | None) -> Sequence[ColumnElement[bool]]:
        """Return the condition that a case lies not behind *bound*."""
        if bound is None:
            return ()
        here, there = self._here(), _written(bound)
        return ((here <= there) if self.by_due else (here >= there),)

    def walked(
        self, conditions: Sequence[ColumnElement[bool]], size: int
    ) -> Sequence[Place]:
        """Return the places of at most *size* cases for which *conditions* hold."""
        source = self.driven.table
        if source is not CASES:
            source = source.join(CASES, CASES.c.id == self.driven.case)
        query = select(self.driven.case, self._at).select_from(source)
        query = query.where(*self.driven.shared, *self._from_start(), *conditions)
        rows = self.connection.execute(query.order_by(*self._order()).limit(size))
        return [Place(at, CaseId(name)) for name, at in rows]

    @property
    def _at(self) -> ColumnElement[datetime]:
        if not self.by_due:
            return self.driven.at
        if self.alone:
            return CASES.c.due_at
        # A short list is read and sorted.
        return _unindexed(CASES.c.due_at)

    def _here(self) -> Tuple:
        return tuple_(self._at, self.driven.case)

    def _order(self) -> Sequence[ColumnElement[Any]]:
        if self.by_due:
            return (self._at, self.driven.case)
        return (self._at.desc(), self.driven.case.desc())

    def _from_start(self) -> Sequence[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = []
        if self.by_due:
            conditions.append(self._at.is_not(None))
        if self.start is not None:
            here, there = self._here(), _written(self.start)
            conditions.append((here > there) if self.by_due else (here < there))
        return conditions


def _unindexed(column: Column[Any]) -> ColumnElement[Any]:
    """Return *column* so that no index of its own leads the way: the list's does."""
    return func.coalesce(column, column, type_=column.type)


def _written(place: Place) -> Tuple:
    return tuple_(place.at, place.case, types=[tables.Instant(), String()])


def _asked(wanted: Wanted) -> Iterable[str]:
    """Return the marks that are asked for."""
    if wanted.project.strip():
        yield project_mark(wanted.project)
    if wanted.severity is not None:
        yield severity_mark(wanted.severity)
    if wanted.answer is not None:
        yield answer_mark(wanted.answer)


def _narrowed(
    wanted: Wanted, until: datetime | None, *, by_due: bool
) -> Iterable[ColumnElement[bool]]:
    """Return what is asked of the case itself, besides the lists that it is in."""
    if until is not None:
        yield CASES.c.due_at <= until
    if by_due:
        yield _unindexed(CASES.c.state_name).in_([state.value for state in WORKED_ON])
    if len(wanted.states) > 1:
        states = [state.value for state in wanted.states]
        yield _unindexed(CASES.c.state_name).in_(states)
