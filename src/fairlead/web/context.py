"""What every handler needs, in one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fairlead.base.ports import Clock, Randomness
from fairlead.formats.advisory import Publisher
from fairlead.programme.unit import Store
from fairlead.web.limiting import Limits
from fairlead.web.logins import Provider
from fairlead.web.passkeys import RelyingParty
from fairlead.web.proxies import Proxies


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The running system, as the web sees it."""

    store: Store
    clock: Clock
    randomness: Randomness
    wake: Callable[[], None]
    """Tells the runner that there is something to do."""
    publisher: Publisher
    """Who publishes advisories."""
    programme: str
    """What the programme is called on its pages."""
    address: str
    """What people type to get here, without a slash at its end."""
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
