"""Submissions, cases and advisories, in SQL."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Select,
    bindparam,
    delete,
    exists,
    func,
    literal_column,
    or_,
    select,
)

from fairlead.access.visibility import Condition
from fairlead.base.ids import CaseId, OrganisationId, PairId, Receipt, pair_id
from fairlead.clearinghouse.advisories import ADVISORIES, PublishedAdvisory
from fairlead.clearinghouse.cases import CASES, ENDED, Case, State
from fairlead.clearinghouse.casework.facts import CaseExtended, Limit
from fairlead.clearinghouse.exports import EXPORTS, Export
from fairlead.clearinghouse.grouping import Filed, Link
from fairlead.clearinghouse.ports import Headline, Page, Sent
from fairlead.clearinghouse.queues import next_due
from fairlead.clearinghouse.submissions import (
    SUBMISSIONS,
    EvidenceAdded,
    Outcome,
    Pair,
    PairVerdict,
    Reasons,
    Status,
    Submission,
    SubmissionAnswered,
    SubmissionDecided,
    SubmissionReceived,
    SubmissionRefiled,
)
from fairlead.formats.osv import packages_of
from fairlead.record.events import SALT, Fact, type_of
from fairlead.store import tables, visibility
from fairlead.store.bulk import chunks, run
from fairlead.store.subjects import Kept, SQLSubjects, body_context
from fairlead.store.vault import CHUNK, Vault, key_of


def _packages(state: PublishedAdvisory) -> frozenset[tuple[str, str]]:
    if state.documents is None:
        return frozenset()
    return packages_of(state.documents.osv.encode())


WORDS = 10
"""How many words are looked for, at most."""

KEPT_SUBMISSIONS = Kept(
    SUBMISSIONS,
    tables.submissions,
    lambda state: {
        "organisation": state.organisation,
        "fingerprint": state.fingerprint,
        "received_at": state.received_at,
        "decided_at": None if state.status is not Status.DONE else state.status_at,
        "case_id": state.case,
        "outcome": state.outcome.value if state.outcome else None,
    },
    lambda state, _: {
        tables.submission_pairs: [
            {
                "receipt": state.id,
                "other": pair.other,
                "pair": pair_id(state.id, pair.other),
                "verdict": pair.verdict.value,
                "probability": pair.probability,
            }
            for pair in state.pairs
        ]
    },
    (tables.submission_pairs,),
)
KEPT_CASES = Kept(
    CASES,
    tables.cases,
    lambda state: {
        "state_name": state.state.value,
        "opened_for": state.opened_for,
        "opened_at": state.opened_at,
        "embargo_until": None if state.embargo_over else state.embargo_until,
        "due_at": next_due(state),
        "coordinator": state.coordinator,
    },
    lambda state, vault: {
        tables.case_participants: [
            {
                "case_id": state.id,
                "organisation": organisation,
                "opened_at": state.opened_at,
            }
            for organisation in sorted(state.participants)
        ],
        tables.case_words: [
            {"case_id": state.id, "word": word, "opened_at": state.opened_at}
            for word in sorted(
                {fingerprint_of(w, vault) for w in words_of(state.title or "")}
            )
        ],
    },
    (tables.case_participants, tables.case_words),
)
KEPT_ADVISORIES = Kept(
    ADVISORIES,
    tables.advisories,
    lambda state: {
        "case_id": state.case,
        "title": state.title,
        "published_at": state.published_at,
        "revised_at": state.revised_at,
        "withdrawn_at": state.withdrawn_at,
    },
    lambda state, _vault: {
        tables.advisory_packages: [
            {"advisory_id": state.id, "ecosystem": ecosystem, "package": package[:400]}
            for ecosystem, package in sorted(_packages(state))
        ]
    },
    (tables.advisory_packages,),
)

KEPT_EXPORTS = Kept(EXPORTS, tables.exports, lambda state: {"asked_at": state.asked_at})

SUBMISSION_FIELDS = {"organisation": tables.submissions.c.organisation}
CASE_FIELDS = {
    "participants": visibility.Members(
        owner=tables.cases.c.id,
        belongs_to=tables.case_participants.c.case_id,
        member=tables.case_participants.c.organisation,
    )
}


@dataclass(frozen=True)
class SQLSubmissions(SQLSubjects[Submission]):
    """All submissions."""

    touched: set[CaseId] = field(default_factory=set)
    """Cases whose findings changed, and which are marked when the unit is left."""

    def fingerprint(self, content: bytes) -> str:
        """Return by what *content* is recognised; it says nothing without a key."""
        return self.vault.fingerprint(content, "report").hex()

    def same(
        self, organisation: OrganisationId, sent: Sequence[Sent]
    ) -> Sequence[Submission | None]:
        """Return for each of *sent* the submission of *organisation* that it repeats."""
        table = tables.submissions
        known = [self._fingerprints(one) for one in sent]
        wanted = sorted({print_ for prints in known for print_ in prints})
        found: dict[str, Submission] = {}
        for start in range(0, len(wanted), CHUNK):
            some = table.c.fingerprint.in_(wanted[start : start + CHUNK])
            mine = (table.c.organisation == organisation) & some
            for submission in self._many(self._states().where(mine)):
                found[submission.fingerprint] = submission
        return [next((found[p] for p in ps if p in found), None) for ps in known]

    def _fingerprints(self, sent: Sent) -> tuple[str, ...]:
        """Return by what *sent* is recognised now, and was by earlier versions.

        The first one took the bare SHA-256 of the bytes, the second their keyed digest.
        """
        return (
            self.fingerprint(sent.content),
            self.fingerprint(sent.document),
            hashlib.sha256(sent.document).hexdigest(),
        )

    def of_case(self, case: CaseId) -> Sequence[Submission]:
        """Return the submissions filed in *case*, the oldest first."""
        table = tables.submissions
        query = self._states().where(table.c.case_id == case)
        return self._many(query.order_by(table.c.received_at, table.c.id))

    def decided_in_order(self, page: Page) -> Sequence[Submission]:
        """Return those that were answered, the first answered first."""
        table = tables.submissions
        query = (
            self._states()
            .where(table.c.decided_at.is_not(None))
            .order_by(table.c.decided_at, table.c.id)
        )
        return self._many(query.offset(page.after).limit(page.size))

    def waiting(self) -> Sequence[Receipt]:
        """Return the receipts of those that wait for an answer."""
        table = tables.submissions
        query = select(table.c.id).where(table.c.decided_at.is_(None))
        query = query.order_by(table.c.received_at, table.c.id)
        return [Receipt(name) for name in self.connection.execute(query).scalars()]

    def report(self, receipt: Receipt) -> bytes | None:
        """Return the report exactly as sent; nothing once it was destroyed."""
        return self._body(receipt, SubmissionReceived)

    def filed_with(self, receipts: Sequence[Receipt]) -> Sequence[Filed]:
        """Return *receipts* and all that is filed in their cases, with where."""
        table = tables.submissions
        found: dict[Receipt, Filed] = {}
        for some in chunks(receipts):
            theirs = select(table.c.case_id).where(table.c.id.in_(some))
            query = select(table.c.id, table.c.case_id, table.c.received_at).where(
                table.c.case_id.in_(theirs), table.c.key.is_not(None)
            )
            for row in self.connection.execute(query):
                found[row.id] = Filed(
                    receipt=row.id, case=row.case_id, received_at=row.received_at
                )
        return list(found.values())

    def links(self, receipts: Sequence[Receipt]) -> Sequence[Link]:
        """Return what the comparison took for one bug, of *receipts* with any other."""
        table = tables.submission_pairs
        found: set[Link] = set()
        for some in chunks(receipts):
            for end in (table.c.receipt, table.c.other):
                query = select(
                    table.c.receipt, table.c.other, table.c.probability
                ).where(end.in_(some), table.c.verdict == PairVerdict.SAME.value)
                found |= {Link(*row) for row in self.connection.execute(query)}
        return sorted(found)

    def stays(self, receipt: Receipt) -> Sequence[tuple[datetime, CaseId]]:
        """Return the cases that it was filed in, each with since when, in order."""
        return [
            (event.at, event.fact.case)
            for event in self.history(receipt)
            if isinstance(event.fact, SubmissionDecided | SubmissionRefiled)
        ]

    def answers(self, receipt: Receipt) -> Sequence[tuple[datetime, Outcome]]:
        """Return what its sender was answered, each with since when, in order."""
        return [
            (event.at, event.fact.outcome)
            for event in self.history(receipt)
            if isinstance(event.fact, SubmissionDecided | SubmissionAnswered)
        ]

    def compared(self, pair: PairId) -> Pair | None:
        """Return what the comparison decided about two findings."""
        table = tables.submission_pairs
        query = select(table.c.receipt, table.c.other).where(table.c.pair == pair)
        row = self.connection.execute(query).one_or_none()
        if row is None:
            return None
        pairs = self.get(row.receipt).pairs
        return next((p for p in pairs if p.other == row.other), None)

    def reasons(self, receipt: Receipt) -> Reasons:
        """Return why its pairs were decided as they were."""
        body = self._body(receipt, SubmissionDecided)
        return msgspec.json.decode(body, type=Reasons) if body else Reasons()

    def statements(self, receipt: Receipt) -> Sequence[str]:
        """Return the signed statements of evidence for it, the earliest first."""
        facts = [event.fact for event in self.history(receipt)]
        return [
            fact.body.note
            for fact in facts
            if isinstance(fact, EvidenceAdded) and fact.body
        ]

    def seen(self, condition: Condition, page: Page) -> Sequence[Submission]:
        """Return those for which *condition* holds, the newest first."""
        table = tables.submissions
        query = (
            self._states()
            .where(visibility.sql(condition, SUBMISSION_FIELDS))
            .order_by(table.c.received_at.desc(), table.c.id)
        )
        return self._many(query.offset(page.after).limit(page.size))

    def _update(self, before: Submission, state: Submission, key: int | None) -> None:
        super()._update(before, state, key)
        told = (before.case, before.outcome, before.destroyed)
        if told != (state.case, state.outcome, state.destroyed):
            self.touched.update(c for c in (before.case, state.case) if c is not None)
        if state.destroyed:
            run(self.connection, _FORGET, {"name": state.id})

    def _body(self, receipt: Receipt, fact_type: type[Fact]) -> bytes | None:
        """Return the body of the first fact of this type, of whatever version."""
        stream = SUBMISSIONS.stream(receipt)
        kind = type_of(fact_type).partition("@")[0]
        given = {"stream": stream, "first": f"{kind}@", "last": f"{kind}A"}
        row = run(self.connection, _FIRST_OF_TYPE, given).first()
        if row is None or row.body is None:
            return None
        key = key_of(self.connection, stream)
        context = body_context(stream, row.version)
        salted = self.vault.unlock(key, row.body, context)
        return None if salted is None else salted[SALT:]

    def standing_case(self, receipts: Sequence[Receipt]) -> CaseId | None:
        """Return the one case in which all are filed, where nobody judged anything."""
        table = tables.submissions
        query = select(table.c.case_id).where(table.c.id.in_(receipts)).distinct()
        found = self.connection.execute(query).scalars().all()
        if len(found) != 1 or found[0] is None:
            return None
        if run(self.connection, _JUDGED_IN, {"name": found[0]}).first() is not None:
            return None
        return CaseId(found[0])


_FORGET = delete(tables.finding_marks).where(
    tables.finding_marks.c.receipt == bindparam("name")
)
_FIRST_OF_TYPE = (
    select(tables.events.c.version, tables.events.c.body)
    .where(
        tables.events.c.stream == bindparam("stream"),
        # What begins with the kind and `@`, which comes before `A`.
        tables.events.c.type >= bindparam("first"),
        tables.events.c.type < bindparam("last"),
    )
    .order_by(tables.events.c.version)
)
_SAID = tables.pairs.c.judgement != literal_column("''")
_JUDGED_IN = select(tables.submissions.c.id).where(
    tables.submissions.c.case_id == bindparam("name"),
    or_(
        exists().where(tables.pairs.c.first == tables.submissions.c.id, _SAID),
        exists().where(tables.pairs.c.second == tables.submissions.c.id, _SAID),
    ),
)


class _Limit(msgspec.Struct):
    limit: Limit


class _Extended(msgspec.Struct):
    """As much of a header as says which end was put off."""

    data: _Limit


class SQLCases(SQLSubjects[Case]):
    """All cases."""

    def find(self, name: CaseId, condition: Condition) -> Case:
        """Return the case if *condition* holds for it, or raise `NotFound`."""
        query = self._states().where(tables.cases.c.id == name)
        return self._one(query.where(visibility.sql(condition, CASE_FIELDS)), name)

    def opened_for(self, receipts: Sequence[Receipt]) -> Sequence[Case]:
        """Return the cases that one of *receipts* opened, but for what was destroyed."""
        table = tables.cases
        found: list[Case] = []
        for some in chunks(receipts):
            mine = table.c.opened_for.in_(some) & table.c.key.is_not(None)
            found += self._many(self._states().where(mine))
        return found

    def all_of(self, names: Sequence[CaseId]) -> Sequence[Case]:
        """Return the cases of these names, in this order."""
        query = self._states().where(tables.cases.c.id.in_(names))
        found = {case.id: case for case in self._many(query)}
        return [found[name] for name in names]

    def seen(
        self, condition: Condition, page: Page, *, states: Sequence[State], words: str
    ) -> Sequence[Case]:
        """Return those for which *condition* holds, the newest first."""
        table = tables.cases
        query = self._states().where(
            visibility.sql(condition, CASE_FIELDS), *self._narrowed(states, words)
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

    def running(self, page: Page) -> Sequence[Case]:
        """Return cases that somebody may still work on, by name."""
        table = tables.cases
        over = [state.value for state in ENDED]
        query = self._states().where(table.c.state_name.not_in(over))
        query = query.order_by(table.c.id).offset(page.after).limit(page.size)
        return self._many(query)

    def extensions(self, *, before: datetime) -> Sequence[tuple[datetime, Limit]]:
        """Return every end that was put off before then, with when that was."""
        events = tables.events
        query = (
            select(events.c.at, events.c.header)
            .where(events.c.type == type_of(CaseExtended), events.c.at < before)
            .order_by(events.c.at)
        )
        return [
            (row.at, msgspec.json.decode(row.header, type=_Extended).data.limit)
            for row in self.connection.execute(query)
        ]

    def _narrowed(
        self, states: Sequence[State], words: str
    ) -> list[ColumnElement[bool]]:
        conditions: list[ColumnElement[bool]] = []
        if states:
            names = [state.value for state in states]
            conditions.append(tables.cases.c.state_name.in_(names))
        held = tables.case_words
        conditions += [
            exists().where(
                held.c.case_id == tables.cases.c.id,
                held.c.word == fingerprint_of(word, self.vault),
            )
            for word in re.findall(r"\w+", words.casefold())[:WORDS]
        ]
        return conditions


class SQLAdvisories(SQLSubjects[PublishedAdvisory]):
    """All published advisories."""

    def newest(self, page: Page) -> Sequence[Headline]:
        """Return the headlines of advisories, the newest first."""
        table = tables.advisories
        query = self._headlines().order_by(table.c.published_at.desc(), table.c.id)
        return self._read(query.offset(page.after).limit(page.size))

    def changed(self, page: Page | None) -> Sequence[Headline]:
        """Return headlines, the one that changed last first; all without *page*."""
        table = tables.advisories
        query = self._headlines().order_by(table.c.revised_at.desc(), table.c.id)
        if page is not None:
            query = query.offset(page.after).limit(page.size)
        return self._read(query)

    def headlines_about(self, ecosystem: str, key: str) -> Sequence[Headline]:
        """Return the headlines of advisories about a package, the newest first."""
        table = tables.advisories
        query = self._headlines().where(table.c.id.in_(_about(ecosystem, key)))
        return self._read(query.order_by(table.c.published_at.desc(), table.c.id))

    def about(
        self, ecosystem: str, key: str, limit: int
    ) -> Sequence[PublishedAdvisory]:
        """Return at most *limit* advisories about a package, the newest first."""
        table = tables.advisories
        query = self._states().where(table.c.id.in_(_about(ecosystem, key)))
        order = (table.c.published_at.desc(), table.c.id)
        return self._many(query.order_by(*order).limit(limit))

    def _headlines(self) -> Select[Any]:
        columns = tables.advisories.c
        return select(
            columns.id,
            columns.title,
            columns.published_at,
            columns.revised_at,
            columns.withdrawn_at,
        )

    def _read(self, query: Select[Any]) -> Sequence[Headline]:
        rows = self.connection.execute(query).mappings()
        return [Headline(**row) for row in rows]


def _about(ecosystem: str, key: str) -> Select[Any]:
    """Select the ids of advisories about a package."""
    packages = tables.advisory_packages
    same = (packages.c.ecosystem == ecosystem) & (packages.c.package == key[:400])
    return select(packages.c.advisory_id).where(same)


class SQLExports(SQLSubjects[Export]):
    """All exports."""

    def newest(self, page: Page) -> Sequence[Export]:
        """Return exports, the newest first."""
        table = tables.exports
        query = self._states().order_by(table.c.asked_at.desc(), table.c.id)
        return self._many(query.offset(page.after).limit(page.size))


def words_of(title: str) -> Sequence[str]:
    """Return the words by which a case with this title is found: `a_b` and its parts."""
    words = re.findall(r"\w+", title.casefold())
    parts = [part for word in words for part in word.split("_") if part]
    return [*words, *parts]


def fingerprint_of(word: str, vault: Vault) -> bytes:
    """Return by what a word of a title is found; it says nothing without a key."""
    return vault.quick_fingerprint(f"word of a title: {word}".encode())
