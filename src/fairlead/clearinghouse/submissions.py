"""Submissions: one report each, kept word for word, and how it was answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from fairlead.base.ids import CaseId, OrganisationId, Receipt
from fairlead.clearinghouse.evidence.ladder import Crossed, Rung, Support, highest
from fairlead.clearinghouse.public import PublicMatch
from fairlead.errors import Refused
from fairlead.record.events import Event, Fact, Upcast
from fairlead.record.subjects import Subject, name_of, unexpected

STATEMENTS = 50
"""Statements of evidence that one finding may have."""


class Status(StrEnum):
    """How far a submission is (TAP Intake API, Status)."""

    QUEUED = "queued"
    PROCESSING = "processing"
    DONE = "done"


class Outcome(StrEnum):
    """What the duplicate check found."""

    NEW = "new"
    """Nothing like it was known; a case was opened."""
    RELATED = "related"
    """It is another bug than any earlier one, but one that has to do with it."""
    KNOWN = "already known"
    """It is the same bug as an earlier finding, and joined that one's case."""
    IN_REVIEW = "in review"
    """It may be the same bug as an earlier one; a coordinator decides."""
    UNREADABLE = "unreadable"
    """What was kept cannot be read as a report any more; a coordinator looks at it."""


class PairVerdict(StrEnum):
    """What was decided about two findings."""

    SAME = "same"
    ASK = "ask"


class Pair(Struct, frozen=True, kw_only=True):
    """A decision about this finding and an earlier one."""

    other: Receipt
    verdict: PairVerdict
    probability: float
    """That both are the same bug, as calibrated."""


class Reasons(Struct, frozen=True, kw_only=True):
    """Why the pairs were decided as they were; as confidential as the reports."""

    by_pair: dict[Receipt, tuple[str, ...]] = {}


class SubmissionReceived(Fact, frozen=True, tag="submission.received@2"):
    """A report arrived and was kept; its bytes are the body, exactly as sent."""

    organisation: OrganisationId
    fingerprint: str
    """By what the same content is recognised; it says nothing of it without a key."""
    size: int
    body: bytes | None = None


class SubmissionDecided(Fact, frozen=True, tag="submission.decided@1"):
    """The duplicate check answered."""

    outcome: Outcome
    case: CaseId
    pairs: tuple[Pair, ...] = ()
    body: Reasons | None = None


class PublicMatches(Struct, frozen=True, kw_only=True):
    """What is public already, and why it is thought to be the same."""

    matches: tuple[PublicMatch, ...]


class SubmissionFoundPublic(Fact, frozen=True, tag="submission.found_public@1"):
    """What the finding says is, or may be, public already."""

    count: int
    body: PublicMatches | None = None


class SubmissionRefiled(Fact, frozen=True, tag="submission.refiled@1"):
    """The finding now belongs to another case: two became one, or one two."""

    case: CaseId


class SignedStatement(Struct, frozen=True, kw_only=True):
    """A statement of evidence, signed; as confidential as the report."""

    note: str


class EvidenceAdded(Fact, frozen=True, tag="submission.evidence_added@1"):
    """A recipe was run for the finding, and this is what it showed."""

    support: Support
    body: SignedStatement | None = None


class FindingCrossed(Fact, frozen=True, tag="submission.crossed@1"):
    """Its reproducer and that of another finding were run with each other's fix."""

    crossed: Crossed
    body: SignedStatement | None = None


class SubmissionAnswered(Fact, frozen=True, tag="submission.answered@1"):
    """A person judged, and so the answer is another one now."""

    outcome: Outcome


