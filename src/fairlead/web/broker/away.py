"""The broker at the developer's side: the same application, behind signed notes.

It takes calls that the programme's server let through and signed, decides by the same
terms once more, and keeps its own book. It opens no connection but to the developer's
own endpoint.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec

from fairlead.base.instants import parse
from fairlead.base.ports import Clock
from fairlead.errors import Damaged, Error, Refused, Unauthenticated
from fairlead.record.notes import Signer
from fairlead.review import away, calling, facts
from fairlead.review.away import Agreed, Book
from fairlead.review.brokering import Admission, NotOpen
from fairlead.review.calling import CallNote, Ledger, Renewal
from fairlead.terms.clauses import Side
from fairlead.terms.decide import Failed, Used
from fairlead.web.broker import answers, requests
from fairlead.web.broker.relay import LEDGER, NOTE, RENEWALS
from fairlead.web.broker.serving import Broker
from fairlead.web.broker.streams import (
    Asked,
    Line,
    Outgoing,
    Receive,
    Scope,
    Send,
    UnderWay,
    Upstream,
)

log = logging.getLogger(__name__)

LARGEST_NOTE = 8 * 1024 * 1024
"""Bytes of a renewal, or of a ledger."""
FRESH = timedelta(minutes=5)
"""How old a ledger may be that the programme's server hands in."""


@dataclass(slots=True)
class _Open:
    """A call that goes on: its note, and until when that holds."""

    note: CallNote
    until: datetime


class AwayDesk:
    """Decides about calls by the agreement, the notes they carry, and its own book."""

    def __init__(
        self,
        agreed: Agreed,
        connections: Mapping[str, facts.Connection],
        book: Book,
        signer: Signer,
        clock: Clock,
    ) -> None:
        """Call *connections*, by asset, as far as *agreed* opens them."""
        self.agreed = agreed
        self.signer = signer
        self._connections = connections
        self._book = book
        self._clock = clock
        self._open: dict[str, _Open] = {}
        self._lock = threading.Lock()

    def admit(self, asked: Asked, more: UnderWay) -> Admission:
        """Let a call through that carries a good note, or raise what stands in the way.

        1. The note is signed by the key that the agreement names.
        2. It is for this very request.
        3. It holds now, here, and the same terms open the call.
        4. It was never used before; from now on it was.
        """
        written = asked.headers.get(NOTE, "")
        if not written:
            raise Unauthenticated(
                "calls come here through the programme's server, with a note that it"
                " signed; point your client at its address"
            )
        try:
            note = calling.opened(
                calling.from_header(written), self.agreed.broker.key, CallNote
            )
        except Damaged as error:
            raise Unauthenticated(str(error)) from error
        away.fits(note, asked.method, asked.path, asked.asset, asked.body)
        requests.streams(asked.body)
        now = self._clock()
        connection = self._connections.get(note.asset)
        admission, grant = away.let_in(
            self.agreed, note, connection, self._book.standing(), more, now=now
        )
        try:
            organisation = note.caller.organisation
            self._book.begin(note.call, organisation, grant, at=now)
        except Refused as error:
            raise away.refused(str(error), away.BROUGHT) from error
        until = now + min(self.agreed.lasts, _left(note, now))
        with self._lock:
            self._open[note.call] = _Open(note, until)
        return admission

    def outgoing(self, admission: Admission, asked: Asked) -> Outgoing:
        """Return the call as it goes to the developer's endpoint."""
        return requests.to_endpoint(admission, asked)

    def recheck(
        self, admissions: Sequence[Admission], more: UnderWay
    ) -> Sequence[tuple[Failed, ...]]:
        """Return what stands in the way of each call that goes on."""
        standing, now = self._book.standing(), self._clock()
        with self._lock:
            known = [self._open.get(admission.call) for admission in admissions]
        return [
            away.goes_on(
                self.agreed,
                one.note,
                admission,
                one.until,
                standing,
                more.get((admission.engagement, admission.wish.asset), Used()),
                now,
            )
            if one
            else ()
            for admission, one in zip(admissions, known, strict=True)
        ]

    def record(self, batch: Sequence[tuple[Admission, facts.Use]]) -> None:
        """Write down calls that ended."""
        self._book.end([use for _, use in batch], at=self._clock())
        with self._lock:
            for _, use in batch:
                self._open.pop(use.call, None)

    def tend(self, admissions: Sequence[Admission]) -> None:
        """Need nothing: notes are renewed from the other side."""

    def wrote(self, batch: Sequence[tuple[Admission, facts.Use]]) -> None:
        """Need nothing: the other side asks for the ledger."""

    async def close(self) -> None:
        """Hold nothing open."""

    def renew(self, note: str) -> int:
        """Let calls go on of which the programme's server says so; return how many.

        A renewal makes nothing longer than the agreed time from now.

        Raises:
            Unauthenticated: it is not signed by the key that the agreement names.
            NotOpen: it is of another engagement, or does not hold now.

        """
        renewal = self._signed(note, Renewal)
        now = self._clock()
        try:
            ends = calling.check_time(renewal.at, renewal.until, self.agreed.lasts, now)
        except Refused as error:
            raise away.refused(str(error), away.BROUGHT) from error
        count = 0
        with self._lock:
            for call in renewal.calls:
                one = self._open.get(call)
                if one is not None:
                    one.until = max(one.until, min(ends, now + self.agreed.lasts))
                    count += 1
        return count

    def exchange(self, note: str) -> str:
        """Keep what the programme counted, and return what was counted here, signed.

        Raises:
            Unauthenticated: it is not signed by the key that the agreement names.
            NotOpen: it is of another engagement or side, or not of now.

        """
        ledger = self._signed(note, Ledger)
        now = self._clock()
        if ledger.side is not Side.PROGRAMME:
            raise away.refused("the ledger is not the programme's", away.BROUGHT)
        if abs(now - parse(ledger.at)) > FRESH:
            raise away.refused("the ledger is not of now", away.BROUGHT)
        self._book.told(ledger.entries, note, at=now)
        ours = self._book.entries([entry.call for entry in ledger.entries])
        said = calling.ledger(ledger.engagement, Side.DEVELOPER, ours, now)
        return calling.sign(self.signer, said)

    def _signed(self, note: str, kind: type[calling.S]) -> calling.S:
        try:
            said = calling.opened(note, self.agreed.broker.key, kind)
        except Damaged as error:
            raise Unauthenticated(str(error)) from error
        if getattr(said, "engagement", "") != self.agreed.terms.engagement:
            raise away.refused("the note is of another engagement", away.BROUGHT)
        return said


