"""What every handler needs, in one value."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fairlead.access.traces import Moment
from fairlead.base.ports import Clock, Randomness
from fairlead.formats.advisory import Publisher
from fairlead.programme.unit import Store


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
    secure: bool
    """The address that people use begins with https."""

    @property
    def moment(self) -> Moment:
        """Return this moment, for the trace that a reading leaves."""
        return Moment(self.clock(), self.randomness)
