"""One call that goes on, and what a broker needs from others to serve it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from fairlead.base.instants import text
from fairlead.review import facts
from fairlead.review.brokering import Admission
from fairlead.review.counting import Counter, cents
from fairlead.terms.decide import Failed, Used

Scope = Any
Receive = Callable[[], Any]
Send = Callable[[Any], Any]

KEPT = 256 * 1024
"""Characters of content that are kept of one call, where a clause says so."""
REFUSED = "fairlead-refused"
"""Header with which a developer's broker says that it let a call through to nothing."""


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


class Line:
    """What calls endpoints, made in the event loop when it is first needed."""

    def __init__(self, make: Callable[[], Upstream]) -> None:
        """Have *make* make it."""
        self._make = make
        self._made: Upstream | None = None

    def __call__(self) -> Upstream:
        """Return it."""
        self._made = self._made or self._make()
        return self._made

    async def close(self) -> None:
        """Close every connection."""
        if self._made is not None:
            await self._made.close()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request as it came."""

    method: str
    path: str
    """As upstream knows it, such as `/v1/chat/completions`."""
    asset: str
    headers: Mapping[str, str]
    """By their names in small letters."""
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A request as it goes on to upstream."""

    url: str
    headers: Sequence[tuple[str, str]]
    body: bytes
    streams: bool
    """Whether it asks for a stream."""


UnderWay = Mapping[tuple[str, str], Used]
"""What is used and not on the record yet, by engagement and asset."""


class Desk(Protocol):
    """Decides about calls and writes them down; it is asked in threads of its own."""

    def admit(self, asked: Asked, more: UnderWay) -> Admission:
        """Let a call through, or raise what stands in the way."""

    def outgoing(self, admission: Admission, asked: Asked) -> Outgoing:
        """Return what is sent on."""

    def recheck(
        self, admissions: Sequence[Admission], more: UnderWay
    ) -> Sequence[tuple[Failed, ...]]:
        """Return what stands in the way of each call that goes on."""

    def record(self, batch: Sequence[tuple[Admission, facts.Use]]) -> None:
        """Write down calls that ended; what is written is not lost."""

    def tend(self, admissions: Sequence[Admission]) -> None:
        """Do what else open calls need; called in the event loop, and never blocks."""

    def wrote(self, batch: Sequence[tuple[Admission, facts.Use]]) -> None:
        """Do what else follows when calls are written down; never blocks."""

    async def close(self) -> None:
        """End what goes on beside."""


@dataclass(slots=True, eq=False)
class Stream:
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
    unused: str = ""
    """Why nothing was used: it was refused at the developer's side, or reached nothing."""
    content: list[str] = field(default_factory=list)
    kept: int = 0

    @property
    def used(self) -> Used:
        """Return what was used so far."""
        if self.unused:
            return Used(calls=1)
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

    def use(self, outcome: str) -> facts.Use:
        """Return what is written down of it."""
        counter, used = self.counter, self.used
        return facts.Use(
            person=self.admission.visitor.person,
            asset=self.admission.wish.asset,
            clause=self.admission.clause,
            began=text(self.began),
            seconds=round(time.monotonic() - self.started, 3),
            tokens_in=0 if self.unused else counter.tokens_in,
            tokens_out=0 if self.unused else counter.tokens_out,
            cents=used.cents,
            counted=counter.counted,
            outcome=self.unused or outcome,
            content="".join(self.content),
            call="" if self.unused else self.admission.call,
        )
