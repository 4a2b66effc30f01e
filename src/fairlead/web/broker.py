"""The broker: evaluators call a model through it, as they would call it directly.

It speaks what OpenAI's and Anthropic's clients speak, streams included. Each call is
checked against the terms before it leaves, gets the developer's credential here, and is
looked at again twice a second for as long as it goes on.

It is a bare ASGI application: at hundreds of streams, what a framework does for every
message would be most of the time that is added.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import msgspec

from fairlead.base.instants import text
from fairlead.base.ports import Clock
from fairlead.errors import Conflict, Error, Invalid, NotFound, Unauthenticated
from fairlead.programme.unit import Store
from fairlead.review import brokering, facts
from fairlead.review.brokering import Admission, Call, NotOpen
from fairlead.review.counting import Counter, cents
from fairlead.terms.clauses import Purpose
from fairlead.terms.decide import Failed, Used

log = logging.getLogger(__name__)

Scope = Any
Receive = Callable[[], Any]
Send = Callable[[Any], Any]

RECHECK = 0.25
"""Seconds between two looks at every open stream."""
STALE = 1.0
"""Seconds without such a look after which every open stream is cut."""
LARGEST = 32 * 1024 * 1024
"""Bytes of one request."""
KEPT = 256 * 1024
"""Characters of content that are kept of one call, where a clause says so."""
TRIES = 8
PATIENCE = 2.0
"""Seconds that the end of a call waits for the record."""

PATHS = {
    ("POST", "/v1/chat/completions"),
    ("POST", "/v1/completions"),
    ("POST", "/v1/responses"),
    ("POST", "/v1/embeddings"),
    ("GET", "/v1/models"),
    ("POST", "/v1/messages"),
    ("POST", "/v1/messages/count_tokens"),
}
"""What can be called; everything else of an upstream stays out of reach."""
SENT = ("content-type", "accept", "anthropic-version", "anthropic-beta", "openai-beta")
"""Headers that go along to the upstream."""
BACK = ("content-type", "retry-after", "retry-after-ms", "x-request-id", "request-id")
"""Headers that come back."""


class Answer(Protocol):
    """What upstream answers."""

    status: int
    headers: Mapping[str, str]

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield its content as it comes."""


class Upstream(Protocol):
    """Calls endpoints; see `fairlead.remote.upstream`."""

    def send(
        self, method: str, url: str, headers: Sequence[tuple[str, str]], body: bytes
    ) -> AbstractAsyncContextManager[Answer]:
        """Send a request and give what is answered."""

    async def close(self) -> None:
        """Close every connection."""


@dataclass(slots=True, eq=False)
class _Stream:
    """One call that goes on."""

    admission: Admission
    counter: Counter
    began: datetime
    task: asyncio.Task[Any]
    started: float = field(default_factory=time.monotonic)
    cut: tuple[Failed, ...] | None = None
    cut_why: str = ""
    broken: str = ""
    """Why upstream could not answer to the end."""
    answering: bool = False
    """The head of the answer was sent."""
    gone: bool = False
    """The caller went away, which is its right."""
    content: list[str] = field(default_factory=list)
    kept: int = 0

    @property
    def used(self) -> Used:
        counter, connection = self.counter, self.admission.connection
        return Used(
            calls=1,
            tokens=counter.tokens_in + counter.tokens_out,
            cents=cents(
                counter.tokens_in,
                counter.tokens_out,
                connection.cents_per_million_in,
                connection.cents_per_million_out,
            ),
        )

    def keep(self, content: bytes) -> None:
        """Keep content, where a clause says so, up to a limit."""
        if self.admission.logs_content and self.kept < KEPT:
            told = content.decode("utf-8", "replace")[: KEPT - self.kept]
            self.kept += len(told)
            self.content.append(told)


