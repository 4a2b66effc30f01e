"""Work that is due, as the runner sees it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from fairlead.clearinghouse.ports import Agenda, Job, Timer

ATTEMPTS = 5
"""After so many failures a job waits for a person; `fairlead status` counts it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Due:
    """A job that is due."""

    id: int
    job: Job
    subject: str
    attempts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Ringing:
    """A timer that is due."""

    timer: Timer
    subject: str
    due_at: datetime


class Worklist(Agenda, Protocol):
    """The agenda with what only the runner does."""

    def due(self, at: datetime, *, limit: int) -> Sequence[Due]:
        """Return jobs that are due, the first enqueued first."""

    def done(self, job: Due) -> None:
        """Take a job off the list."""

    def failed(self, job: Due, error: str, *, at: datetime) -> None:
        """Put a job off; each time for longer."""

    def ringing(self, at: datetime, *, limit: int) -> Sequence[Ringing]:
        """Return timers that are due, in the order of their instants."""

    def waiting(self) -> tuple[int, int]:
        """Return how many jobs are to be done, and how many wait for a person."""
