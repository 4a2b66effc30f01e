"""Windows: an instant to an instant, at most 30 days, that end by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from fairlead.base import instants
from fairlead.errors import Invalid, Violation

LONGEST = timedelta(days=30)
DOUBT = timedelta(seconds=2)
"""A clock that shows so much less than what was recorded is not believed."""


class Ending(StrEnum):
    """Why access ended."""

    TIME = "its time was over"
    WITHDRAWN = "the developer withdrew"
    RELEASED = "the model was released to trusted partners or to everyone"
    CLOSING = "the engagement is closing"
    REMOVED = "the developer or the programme ended it"


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """An access period; one longer than 30 days cannot be made."""

    opens: datetime
    ends: datetime

    def __post_init__(self) -> None:
        """Refuse what is no window."""
        length = instants.in_utc(self.ends) - instants.in_utc(self.opens)
        if not timedelta(0) < length <= LONGEST:
            raise Invalid(
                "a window lasts more than nothing and at most 30 days",
                [Violation("invalid_window", "window", "at most 30 days")],
            )

    def holds(self, at: datetime) -> bool:
        """Tell whether *at* is within; the end is not."""
        return self.opens <= at < self.ends

    @property
    def length(self) -> timedelta:
        """Return how long it lasts: elapsed time, whatever clocks on walls show."""
        return self.ends - self.opens


def doubtful(now: datetime, last_recorded: datetime) -> bool:
    """Tell whether the clock went back behind what was recorded (promise P2)."""
    return now < last_recorded - DOUBT