class SubmissionDestroyed(Fact, frozen=True, tag="submission.destroyed@1"):
    """The report, and why it was answered as it was, were destroyed."""

    case: CaseId
    """With the case it was filed in."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """One report and its answer."""

    id: Receipt
    organisation: OrganisationId
    fingerprint: str
    received_at: datetime
    status: Status = Status.QUEUED
    status_at: datetime
    outcome: Outcome | None = None
    case: CaseId | None = None
    pairs: tuple[Pair, ...] = ()
    public: tuple[PublicMatch, ...] = ()
    """Public records that are, or may be, the same bug."""
    destroyed: bool = False
    evidence: tuple[Support, ...] = ()
    """What was shown of it, the earliest first."""
    crossings: tuple[Crossed, ...] = ()
    """With which other findings it was crossed, the earliest first."""
    version: int = 1

    @property
    def rung(self) -> Rung:
        """Return how far the evidence for it goes."""
        return highest(self.evidence)


def evidence_added(
    submission: Submission, support: Support, note: str
) -> Sequence[Fact]:
    """Return what adding a statement to *submission* means.

    Raises:
        Refused: the report was destroyed, or the statement is there already.

    """
    if submission.destroyed:
        raise Refused(f"{submission.id} was destroyed; nothing more is kept about it")
    if any(held.statement == support.statement for held in submission.evidence):
        raise Refused(f"{submission.id} has this statement already")
    if len(submission.evidence) >= STATEMENTS:
        raise Refused(f"{submission.id} has {STATEMENTS} statements, which is enough")
    return [EvidenceAdded(support=support, body=SignedStatement(note=note))]


def crossed_with(submission: Submission, crossed: Crossed, note: str) -> Sequence[Fact]:
    """Return what crossing *submission* with another finding means.

    Raises:
        Refused: the report was destroyed, or this is recorded already.

    """
    if submission.destroyed:
        raise Refused(f"{submission.id} was destroyed; nothing more is kept about it")
    if any(held.crossing == crossed.crossing for held in submission.crossings):
        raise Refused(f"{submission.id} has this crossing already")
    if len(submission.crossings) >= STATEMENTS:
        raise Refused(f"{submission.id} has {STATEMENTS} crossings, which is enough")
    return [FindingCrossed(crossed=crossed, body=SignedStatement(note=note))]


def _evolve(state: Submission | None, event: Event) -> Submission:  # noqa: PLR0911 - one a fact
    match state, event.fact:
        case None, SubmissionReceived(
            organisation=organisation, fingerprint=fingerprint
        ):
            return Submission(
                id=Receipt(name_of(event)),
                organisation=organisation,
                fingerprint=fingerprint,
                received_at=event.at,
                status_at=event.at,
            )
        case Submission(), SubmissionDecided(outcome=outcome, case=case, pairs=pairs):
            return replace(
                state,
                status=Status.DONE,
                status_at=event.at,
                outcome=outcome,
                case=case,
                pairs=pairs,
                version=event.version,
            )
        case Submission(), SubmissionRefiled(case=case):
            return replace(state, case=case, version=event.version)
        case Submission(), EvidenceAdded(support=support):
            evidence = (*state.evidence, support)
            return replace(state, evidence=evidence, version=event.version)
        case Submission(), FindingCrossed(crossed=crossed):
            crossings = (*state.crossings, crossed)
            return replace(state, crossings=crossings, version=event.version)
        case Submission(), SubmissionFoundPublic(body=body):
            matches = body.matches if body else ()
            return replace(state, public=matches, version=event.version)
        case Submission(), SubmissionAnswered(outcome=outcome):
            return replace(state, outcome=outcome, version=event.version)
        case Submission(), SubmissionDestroyed():
            return replace(state, destroyed=True, version=event.version)
    raise unexpected(event)


SUBMISSIONS = Subject(
    "submission",
    Submission,
    (
        SubmissionReceived,
        SubmissionDecided,
        SubmissionFoundPublic,
        SubmissionRefiled,
        SubmissionAnswered,
        EvidenceAdded,
        FindingCrossed,
        SubmissionDestroyed,
    ),
    _evolve,
    (
        Upcast(
            old="submission.received@1",
            new="submission.received@2",
            # It was the bare SHA-256 of the bytes, which whoever has them can recognise.
            change=lambda data: {
                "organisation": data["organisation"],
                "fingerprint": data["digest"],
                "size": data["size"],
            },
        ),
    ),
)
