"""A clearinghouse as a program sees it."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from types import TracebackType
from typing import Any, Self

import httpx
import msgspec
from msgspec import Struct

from fairlead.clearinghouse.claims.targets import Named, Target
from fairlead.client import blind
from fairlead.client.connection import Connection, Retries
from fairlead.client.values import (
    Check,
    Claim,
    Coverage,
    Depth,
    Intro,
    Next,
    Outcome,
    Receipt,
    Status,
)
from fairlead.errors import Error, Refused, Unavailable

POLL = 5.0
"""Seconds between two looks at a claim in line."""
SIGNS = 1800.0
"""Seconds between two signs of a holder."""


class _Claims(Struct, frozen=True):
    claims: tuple[Claim, ...]


class _Checks(Struct, frozen=True):
    answers: tuple[Check, ...]


class _Nexts(Struct, frozen=True):
    targets: tuple[Next, ...]


class _Name(Struct, frozen=True):
    place: str
    into: str
    same: bool


class _Names(Struct, frozen=True):
    names: tuple[_Name, ...]


class _Intros(Struct, frozen=True):
    introductions: tuple[Intro, ...]


class _Presence(Struct, frozen=True):
    someone: bool


class Clearinghouse:
    """A clearinghouse, with one token of a member's."""

    def __init__(  # noqa: PLR0913 - one value a part of a connection
        self,
        address: str,
        token: str,
        *,
        retries: Retries | None = None,
        timeout: float = 30.0,
        second: Connection | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Connect lazily; *second* reaches the other holder of the key of blind claims."""
        self._to = Connection(
            address, token, retries=retries, timeout=timeout, transport=transport
        )
        self._second = second

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self._to.close()
        if self._second is not None:
            self._second.close()

    # --- Before ---------------------------------------------------------------------------

    def check(self, targets: Sequence[Target]) -> Sequence[Check]:
        """Return who scans what, what was covered, and what owners say; 1000 at most."""
        body = {"targets": list(targets)}
        return self._to.ask("POST", "/v1/claims/checks", _Checks, body=body).answers

    def look_next(self, size: int = 20) -> Sequence[Next]:
        """Return what many run and few have looked at, each with its reason."""
        found = self._to.ask(
            "GET", "/v1/claims/next", _Nexts, query={"size": str(size)}
        )
        return found.targets

    def someone_is_at(self, target: Target) -> bool:
        """Tell whether someone, blind claims included, scans *target*; it is counted."""
        body = {"tokens": self.tokens(target)}
        path = "/v1/claims/blind/presence"
        return self._to.ask("POST", path, _Presence, body=body).someone

    # --- Claims ---------------------------------------------------------------------------

    def take(  # noqa: PLR0913 - what a claim says
        self,
        target: Target,
        *,
        method: str,
        depth: str = "standard",
        model: str = "",
        tool: str = "",
        contact: str = "",
        hours: float = 24,
        exclusive: bool = True,
        visibility: str = "all",
        reproducer: bool = False,
        wait: bool = False,
        despite: bool = False,
        key: str = "",
    ) -> Claim:
        """Claim *target*; where *wait*, it may stand in line.

        *key* is a word of your own: taking with the same one again gives the same claim.
        Without one a fresh one is used, so that a lost answer does no harm.

        Raises:
            Claimed: somebody is there.
            AgainstOwner: the owner asked not to scan in this way.

        """
        body: dict[str, Any] = {
            "method": method,
            "depth": depth,
            "model": model,
            "tool": tool,
            "contact": contact,
            "hours": hours,
            "exclusive": exclusive,
            "visibility": visibility,
            "reproducer": reproducer,
            "wait": wait,
            "despite": despite,
        }
        if visibility == "blind":
            body["tokens"] = self.tokens(target)
        else:
            body["target"] = target
        headers = {"Idempotency-Key": key or uuid.uuid4().hex}
        return self._to.ask("POST", "/v1/claims", Claim, body=body, headers=headers)

    def claim(self, name: str) -> Claim:
        """Return a claim, as far as one may see it."""
        return self._to.ask("GET", f"/v1/claims/{name}", Claim)

    def claims(self, *, mine: bool = False, after: int = 0) -> Sequence[Claim]:
        """Return claims that hold now, or one's own of any state, 50 at a time."""
        query = {"mine": str(mine).lower(), "after": str(after)}
        return self._to.ask("GET", "/v1/claims", _Claims, query=query).claims

    def wait(self, name: str, *, patience: float, poll: float = POLL) -> Claim:
        """Wait until a claim in line is granted, at most *patience* seconds.

        Raises:
            Unavailable: it still waits.
            Refused: it left the line.

        """
        ends = time.monotonic() + patience
        while True:
            found = self.claim(name)
            if found.active:
                return found
            if found.state != "waiting":
                raise Refused(f"{name} is {found.state}")
            left = ends - time.monotonic()
            if left <= 0:
                raise Unavailable(f"{name} still waits in line")
            time.sleep(min(poll, left))

    def alive(self, name: str) -> Claim:
        """Say that the scan goes on."""
        return self._to.ask("POST", f"/v1/claims/{name}/heartbeat", Claim)

    def extend(self, name: str, until: datetime) -> Claim:
        """Let a claim end later."""
        body = {"until": until}
        return self._to.ask("POST", f"/v1/claims/{name}/extension", Claim, body=body)

    def release(self, name: str, coverage: Coverage, note: str = "") -> Claim:
        """Give the target free and say what was covered."""
        body = {"coverage": coverage, "note": note}
        return self._to.ask("POST", f"/v1/claims/{name}/release", Claim, body=body)

    def withdraw(self, name: str) -> Claim:
        """Leave the line."""
        return self._to.ask("POST", f"/v1/claims/{name}/withdrawal", Claim)

    def certificate(self, name: str, audience: str) -> bytes:
        """Return a certificate to be shown to *audience*, as JSON."""
        found = self._to.ask(
            "GET",
            f"/v1/claims/{name}/certificate",
            msgspec.Raw,
            query={"audience": audience},
        )
        return bytes(found)

    @contextmanager
    def hold(self, target: Target, *, method: str, **rest: Any) -> Iterator[Held]:  # noqa: ANN401 - what `take` takes
        """Hold a claim while something is done, giving signs meanwhile.

        It is released when that ends: with what `Held.covered` was told, and otherwise, or
        where an exception came, as stopped early.
        """
        held = Held(self, self.take(target, method=method, **rest))
        held.start()
        try:
            yield held
        except BaseException:
            held.coverage = Coverage(
                outcome=Outcome.STOPPED, depth=Depth.SURFACE, share=0
            )
            raise
        finally:
            held.end()

    # --- Introductions --------------------------------------------------------------------

    def introduce(self, name: str, words: str, contact: str = "") -> Sequence[Intro]:
        """Ask whoever is in the way of a claim in line to share."""
        body = {"words": words, "contact": contact}
        path = f"/v1/claims/{name}/introductions"
        return self._to.ask("POST", path, _Intros, body=body).introductions

    def introductions(self) -> Sequence[Intro]:
        """Return the introductions in which one takes part."""
        return self._to.ask("GET", "/v1/claims/introductions", _Intros).introductions

    def answer(self, name: str, *, agree: bool, contact: str = "") -> Intro:
        """Agree to share, or decline."""
        body = {"agree": agree, "contact": contact}
        path = f"/v1/claims/introductions/{name}/answer"
        return self._to.ask("POST", path, Intro, body=body)

    # --- Reports --------------------------------------------------------------------------

    def report(self, report: object) -> Receipt:
        """Send a report (TAP Intake API); the same bytes get the same receipt."""
        return self._to.ask("POST", "/v1/reports", Receipt, body=report)

    def status(self, receipt: str) -> Status:
        """Ask how far a report is."""
        return self._to.ask("GET", f"/v1/submissions/{receipt}", Status)

    # --- Blind claims ---------------------------------------------------------------------

    def tokens(self, target: Target) -> Sequence[str]:
        """Return the tokens of *target*, without showing it to anybody."""
        names = self._to.ask("GET", "/v1/claims/names", _Names).names
        known = {n.place: Named(n.into, n.same) for n in names}
        return blind.tokens(target, known, self._to, self._second)


class Held:
    """A claim that is held while something is done."""

    def __init__(self, house: Clearinghouse, claim: Claim) -> None:
        """Begin with *claim*."""
        self.claim = claim
        self.coverage = Coverage(outcome=Outcome.STOPPED, depth=Depth.SURFACE)
        self.note = ""
        self._house = house
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._give_signs, daemon=True)

    def covered(
        self, outcome: str, depth: str, *, share: int = 100, note: str = ""
    ) -> None:
        """Say what was covered; it is told when the claim is released."""
        self.coverage = Coverage(
            outcome=Outcome(outcome), depth=Depth(depth), share=share
        )
        self.note = note

    def start(self) -> None:
        """Begin to give signs."""
        self._thread.start()

    def end(self) -> None:
        """Give no more signs, and release the claim; one that waits leaves the line."""
        self._ended.set()
        self._thread.join()
        self.claim = self._house.claim(self.claim.id)
        if self.claim.state == "waiting":
            self.claim = self._house.withdraw(self.claim.id)
        else:
            self.claim = self._house.release(self.claim.id, self.coverage, self.note)

    def _give_signs(self) -> None:
        while not self._ended.wait(SIGNS):
            try:
                self._house.alive(self.claim.id)
            except Error:
                return  # it ended; releasing says so
