"""TXT records of domains, by which applicants show that a domain is theirs."""

from __future__ import annotations

from collections.abc import Sequence

import dns.exception
import dns.resolver

from fairlead.errors import Misconfigured, Unavailable

PATIENCE = 5.0
"""Seconds for an answer."""
RECORDS = 50
"""Records that are looked at, at most."""


class Resolver:
    """Asks the machine's resolver, or the one at an address."""

    def __init__(self, address: str = "") -> None:
        """Ask *address*, `HOST` or `HOST:PORT`; empty for the machine's own.

        Raises:
            Misconfigured: it is no address.

        """
        host, _, port = address.partition(":")
        try:
            self._resolver = dns.resolver.Resolver(configure=not host)
            if host:
                self._resolver.nameservers = [host]
                self._resolver.port = int(port or 53)
        except (dns.exception.DNSException, ValueError) as error:
            raise Misconfigured(f"dns: {address!r} cannot be asked: {error}") from error
        self._resolver.lifetime = PATIENCE

    def text_records(self, name: str) -> Sequence[str]:
        """Return the TXT records at *name*; none where the name does not exist.

        Raises:
            Unavailable: DNS does not answer.

        """
        try:
            answer = self._resolver.resolve(name, "TXT", search=False)
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return ()
        except dns.exception.DNSException as error:
            raise Unavailable(
                f"DNS gives no answer about {name}; try again later"
            ) from error
        return [
            b"".join(record.strings).decode("utf-8", "replace")
            for record in list(answer)[:RECORDS]
        ]
