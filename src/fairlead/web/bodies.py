"""Bodies of reports: of which type they are, read as they arrive, bounded in every way."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus

from litestar.exceptions import HTTPException, InternalServerException

from fairlead.errors import BadEnvelope
from fairlead.formats import multipart, tap_multipart
from fairlead.formats.multipart import Value, value_of
from fairlead.web.auth import AnyRequest

_KEY = re.compile(r'"((?:[\x20-\x21\x23-\x5b\x5d-\x7e]|\\["\\]){1,255})"')
"""A string of structured fields (RFC 9651, 3.3.3), not empty."""


def type_of(request: AnyRequest, *taken: str) -> Value:
    """Return the content type of *request*, before its body is read.

    Raises:
        HTTPException: 415, it is none of those *taken*.
        BadEnvelope: its parameters cannot be read.

    """
    written = request.headers.get("content-type", "")
    main = written.partition(";")[0].strip(" \t").lower()
    if main not in taken:
        raise HTTPException(
            status_code=HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            detail=f"send it as {' or '.join(taken)}",
        )
    return value_of(written)


def idempotency_key(request: AnyRequest) -> str | None:
    """Return the Idempotency-Key of *request*, if it has one.

    Raises:
        BadEnvelope: it has two, or one that is no string of 1 to 255 characters.

    """
    given = request.headers.getall("idempotency-key", [])
    if not given:
        return None
    match = _KEY.fullmatch(given[0].strip(" \t")) if len(given) == 1 else None
    if match is None:
        raise BadEnvelope(
            "Idempotency-Key must be one string in quotation marks, such as"
            ' "8e03978e-40d5-43dd-bc93-6894a57f9324"'
        )
    return match.group(1)


async def report(request: AnyRequest, kind: Value, seconds: float) -> bytes:
    """Return a report's body as it is kept; what is malformed is refused as it comes.

    Raises:
        HTTPException: 408, it did not arrive in time; 413, it is too large; 400, it
            could not be read.
        BadEnvelope: it is no well-formed multipart body.

    """
    boundary = None
    if kind.main == tap_multipart.TYPE:
        boundary = multipart.boundary_of(kind)
    parser = multipart.Parser(boundary) if boundary is not None else None
    body = bytearray()
    async with in_time(seconds):
        async for chunk in arriving(request):
            if parser is not None:
                parser.feed(chunk)
            body += chunk
    if boundary is None:
        return bytes(body)
    return tap_multipart.entity(boundary, bytes(body))


async def arriving(request: AnyRequest) -> AsyncIterator[bytes]:
    """Return the body in the pieces that it arrives in.

    Raises:
        HTTPException: 413, it is too large; 400, it broke off.

    """
    try:
        async for chunk in request.stream():
            yield chunk
    except InternalServerException as error:
        raise HTTPException(
            status_code=HTTPStatus.BAD_REQUEST, detail="the body could not be read"
        ) from error


@asynccontextmanager
async def in_time(seconds: float) -> AsyncIterator[None]:
    """Allow *seconds* for what is done inside.

    Raises:
        HTTPException: 408.

    """
    try:
        async with asyncio.timeout(seconds):
            yield
    except TimeoutError as error:
        raise HTTPException(
            status_code=HTTPStatus.REQUEST_TIMEOUT,
            detail="the body did not arrive in time; nothing was stored, send it again",
        ) from error
