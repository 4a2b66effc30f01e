"""What a merge had disclosed to whom, told once it was undone (promise P10)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fairlead.access.roles import Asker, Scope
from fairlead.access.traces import How, Moment, Trace, leave_trace
from fairlead.base.ids import CaseId, OrganisationId, Receipt
from fairlead.clearinghouse import cases, coordinating
from fairlead.clearinghouse.cases import CASES
from fairlead.clearinghouse.ports import ClearinghouseUnit
from fairlead.clearinghouse.submissions import SUBMISSIONS, Outcome, Submission


@dataclass(frozen=True, slots=True, kw_only=True)
class Disclosed:
    """Something that somebody came to know only because findings were in one case."""

    finding: Receipt
    """What was disclosed: this report; or, to its sender, that it was known already."""
    to: OrganisationId
    actor: str | None
    """Who read it; nothing where it was the answer to the sender."""
    how: How | None
    at: datetime


@dataclass(frozen=True, slots=True)
class _Stay:
    """The time that a finding was filed in the case."""

    submission: Submission
    since: datetime
    until: datetime | None

    def covers(self, at: datetime) -> bool:
        return self.since <= at and (self.until is None or at <= self.until)


def disclosed(
    unit: ClearinghouseUnit, asker: Asker, case_id: CaseId, moment: Moment
) -> Sequence[Disclosed]:
    """Return what the merges of a case had disclosed, as far as they were undone.

    1. Organisations that were read in to the case, and read a finding that has left it.
    2. Organisations whose own finding has left it, and that read one which stayed.
    3. Senders that were answered "already known" for a finding that has left it.

    What coordinators read, who may read every report, is left out. The traces of reading
    tell who opened a report, not what was remembered of it.

    Raises:
        NotFound: there is no such case, or *asker* may not know of it.

    """
    case = coordinating.find(unit, asker, case_id)
    asker.needs(Scope.CASE_MOVE)
    left = {
        event.fact.finding: event.at
        for event in unit.cases.history(case.id)
        if isinstance(event.fact, cases.FindingParted)
    }
    leave_trace(unit, asker, [CASES.stream(case.id)], How.READ, moment)
    gone = [_stay(unit, receipt, case.id, until) for receipt, until in left.items()]
    kept = [
        _stay(unit, submission.id, case.id, None)
        for submission in unit.submissions.of_case(case.id)
        if gone
    ]
    read_in = _read_in(unit, case.id)
    found = [*_read(unit, gone, kept, read_in), *_answered(unit, gone)]
    return sorted(found, key=lambda d: (d.at, d.finding, d.to))


def _stay(
    unit: ClearinghouseUnit, receipt: Receipt, case: CaseId, until: datetime | None
) -> _Stay:
    since = [
        at
        for at, there in unit.submissions.stays(receipt)
        if there == case and (until is None or at <= until)
    ]
    submission = unit.submissions.get(receipt)
    return _Stay(submission, max(since, default=submission.received_at), until)


def _read_in(
    unit: ClearinghouseUnit, case: CaseId
) -> Mapping[OrganisationId, Sequence[tuple[datetime, datetime | None]]]:
    """Return when each organisation was read in to the case, and until when."""
    found: dict[OrganisationId, list[tuple[datetime, datetime | None]]] = {}
    for event in unit.cases.history(case):
        match event.fact:
            case cases.ParticipantReadIn(organisation=organisation):
                found.setdefault(organisation, []).append((event.at, None))
            case cases.ParticipantReadOut(organisation=organisation):
                since, _ = found[organisation][-1]
                found[organisation][-1] = (since, event.at)
    return found


def _read(
    unit: ClearinghouseUnit,
    gone: Sequence[_Stay],
    kept: Sequence[_Stay],
    read_in: Mapping[OrganisationId, Sequence[tuple[datetime, datetime | None]]],
) -> Iterator[Disclosed]:
    # Whoever sent one of those that stayed was read in for its own sake.
    senders = {stay.submission.organisation for stay in gone}
    own = {stay.submission.organisation for stay in kept}
    for stays, concerned in ((gone, None), (kept, senders - own)):
        for stay in stays:
            for trace in unit.traces.of(SUBMISSIONS.stream(stay.submission.id)):
                to = trace.organisation
                if to is None or to == stay.submission.organisation:
                    continue
                if concerned is not None and to not in concerned:
                    continue
                if stay.covers(trace.at) and _was_in(read_in.get(to, ()), trace):
                    yield Disclosed(
                        finding=stay.submission.id,
                        to=to,
                        actor=trace.actor,
                        how=trace.how,
                        at=trace.at,
                    )


def _was_in(times: Sequence[tuple[datetime, datetime | None]], trace: Trace) -> bool:
    return any(
        since <= trace.at and (until is None or trace.at <= until)
        for since, until in times
    )


def _answered(unit: ClearinghouseUnit, gone: Sequence[_Stay]) -> Iterator[Disclosed]:
    for stay in gone:
        for at, outcome in unit.submissions.answers(stay.submission.id):
            if outcome is Outcome.KNOWN and stay.covers(at):
                yield Disclosed(
                    finding=stay.submission.id,
                    to=stay.submission.organisation,
                    actor=None,
                    how=None,
                    at=at,
                )
