"""What the bench needs from the store."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from fairlead.base.ids import EngagementId
from fairlead.bench.generated import GeneratedSuite
from fairlead.bench.leases import Lease
from fairlead.bench.runs import RunState
from fairlead.record.subjects import Subjects


class Runs(Subjects[RunState], Protocol):
    """All runs."""

    def of(self, engagement: EngagementId | None) -> Sequence[RunState]:
        """Return those of *engagement*, or those of none."""


class Leases(Protocol):
    """Attempts that workers on many hosts take; operational, empty between runs."""

    def offer(self, leases: Sequence[Lease], manifest: bytes = b"") -> None:
        """Offer attempts of a run with that manifest; what is offered already stays."""

    def manifest(self, run: str) -> bytes:
        """Return the manifest of a run that is offered, or raise `NotFound`."""

    def take(
        self, run: str, worker: str, at: datetime, *, most: int
    ) -> Sequence[Lease]:
        """Have *worker* take at most *most* free attempts, the first of the run first.

        What another worker takes at this moment is passed over.
        """

    def renew(self, lease: Lease, at: datetime) -> bool:
        """Have its worker keep it longer; tell whether it still has it."""

    def finish(self, lease: Lease, line: bytes) -> None:
        """Keep what became of an attempt.

        Raises:
            Conflict: another worker has it by now, or it is finished.

        """

    def all(self, run: str) -> Sequence[Lease]:
        """Return every attempt of a run, in order."""

    def lines(self, run: str) -> Sequence[bytes]:
        """Return what became of those that are finished, in order."""

    def line(self, run: str, key: str) -> bytes | None:
        """Return what became of one; nothing where it is not finished."""

    def drop(self, run: str) -> None:
        """Forget a run."""


class BenchUnit(Protocol):
    """The part of a unit of work that the bench needs."""

    @property
    def runs(self) -> Runs:
        """All runs."""

    @property
    def suites(self) -> Subjects[GeneratedSuite]:
        """Suites that were generated from a seed."""

    @property
    def leases(self) -> Leases:
        """Attempts that workers take."""
