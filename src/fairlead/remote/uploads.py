"""Sending a sealed folder over tus 1.0, so that an interrupted sending goes on.

Shards first, the signature last: on the other side the folder becomes whole with its last
file. Each part goes with its checksum; what the server says is on disk is not sent again.
"""

from __future__ import annotations

import base64
import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx

from fairlead.errors import (
    Damaged,
    Invalid,
    NotAllowed,
    NotFound,
    TooLarge,
    Unauthenticated,
    Unavailable,
)
from fairlead.formats import dsse, model_signing, tus
from fairlead.sealing import folder as layout

PART = 8 * 1024 * 1024
"""Bytes in one request: what is lost at most when it fails."""
TRIES = 8
"""Failures in a row after which sending is given up for now."""
_TIMEOUT = httpx.Timeout(60, connect=20)
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_GONE = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
_AGAIN = {
    HTTPStatus.CONFLICT,
    HTTPStatus.LOCKED,
    HTTPStatus.TOO_MANY_REQUESTS,
    tus.MISMATCH,
}
_SAID: dict[int, tuple[type[Exception], str]] = {
    HTTPStatus.UNAUTHORIZED: (Unauthenticated, "the token is not taken"),
    HTTPStatus.FORBIDDEN: (NotAllowed, "this token may not upload there"),
    HTTPStatus.NOT_FOUND: (NotFound, "there is no such asset, or not for this token"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: (TooLarge, "more than the server takes"),
}


@dataclass(frozen=True, kw_only=True)
class Sending:
    """What is sent, and where to."""

    folder: Path
    """A sealed folder."""
    address: str
    """Where uploads of the asset begin: `https://…/v1/assets/NAME/uploads`."""
    token: str = field(repr=False)
    known: dict[str, str]
    """File and digest: where its upload is, or nothing once it has arrived."""
    save: Callable[[dict[str, str]], None]
    """Keeps `known` for the next time."""
    pause: Callable[[float], None] = time.sleep


def send(
    what: Sending, progress: Callable[[int, int], None] = lambda _done, _all: None
) -> int:
    """Send all files that have not arrived; return how many bytes went out.

    Raises:
        Invalid: the address would show the token to others.
        Unauthenticated, NotAllowed, NotFound, TooLarge: the server does not take it.
        Unavailable: it does not answer, or has no room; run it again to go on.

    """
    address = urlsplit(what.address)
    if address.scheme != "https" and address.hostname not in _LOOPBACK:
        raise Invalid(f"{what.address} does not begin with https: the token would show")
    there = _listed(what.folder)
    sizes = [(what.folder / name).stat().st_size for name, _ in there]
    headers = {"Authorization": f"Bearer {what.token}", "Tus-Resumable": tus.VERSION}
    sent = before = 0
    progress(0, sum(sizes))
    with httpx.Client(headers=headers, timeout=_TIMEOUT) as client:
        for (name, digest), size in zip(there, sizes, strict=True):
            one = _File(what, client, name, f"{name} {digest}", size)
            base = before
            sent += one.send(lambda at, base=base: progress(base + at, sum(sizes)))  # type: ignore[misc]
            before += size
    return sent


def _listed(folder: Path) -> list[tuple[str, str]]:
    """Return the files to send with their digests, the signature last.

    What is not checked: that the folder is as it was signed; whoever gets it checks that.
    """
    try:
        signature = (folder / layout.SIGNATURE).read_bytes()
    except OSError as error:
        raise NotFound(f"{folder} is no sealed folder: {error.strerror}") from error
    _, manifest = model_signing.read(dsse.parse(signature).payload)
    there = [(one.name, one.digest) for one in manifest.resources]
    missing = [name for name, _ in there if not (folder / name).is_file()]
    if missing:
        raise Damaged(f"{folder} lacks {', '.join(missing)}: seal it again")
    return [*there, (layout.SIGNATURE, hashlib.sha256(signature).hexdigest())]


@dataclass(frozen=True, slots=True)
class _File:
    """One file on its way."""

    what: Sending
    client: httpx.Client
    name: str
    key: str
    size: int

    def send(self, progress: Callable[[int], None]) -> int:
        """Send what has not arrived; return how many bytes that was."""
        if self.what.known.get(self.key) == "":
            progress(self.size)
            return 0
        sent = failed = 0
        offset: int | None = None
        while offset != self.size:
            try:
                if offset is None:
                    offset = self._offset()
                else:
                    now = self._part(offset)
                    sent, offset = sent + now - offset, now
                failed = 0
                progress(offset)
            except (httpx.TransportError, _Again) as error:
                failed, offset = failed + 1, None
                if failed >= TRIES:
                    raise Unavailable(
                        f"{self.name} could not be sent now ({error}): run it again"
                    ) from error
                self.what.pause(min(0.1 * 2**failed, 30))
        self._remember("")
        return sent

    def _offset(self) -> int:
        """Ask how much is there; begin an upload where there is none."""
        address = self.what.known.get(self.key)
        if address is not None:
            answer = self.client.head(address)
            if answer.status_code not in _GONE:
                return self._offset_of(answer)
        metadata = tus.write_metadata({"filename": self.name})
        headers = {"Upload-Length": str(self.size), "Upload-Metadata": metadata}
        answer = self._check(self.client.post(self.what.address, headers=headers))
        location = urljoin(self.what.address, answer.headers.get("Location", ""))
        if urlsplit(location)[:2] != urlsplit(self.what.address)[:2]:
            raise Invalid(f"the server sends elsewhere, to {location}: not followed")
        self._remember(location)
        return 0

    def _part(self, offset: int) -> int:
        """Send one part; return how much is there then."""
        with (self.what.folder / self.name).open("rb") as file:
            file.seek(offset)
            content = file.read(PART)
        digest = base64.b64encode(hashlib.sha256(content).digest()).decode()
        answer = self.client.patch(
            self.what.known[self.key],
            content=content,
            headers={
                "Content-Type": tus.CONTENT,
                "Upload-Offset": str(offset),
                "Upload-Checksum": f"sha256 {digest}",
            },
        )
        if answer.status_code in _GONE:
            raise _Again("the server has removed the upload")
        return self._offset_of(answer)

    def _offset_of(self, answer: httpx.Response) -> int:
        written = self._check(answer).headers.get("Upload-Offset", "")
        if not written.isdigit() or int(written) > self.size:
            raise Unavailable(f"the server says {written!r} is there: it speaks no tus")
        return int(written)

    def _check(self, answer: httpx.Response) -> httpx.Response:
        status = answer.status_code
        if status in _AGAIN or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise _Again(f"the server answers {status}")
        if not answer.is_success:
            kind, said = _SAID.get(status, (Unavailable, f"the server says {status}"))
            raise kind(f"{self.name}: {said}")
        return answer

    def _remember(self, address: str) -> None:
        self.what.known[self.key] = address
        self.what.save(self.what.known)


class _Again(Exception):  # noqa: N818
    """The server could not take it now."""
