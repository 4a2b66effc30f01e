"""A model endpoint for the demo, tests and benchmarks: real HTTP, and no model behind it.

It says back what it was told, a word a chunk, the way OpenAI's and Anthropic's endpoints
do. What it is asked to do in its `metadata` lets tests see how others behave badly.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

NAME = "sample-echo-1"
MOST = 10_000
"""Chunks of one answer, at most."""


class SampleModel:
    """A bare ASGI application; it counts what it was asked and by which credential."""

    def __init__(self, *, credential: str = "", reports_usage: bool = True) -> None:
        """Answer whoever shows *credential*; without one, answer everyone."""
        self.credential = credential
        self.reports_usage = reports_usage
        self.calls = 0
        self.open = 0
        """Streams that go on now."""

    async def __call__(
        self,
        scope: Any,  # noqa: ANN401 - ASGI
        receive: Callable[[], Any],
        send: Callable[[Any], Any],
    ) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            return
        headers = {k.decode().lower(): v.decode() for k, v in scope["headers"]}
        shown = headers.get("authorization", "").removeprefix("Bearer ")
        shown = shown or headers.get("x-api-key", "")
        body = b""
        while (message := await receive())["type"] == "http.request":
            body += message.get("body", b"")
            if not message.get("more_body"):
                break
        self.calls += 1
        if self.credential and shown != self.credential:
            await _answer(send, 401, {"error": {"message": "wrong credential"}})
            return
        if scope["path"].endswith("/v1/models"):
            told = {"object": "list", "data": [{"id": NAME, "object": "model"}]}
            await _answer(send, 200, told)
            return
        asked = msgspec.json.decode(body) if body else {}
        await self._speak(scope["path"], asked, receive, send)

    async def _speak(
        self,
        path: str,
        asked: dict[str, Any],
        receive: Callable[[], Any],
        send: Callable[[Any], Any],
    ) -> None:
        wanted = asked.get("metadata") or {}
        if status := int(wanted.get("status", 0)):
            await _answer(
                send, status, {"error": {"message": "as asked", "code": status}}
            )
            return
        words = _words(asked)
        chunks = min(int(wanted.get("chunks", len(words))), MOST)
        pause = float(wanted.get("pause", 0))
        anthropic = path.endswith("/v1/messages")
        usage = (sum(map(len, words)) // 4 + 1, chunks)
        if path.endswith("/v1/responses"):
            await asyncio.sleep(pause)
            told = _response(" ".join(words), usage if self.reports_usage else None)
            await _answer(send, 200, told)
            return
        if not asked.get("stream"):
            text = " ".join(words)
            await asyncio.sleep(pause)
            await _answer(
                send,
                200,
                _whole(
                    text, usage if self.reports_usage else None, anthropic=anthropic
                ),
            )
            return
        await _head(send, 200, b"text/event-stream")
        self.open += 1
        gone = asyncio.create_task(_left(receive))
        try:
            for place in range(chunks):
                if gone.done():
                    return
                word = words[place % len(words)] + " "
                piece = _piece(word, place, anthropic=anthropic)
                await send(
                    {"type": "http.response.body", "body": piece, "more_body": True}
                )
                await asyncio.sleep(pause)
            end = b"".join(
                _end(usage if self.reports_usage else None, anthropic=anthropic)
            )
            await send({"type": "http.response.body", "body": end, "more_body": False})
        finally:
            gone.cancel()
            self.open -= 1


async def _left(receive: Callable[[], Any]) -> None:
    """Return when the caller has gone."""
    while (await receive())["type"] != "http.disconnect":
        pass


def _words(asked: dict[str, Any]) -> list[str]:
    said = asked.get("prompt") or asked.get("input") or "nothing"
    whole = said if isinstance(said, list) else [{"content": said}]
    messages = asked.get("messages") or whole
    content = messages[-1].get("content")
    if isinstance(content, list):
        content = " ".join(str(part.get("text", "")) for part in content)
    return str(content).split() or ["nothing"]


def _whole(
    text: str, usage: tuple[int, int] | None, *, anthropic: bool
) -> dict[str, Any]:
    if anthropic:
        told: dict[str, Any] = {
            "id": "msg_sample",
            "type": "message",
            "role": "assistant",
            "model": NAME,
            "content": [{"type": "text", "text": text}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
        }
        if usage:
            told["usage"] = {"input_tokens": usage[0], "output_tokens": usage[1]}
        return told
    told = {
        "id": "chatcmpl-sample",
        "object": "chat.completion",
        "created": 0,
        "model": NAME,
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": text},
                "finish_reason": "stop",
            }
        ],
    }
    if usage:
        told["usage"] = _openai_usage(usage)
    return told


def _response(text: str, usage: tuple[int, int] | None) -> dict[str, Any]:
    """Answer as OpenAI's Responses API does, at once."""
    told: dict[str, Any] = {
        "id": "resp_sample",
        "object": "response",
        "created_at": 0,
        "model": NAME,
        "status": "completed",
        "output": [
            {
                "id": "msg_sample",
                "type": "message",
                "role": "assistant",
                "status": "completed",
                "content": [{"type": "output_text", "text": text, "annotations": []}],
            }
        ],
        "parallel_tool_calls": False,
        "tool_choice": "auto",
        "tools": [],
    }
    if usage:
        told["usage"] = {
            "input_tokens": usage[0],
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": usage[1],
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": sum(usage),
        }
    return told


