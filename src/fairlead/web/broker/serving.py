"""The broker as an ASGI application: calls go through it, streams included.

It speaks what OpenAI's and Anthropic's clients speak. Each call is let through by a desk
before it leaves, and is looked at again several times a second for as long as it goes on.

It is bare ASGI: at hundreds of streams, what a framework does for every message would be
most of the time that is added. Whatever may take its time is done in threads of its own,
one kind apart from the other, so that calls which come do not wait for those that end.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

from fairlead.base.ports import Clock
from fairlead.errors import (
    Error,
    Invalid,
    NotFound,
    NotReached,
    Refused,
    Unauthenticated,
)
from fairlead.review import facts
from fairlead.review.brokering import Admission, NotOpen
from fairlead.review.counting import Counter
from fairlead.terms.decide import Failed, Used
from fairlead.web.broker import answers, requests
from fairlead.web.broker.streams import (
    REFUSED,
    Asked,
    Desk,
    Line,
    Outgoing,
    Receive,
    Scope,
    Send,
    Stream,
)

log = logging.getLogger(__name__)

RECHECK = 0.25
"""Seconds between two looks at every open stream."""
STALE = 1.0
"""Seconds without such a look after which every open stream is cut."""
PATIENCE = 2.0
"""Seconds that the end of a call waits for the record."""
TOGETHER = 200
"""Calls that are written down in one transaction."""
ADMITTING = 8
"""Calls that are let through at the same time."""
BACK = ("content-type", "retry-after", "retry-after-ms", "x-request-id", "request-id")
"""Headers that come back."""
STATUS: Sequence[tuple[type[Error], int]] = (
    (Unauthenticated, 401),
    (NotOpen, 403),
    (Invalid, 400),
    (NotFound, 404),
    (Refused, 403),
    (Error, 503),
)
"""How an error is answered; the first class that fits decides."""

R = TypeVar("R")


class Broker:
    """Lets calls through, watches over them, and has them written down."""

    def __init__(
        self,
        desk: Desk,
        clock: Clock,
        upstream: Line,
        *,
        marks: bool = False,
    ) -> None:
        """Ask *desk* about each call; *upstream* gives what calls endpoints.

        Where it *marks* them, its own refusals say that nothing was used.
        """
        self._desk = desk
        self._clock = clock
        self._upstream = upstream
        self._marks = ((REFUSED, "1"),) if marks else ()
        self._open: set[Stream] = set()
        self._ended: list[tuple[Admission, facts.Use]] = []
        self._waiting: list[asyncio.Future[None]] = []
        self._watching: asyncio.Task[None] | None = None
        self._writing: asyncio.Task[None] | None = None
        self._admits, self._looks, self._writes = (
            ThreadPoolExecutor(count, f"broker-{what}")
            for what, count in (("admits", ADMITTING), ("looks", 1), ("writes", 1))
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] != "http":
            return
        try:
            await self._answer(scope, receive, send)
        except Error as error:
            status = next(code for kind, code in STATUS if isinstance(error, kind))
            failed = error.failed if isinstance(error, NotOpen) else ()
            await answers.refuse(
                send, status, error.code, str(error), failed, self._marks
            )

    async def close(self) -> None:
        """Cut what is open, and have everything written down."""
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
        await self._desk.close()
        await self._upstream.close()
        for threads in (self._admits, self._looks, self._writes):
            threads.shutdown(wait=False, cancel_futures=True)

    # --- One call -----------------------------------------------------------------------

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        path, asset = requests.target(scope)
        method: str = scope["method"]
        if (method, path) not in requests.PATHS:
            raise NotFound("the broker passes on no such call")
        asked = Asked(
            method=method,
            path=path,
            asset=asset,
            headers=requests.headers_of(scope),
            body=await requests.body_of(receive),
        )
        admission = await self._in(
            self._admits, self._desk.admit, asked, self._under_way()
        )
        outgoing = self._desk.outgoing(admission, asked)
        counter = Counter(streams=outgoing.streams)
        counter.seen_in = len(asked.body)
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine always runs in one
        stream = Stream(admission, counter, self._clock(), task)
        stream.keep(asked.body)
        self._watch()
        self._open.add(stream)
        leaving = asyncio.create_task(_until_gone(receive, stream))
        outcome = "failed"
        try:
            outcome = await self._pass_on(stream, asked.method, outgoing, send)
        except asyncio.CancelledError:
            outcome = "the caller went away" if stream.gone else "cut"
            if stream.cut is None and not stream.gone:
                raise
            task.uncancel()
        finally:
            leaving.cancel()
            counter.end()
            # It counts as under way until it counts as ended, and never as neither.
            self._ended.append((admission, stream.use(outcome)))
            self._open.discard(stream)
            await self._written()
        # The end is sent when the use is on the record, and not before.
        if not stream.gone:
            await answers.end(send, stream)

    async def _pass_on(
        self, stream: Stream, method: str, outgoing: Outgoing, send: Send
    ) -> str:
        counter = stream.counter
        try:
            async with self._upstream().send(
                method, outgoing.url, outgoing.headers, outgoing.body
            ) as answer:
                kind = answer.headers.get("content-type", "")
                counter.streams = kind.startswith("text/event-stream")
                back = [(n, answer.headers[n]) for n in BACK if n in answer.headers]
                if stream.admission.relayed and REFUSED in answer.headers:
                    stream.unused = "refused by the developer's broker"
                await answers.start(send, answer.status, back)
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
            if isinstance(error, NotReached):
                stream.unused = "not reached"
            outcome = "failed"
        return outcome

    async def aside(self, work: Callable[[str], R], given: str) -> R:
        """Do something beside calls, in a thread of those that let calls through."""
        return await self._in(self._admits, work, given)

    async def _in(
        self,
        threads: ThreadPoolExecutor,
        work: Callable[..., R],
        *given: Any,  # noqa: ANN401 - what work takes
    ) -> R:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(threads, work, *given)

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
            admissions = [stream.admission for stream in streams]
            try:
                decisions = await self._in(
                    self._looks, self._desk.recheck, admissions, self._under_way()
                )
            except Exception:
                log.exception("broker.not_rechecked")
                if time.monotonic() - looked > STALE:
                    for stream in streams:
                        self._cut(stream, (), "the terms could not be asked")
                continue
            looked = time.monotonic()
            still: list[Admission] = []
            for stream, failed in zip(streams, decisions, strict=True):
                if failed:
                    self._cut(stream, failed, "the terms do not open it any more")
                elif stream in self._open:
                    still.append(stream.admission)
            self._desk.tend(still)

    def _cut(self, stream: Stream, failed: tuple[Failed, ...], why: str) -> None:
        if stream in self._open and stream.cut is None:
            stream.cut, stream.cut_why = failed, why
            stream.task.cancel()

    def _under_way(self) -> Mapping[tuple[str, str], Used]:
        """Return what is used and not on the record yet, by engagement and asset."""
        found: dict[tuple[str, str], list[int]] = {}
        for stream in self._open:
            used = stream.used
            _add(found, stream.admission, used.tokens, used.cents)
        for admission, use in self._ended:
            _add(found, admission, use.tokens_in + use.tokens_out, use.cents)
        return {
            key: Used(calls=calls, tokens=tokens, cents=cents)
            for key, (calls, tokens, cents) in found.items()
        }

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
            batch = tuple(self._ended[:TOGETHER])
            waiting = tuple(self._waiting[: len(batch)])
            try:
                await self._in(self._writes, self._desk.record, batch)
            except Exception:
                log.exception("broker.not_recorded")
                await asyncio.sleep(RECHECK)
                continue
            del self._ended[: len(batch)], self._waiting[: len(waiting)]
            for written in waiting:
                if not written.done():
                    written.set_result(None)
            self._desk.wrote(batch)


def _add(
    found: dict[tuple[str, str], list[int]],
    admission: Admission,
    tokens: int,
    cents: int,
) -> None:
    sums = found.setdefault((admission.engagement, admission.wish.asset), [0, 0, 0])
    sums[0] += 1
    sums[1] += tokens
    sums[2] += cents


async def _until_gone(receive: Receive, stream: Stream) -> None:
    """End the call when its caller goes away: nobody reads, and tokens cost money."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            stream.gone = True
            stream.task.cancel()
            return
