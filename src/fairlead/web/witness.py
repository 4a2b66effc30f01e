"""A witness over HTTP (C2SP tlog-witness): a server of its own, with one address."""

from __future__ import annotations

import logging
from typing import Protocol

from litestar import Litestar, Response, post
from litestar.status_codes import HTTP_500_INTERNAL_SERVER_ERROR

from fairlead.errors import Error
from fairlead.web.auth import AnyRequest

log = logging.getLogger(__name__)

LARGEST = 64 * 1024
"""Bytes of a request: 63 hashes, and a checkpoint with a few signatures."""


class Answer(Protocol):
    """What a witness says to one request."""

    @property
    def status(self) -> int:
        """The status of HTTP."""

    @property
    def body(self) -> str:
        """The text."""

    @property
    def media_type(self) -> str:
        """The type of the text."""


class Desk(Protocol):
    """A witness."""

    def add_checkpoint(self, body: bytes) -> Answer:
        """Answer one request."""


def create_witness(desk: Desk) -> Litestar:
    """Serve the witness that *desk* stands for."""

    @post("/add-checkpoint")
    async def add_checkpoint(request: AnyRequest) -> Response[str]:
        # Reads a file and syncs another: quick enough not to need a thread of its own.
        answer = desk.add_checkpoint(await request.body())
        return Response(
            answer.body,
            status_code=int(answer.status),
            media_type=answer.media_type,
            headers={"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff"},
        )

    return Litestar(
        [add_checkpoint],
        exception_handlers={Error: _fault},
        request_max_body_size=LARGEST,
        logging_config=None,
        openapi_config=None,
    )


def _fault(_: AnyRequest, error: Error) -> Response[str]:
    log.error("witness.failed", exc_info=error)
    return Response("", status_code=HTTP_500_INTERNAL_SERVER_ERROR)
