"""Use cases of those who report: hand in, ask how it went."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fairlead.access.roles import Asker, Scope
from fairlead.access.traces import How, Moment, Trace, leave_trace, refuse_bulk
from fairlead.access.visibility import SUBMISSIONS, holds
from fairlead.base.ids import OrganisationId, Receipt, new_receipt
from fairlead.base.ports import Randomness
from fairlead.clearinghouse.cases import CASES
from fairlead.clearinghouse.casework.timing import Clock, finders_clocks
from fairlead.clearinghouse.ports import Attempt, ClearinghouseUnit, Job, Page, Sent
from fairlead.clearinghouse.submissions import SUBMISSIONS as SUBMISSION
from fairlead.clearinghouse.submissions import (
    Outcome,
    Pair,
    PairVerdict,
    Submission,
    SubmissionReceived,
)
from fairlead.errors import KeyReused, NotFound
from fairlead.formats import tap
from fairlead.formats.tap import TapReport
from fairlead.record.events import Fact, StoredEvent

KEY_LASTS = timedelta(hours=24)
"""For how long an idempotency key is remembered; the same content for ever."""


@dataclass(frozen=True, slots=True)
class Incoming:
    """A report that was read and keeps to the rules."""

    document: bytes
    report: TapReport
    content: bytes
    """What it says; see `tap.content_of`."""

    @classmethod
    def read(cls, document: bytes) -> Incoming:
        """Read a report; best done before a transaction is opened.

        Raises:
            Invalid: *document* is no TAP report; every violation is named.

        """
        report = tap.decode(document)
        return cls(document, report, tap.content_of(report))


@dataclass(frozen=True, slots=True)
class Accepted:
    """A report that is kept."""

    submission: Submission
    again: bool
    """The same content had come from the same organisation before."""


def submit(
    unit: ClearinghouseUnit,
    asker: Asker,
    document: bytes,
    *,
    at: datetime,
    randomness: Randomness,
) -> Accepted:
    """Keep one report; see `submit_many`.

    Raises:
        Invalid: *document* is no TAP report; every violation is named.

    """
    sent = [Incoming.read(document)]
    return submit_many(unit, asker, sent, at=at, randomness=randomness)[0]


def submit_once(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClearinghouseUnit,
    asker: Asker,
    incoming: Incoming,
    key: str,
    *,
    at: datetime,
    randomness: Randomness,
) -> Accepted:
    """Keep one report that came with an idempotency key, by which it is told again.

    Source: draft-ietf-httpapi-idempotency-key-header-07, 2.6 and 2.7.

    Raises:
        KeyReused: within `KEY_LASTS`, *key* came with another content.

    """
    sender = _sender(asker)
    fingerprint = unit.submissions.fingerprint(incoming.content)
    before = unit.attempts.get(sender, key, at=at)
    if before is not None and before.fingerprint != fingerprint:
        raise KeyReused(
            "this Idempotency-Key came with another report; nothing was stored: send"
            " each report with a key of its own"
        )
    (accepted,) = submit_many(unit, asker, [incoming], at=at, randomness=randomness)
    if before is None:
        kept = Attempt(fingerprint=fingerprint, receipt=accepted.submission.id)
        unit.attempts.keep(sender, key, kept, at=at, until=at + KEY_LASTS)
    return accepted


def submit_many(
    unit: ClearinghouseUnit,
    asker: Asker,
    sent: Sequence[Incoming],
    *,
    at: datetime,
    randomness: Randomness,
) -> Sequence[Accepted]:
    """Keep reports word for word, and have them compared with earlier ones.

    The same content from the same organisation gives the same receipt, however often and
    in whatever form it comes.
    """
    sender = _sender(asker)
    ports = [Sent(one.document, one.content) for one in sent]
    known = unit.submissions.same(sender, ports)
    new: dict[str, Sequence[Fact]] = {}
    receipts: dict[bytes, Receipt] = {}
    for one, earlier in zip(sent, known, strict=True):
        if earlier is None and one.content not in receipts:
            receipts[one.content] = receipt = new_receipt(randomness)
            fact = SubmissionReceived(
                organisation=sender,
                fingerprint=unit.submissions.fingerprint(one.content),
                size=len(one.document),
                body=one.document,
            )
            new[receipt] = [fact]
    kept = unit.submissions.add_many(new, by=asker.actor, at=at) if new else ()
    by_name = {submission.id: submission for submission in kept}
    unit.agenda.enqueue_many(Job.DECIDE, list(new), at=at)
    answers: list[Accepted] = []
    answered: set[str] = set()
    for one, earlier in zip(sent, known, strict=True):
        if earlier is not None:
            answers.append(Accepted(earlier, again=True))
            continue
        name = receipts[one.content]
        answers.append(Accepted(by_name[name], again=name in answered))
        answered.add(name)
    return answers


def _sender(asker: Asker) -> OrganisationId:
    asker.needs(Scope.REPORT_SUBMIT)
    if asker.organisation is None:
        raise NotFound("reports come from organisations")
    return asker.organisation


def status(unit: ClearinghouseUnit, receipt: Receipt) -> Submission:
    """Return the submission to whoever holds its receipt.

    The caller shows its status only; the outcome is for `own`.
    """
    return unit.submissions.get(receipt)


@dataclass(frozen=True, slots=True)
class Answer:
    """What the duplicate check found, as its sender is told."""

    outcome: Outcome | None
    reasons: Sequence[str]


def answer(unit: ClearinghouseUnit, submission: Submission) -> Answer:
    """Return what the sender of *submission* is told, besides how far it is.

    Of other members' reports nothing is told but that there is one: neither how many,
    nor anything that stands in them (promise P6).
    """
    told: list[str] = []
    reasons: Mapping[Receipt, Sequence[str]] = {}
    own = [p for p in submission.pairs if _own(unit, submission, p)]
    if own:
        reasons = unit.submissions.reasons(submission.id).by_pair
    for pair in submission.pairs:
        why = "; ".join(reasons.get(pair.other, ())) if pair in own else ""
        told.append(
            f"{_LIKE[pair.verdict]} your own {pair.other}: {why}"
            if pair in own
            else f"{_LIKE[pair.verdict]} one that came before"
        )
    return Answer(submission.outcome, tuple(dict.fromkeys(told)))


_LIKE = {
    PairVerdict.SAME: "the same bug as",
    PairVerdict.ASK: "a coordinator decides whether it is the same bug as",
}


def _own(unit: ClearinghouseUnit, submission: Submission, pair: Pair) -> bool:
    other = unit.submissions.get(pair.other)
    return other.organisation == submission.organisation


def clocks(unit: ClearinghouseUnit, submission: Submission) -> Sequence[Clock]:
    """Return the clocks that run for a finding, as its sender is shown them.

    Nothing once its case was destroyed, or is being decided. What they say of others who
    found it too stands at `timing.finders_clocks`.
    """
    if submission.case is None or submission.destroyed:
        return ()
    case = unit.cases.get(submission.case)
    return finders_clocks(case, submission.received_at)


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
