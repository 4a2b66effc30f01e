"""A client of the intake of a clearinghouse: batches out, an answer a report back."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import ip_address
from typing import Self
from urllib.parse import urlsplit

import httpx
import msgspec
from msgspec import Struct

from fairlead.errors import (
    Error,
    Misconfigured,
    NotAllowed,
    NotFound,
    TooMany,
    Unauthenticated,
    Unavailable,
)

TIMEOUT = 120
"""Seconds that a batch may take."""
MOST_BYTES = 64 * 1024 * 1024
"""Bytes of an answer that are read, at most."""
WAIT = 5
"""Seconds to wait where the other side does not say how long."""


class Fault(Struct, frozen=True):
    """One thing that is wrong with a report."""

    field: str = ""
    reason: str = ""


class Problem(Struct, frozen=True):
    """Why a report was not taken."""

    detail: str = ""
    errors: tuple[Fault, ...] = ()


class Answer(Struct, frozen=True, kw_only=True):
    """What became of one report."""

    line: int
    status: int
    receipt: str | None = None
    again: bool = False
    problem: Problem | None = None

    @property
    def taken(self) -> bool:
        """Tell whether it is kept."""
        return self.receipt is not None

    @property
    def passing(self) -> bool:
        """Tell whether it may be taken when it is sent again later."""
        return not self.taken and self.status in {408, 429, 503}

    @property
    def why(self) -> str:
        """Return why it was not taken."""
        if self.problem is None:
            return ""
        found = [f"{f.field}: {f.reason}" for f in self.problem.errors]
        return "; ".join(found) or self.problem.detail


class Intake:
    """The intake at an address, for a member that has a token."""

    def __init__(self, address: str, token: str) -> None:
        """Connect when the first batch is sent.

        Raises:
            Misconfigured: the address is none, or the token would travel in the clear.

        """
        check_address(address)
        self.address = address.rstrip("/")
        self._http = httpx.Client(
            timeout=TIMEOUT,
            headers={"Authorization": f"Bearer {token}"},
            follow_redirects=False,
        )

    def __enter__(self) -> Self:
        """Use it; it is closed at the end."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close every connection."""
        self._http.close()

    def submit(self, reports: Sequence[bytes]) -> Sequence[Answer]:
        """Send *reports*, none of which holds a line break; return an answer for each.

        Raises:
            Unavailable: the other side cannot be reached, or not now.
            TooMany: it wants less of this; the error says for how long.
            Unauthenticated: the token opens nothing.

        """
        try:
            answer = self._http.post(
                f"{self.address}/v1/reports/batch",
                content=b"\n".join(reports),
                headers={"Content-Type": "application/x-ndjson"},
            )
        except httpx.HTTPError as error:
            raise Unavailable(
                f"{self.address} does not answer ({type(error).__name__}); run the same"
                " command again to go on"
            ) from error
        if answer.status_code != httpx.codes.OK:
            raise _refused(answer, self.address)
        if len(answer.content) > MOST_BYTES:
            raise Unavailable(f"{self.address} answers with more than is read")
        try:
            answers = msgspec.json.Decoder(Answer).decode_lines(answer.content)
        except msgspec.MsgspecError as error:
            raise Unavailable(f"{self.address} is no clearinghouse: {error}") from error
        by_line = {one.line: one for one in answers}
        last = answers[-1] if answers else Answer(line=0, status=503)
        # A batch that broke off is answered up to there; the last answer counts for all.
        return [by_line.get(n, last) for n in range(1, len(reports) + 1)]


def check_address(address: str) -> None:
    """Refuse an address to which a token must not be sent.

    Raises:
        Misconfigured: it is none, or begins with http:// and is not on this machine.

    """
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise Misconfigured(f"to: {address!r} is no address; begin it with https://")
    if parts.scheme == "http" and not _is_here(parts.hostname):
        raise Misconfigured("to: a token is sent over https:// only")


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refused(answer: httpx.Response, address: str) -> Error:
    try:
        said = msgspec.json.decode(answer.content, type=Problem).detail
    except msgspec.MsgspecError:
        said = ""
    said = said or f"{address} answers with {answer.status_code}"
    written = answer.headers.get("retry-after", "")
    wait = int(written) if written.isdecimal() and len(written) < 7 else WAIT  # noqa: PLR2004 - digits
    match answer.status_code:
        case 401:
            return Unauthenticated(said)
        case 403:
            return NotAllowed(said)
        case 404 | 405 | 415:
            return NotFound(f"{address} takes no batches")
        case 429 | 503:
            return TooMany(said, retry_after=wait)
    return Unavailable(said)