class Broker:
    """Lets calls through, watches over them, and puts them on the record."""

    def __init__(
        self, store: Store, clock: Clock, upstream: Callable[[], Upstream]
    ) -> None:
        """Serve the engagements in *store*; *upstream* is made in the event loop."""
        self._store = store
        self._clock = clock
        self._make = upstream
        self._upstream: Upstream | None = None
        self._open: set[_Stream] = set()
        self._ended: list[tuple[Admission, facts.Use]] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._watching: asyncio.Task[None] | None = None
        self._writing: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            return
        try:
            await self._answer(scope, receive, send)
        except Unauthenticated as error:
            await _refuse(send, 401, error.code, str(error))
        except NotOpen as error:
            await _refuse(send, 403, error.code, str(error), error.failed)
        except Invalid as error:
            await _refuse(send, 400, error.code, str(error))
        except NotFound as error:
            await _refuse(send, 404, error.code, str(error))
        except Error as error:
            await _refuse(send, 503, error.code, str(error))

    async def close(self) -> None:
        """Cut what is open, and put everything on the record."""
        streams = tuple(self._open)
        for stream in streams:
            self._cut(stream, (), "the server is stopping")
        await asyncio.gather(
            *(stream.task for stream in streams), return_exceptions=True
        )
        if self._writing is not None:
            await asyncio.wait([self._writing], timeout=PATIENCE)
        for task in (self._watching, self._writing):
            if task is not None:
                task.cancel()
        if self._upstream is not None:
            await self._upstream.close()

    # --- One call -----------------------------------------------------------------------

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, asset = _target(scope)
        headers = {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        }
        call = _call(headers, asset)
        if (scope["method"], path) not in PATHS:
            raise NotFound("the broker passes on no such call")
        body = await _body(receive)
        admission = await self._admit(call)
        connection = admission.connection
        streams, body = _prepared(body, connection)
        counter = Counter(streams=streams)
        counter.seen_in = len(body)
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine always runs in one
        stream = _Stream(admission, counter, self._clock(), task)
        stream.keep(body)
        self._watch()
        self._open.add(stream)
        leaving = asyncio.create_task(_until_gone(receive, stream))
        outcome = "failed"
        try:
            outcome = await self._pass_on(
                stream, scope["method"], path, headers, body, send
            )
        except asyncio.CancelledError:
            outcome = "the caller went away" if stream.gone else "cut"
            if stream.cut is None and not stream.gone:
                raise
            task.uncancel()
        finally:
            leaving.cancel()
            counter.end()
            # It counts as under way until it counts as ended, and never as neither.
            self._ended.append((admission, _use(stream, outcome)))
            self._open.discard(stream)
            await self._written()
        # The end is sent when the use is on the record, and not before.
        if not stream.gone:
            await _end(send, stream)

    async def _pass_on(  # noqa: PLR0913, PLR0917 - one value a thing that is passed on
        self,
        stream: _Stream,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: bytes,
        send: Send,
    ) -> str:
        connection, counter = stream.admission.connection, stream.counter
        url = connection.url.rstrip("/").removesuffix("/v1") + path
        sent = [
            *_sent(headers),
            *_credential(connection),
            ("accept-encoding", "identity"),
        ]
        self._upstream = self._upstream or self._make()
        try:
            async with self._upstream.send(method, url, sent, body) as answer:
                kind = answer.headers.get("content-type", "")
                counter.streams = kind.startswith("text/event-stream")
                back = [(n, answer.headers[n]) for n in BACK if n in answer.headers]
                await _start(send, answer.status, back)
                stream.answering = True
                async for chunk in answer.chunks():
                    await send(
                        {"type": "http.response.body", "body": chunk, "more_body": True}
                    )
                    counter.feed(chunk)
                    stream.keep(chunk)
                good = answer.status < 400  # noqa: PLR2004 - client errors begin there
                outcome = "finished" if good else f"failed with {answer.status}"
        except Error as error:
            stream.broken = str(error)
            outcome = "failed"
        return outcome

    async def _admit(self, call: Call) -> Admission:
        more = self._under_way()

        def ask() -> Admission:
            with self._store.read() as unit:
                return brokering.admit(unit, call, more, now=self._clock())

        return await asyncio.to_thread(ask)

    # --- Watching -----------------------------------------------------------------------

    def _watch(self) -> None:
        if self._watching is None or self._watching.done():
            self._watching = asyncio.create_task(self._look_again())

    async def _look_again(self) -> None:
        """Look at every open stream, for ever; cut what is not open any more."""
        looked = time.monotonic()
        while True:
            await asyncio.sleep(RECHECK)
            streams = tuple(self._open)
            if not streams:
                looked = time.monotonic()
                continue
            try:
                decisions = await asyncio.to_thread(self._recheck, streams)
            except Exception:
                log.exception("broker.not_rechecked")
                if time.monotonic() - looked > STALE:
                    for stream in streams:
                        self._cut(stream, (), "the terms could not be asked")
                continue
            looked = time.monotonic()
            for stream, failed in zip(streams, decisions, strict=True):
                if failed:
                    self._cut(stream, failed, "the terms do not open it any more")

    def _recheck(self, streams: Sequence[_Stream]) -> list[tuple[Failed, ...]]:
        admissions = [stream.admission for stream in streams]
        with self._store.read() as unit:
            found = brokering.recheck(
                unit, admissions, self._under_way(), now=self._clock()
            )
        return [decision.failed for decision in found]

    def _cut(self, stream: _Stream, failed: tuple[Failed, ...], why: str) -> None:
        if stream in self._open and stream.cut is None:
            stream.cut, stream.cut_why = failed, why
            stream.task.cancel()

    def _under_way(self) -> dict[tuple[str, str], Used]:
        """Return what is used and not on the record yet, by engagement and asset."""
        found: dict[tuple[str, str], Used] = {}
        for stream in tuple(self._open):
            key = (stream.admission.engagement, stream.admission.wish.asset)
            found[key] = found.get(key, Used()) + stream.used
        for admission, use in tuple(self._ended):
            key = (admission.engagement, admission.wish.asset)
            more = Used(calls=1, tokens=use.tokens_in + use.tokens_out, cents=use.cents)
            found[key] = found.get(key, Used()) + more
        return found

    # --- The record ---------------------------------------------------------------------

    async def _written(self) -> None:
        """Wait until what ended is on the record; many calls share one transaction.

        Where it cannot be written now it stays on the list, and counts meanwhile.
        """
        written = asyncio.get_running_loop().create_future()
        self._waiting.append(written)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())
        with contextlib.suppress(asyncio.CancelledError, TimeoutError):
            await asyncio.wait_for(written, PATIENCE)

    async def _write(self) -> None:
        while self._ended:
            batch, waiting = tuple(self._ended), tuple(self._waiting)
            try:
                await asyncio.to_thread(self._record, batch)
            except Exception:
                log.exception("broker.not_recorded")
                await asyncio.sleep(RECHECK)
                continue
            del self._ended[: len(batch)], self._waiting[: len(waiting)]
            for written in waiting:
                if not written.done():
                    written.set_result(None)

    def _record(self, batch: Sequence[tuple[Admission, facts.Use]]) -> None:
        by_engagement: dict[Any, list[facts.Use]] = {}
        for admission, use in batch:
            by_engagement.setdefault(admission.engagement, []).append(use)
        for attempt in range(TRIES):
            try:
                with self._store.begin() as unit:
                    for name, uses in by_engagement.items():
                        brokering.record(unit, name, uses, at=self._clock())
            except Conflict:
                if attempt == TRIES - 1:
                    raise
                continue
            return


