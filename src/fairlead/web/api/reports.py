"""Reports and their status, as the TAP Intake API has them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

from litestar import Response, Router, get, post
from litestar.concurrency import sync_to_thread
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Struct

from fairlead.access.roles import Asker, Scope
from fairlead.base.ids import Receipt
from fairlead.clearinghouse import reporting
from fairlead.clearinghouse.casework.timing import Clock
from fairlead.clearinghouse.ports import Page
from fairlead.clearinghouse.reporting import Accepted, Answer, Incoming
from fairlead.clearinghouse.submissions import Outcome, Status, Submission
from fairlead.errors import Conflict, Damaged, Unavailable
from fairlead.formats import tap, tap_multipart
from fairlead.record.disclosure import Disclosure, disclose
from fairlead.web import auth, bodies
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.openapi import PROBLEMS, ReportOperation
from fairlead.web.parameters import After

log = logging.getLogger(__name__)

BODY = 3 * 1024 * 1024
"""The largest request body, in bytes (TAP Intake API, Limits)."""


class Warned(Struct, frozen=True, kw_only=True):
    """Something accepted that will not always be."""

    code: str
    field: str
    reason: str


class Taken(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to a report that is kept."""

    receipt: Receipt
    message: str
    warnings: tuple[Warned, ...] = ()


class StatusAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How far a submission is; the outcome is there for those who sent it."""

    receipt: Receipt
    status: Status
    at: str
    """RFC 3339, to the second."""
    outcome: Outcome | None = None
    reasons: Sequence[str] = ()
    """Why, as far as its sender may know."""
    clocks: Sequence[Clock] = ()
    """Until when it is held, and how long it is closed, to its sender."""

    @classmethod
    def of(
        cls, submission: Submission, answer: Answer | None, clocks: Sequence[Clock] = ()
    ) -> StatusAnswer:
        """Return what is told of *submission*, to its sender with the *answer*."""
        return cls(
            receipt=submission.id,
            status=submission.status,
            at=_to_the_second(submission.status_at),
            outcome=answer.outcome if answer else None,
            reasons=answer.reasons if answer else (),
            clocks=clocks,
        )


class Sent(Struct, frozen=True, kw_only=True):
    """Submissions that the asker may see, the newest first."""

    submissions: Sequence[StatusAnswer]


@post(
    "/reports",
    status_code=HTTPStatus.ACCEPTED,
    request_max_body_size=BODY,
    summary="Submit a vulnerability report",
    responses=PROBLEMS,
    operation_class=ReportOperation,
)
async def submit(
    request: AnyRequest, context: NamedDependency[Context]
) -> Response[Taken]:
    """Keep a report and answer with its receipt.

    Steps, each before the next: where the request comes from, who sends it, what type
    it is of; only then is the body read. The answer follows the commit to disk. With an
    `Idempotency-Key` it is the first answer for as long as the key counts, 24 hours.
    """
    await sync_to_thread(sender, request, context)
    kind = bodies.type_of(request, "application/json", tap_multipart.TYPE)
    key = bodies.idempotency_key(request)
    with context.gate.enter():
        document = await bodies.report(request, kind, context.body_seconds)
        accepted, warnings = await sync_to_thread(
            _keep, request, context, document, key
        )
    context.wake()
    receipt = accepted.submission.id
    return Response(
        Taken(
            receipt=receipt,
            message="accepted; poll /v1/submissions/{receipt} for status",
            warnings=warnings,
        ),
        headers={"Link": f'</v1/submissions/{receipt}>; rel="monitor"'},
        status_code=HTTPStatus.ACCEPTED,
    )


@get(
    "/submissions/{receipt:str}",
    sync_to_thread=True,
    summary="Ask for a status",
    responses=PROBLEMS,
)
def read(
    request: AnyRequest, receipt: FromPath[str], context: NamedDependency[Context]
) -> StatusAnswer:
    """Return the status to whoever holds the receipt; to its sender also the outcome."""
    with context.store.read() as unit:
        # Who asks is settled first: whether a receipt exists must cost a look-up.
        asker = auth.anyone(unit, request, context)
        if asker is None:
            context.limits.status.count(context.proxies.client(request))
        submission = reporting.status(unit, Receipt(receipt))
        seen = asker is not None and reporting.may_see_outcome(asker, submission)
        answer = reporting.answer(unit, submission) if seen else None
        clocks = reporting.clocks(unit, submission) if seen else ()
        return StatusAnswer.of(submission, answer, clocks)


@get(
    "/submissions/{receipt:str}/proof",
    sync_to_thread=True,
    summary="Prove that a report was received",
    responses=PROBLEMS,
)
def prove(
    request: AnyRequest, receipt: FromPath[str], context: NamedDependency[Context]
) -> Response[bytes]:
    """Return the report as it stands in the record, with the proof, to its sender.

    Anyone verifies it offline with `fairlead record verify` and the record's key: that
    exactly these bytes were received, by whom and when.
    """
    with context.store.read() as unit:
        asker = auth.asker(unit, request, context)
        event = reporting.received(unit, asker, Receipt(receipt), context.moment)
    proof = context.prove(f"{event.stream}@{event.version}")
    disclosed = Disclosure(events=(disclose(event, proof, body=True),))
    return Response(disclosed.encode(), media_type="application/json")


@get(
    "/submissions", sync_to_thread=True, summary="List submissions", responses=PROBLEMS
)
def listed(
    request: AnyRequest, context: NamedDependency[Context], after: After = 0
) -> Sent:
    """Return the submissions that the asker may see, the newest first, 50 at a time."""
    with context.store.read() as unit:
        asker = auth.asker(unit, request, context)
        found = reporting.list_submissions(
            unit, asker, Page(after=after), context.moment
        )
        return Sent(
            submissions=[
                StatusAnswer.of(s, Answer(outcome=s.outcome, reasons=())) for s in found
            ]
        )


def sender(request: AnyRequest, context: Context) -> None:
    """Make sure, before a body is read, that whoever sends it may submit reports.

    Raises:
        Unauthenticated: it is unknown who sends it.
        NotAllowed: the token is for something else.
        TooMany: too many reports of one organisation within the window.

    """
    with context.store.read() as unit:
        asker = auth.asker(unit, request, context)
    asker.needs(Scope.REPORT_SUBMIT)
    context.limits.submissions.check(asker.organisation or asker.actor)


def warned(incoming: Incoming) -> tuple[Warned, ...]:
    """Return the warnings about a report."""
    return tuple(
        Warned(code=w.code, field=w.field, reason=w.reason)
        for w in tap.warnings_of(incoming.report)
    )


def _keep(
    request: AnyRequest, context: Context, document: bytes, key: str | None
) -> tuple[Accepted, tuple[Warned, ...]]:
    incoming = Incoming.read(document)
    try:
        accepted = _submit(request, context, incoming, key)
    except Conflict:
        # The same report came twice at one moment; now the first one is there.
        accepted = _submit(request, context, incoming, key)
    except Damaged as error:
        log.exception("report.not_kept")
        raise Unavailable(
            "the report could not be encrypted, and was not stored; try again later"
        ) from error
    return accepted, warned(incoming)


def _submit(
    request: AnyRequest, context: Context, incoming: Incoming, key: str | None
) -> Accepted:
    with context.store.begin() as unit:
        # The token is looked up again: it may have been revoked while the body came.
        asker = auth.asker(unit, request, context)
        count(request, context, asker, 1)
        at, randomness = context.clock(), context.randomness
        if key is not None:
            return reporting.submit_once(
                unit, asker, incoming, key, at=at, randomness=randomness
            )
        sent = [incoming]
        return reporting.submit_many(unit, asker, sent, at=at, randomness=randomness)[0]


_COUNTED = "fairlead_reports"


def count(request: AnyRequest, context: Context, asker: Asker, reports: int) -> None:
    """Count *reports* of whoever sends them, once even where they are tried again."""
    state = request.scope["state"]
    before = state.get(_COUNTED, 0)
    state[_COUNTED] = max(before, reports)
    if reports > before:
        whose = asker.organisation or asker.actor
        context.limits.submissions.count(whose, reports - before)


def _to_the_second(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


router = Router(
    "/v1",
    route_handlers=[submit, read, prove, listed],
    tags=["reports"],
)
