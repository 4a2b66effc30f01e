"""Use cases of coordinators: the queue, a case, its moves, its embargo, who is read in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fairlead.access.roles import Asker, Scope
from fairlead.access.traces import How, Moment, Trace, leave_trace, refuse_bulk
from fairlead.access.visibility import CASES, holds
from fairlead.base.ids import CaseId, OrganisationId, PairId, Receipt, pair_id
from fairlead.clearinghouse import cases
from fairlead.clearinghouse.cases import Case, Part, State
from fairlead.clearinghouse.casework import seats
from fairlead.clearinghouse.casework.dues import keep_time
from fairlead.clearinghouse.evidence.ladder import Sameness
from fairlead.clearinghouse.evidence.statements import Statement, read_statement
from fairlead.clearinghouse.findings import Finding
from fairlead.clearinghouse.intake import finding_of
from fairlead.clearinghouse.ports import ClearinghouseUnit, Page
from fairlead.clearinghouse.submissions import SUBMISSIONS, PairVerdict, Submission
from fairlead.errors import Invalid, Refused
from fairlead.formats import tap
from fairlead.record.events import Event


def queue(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClearinghouseUnit,
    asker: Asker,
    page: Page,
    moment: Moment,
    *,
    states: Sequence[State] = (),
    words: str = "",
) -> Sequence[Case]:
    """Return the cases that *asker* may see, the newest first; it leaves a trace."""
    condition = CASES.condition(asker)
    seen = unit.cases.seen(condition, page, states=states, words=words)
    objects = [cases.CASES.stream(case.id) for case in seen]
    leave_trace(unit, asker, objects, How.LISTED, moment)
    return seen


def count(unit: ClearinghouseUnit, asker: Asker) -> dict[State, int]:
    """Count the cases that *asker* may see, by state."""
    return unit.cases.count(CASES.condition(asker))


def find(unit: ClearinghouseUnit, asker: Asker, case_id: CaseId) -> Case:
    """Return a case.

    Raises:
        NotFound: there is none, or *asker* may not know of it; which is not said.

    """
    return unit.cases.find(case_id, CASES.condition(asker))


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """A finding in a case."""

    submission: Submission
    finding: Finding | None
    """Nothing where the report was destroyed."""
    reasons: tuple[str, ...]
    """Why it was taken for the same bug as an earlier finding of the case."""
    statements: Sequence[Statement] = ()
    """What running recipes for it has shown, the earliest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Doubt:
    """A finding of this case and one of another that may be the same bug."""

    finding: Receipt
    other: Receipt
    other_case: CaseId
    pair: PairId
    probability: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class CaseView:
    """All that somebody who may see a case sees of it."""

    readings: Sequence[Trace]
    """Who has read it, the newest first, as far as the asker may know."""

    case: Case
    filed: Sequence[Filed]
    doubts: Sequence[Doubt]
    history: Sequence[Event]


def view(
    unit: ClearinghouseUnit, asker: Asker, case_id: CaseId, moment: Moment
) -> CaseView:
    """Return a case with its findings, doubts and history; it leaves a trace on each.

    Raises:
        NotFound: there is none, or *asker* may not know of it; which is not said.
        NotAllowed: *asker* has opened so many cases that this is an export.

    """
    case = find(unit, asker, case_id)
    stream = cases.CASES.stream(case.id)
    refuse_bulk(unit, asker, stream, Scope.CASE_READ_ALL, moment)
    submissions = unit.submissions.of_case(case.id)
    read = [stream, *(SUBMISSIONS.stream(submission.id) for submission in submissions)]
    leave_trace(unit, asker, read, How.READ, moment)
    seat = seats.seat_of(case, asker)
    known = seats.known(case, seat)
    return CaseView(
        readings=[t for t in unit.traces.of(stream) if seats.reads(t, seat)],
        case=case,
        filed=[_filed(unit, submission) for submission in submissions],
        doubts=[
            doubt
            for submission in submissions
            for doubt in _doubts(unit, asker, submission)
        ],
        history=[
            event
            for event in unit.cases.history(case.id)
            if seats.tells(event, known, seat)
        ],
    )


def move(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClearinghouseUnit,
    asker: Asker,
    case_id: CaseId,
    to: State,
    *,
    reason: str,
    at: datetime,
) -> Case:
    """Move a case to another state, as `MOVES` allows."""
    case = find(unit, asker, case_id)
    asker.needs(Scope.CASE_MOVE)
    facts = cases.moved(case, to, reason)
    case = unit.cases.save(case, facts, name=case.id, by=asker.actor, at=at)
    keep_time(unit, case)
    return case