def _target(scope: Scope) -> tuple[str, str]:
    """Return the path as upstream knows it, and the asset that is called."""
    path: str = scope["path"].rstrip("/")
    path = path[path.index("/broker") + len("/broker") :] if "/broker" in path else path
    if path.startswith("/assets/"):
        asset, _, rest = path.removeprefix("/assets/").partition("/")
        return f"/{rest}", asset.replace("+", " ")
    return path, "endpoint"


def _call(headers: Mapping[str, str], asset: str) -> Call:
    scheme, _, bearer = headers.get("authorization", "").partition(" ")
    secret = bearer.strip() if scheme.lower() == "bearer" else ""
    wanted = headers.get("fairlead-purpose")
    try:
        purpose = Purpose(wanted) if wanted else None
    except ValueError as error:
        known = ", ".join(Purpose)
        raise Invalid(f"Fairlead-Purpose: must be one of {known}") from error
    return Call(
        secret=secret or headers.get("x-api-key", "").strip(),
        asset=asset,
        purpose=purpose,
        second_secret=headers.get("fairlead-second-key", "").strip(),
    )


async def _body(receive: Receive) -> bytes:
    parts: list[bytes] = []
    size = 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Invalid("the request was not sent to its end")
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > LARGEST:
            raise Invalid(f"a request has at most {LARGEST} bytes")
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


