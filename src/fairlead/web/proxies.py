"""Who stands in front of the server: whose word about addresses and people counts."""

from __future__ import annotations

import hmac
import logging
from collections.abc import Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from typing import Any

from litestar import Request

from fairlead.errors import Misconfigured

log = logging.getLogger(__name__)

_Request = Request[Any, Any, Any]
Network = IPv4Network | IPv6Network

USER = "x-fairlead-user"
SECRET = "x-fairlead-proxy-secret"  # noqa: S105 - the name of a header


class Proxies:
    """Proxies that are trusted: by their addresses, and by a secret.

    No dataclass, for Litestar looks into these and cannot tell networks apart.
    """

    def __init__(self, networks: Sequence[Network] = (), secret: str = "") -> None:
        """Believe `X-Forwarded-For` from *networks*, and names with *secret*."""
        self._networks = tuple(networks)
        self._secret = secret.encode()

    @classmethod
    def of(cls, trusted: str, secret: str = "") -> Proxies:
        """Return what the settings say: addresses or networks, parted by commas.

        Raises:
            Misconfigured: one of them is none.

        """
        try:
            networks = tuple(
                ip_network(part.strip()) for part in trusted.split(",") if part.strip()
            )
        except ValueError as error:
            raise Misconfigured(f"trusted_proxies: {error}") from error
        return cls(networks, secret)

    def client(self, request: _Request) -> str:
        """Return the address that limits count by.

        It is the peer's; behind a trusted proxy the last hop of `X-Forwarded-For`,
        which that proxy wrote itself. Of IPv6 the first 64 bits count, for whoever has
        one address has all of these.
        """
        peer = request.client.host if request.client else ""
        address = _address(peer)
        if address is not None and any(address in n for n in self._networks):
            hop = request.headers.get("x-forwarded-for", "").rpartition(",")[2]
            # What is no address would let its writer choose a new name each time.
            address = _address(hop) or address
        if address is None:
            return peer[:64]
        if isinstance(address, IPv6Address):
            mapped = address.ipv4_mapped
            return str(mapped or ip_network((int(address) >> 64 << 64, 64)))
        return str(address)

    def user(self, request: _Request) -> str | None:
        """Return who the trusted proxy says is asking.

        From anyone who does not know the secret the header is ignored and logged.
        """
        named = request.headers.get(USER, "").strip()
        if not named:
            return None
        shown = request.headers.get(SECRET, "").encode("latin-1", "replace")
        if self._secret and hmac.compare_digest(shown, self._secret):
            return named
        log.warning("proxy.identity_ignored", extra={"client": self.client(request)})
        return None


def _address(written: str) -> IPv4Address | IPv6Address | None:
    """Read an address; some proxies write a port behind it (RFC 7239, 6)."""
    written = written.strip()
    if written.startswith("["):
        written = written[1:].partition("]")[0]
    elif written.count(":") == 1:
        written = written.partition(":")[0]
    try:
        return ip_address(written)
    except ValueError:
        return None
