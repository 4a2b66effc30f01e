"""What the programme's server says to brokers that developers run.

A note goes with each call. While the call goes on the note is renewed, well before it
ends. What both sides counted is exchanged and compared, and that is put on record.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from fairlead.base.ids import EngagementId
from fairlead.base.instants import text
from fairlead.base.ports import Clock
from fairlead.errors import Conflict, Damaged, Error
from fairlead.programme.unit import Store
from fairlead.record.notes import Signer
from fairlead.review import brokering, calling, facts
from fairlead.review.brokering import Admission
from fairlead.review.calling import Entry, Ledger, Renewal
from fairlead.terms.clauses import Side
from fairlead.web.broker import requests
from fairlead.web.broker.streams import Asked, Line, Outgoing

log = logging.getLogger(__name__)

NOTE = "fairlead-note"
"""Header in which the note of a call travels."""
RENEWALS = "/renewals"
LEDGER = "/ledger"
TIMES = 3
"""How often a note is renewed in the time for which it holds."""
AT_ONCE = 500
"""Calls of which what was counted is exchanged at once."""
SETTLES = 1.0
"""Seconds after a call until its counts are exchanged; the other side ends it first."""
AGAIN = 15.0
"""Seconds until an exchange is tried again that did not succeed."""
GIVES_UP = 20
"""Tries to have a call compared that the other side does not know."""
LARGEST = 8 * 1024 * 1024
"""Bytes of an answer that are read."""
TRIES = 8


@dataclass(slots=True)
class _Unsettled:
    """Calls of one engagement that both sides counted, and have not compared."""

    connection: facts.Connection
    entries: dict[str, Entry] = field(default_factory=dict)
    tried: int = 0
    resumed: bool = False
    """What an earlier process left was looked up."""
    task: asyncio.Task[None] | None = None


_Where = tuple[EngagementId, str]
"""An engagement, and the address of a broker that serves it."""


def _where(admission: Admission) -> _Where:
    return admission.engagement, admission.connection.url


class Relay:
    """Speaks for the programme to brokers of developers."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        signer: Signer,
        upstream: Line,
    ) -> None:
        """Sign with *signer*, the key that the agreements name."""
        self._store = store
        self._clock = clock
        self._signer = signer
        self._upstream = upstream
        self._renewed: dict[_Where, float] = {}
        self._unsettled: dict[_Where, _Unsettled] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def outgoing(self, admission: Admission, asked: Asked) -> Outgoing:
        """Return a call as it goes to the developer's broker, with its note."""
        streams = requests.streams(asked.body)
        note = brokering.note(
            admission, asked.method, asked.path, asked.body, at=self._clock()
        )
        signed = calling.as_header(calling.sign(self._signer, note))
        asset = admission.wish.asset.replace(" ", "+")
        return Outgoing(
            url=f"{requests.root(admission.connection.url)}/assets/{asset}{asked.path}",
            headers=[*requests.sent(asked), (NOTE, signed)],
            body=asked.body,
            streams=streams,
        )

    # --- Notes are renewed --------------------------------------------------------------

    def renew(self, admissions: Sequence[Admission]) -> None:
        """Renew the notes of calls that go on, where it is time."""
        by_broker: dict[_Where, list[Admission]] = {}
        for admission in admissions:
            by_broker.setdefault(_where(admission), []).append(admission)
        for where in self._renewed.keys() - by_broker.keys():
            del self._renewed[where]
        for where, some in by_broker.items():
            now = time.monotonic()
            due = self._renewed.setdefault(where, now) + some[0].seconds / TIMES
            if now >= due:
                self._renewed[where] = now
                self._begin(self._renew(some))

    async def _renew(self, admissions: list[Admission]) -> None:
        at = self._clock()
        until = at + timedelta(seconds=admissions[0].seconds)
        renewal = Renewal(
            engagement=admissions[0].engagement,
            calls=tuple(admission.call for admission in admissions),
            at=text(at),
            until=text(until),
        )
        note = calling.sign(self._signer, renewal)
        await self._say(admissions[0].connection, RENEWALS, note)

    # --- Counts are compared ------------------------------------------------------------

    def compare(self, batch: Sequence[tuple[Admission, facts.Use]]) -> None:
        """Have calls compared soon; where the other side is away, later."""
        for admission, use in batch:
            known = self._unsettled.setdefault(
                _where(admission), _Unsettled(admission.connection)
            )
            known.connection, known.tried = admission.connection, 0
            known.entries[use.call] = calling.entry_of(use)
            if known.task is None or known.task.done():
                known.task = self._begin(self._settle(admission.engagement, known))

    async def _settle(self, name: EngagementId, known: _Unsettled) -> None:
        if not known.resumed:
            # What an earlier process could not have compared any more.
            earlier = await asyncio.to_thread(self._earlier, name)
            known.entries = {e.call: e for e in earlier} | known.entries
            known.resumed = True
        wait = SETTLES
        while known.entries:
            await asyncio.sleep(wait)
            some = list(known.entries.values())[:AT_ONCE]
            known.tried += 1
            try:
                settled = await self._exchange(name, known, some)
            except Error as error:
                log.warning("broker.not_compared", extra={"why": str(error)})
                settled = []
            for call in settled:
                known.entries.pop(call, None)
            wait = SETTLES if settled else AGAIN if known.tried > TIMES else SETTLES

    async def _exchange(
        self, name: EngagementId, known: _Unsettled, some: Sequence[Entry]
    ) -> Sequence[str]:
        """Exchange what both counted of some calls; return those that are settled."""
        ours = calling.ledger(name, Side.PROGRAMME, some, self._clock())
        our_note = calling.sign(self._signer, ours)
        their_note = await self._say(known.connection, LEDGER, our_note)
        theirs = calling.opened(their_note, known.connection.key, Ledger)
        if (theirs.engagement, theirs.side) != (name, Side.DEVELOPER):
            raise Damaged("the ledger is of another engagement or side")
        answered = {entry.call for entry in theirs.entries}
        # What it does not know yet may still be ending there; in the end it counts as
        # a difference.
        last = known.tried >= GIVES_UP
        settled = [entry for entry in some if last or entry.call in answered]
        if not settled:
            return []
        if len(settled) < len(some):
            # What is recorded speaks of what is settled, and of nothing else.
            ours = calling.ledger(name, Side.PROGRAMME, settled, self._clock())
            our_note = calling.sign(self._signer, ours)
        names = {entry.call for entry in settled}
        calls, differing = calling.compared(
            settled, [entry for entry in theirs.entries if entry.call in names]
        )
        compared = facts.Compared(ours=our_note, theirs=their_note)
        counted = (calls, len(differing))
        await asyncio.to_thread(self._record, name, counted, compared)
        return [entry.call for entry in settled]

    def _earlier(self, name: EngagementId) -> Sequence[Entry]:
        with self._store.read() as unit:
            return calling.unsettled(unit.engagements.history(name))

    def _record(
        self, name: EngagementId, counted: tuple[int, int], compared: facts.Compared
    ) -> None:
        for attempt in range(TRIES):
            try:
                with self._store.begin() as unit:
                    brokering.compare(unit, name, counted, compared, at=self._clock())
            except Conflict:
                if attempt == TRIES - 1:
                    raise
                continue
            return

    # --- Both ---------------------------------------------------------------------------

    async def _say(self, connection: facts.Connection, path: str, note: str) -> str:
        """Hand a note to the developer's broker, and return what it answers.

        Raises:
            Error: it cannot be reached, or does not take it.

        """
        url = requests.root(connection.url) + path
        headers = [("content-type", "text/plain; charset=utf-8")]
        parts: list[bytes] = []
        size = 0
        async with self._upstream().send("POST", url, headers, note.encode()) as answer:
            async for chunk in answer.chunks():
                size += len(chunk)
                if size > LARGEST:
                    raise Damaged("the developer's broker answers without end")
                parts.append(chunk)
            if answer.status != 200:  # noqa: PLR2004 - it took the note
                raise Damaged(f"the developer's broker answered {answer.status}")
        return b"".join(parts).decode("utf-8", "replace")

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(_logged(work))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def close(self) -> None:
        """End what goes on; what was not compared is compared when calls end again."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def _logged(work: Coroutine[Any, Any, None]) -> None:
    try:
        await work
    except Error as error:
        log.warning("broker.not_renewed", extra={"why": str(error)})
    except Exception:
        log.exception("broker.relay_failed")
