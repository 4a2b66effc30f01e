"""One connection to a clearinghouse: requests, retries, errors of ours."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, TypeVar

import httpx
import msgspec
from msgspec import Struct

from fairlead import errors
from fairlead.errors import Error, Invalid, TooMany, Unavailable, Violation

T = TypeVar("T")

_AGAIN = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """How often, and how patiently, a request is sent again."""

    tries: int = 5
    """Requests in all; 1 sends none again."""
    first: float = 0.2
    """Seconds before the second; it doubles each time, give or take a half."""
    longest: float = 20.0
    """Seconds at most; what a server asks for beyond this is told as an error."""


class _Entry(Struct, frozen=True):
    code: str = ""
    field: str = ""
    reason: str = ""


class _Problem(Struct, frozen=True):
    detail: str = ""
    code: str = ""
    errors: tuple[_Entry, ...] = ()


_BY_CODE: dict[str, Callable[[str], Error]] = {
    kind.code: kind
    for kind in (
        errors.Unauthenticated,
        errors.NotFound,
        errors.NotAllowed,
        errors.NotVerified,
        errors.Refused,
        errors.Conflict,
        errors.Claimed,
        errors.AgainstOwner,
        errors.Unavailable,
    )
}
_BY_STATUS: dict[int, Callable[[str], Error]] = {
    401: errors.Unauthenticated,
    403: errors.NotAllowed,
    404: errors.NotFound,
    409: errors.Refused,
}


class Connection:
    """Sends requests with one token."""

    def __init__(
        self,
        address: str,
        token: str,
        *,
        retries: Retries | None = None,
        timeout: float = 30.0,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """Connect lazily to *address*; redirects are not followed.

        Raises:
            Invalid: *address* begins with neither https:// nor http://.

        """
        if not address.startswith(("https://", "http://")):
            raise Invalid(
                f"server: {address!r} is no address; begin it with https://",
                [Violation("invalid_address", "server", "begin it with https://")],
            )
        self.address = address.rstrip("/")
        self._retries = retries or Retries()
        self._http = httpx.Client(
            base_url=self.address,
            headers={"Authorization": f"Bearer {token}"},
            timeout=timeout,
            transport=transport,
            trust_env=True,
        )

    def close(self) -> None:
        """Close it."""
        self._http.close()

    def ask(  # noqa: PLR0913 - one value a part of a request
        self,
        method: str,
        path: str,
        kind: type[T],
        *,
        body: object = None,
        query: Mapping[str, str] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> T:
        """Send a request that may be repeated, and return its answer.

        Raises:
            Error: what the server refused, as it said it; `Unavailable` where it could
                not be reached, or not in time.

        """
        content = None if body is None else msgspec.json.encode(body)
        sent = {"Content-Type": "application/json"} if content is not None else {}
        sent |= dict(headers or {})
        answer = self._send(method, path, content, query, sent)
        try:
            return msgspec.json.decode(answer.content, type=kind)
        except msgspec.MsgspecError as error:
            raise Unavailable(
                f"{self.address} gave an answer that cannot be read: {error}"
            ) from error

    def _send(
        self,
        method: str,
        path: str,
        content: bytes | None,
        query: Mapping[str, str] | None,
        headers: Mapping[str, str],
    ) -> httpx.Response:
        pause = self._retries.first
        for left in range(self._retries.tries - 1, -1, -1):
            try:
                answer = self._http.request(
                    method,
                    path,
                    content=content,
                    params=dict(query or {}),
                    headers=dict(headers),
                )
            except httpx.TransportError as error:
                if not left:
                    raise Unavailable(
                        f"{self.address} cannot be reached: {error}"
                    ) from error
            else:
                if answer.is_success:
                    return answer
                wait = _wait(answer)
                if answer.status_code not in _AGAIN or not left:
                    raise _error(answer)
                if wait > self._retries.longest:
                    raise _error(answer)
                pause = max(pause, wait)
            time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - a pause
            pause = min(2 * pause, self._retries.longest)
        raise Unavailable(f"{self.address} cannot be reached")  # pragma: no cover


def _wait(answer: httpx.Response) -> float:
    try:
        return max(0.0, float(answer.headers.get("Retry-After", "0")))
    except ValueError:
        return 0.0


def _error(answer: httpx.Response) -> Error:
    """Return the error that the server told of."""
    try:
        problem: Any = msgspec.json.decode(answer.content, type=_Problem)
    except msgspec.MsgspecError:
        problem = _Problem()
    said = problem.detail or f"the server answered {answer.status_code}"
    if answer.status_code == HTTPStatus.TOO_MANY_REQUESTS:
        return TooMany(said, retry_after=int(_wait(answer)) or 1)
    if answer.status_code in {400, 413, 415}:
        return Invalid(
            said, [Violation(e.code, e.field, e.reason) for e in problem.errors]
        )
    made = _BY_CODE.get(problem.code) or _BY_STATUS.get(answer.status_code)
    return (made or Unavailable)(said)
