"""Errors over HTTP: problem documents for programs (RFC 9457), pages for people."""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Any

from litestar import Response
from litestar.exceptions import HTTPException, ValidationException
from litestar.response import Redirect, Template
from msgspec import Struct

from fairlead import errors
from fairlead.errors import Error
from fairlead.formats.tap import SIZE_CODES
from fairlead.web.auth import AnyRequest

log = logging.getLogger(__name__)

STATUS: dict[type[Error], HTTPStatus] = {
    errors.TooLarge: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    errors.Invalid: HTTPStatus.BAD_REQUEST,
    errors.Unauthenticated: HTTPStatus.UNAUTHORIZED,
    errors.NotFound: HTTPStatus.NOT_FOUND,
    errors.NotAllowed: HTTPStatus.FORBIDDEN,
    errors.KeyReused: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.Refused: HTTPStatus.CONFLICT,
    errors.TooMany: HTTPStatus.TOO_MANY_REQUESTS,
    errors.Unavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
"""The first class that fits decides; what fits none is our own fault (500)."""

TYPES: dict[type[Error], tuple[str, str]] = {
    errors.BadEnvelope: ("about:blank", HTTPStatus.BAD_REQUEST.phrase),
    errors.TooLarge: ("about:blank", HTTPStatus.REQUEST_ENTITY_TOO_LARGE.phrase),
    errors.Malformed: (
        "tag:akrites.dev,2026-07:problem/malformed-json",
        "Body is not one JSON report",
    ),
    errors.Invalid: (
        "tag:akrites.dev,2026-07:problem/validation",
        "Report failed validation",
    ),
}
"""Problem types and titles of the TAP Intake API; all others are `about:blank`."""

RETRY_AFTER = "5"
"""Seconds after which a client may try again what could not be done now."""


class Entry(Struct, frozen=True, omit_defaults=True):
    """One violation (TAP Intake API, Errors)."""

    code: str
    field: str
    reason: str
    also_field: str | None = None


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem document."""

    type: str
    title: str
    status: int
    detail: str
    code: str | None = None
    """The stable code of the error, for programs to switch on."""
    errors: tuple[Entry, ...] = ()


def status_of(error: Error) -> HTTPStatus:
    """Return the HTTP status of *error*."""
    if isinstance(error, errors.Invalid) and any(
        violation.code in SIZE_CODES for violation in error.violations
    ):
        return HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    for kind, status in STATUS.items():
        if isinstance(error, kind):
            return status
    return HTTPStatus.INTERNAL_SERVER_ERROR


def problem_of(error: Error) -> Problem:
    """Return the problem document of *error*, which is the asker's to mend."""
    status = status_of(error)
    kind, title = next(
        (named for cls, named in TYPES.items() if isinstance(error, cls)),
        ("about:blank", status.phrase),
    )
    entries: tuple[Entry, ...] = ()
    if isinstance(error, errors.Invalid):
        entries = tuple(
            Entry(v.code, v.field, v.reason, v.also_field) for v in error.violations
        )
    return Problem(
        type=kind,
        title=title,
        status=status,
        detail="nothing here" if status == HTTPStatus.NOT_FOUND else str(error),
        code=error.code,
        errors=entries,
    )


def answer_error(request: AnyRequest, error: Error) -> Response[Any]:
    """Answer with an error of ours.

    What is forbidden and what does not exist get the same answer, to the byte.
    """
    status = status_of(error)
    if status is HTTPStatus.INTERNAL_SERVER_ERROR:
        return answer_fault(request, error)
    if not _for_program(request):
        if status is HTTPStatus.UNAUTHORIZED:
            return Redirect("/sign-in")
        detail = (
            "There is nothing here." if status == HTTPStatus.NOT_FOUND else str(error)
        )
        return _waiting(_page(status, detail), error)
    return _waiting(_document(problem_of(error)), error)


def answer_http(request: AnyRequest, error: HTTPException) -> Response[Any]:
    """Answer with an error of the framework: no such path, wrong method, too large."""
    status = HTTPStatus(error.status_code)
    if status == HTTPStatus.NOT_FOUND:
        return answer_error(request, errors.NotFound())
    if isinstance(error, ValidationException):
        return answer_error(request, _refused_input(error))
    if not _for_program(request):
        return _page(status, error.detail)
    answer = _document(
        Problem(
            type="about:blank", title=status.phrase, status=status, detail=error.detail
        )
    )
    for name, value in (error.headers or {}).items():
        answer.headers[name] = value
    return answer


def answer_fault(request: AnyRequest, error: Exception) -> Response[Any]:
    """Answer with a fault of ours: logged in full, told in one sentence."""
    log.error("request.failed", exc_info=error, extra={"path": request.url.path})
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    detail = "Fairlead made a mistake; it was logged. Nothing was stored."
    if not _for_program(request):
        return _page(status, detail)
    return _document(
        Problem(type="about:blank", title=status.phrase, status=status, detail=detail)
    )


def _refused_input(error: ValidationException) -> errors.Invalid:
    """Return what the framework found wrong with a path, query or small JSON body."""
    found: list[Any] = error.extra if isinstance(error.extra, list) else []
    violations = [
        errors.Violation(
            "invalid_field", str(e.get("key", "")), str(e.get("message", ""))
        )
        for e in found
        if isinstance(e, dict)
    ]
    named = ", ".join(v.field for v in violations if v.field)
    return errors.Invalid(f"wrong: {named}" if named else error.detail, violations)


def _waiting(answer: Response[Any], error: Error) -> Response[Any]:
    """Say when to try again, where there is a time for it."""
    if isinstance(error, errors.TooMany):
        answer.headers["Retry-After"] = str(error.retry_after)
    return answer


def _for_program(request: AnyRequest) -> bool:
    return request.url.path.startswith("/v1/")


def _document(problem: Problem) -> Response[Problem]:
    answer = Response(
        problem, status_code=problem.status, media_type="application/problem+json"
    )
    if problem.status == HTTPStatus.UNAUTHORIZED:
        answer.headers["WWW-Authenticate"] = "Bearer"
    if problem.status == HTTPStatus.SERVICE_UNAVAILABLE:
        answer.headers["Retry-After"] = RETRY_AFTER
    return answer


def _page(status: HTTPStatus, detail: str) -> Response[Any]:
    return Template(
        "error.html", context={"status": status, "detail": detail}, status_code=status
    )