def shorten_embargo(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClearinghouseUnit,
    asker: Asker,
    case_id: CaseId,
    until: datetime,
    *,
    rule: str,
    reason: str,
    at: datetime,
) -> Case:
    """Let the embargo of a case end earlier; an instant that is past ends it now."""
    case = find(unit, asker, case_id)
    asker.needs(Scope.CASE_MOVE)
    facts = cases.embargo_set(case, until, rule, reason)
    case = unit.cases.save(case, facts, name=case.id, by=asker.actor, at=at)
    keep_time(unit, case)
    return case


def read_in(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClearinghouseUnit,
    asker: Asker,
    case_id: CaseId,
    organisation: OrganisationId,
    part: Part,
    *,
    at: datetime,
) -> Case:
    """Let an organisation see a case from now on, as *part*.

    Raises:
        Refused: it was read in already, has left, or the case was destroyed.

    """
    case = find(unit, asker, case_id)
    asker.needs(Scope.CASE_MOVE)
    if case.destroyed:
        raise Refused(f"{case.id} was destroyed; there is nothing left to see")
    if not unit.organisations.get(organisation).active:
        raise Refused(f"{organisation} has left")
    if organisation in case.participants:
        raise Refused(f"{organisation} was read in already")
    facts = [cases.ParticipantReadIn(organisation=organisation, part=part)]
    return unit.cases.save(case, facts, name=case.id, by=asker.actor, at=at)


def read_out(
    unit: ClearinghouseUnit,
    asker: Asker,
    case_id: CaseId,
    organisation: OrganisationId,
    *,
    at: datetime,
) -> Case:
    """Let an organisation not see a case any more; what it saw, it saw.

    Raises:
        Refused: it was not read in.

    """
    case = find(unit, asker, case_id)
    asker.needs(Scope.CASE_MOVE)
    if organisation not in case.participants:
        raise Refused(f"{organisation} is not read in")
    facts = [cases.ParticipantReadOut(organisation=organisation)]
    return unit.cases.save(case, facts, name=case.id, by=asker.actor, at=at)


def _filed(unit: ClearinghouseUnit, submission: Submission) -> Filed:
    document = unit.submissions.report(submission.id)
    finding = None
    if document is not None:
        try:
            finding = finding_of(submission.id, tap.decode(document))
        except Invalid:
            finding = None
    # The two may have come to lie in different cases; then the reasons would tell of one
    # that the asker was not read in to.
    same = [
        pair.other
        for pair in submission.pairs
        if pair.verdict is PairVerdict.SAME
        and unit.submissions.get(pair.other).case == submission.case
    ]
    reasons = unit.submissions.reasons(submission.id).by_pair if same else {}
    return Filed(
        submission=submission,
        finding=finding,
        reasons=reasons[same[0]] if same and same[0] in reasons else (),
        statements=[
            statement
            for note in (
                unit.submissions.statements(submission.id)
                if submission.evidence
                else ()
            )
            if (statement := read_statement(note)) is not None
        ],
    )


def _doubts(
    unit: ClearinghouseUnit, asker: Asker, submission: Submission
) -> Sequence[Doubt]:
    """Return the pairs left for a person; the other case must be visible too."""
    told_apart = {
        crossed.other
        for crossed in submission.crossings
        if crossed.sameness is Sameness.DIFFERENT
    }
    asked = [
        pair
        for pair in submission.pairs
        if pair.verdict is PairVerdict.ASK and pair.other not in told_apart
    ]
    if not asked:
        return ()
    settled = {pair.id for pair in unit.pairs.touching([submission.id]) if pair.settled}
    reasons = unit.submissions.reasons(submission.id).by_pair
    doubts: list[Doubt] = []
    for pair in asked:
        other = unit.submissions.get(pair.other)
        name = pair_id(submission.id, pair.other)
        if other.case is None or other.case == submission.case or name in settled:
            continue
        if not holds(CASES.condition(asker), unit.cases.get(other.case)):
            continue
        doubts.append(
            Doubt(
                finding=submission.id,
                other=other.id,
                other_case=other.case,
                pair=name,
                probability=pair.probability,
                reasons=reasons.get(pair.other, ()),
            )
        )
    return doubts
