"""Use cases of those who report: hand in, ask how it went."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fairlead.access.roles import Asker, Scope
from fairlead.access.traces import How, Moment, Trace, leave_trace, refuse_bulk
from fairlead.access.visibility import SUBMISSIONS, holds
from fairlead.base.ids import Receipt, new_receipt
from fairlead.base.ports import Randomness
from fairlead.clearinghouse.cases import CASES
from fairlead.clearinghouse.ports import ClearinghouseUnit, Job, Page
from fairlead.clearinghouse.submissions import SUBMISSIONS as SUBMISSION
from fairlead.clearinghouse.submissions import Submission, SubmissionReceived
from fairlead.errors import NotFound
from fairlead.formats import tap
from fairlead.record.events import StoredEvent


@dataclass(frozen=True, slots=True)
class Accepted:
    """A report that is kept."""

    submission: Submission
    again: bool
    """The same bytes had come from the same organisation before."""


def submit(
    unit: ClearinghouseUnit,
    asker: Asker,
    document: bytes,
    *,
    at: datetime,
    randomness: Randomness,
) -> Accepted:
    """Keep a report word for word, and have it compared with earlier ones.

    The same bytes from the same organisation give the same receipt, however often.

    Raises:
        Invalid: *document* is no TAP report; every violation is named.

    """
    asker.needs(Scope.REPORT_SUBMIT)
    if asker.organisation is None:
        raise NotFound("reports come from organisations")
    earlier = unit.submissions.same(asker.organisation, document)
    if earlier is not None:
        return Accepted(earlier, again=True)
    tap.decode(document)
    submission = unit.submissions.save(
        None,
        [
            SubmissionReceived(
                organisation=asker.organisation,
                fingerprint=unit.submissions.fingerprint(document),
                size=len(document),
                body=document,
            )
        ],
        name=new_receipt(randomness),
        by=asker.actor,
        at=at,
    )
    unit.agenda.enqueue(Job.DECIDE, submission.id, at=at)
    return Accepted(submission, again=False)


def status(unit: ClearinghouseUnit, receipt: Receipt) -> Submission:
    """Return the submission to whoever holds its receipt.

    The caller shows its status only; the outcome is for `own`.
    """
    return unit.submissions.get(receipt)


def may_see_outcome(asker: Asker, submission: Submission) -> bool:
    """Tell whether *asker* is of the organisation that sent it, or a coordinator."""
    return holds(SUBMISSIONS.condition(asker), submission)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportView:
    """All that its sender, or a coordinator, sees of a submission."""

    submission: Submission
    document: bytes | None
    """Exactly as sent; nothing once it was destroyed."""
    readings: Sequence[Trace]
    """Who has read it, the newest first."""


def read_report(
    unit: ClearinghouseUnit, asker: Asker, receipt: Receipt, moment: Moment
) -> ReportView:
    """Return a report exactly as sent; it leaves a trace.

    Raises:
        NotFound: there is none, or *asker* may not know of it.
        NotAllowed: *asker* has opened so many cases that this is an export.

    """
    submission = unit.submissions.get(receipt)
    if not may_see_outcome(asker, submission):
        raise NotFound(f"no submission {receipt}")
    stream = SUBMISSION.stream(receipt)
    case = CASES.stream(submission.case) if submission.case else ""
    refuse_bulk(unit, asker, case, Scope.REPORT_READ_ALL, moment)
    objects = [stream, case] if case and asker.may(Scope.REPORT_READ_ALL) else [stream]
    leave_trace(unit, asker, objects, How.READ, moment)
    return ReportView(
        submission=submission,
        document=unit.submissions.report(receipt),
        readings=unit.traces.of(stream),
    )


def received(
    unit: ClearinghouseUnit, asker: Asker, receipt: Receipt, moment: Moment
) -> StoredEvent:
    """Return the event by which a report was received, for its proof; leaves a trace.

    Raises:
        NotFound: there is none, or *asker* may not know of it.

    """
    read_report(unit, asker, receipt, moment)
    return unit.submissions.stored(receipt)[0]


def list_submissions(
    unit: ClearinghouseUnit, asker: Asker, page: Page, moment: Moment
) -> Sequence[Submission]:
    """Return the submissions that *asker* may see, the newest first.

    On those of other organisations it leaves a trace.
    """
    seen = unit.submissions.seen(SUBMISSIONS.condition(asker), page)
    others = [s for s in seen if s.organisation != asker.organisation]
    objects = [SUBMISSION.stream(submission.id) for submission in others]
    leave_trace(unit, asker, objects, How.LISTED, moment)
    return seen