class AwayBroker:
    """The application that is served at the developer's side (ASGI)."""

    def __init__(
        self, desk: AwayDesk, clock: Clock, upstream: Callable[[], Upstream]
    ) -> None:
        """Serve *desk*."""
        self._desk = desk
        self._broker = Broker(desk, clock, Line(upstream), marks=True)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request (ASGI)."""
        if scope["type"] == "http" and scope["path"] in {RENEWALS, LEDGER, "/"}:
            await self._beside(scope, receive, send)
            return
        await self._broker(scope, receive, send)

    async def close(self) -> None:
        """Cut what is open, and have everything written down."""
        await self._broker.close()

    async def _beside(self, scope: Scope, receive: Receive, send: Send) -> None:
        method, path = scope["method"], scope["path"]
        try:
            if path == "/" and method == "GET":
                await answers.whole(send, 200, self._said())
            elif path != "/" and method == "POST":
                note = (await requests.body_of(receive, LARGEST_NOTE)).decode(
                    "utf-8", "replace"
                )
                said = await self._broker.aside(
                    self._renewed if path == RENEWALS else self._desk.exchange, note
                )
                await answers.whole(send, 200, said.encode(), "text/plain")
            else:
                await answers.refuse(send, 404, "not-found", "there is nothing here")
        except NotOpen as error:
            await answers.refuse(send, 403, error.code, str(error), error.failed)
        except Unauthenticated as error:
            await answers.refuse(send, 401, error.code, str(error))
        except Error as error:
            log.warning("broker.not_taken", extra={"why": str(error)})
            await answers.refuse(send, 503, error.code, str(error))

    def _renewed(self, note: str) -> str:
        return f"{self._desk.renew(note)}\n"

    def _said(self) -> bytes:
        """Say what this is; none of it is secret."""
        terms = self._desk.agreed
        return msgspec.json.encode(
            {
                "broker": self._desk.signer.verifier().text(),
                "engagement": terms.terms.engagement,
                "terms": terms.digest,
            }
        )


def _left(note: CallNote, now: datetime) -> timedelta:
    return max(timedelta(), parse(note.until) - now)
