"""What a broker answers of its own, as OpenAI's and Anthropic's clients expect it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from fairlead.terms.decide import Failed
from fairlead.web.broker.streams import Send, Stream


async def start(send: Send, status: int, headers: Sequence[tuple[str, str]]) -> None:
    """Begin an answer."""
    raw = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in headers]
    raw += [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
    await send({"type": "http.response.start", "status": status, "headers": raw})


async def whole(
    send: Send,
    status: int,
    body: bytes,
    kind: str = "application/json",
    headers: Sequence[tuple[str, str]] = (),
) -> None:
    """Answer at once."""
    await start(send, status, [("content-type", kind), *headers])
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def refuse(  # noqa: PLR0913, PLR0917 - one value a thing that must be said
    send: Send,
    status: int,
    code: str,
    message: str,
    failed: Sequence[Failed] = (),
    headers: Sequence[tuple[str, str]] = (),
) -> None:
    """Refuse a call, with every reason."""
    body = msgspec.json.encode(_error(code, message, failed))
    await whole(send, status, body, headers=headers)


async def end(send: Send, stream: Stream) -> None:
    """End the answer; where it was cut or broke off, say why. What was sent stays sent."""
    if stream.cut is not None:
        status, code, why = 403, "cut", stream.cut_why
    else:
        status, code, why = 502, "upstream-failed", stream.broken
    if why and not stream.answering:
        await refuse(send, status, code, why, stream.cut or ())
        return
    if why and stream.counter.streams:
        told = _event(_error(code, why, stream.cut or ()))
        await send({"type": "http.response.body", "body": told, "more_body": True})
    await send({"type": "http.response.body", "body": b"", "more_body": False})


def _event(said: object) -> bytes:
    return b"event: error\ndata: " + msgspec.json.encode(said) + b"\n\n"


def _error(code: str, message: str, failed: Sequence[Failed]) -> dict[str, Any]:
    obstacles = [
        {
            "clause": f.clause,
            "ground": str(f.ground),
            "what": f.what,
            "remedy": f.remedy,
        }
        for f in failed
    ]
    return {
        "type": "error",
        "error": {
            "type": code,
            "code": code,
            "message": message,
            "obstacles": obstacles,
        },
    }
