"""Many reports at once: a line of JSON each, an answer for each line."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus

import msgspec
from litestar import Response, Router, post
from litestar.concurrency import sync_to_thread
from litestar.di import NamedDependency
from litestar.exceptions import HTTPException
from msgspec import Struct

from fairlead.base.ids import Receipt
from fairlead.clearinghouse import reporting
from fairlead.clearinghouse.reporting import Accepted, Incoming
from fairlead.errors import (
    Conflict,
    Damaged,
    Error,
    Invalid,
    TooLarge,
    Unavailable,
)
from fairlead.formats import tap
from fairlead.formats.ndjson import Line, Splitter
from fairlead.web import auth, bodies
from fairlead.web.api import reports
from fairlead.web.api.reports import Warned
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.openapi import PROBLEMS, BatchOperation
from fairlead.web.problems import Problem, problem_of

log = logging.getLogger(__name__)

TYPES = ("application/x-ndjson", "application/jsonl")
BODY = 64 * 1024 * 1024
"""Bytes of a batch, at most."""
LINES = 2_000
"""Reports of a batch, at most."""
TOGETHER = 200
"""Reports in one transaction, at most."""
TOGETHER_BYTES = 1024 * 1024
"""Bytes after which a transaction takes no further report: nobody else writes while
they are put on disk."""
TRIES = 3
PIECES = 10
"""How many times longer a batch may take than one report."""


class LineAnswer(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one line: a receipt or a problem."""

    line: int
    status: int
    receipt: Receipt | None = None
    again: bool = False
    """The same content had come before; it has the receipt of then."""
    warnings: tuple[Warned, ...] = ()
    problem: Problem | None = None


@post(
    "/reports/batch",
    status_code=HTTPStatus.OK,
    request_max_body_size=BODY,
    summary="Submit many vulnerability reports",
    responses=PROBLEMS,
    operation_class=BatchOperation,
)
async def submit(
    request: AnyRequest, context: NamedDependency[Context]
) -> Response[bytes]:
    """Keep reports as they arrive, 200 at a time, and answer each line.

    Lines that were answered with 202 are kept, whatever comes after them. A batch that
    broke off, or was answered in part, is simply sent again: what was kept gives the
    same receipt. The answers come when the batch has arrived, in its order.
    """
    await sync_to_thread(reports.sender, request, context)
    bodies.type_of(request, *TYPES)
    answers: list[LineAnswer] = []
    with context.gate.enter():
        try:
            # Each piece has its time, and all of them together have theirs.
            async with bodies.in_time(context.body_seconds * PIECES):
                async for some in _together(request, context.body_seconds):
                    answers += await sync_to_thread(_keep, request, context, some)
                    context.wake()
        except HTTPException as error:
            if not answers:
                raise
            answers.append(_broken_off(answers[-1].line + 1, error))
    encoder = msgspec.json.Encoder()
    return Response(encoder.encode_lines(answers), media_type=TYPES[0])


async def _together(request: AnyRequest, seconds: float) -> AsyncIterator[list[Line]]:
    """Return the lines that go into one transaction, as soon as they have arrived."""
    lines = Splitter(tap.MAX_BYTES)
    some: list[Line] = []
    size = count = 0
    async for piece in _in_time(request, seconds):
        for line in lines.close() if piece is None else lines.feed(piece):
            count += 1
            if count > LINES:
                if some:
                    yield some
                raise HTTPException(
                    status_code=HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
                    detail=f"a batch has at most {LINES} reports; send the rest in"
                    " another",
                )
            some.append(line)
            size += len(line.content or b"")
            if len(some) == TOGETHER or size > TOGETHER_BYTES:
                yield some
                some, size = [], 0
    if some:
        yield some


async def _in_time(request: AnyRequest, seconds: float) -> AsyncIterator[bytes | None]:
    """Return the pieces of the body, each within *seconds*, and nothing at its end."""
    pieces = bodies.arriving(request)
    while True:
        async with bodies.in_time(seconds):
            try:
                piece = await anext(pieces)
            except StopAsyncIteration:
                break
        yield piece
    yield None


def _keep(
    request: AnyRequest, context: Context, lines: Sequence[Line]
) -> list[LineAnswer]:
    """Keep what of *lines* are reports, in one transaction; answer each."""
    answers: dict[int, LineAnswer] = {}
    good: dict[int, Incoming] = {}
    for line in lines:
        try:
            good[line.number] = _read(line)
        except Invalid as error:
            answers[line.number] = _refused(line.number, error)
    try:
        kept = _submit(request, context, list(good.values())) if good else ()
    except Error as error:
        if isinstance(error, Damaged):
            log.exception("batch.not_kept")
            error = Unavailable("not stored; try again later")
        answers |= {number: _refused(number, error) for number in good}
    else:
        for (number, incoming), accepted in zip(good.items(), kept, strict=True):
            answers[number] = _taken(number, incoming, accepted)
    return [answers[line.number] for line in lines]


def _read(line: Line) -> Incoming:
    if line.content is None:
        raise TooLarge(f"a report has at most {tap.MAX_BYTES} bytes")
    return Incoming.read(line.content)


def _submit(
    request: AnyRequest, context: Context, sent: Sequence[Incoming]
) -> Sequence[Accepted]:
    with context.store.read() as unit:
        asker = auth.asker(unit, request, context)
    context.limits.submissions.count(asker.organisation or asker.actor, len(sent))
    for attempt in range(1, TRIES + 1):
        try:
            with context.store.begin() as unit:
                asker = auth.asker(unit, request, context)
                return reporting.submit_many(
                    unit,
                    asker,
                    sent,
                    at=context.clock(),
                    randomness=context.randomness,
                )
        except Conflict:
            # Another batch with the same reports was quicker; now they are there.
            if attempt == TRIES:
                raise
    raise AssertionError


def _taken(number: int, incoming: Incoming, accepted: Accepted) -> LineAnswer:
    return LineAnswer(
        line=number,
        status=HTTPStatus.ACCEPTED,
        receipt=accepted.submission.id,
        again=accepted.again,
        warnings=reports.warned(incoming),
    )


def _refused(number: int, error: Error) -> LineAnswer:
    problem = problem_of(error)
    return LineAnswer(line=number, status=problem.status, problem=problem)


def _broken_off(number: int, error: HTTPException) -> LineAnswer:
    """Return the answer to a line that never came whole, and those after it."""
    status = HTTPStatus(error.status_code)
    problem = Problem(
        type="about:blank",
        title=status.phrase,
        status=status,
        detail=f"{error.detail}; this line and those after it were not stored",
    )
    return LineAnswer(line=number, status=status, problem=problem)


router = Router("/v1", route_handlers=[submit], tags=["reports"])
