"""Upstream endpoints: reached at addresses that were looked at first, and nowhere else.

Every address is resolved here, and the connection goes to what was resolved: a name that
answers otherwise a moment later leads nowhere. Redirects are refused.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol
from urllib.parse import urlsplit

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from fairlead.errors import Invalid, NotReached, Unavailable, Violation

CONNECT = 10
"""Seconds to connect."""
SILENCE = 600
"""Seconds that an upstream may say nothing before it counts as gone."""

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Reach:
    """Where outgoing calls may go: public addresses, and what a profile adds."""

    also: tuple[Network, ...] = ()

    @classmethod
    def read(cls, written: str) -> Reach:
        """Read networks, separated by spaces or commas.

        Raises:
            ValueError: one is none.

        """
        parts = written.replace(",", " ").split()
        return cls(tuple(ipaddress.ip_network(part) for part in parts))

    def allows(self, address: str) -> bool:
        """Tell whether *address* is public, or was added."""
        ip = ipaddress.ip_address(address.partition("%")[0])
        if isinstance(ip, ipaddress.IPv6Address) and ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        if any(ip in network for network in self.also if network.version == ip.version):
            return True
        return ip.is_global and not ip.is_multicast


class _Pinning(AbstractResolver):
    """Resolves names, and returns only addresses that may be reached."""

    def __init__(self, reach: Reach) -> None:
        self._reach = reach

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        """Return the addresses of *host* that may be reached."""
        loop = asyncio.get_running_loop()
        infos = await loop.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, family=family
        )
        found = [
            ResolveResult(
                hostname=host,
                host=str(address[0]),
                port=port,
                family=kind,
                proto=proto,
                flags=socket.AI_NUMERICHOST,
            )
            for kind, _, proto, _, address in infos
            if self._reach.allows(str(address[0]))
        ]
        if not found:
            message = f"{host} has no address that may be reached from here"
            raise OSError(message)
        return found

    async def close(self) -> None:
        """Nothing is held."""


def check_url(url: str, reach: Reach) -> None:
    """Raise `Invalid` unless *url* is an address that calls may go to.

    A name is looked at when it is resolved, at each connection.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    wrong = ""
    if parts.scheme not in {"https", "http"} or not host or parts.username:
        wrong = "write https://HOST/…, without a name or password"
    else:
        literal = _literal(host)
        if literal and not reach.allows(literal):
            wrong = "this address is not public; the programme's profile may allow it"
        elif parts.scheme == "http" and not literal:
            wrong = "write https://; the credential must not travel in the clear"
    if wrong:
        raise Invalid(f"url: {wrong}", [Violation("invalid_url", "url", wrong)])


def _literal(host: str) -> str:
    """Return the address that *host* is, if it is one and no name."""
    if host == "localhost":
        return "127.0.0.1"
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        return ""


class Answer(Protocol):
    """What upstream answers."""

    status: int
    headers: Mapping[str, str]

    def chunks(self) -> AsyncIterator[bytes]:
        """Yield its content as it comes."""


@dataclass(slots=True)
class _Answer:
    status: int
    headers: Mapping[str, str]
    _response: aiohttp.ClientResponse

    async def chunks(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self._response.content.iter_any():
                yield chunk
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(f"the endpoint broke off: {_why(error)}") from error


class Upstream:
    """Calls endpoints; made once for each event loop."""

    def __init__(self, reach: Reach) -> None:
        """Reach what *reach* allows."""
        self.reach = reach
        self._session: aiohttp.ClientSession | None = None

    @asynccontextmanager
    async def send(
        self,
        method: str,
        url: str,
        headers: Sequence[tuple[str, str]],
        body: bytes,
    ) -> AsyncIterator[Answer]:
        """Send a request and give what is answered; redirects are refused.

        Raises:
            NotReached: nothing listens there.
            Unavailable: it breaks off, or answers nothing in time.

        """
        check_url(url, self.reach)
        session = self._opened()
        try:
            response = await session.request(
                method, url, headers=headers, data=body or None, allow_redirects=False
            )
        except aiohttp.ClientConnectorError as error:
            raise NotReached(
                f"the endpoint cannot be reached: {_why(error)}"
            ) from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Unavailable(
                f"the endpoint cannot be reached: {_why(error)}"
            ) from error
        try:
            if 300 <= response.status < 400:  # noqa: PLR2004 - redirects (RFC 9110, 15.4)
                raise Unavailable("the endpoint sends elsewhere; redirects are refused")
            yield _Answer(response.status, response.headers, response)
        finally:
            response.close()

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    resolver=_Pinning(self.reach), use_dns_cache=False, limit=0
                ),
                timeout=aiohttp.ClientTimeout(
                    total=None, sock_connect=CONNECT, sock_read=SILENCE
                ),
                cookie_jar=aiohttp.DummyCookieJar(),
                auto_decompress=False,
                trust_env=False,
                read_bufsize=2**16,
            )
        return self._session


def _why(error: BaseException) -> str:
    """Say what happened without what might be in an address or header."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    return type(error).__name__
