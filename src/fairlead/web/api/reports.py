"""Reports and their status, as the TAP Intake API has them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

from litestar import Response, Router, get, post
from litestar.concurrency import sync_to_thread
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from litestar.params import FromPath
from msgspec import Struct

from fairlead.base.ids import Receipt
from fairlead.clearinghouse import reporting
from fairlead.clearinghouse.ports import Page
from fairlead.clearinghouse.reporting import Accepted
from fairlead.clearinghouse.submissions import Outcome, Status, Submission
from fairlead.errors import Conflict
from fairlead.formats import tap
from fairlead.record.disclosure import Disclosure, disclose
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.openapi import PROBLEMS, ReportOperation
from fairlead.web.parameters import After

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

    @classmethod
    def of(cls, submission: Submission, *, outcome: bool) -> StatusAnswer:
        """Return what is told of *submission*."""
        return cls(
            receipt=submission.id,
            status=submission.status,
            at=_to_the_second(submission.status_at),
            outcome=submission.outcome if outcome else None,
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
    it is of; only then is the body read. The answer follows the commit to disk.
    """
    await sync_to_thread(_authenticate, request, context)
    _check_type(request)
    document = await request.body()
    accepted, warnings = await sync_to_thread(_keep, request, context, document)
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
        return StatusAnswer.of(submission, outcome=seen)


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
        return Sent(submissions=[StatusAnswer.of(s, outcome=True) for s in found])


def _authenticate(request: AnyRequest, context: Context) -> None:
    with context.store.read() as unit:
        auth.asker(unit, request, context)


def _check_type(request: AnyRequest) -> None:
    kind, _ = request.content_type
    if kind != "application/json":
        raise HTTPException(
            status_code=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            detail="send the report as application/json",
        )


def _keep(
    request: AnyRequest, context: Context, document: bytes
) -> tuple[Accepted, tuple[Warned, ...]]:
    try:
        accepted = _submit(request, context, document)
    except Conflict:
        # The same bytes came twice at one moment; now the first ones are there.
        accepted = _submit(request, context, document)
    warnings = tap.warnings_of(tap.decode(document))
    return accepted, tuple(
        Warned(code=w.code, field=w.field, reason=w.reason) for w in warnings
    )


def _submit(request: AnyRequest, context: Context, document: bytes) -> Accepted:
    with context.store.begin() as unit:
        # The token is looked up again: it may have been revoked while the body came.
        asker = auth.asker(unit, request, context)
        return reporting.submit(
            unit, asker, document, at=context.clock(), randomness=context.randomness
        )


def _to_the_second(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


router = Router(
    "/v1",
    route_handlers=[submit, read, prove, listed],
    tags=["reports"],
)
