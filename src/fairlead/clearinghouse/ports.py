"""What the clearinghouse needs from the store."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from fairlead.access.ports import Organisations, People
from fairlead.access.traces import Traces
from fairlead.access.visibility import Condition
from fairlead.base.agenda import Agenda, Job, Timer
from fairlead.base.ids import (
    AdvisoryId,
    CaseId,
    OrganisationId,
    PairId,
    PersonId,
    Receipt,
    ViewId,
)
from fairlead.base.pages import Page
from fairlead.clearinghouse.advisories import PublishedAdvisory
from fairlead.clearinghouse.cases import Case, State
from fairlead.clearinghouse.casework.facts import Limit
from fairlead.clearinghouse.casework.messages import Message
from fairlead.clearinghouse.casework.statements import Statement
from fairlead.clearinghouse.casework.tasks import Task
from fairlead.clearinghouse.duplicates import Index
from fairlead.clearinghouse.exports import Export
from fairlead.clearinghouse.grouping import Filed, Link
from fairlead.clearinghouse.owners.routing import Routing
from fairlead.clearinghouse.pairs import JudgedPair
from fairlead.clearinghouse.queues import Count, Facets, Place, Sheet, View, Wanted
from fairlead.clearinghouse.submissions import Outcome, Pair, Reasons, Submission
from fairlead.record.events import Event, Fact, StoredEvent
from fairlead.record.subjects import Destroyable, Subjects

__all__ = ["Agenda", "Job", "Page", "Timer"]


@dataclass(frozen=True, slots=True)
class Sent:
    """A report as it came, and by what it is recognised when it comes again."""

    document: bytes
    content: bytes
    """What it says, however it was written (`fairlead.formats.tap.content_of`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What came first with an idempotency key."""

    fingerprint: str
    receipt: Receipt


class Attempts(Protocol):
    """Idempotency keys that came within a day."""

    def get(
        self, organisation: OrganisationId, key: str, *, at: datetime
    ) -> Attempt | None:
        """Return what came with *key* from *organisation*, unless that is long ago."""

    def keep(
        self,
        organisation: OrganisationId,
        key: str,
        attempt: Attempt,
        *,
        at: datetime,
        until: datetime,
    ) -> None:
        """Remember what came with *key*, and forget what ended before."""


class Submissions(Destroyable[Submission], Protocol):
    """All submissions."""

    def fingerprint(self, content: bytes) -> str:
        """Return by what *content* is recognised; it says nothing without a key."""

    def same(
        self, organisation: OrganisationId, sent: Sequence[Sent]
    ) -> Sequence[Submission | None]:
        """Return for each of *sent* the submission of *organisation* that it repeats."""

    def add_many(
        self, new: Mapping[str, Sequence[Fact]], *, by: str, at: datetime
    ) -> Sequence[Submission]:
        """Record the first facts of many submissions, by name; return their states."""

    def of_case(self, case: CaseId) -> Sequence[Submission]:
        """Return the submissions filed in *case*, the oldest first."""

    def report(self, receipt: Receipt) -> bytes | None:
        """Return the report exactly as sent; nothing once it was destroyed."""

    def stored(self, name: str) -> Sequence[StoredEvent]:
        """Return the events of the submission as they are stored, in order."""

    def decided_in_order(self, page: Page) -> Sequence[Submission]:
        """Return those that were answered, the first answered first."""

    def waiting(self) -> Sequence[Receipt]:
        """Return the receipts of those that wait for an answer."""

    def filed_with(self, receipts: Sequence[Receipt]) -> Sequence[Filed]:
        """Return *receipts* and all that is filed in their cases, with where.

        Left out is what waits for its answer, or was destroyed.
        """

    def links(self, receipts: Sequence[Receipt]) -> Sequence[Link]:
        """Return what the comparison took for one bug, of *receipts* with any other."""

    def standing_case(self, receipts: Sequence[Receipt]) -> CaseId | None:
        """Return the one case in which all are filed, if no finding in it was judged."""

    def stays(self, receipt: Receipt) -> Sequence[tuple[datetime, CaseId]]:
        """Return the cases that it was filed in, each with since when, in order."""

    def answers(self, receipt: Receipt) -> Sequence[tuple[datetime, Outcome]]:
        """Return what its sender was answered, each with since when, in order."""

    def compared(self, pair: PairId) -> Pair | None:
        """Return what the comparison decided about two findings."""

    def reasons(self, receipt: Receipt) -> Reasons:
        """Return why its pairs were decided as they were."""

    def statements(self, receipt: Receipt) -> Sequence[str]:
        """Return the signed statements of evidence for it, the earliest first."""

    def seen(self, condition: Condition, page: Page) -> Sequence[Submission]:
        """Return those for which *condition* holds, the newest first."""


class Cases(Destroyable[Case], Protocol):
    """All cases."""

    def find(self, name: CaseId, condition: Condition) -> Case:
        """Return the case if *condition* holds for it, or raise `NotFound`."""

    def seen(
        self, condition: Condition, page: Page, *, states: Sequence[State], words: str
    ) -> Sequence[Case]:
        """Return those for which *condition* holds, the newest first.

        *states*, if any are named, and *words*, each of which must be a word of the
        title or a part of one between underscores, narrow it down.
        """

    def count(self, condition: Condition) -> dict[State, int]:
        """Count those for which *condition* holds, by state."""

    def opened_for(self, receipts: Sequence[Receipt]) -> Sequence[Case]:
        """Return the cases that one of *receipts* opened, but for what was destroyed."""

    def history(self, name: CaseId) -> Sequence[Event]:
        """Return everything that happened to the case, in order."""

    def stored(self, name: str) -> Sequence[StoredEvent]:
        """Return the events of the case as they are stored, in order."""

    def running(self, page: Page) -> Sequence[Case]:
        """Return cases that somebody may still work on, by name."""

    def extensions(self, *, before: datetime) -> Sequence[tuple[datetime, Limit]]:
        """Return every end that was put off before then, with when that was."""


P = TypeVar("P", covariant=True)  # noqa: PLC0105 - as short as the others


class Parts(Protocol[P]):
    """What belongs to cases, each part of it for some readers."""

    def seen(
        self, case: CaseId, cases: Condition, condition: Condition, page: Page | None
    ) -> Sequence[P]:
        """Return what belongs to *case*; all of it without *page*.

        Only what *condition* holds for, and nothing where *cases* does not hold for the
        case itself: who may not see a case sees no part of it.
        """

    def names_in(self, case: CaseId) -> Sequence[str]:
        """Return the names of all parts of *case*."""


class RoutingsOfCase(Destroyable[Routing], Protocol):
    """What went, or is to go, from a case to owners."""

    def of_case(self, case: CaseId) -> Sequence[Routing]:
        """Return every routing of a case, the first queued first."""


class Messages(Destroyable[Message], Parts[Message], Protocol):
    """All messages, the newest first."""

    def mentioning(
        self, person: PersonId, cases: Condition, condition: Condition, page: Page
    ) -> Sequence[Message]:
        """Return the messages that mention *person*, for which both conditions hold."""


class Statements(Destroyable[Statement], Parts[Statement], Protocol):
    """All statements, organisation by organisation."""


class Tasks(Destroyable[Task], Parts[Task], Protocol):
    """All tasks, what is due first before what is due later, what is done last."""

    def waiting(
        self, cases: Condition, condition: Condition, page: Page
    ) -> Sequence[Task]:
        """Return what is still to be done, for which both conditions hold."""


class Queue(Protocol):
    """The cases in the order in which they are worked on, and what they are found by."""

    def keep(self, facets: Mapping[Receipt, Facets]) -> None:
        """Keep by what findings are found; their cases are marked by `mark`.

        Cases whose findings change are marked when the unit is left.
        """

    def clear(self) -> None:
        """Drop all that is kept of findings and cases."""

    def mark(self, cases: Iterable[CaseId]) -> None:
        """Mark *cases* by the findings that are filed in them now."""

    def walk(
        self,
        condition: Condition,
        wanted: Wanted,
        *,
        until: datetime | None = None,
        start: Place | None = None,
        size: int = 50,
    ) -> Sheet:
        """Return a page of the cases for which *condition* holds.

        Where *until* is given, their next clock runs out by then. It costs the same however
        many cases there are: no more than `LOOKED_AT` of them are looked at.
        """

    def count(self, condition: Condition, most: int) -> Mapping[State, Count]:
        """Count those for which *condition* holds, by state, up to *most* of each."""


class Tallies(Protocol):
    """Sums over findings and cases, for figures."""

    def months(
        self, condition: Condition, since: str
    ) -> Sequence[tuple[OrganisationId, str, Outcome | None, int]]:
        """Count submissions for which *condition* holds, from the month *since* on.

        By organisation, month (`2026-08`, in UTC) and how they were answered.
        """

    def ecosystems(self, condition: Condition) -> Mapping[str, int]:
        """Count submissions for which *condition* holds, by ecosystem."""

    def joined(self, condition: Condition) -> Mapping[OrganisationId, int]:
        """Count cases for which *condition* holds, by who was read in to them."""


class Views(Protocol):
    """Views of the queue that people saved."""

    def put(self, view: View) -> None:
        """Keep a new view."""

    def get(self, name: ViewId) -> View | None:
        """Return the view of this name."""

    def of(self, person: str) -> Sequence[View]:
        """Return those that *person* saved, the first saved first."""

    def drop(self, name: ViewId) -> None:
        """Have the view be no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Headline:
    """What lists and feeds say of an advisory."""

    id: AdvisoryId
    title: str
    published_at: datetime
    revised_at: datetime
    withdrawn_at: datetime | None


class DocumentSigner(Protocol):
    """Signs documents for the public (OpenPGP, RFC 9580)."""

    @property
    def fingerprint(self) -> str:
        """Return the fingerprint of the key, in capital letters."""

    @property
    def certificate(self) -> str:
        """Return the public key, armoured."""

    def sign(self, document: bytes) -> str:
        """Return a detached signature, armoured."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Two findings of different cases that a person is asked about."""

    pair: PairId
    newer: Receipt
    older: Receipt
    probability: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """How a second reader compares with people."""

    agreed: int
    of: int
    """Pairs on which both said yes or no."""


class Pairs(Subjects[JudgedPair], Protocol):
    """All pairs that a person has judged, and those that wait for it."""

    def find(self, name: PairId) -> JudgedPair | None:
        """Return the pair, if a person has judged it."""

    def touching(self, receipts: Sequence[Receipt]) -> Sequence[JudgedPair]:
        """Return the pairs of which one is among *receipts*."""

    def waiting(self, page: Page, *, put_off: bool = False) -> Sequence[Waiting]:
        """Return pairs to be judged, the most probable first; or those put off."""

    def unread(self, *, size: int) -> Sequence[PairId]:
        """Return pairs to be judged that no second reader has read."""

    def agreement(self) -> Agreement:
        """Return how often a second reader said what a person said, of how many."""

    def in_order(self, page: Page) -> Sequence[JudgedPair]:
        """Return every pair that was judged, the first judged first."""


class Advisories(Subjects[PublishedAdvisory], Protocol):
    """All published advisories."""

    def newest(self, page: Page) -> Sequence[Headline]:
        """Return the headlines of advisories, the newest first."""

    def changed(self, page: Page | None) -> Sequence[Headline]:
        """Return headlines, the one that changed last first; all without *page*."""

    def headlines_about(self, ecosystem: str, key: str) -> Sequence[Headline]:
        """Return the headlines of advisories about a package, the newest first."""

    def about(
        self, ecosystem: str, key: str, limit: int
    ) -> Sequence[PublishedAdvisory]:
        """Return at most *limit* advisories about a package, the newest first."""


class Exports(Subjects[Export], Protocol):
    """All exports."""

    def newest(self, page: Page) -> Sequence[Export]:
        """Return exports, the newest first."""


class KeptIndex(Index, Protocol):
    """The index of findings, kept beside the record it is made from."""

    def forget(self, receipt: Receipt) -> None:
        """Drop everything that is known of a finding."""

    def clear(self) -> None:
        """Drop everything that is known of any finding."""


class ClearinghouseUnit(Protocol):
    """The part of a unit of work that the clearinghouse needs."""

    @property
    def organisations(self) -> Organisations:
        """All organisations."""

    @property
    def people(self) -> People:
        """All people."""

    @property
    def submissions(self) -> Submissions:
        """All submissions."""

    @property
    def attempts(self) -> Attempts:
        """Idempotency keys that came."""

    @property
    def cases(self) -> Cases:
        """All cases."""

    @property
    def queue(self) -> Queue:
        """The cases in the order in which they are worked on."""

    @property
    def tallies(self) -> Tallies:
        """Sums over findings and cases."""

    @property
    def views(self) -> Views:
        """Views of the queue that people saved."""

    @property
    def routings(self) -> RoutingsOfCase:
        """What went, or is to go, from cases to owners."""

    @property
    def messages(self) -> Messages:
        """What was said in cases."""

    @property
    def statements(self) -> Statements:
        """What is stated of products in cases."""

    @property
    def tasks(self) -> Tasks:
        """What is to be done in cases."""

    @property
    def pairs(self) -> Pairs:
        """What people judged about two findings."""

    @property
    def advisories(self) -> Advisories:
        """All advisories."""

    @property
    def index(self) -> KeptIndex:
        """Where earlier findings are looked up by what they share with a new one."""

    @property
    def traces(self) -> Traces:
        """Who read what."""

    @property
    def exports(self) -> Exports:
        """All exports."""

    @property
    def agenda(self) -> Agenda:
        """Work to do."""