async def _until_gone(receive: Receive, stream: _Stream) -> None:
    """End the call when its caller goes away: nobody reads, and tokens cost money."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            stream.gone = True
            stream.task.cancel()
            return


def _prepared(body: bytes, connection: facts.Connection) -> tuple[bool, bytes]:
    """Return whether a stream is asked for, and the body as upstream is to get it."""
    if not body:
        return False, body
    try:
        said = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Invalid(f"the body is no JSON object: {error}") from error
    streams = bytes(said.get("stream", b"")) == b"true"
    changed = False
    if connection.model and "model" in said:
        said["model"] = msgspec.Raw(msgspec.json.encode(connection.model))
        changed = True
    if streams and "messages" in said and connection.dialect == "openai":
        options = msgspec.json.decode(bytes(said.get("stream_options", b"{}")))
        if isinstance(options, dict) and "include_usage" not in options:
            options["include_usage"] = True
            said["stream_options"] = msgspec.Raw(msgspec.json.encode(options))
            changed = True
    return streams, msgspec.json.encode(said) if changed else body


def _sent(headers: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(name, headers[name]) for name in SENT if name in headers]


def _credential(connection: facts.Connection) -> list[tuple[str, str]]:
    if not connection.credential:
        return []
    if connection.dialect == "anthropic":
        return [("x-api-key", connection.credential)]
    return [("authorization", f"Bearer {connection.credential}")]


def _use(stream: _Stream, outcome: str) -> facts.Use:
    counter, used = stream.counter, stream.used
    return facts.Use(
        person=stream.admission.visitor.person,
        asset=stream.admission.wish.asset,
        clause=stream.admission.clause,
        began=text(stream.began),
        seconds=round(time.monotonic() - stream.started, 3),
        tokens_in=counter.tokens_in,
        tokens_out=counter.tokens_out,
        cents=used.cents,
        counted=counter.counted,
        outcome=outcome,
        content="".join(stream.content),
    )


async def _start(send: Send, status: int, headers: Sequence[tuple[str, str]]) -> None:
    raw = [(n.encode("latin-1"), v.encode("latin-1")) for n, v in headers]
    raw += [(b"cache-control", b"no-store"), (b"x-content-type-options", b"nosniff")]
    await send({"type": "http.response.start", "status": status, "headers": raw})


async def _refuse(
    send: Send, status: int, code: str, message: str, failed: Sequence[Failed] = ()
) -> None:
    """Answer as OpenAI's and Anthropic's clients expect an error, with every reason."""
    body = msgspec.json.encode(_error(code, message, failed))
    await _start(send, status, [("content-type", "application/json")])
    await send({"type": "http.response.body", "body": body, "more_body": False})


async def _end(send: Send, stream: _Stream) -> None:
    """End the answer; where it was cut or broke off, say why. What was sent stays sent."""
    if stream.cut is not None:
        status, code, why = 403, "cut", stream.cut_why
    else:
        status, code, why = 502, "upstream-failed", stream.broken
    if why and not stream.answering:
        await _refuse(send, status, code, why, stream.cut or ())
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