def _piece(word: str, place: int, *, anthropic: bool) -> bytes:
    if not anthropic:
        return _data(_openai_chunk({"content": word}, None))
    told = b""
    if place == 0:
        message = _whole("", (1, 0), anthropic=True) | {"content": []}
        told += _event("message_start", {"message": message})
        block = {"type": "text", "text": ""}
        told += _event("content_block_start", {"index": 0, "content_block": block})
    delta = {"type": "text_delta", "text": word}
    return told + _event("content_block_delta", {"index": 0, "delta": delta})


def _end(usage: tuple[int, int] | None, *, anthropic: bool) -> Iterator[bytes]:
    if anthropic:
        yield _event("content_block_stop", {"index": 0})
        stop: dict[str, Any] = {
            "delta": {"stop_reason": "end_turn", "stop_sequence": None}
        }
        if usage:
            stop["usage"] = {"input_tokens": usage[0], "output_tokens": usage[1]}
        yield _event("message_delta", stop)
        yield _event("message_stop", {})
        return
    yield _data(_openai_chunk({}, "stop"))
    if usage:
        yield _data(_openai_chunk(None, None) | {"usage": _openai_usage(usage)})
    yield b"data: [DONE]\n\n"


def _openai_usage(usage: tuple[int, int]) -> dict[str, int]:
    return {
        "prompt_tokens": usage[0],
        "completion_tokens": usage[1],
        "total_tokens": sum(usage),
    }


def _openai_chunk(delta: dict[str, str] | None, finish: str | None) -> dict[str, Any]:
    choices = (
        [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish}]
    )
    return {
        "id": "chatcmpl-sample",
        "object": "chat.completion.chunk",
        "created": 0,
        "model": NAME,
        "choices": choices,
    }


def _data(said: object) -> bytes:
    return b"data: " + msgspec.json.encode(said) + b"\n\n"


def _event(kind: str, said: dict[str, Any]) -> bytes:
    return f"event: {kind}\n".encode() + _data({"type": kind} | said)


async def _head(send: Callable[[Any], Any], status: int, kind: bytes) -> None:
    headers = [(b"content-type", kind), (b"x-request-id", b"req-sample")]
    await send({"type": "http.response.start", "status": status, "headers": headers})


async def _answer(send: Callable[[Any], Any], status: int, said: object) -> None:
    await _head(send, status, b"application/json")
    body = msgspec.json.encode(said)
    await send({"type": "http.response.body", "body": body, "more_body": False})
