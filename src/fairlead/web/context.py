"""What every handler needs, in one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from fairlead.access.applications import Criteria
from fairlead.access.joining import TextRecords
from fairlead.access.traces import Moment
from fairlead.base.ports import Clock, Randomness
from fairlead.clearinghouse.cases import Rules
from fairlead.formats.advisory import Publisher
from fairlead.programme.unit import Store
from fairlead.record.tlog_proof import TlogProof
from fairlead.web.limiting import Limits
from fairlead.web.logins import Provider
from fairlead.web.passkeys import RelyingParty
from fairlead.web.proxies import Proxies


class PublicLog(Protocol):
    """The log as anybody may see it."""

    def checkpoint(self) -> str | None:
        """Return the public checkpoint, if there is one."""

    def tile(self, path: str) -> bytes | None:
        """Return what lies at *path*, if it is public."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The running system, as the web sees it."""

    store: Store
    clock: Clock
    randomness: Randomness
    wake: Callable[[], None]
    """Tells the runner that there is something to do."""
    log: PublicLog
    """The tiles of the record that everyone may fetch."""
    prove: Callable[[str], TlogProof]
    """Proves that an event, such as `submission/SUB-…@1`, is in the log."""
    publisher: Publisher
    """Who publishes advisories."""
    programme: str
    """What the programme is called on its pages."""
    address: str
    """What people type to get here, without a slash at its end."""
    criteria: Criteria
    """What is asked of whoever wants to join."""
    rules: Rules
    """What the programme decides about cases."""
    text_records: TextRecords
    """Asks DNS."""
    limits: Limits
    proxies: Proxies
    provider: Provider | None = None
    """Where people may sign in besides here."""

    @property
    def secure(self) -> bool:
        """Tell whether the address that people use begins with https."""
        return self.address.startswith("https://")

    @property
    def passkeys(self) -> RelyingParty:
        """Return whom passkeys are made for."""
        return RelyingParty(self.address, self.programme)

    @property
    def moment(self) -> Moment:
        """Return this moment, for the trace that a reading leaves."""
        return Moment(self.clock(), self.randomness)
