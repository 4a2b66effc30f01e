"""Attempts that many hosts make: who has which, until when, and which answer counts.

Each time an attempt is taken its fence rises; what comes with an older fence is refused,
so that a worker believed dead cannot write over the one that took its place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fairlead.errors import Conflict

SECONDS = 120
"""For which an attempt is lent; renewed while it is made."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """One attempt, and who has it."""

    run: str
    key: str
    """`TASK~BUDGET~NUMBER`."""
    place: int
    """In the order of the run."""
    fence: int = 0
    """How often it was taken."""
    worker: str = ""
    until: datetime | None = None
    done: bool = False

    def free(self, at: datetime) -> bool:
        """Tell whether a worker may take it."""
        return not self.done and (self.until is None or self.until <= at)


def taken(lease: Lease, worker: str, at: datetime) -> Lease:
    """Return *lease* as *worker* takes it.

    Raises:
        Conflict: another has it.

    """
    if not lease.free(at):
        raise Conflict(f"{lease.key} is another worker's")
    return Lease(
        run=lease.run,
        key=lease.key,
        place=lease.place,
        fence=lease.fence + 1,
        worker=worker,
        until=at + timedelta(seconds=SECONDS),
    )


def refuse_stale(lease: Lease, fence: int) -> None:
    """Refuse what a worker brings whose lease has gone to another.

    Raises:
        Conflict: it has, or the attempt is kept already.

    """
    if lease.done or lease.fence != fence:
        raise Conflict(
            f"{lease.key} was given to another worker; this result is not kept"
        )


def overdue(leases: Sequence[Lease], at: datetime) -> Sequence[Lease]:
    """Return those whose worker did not renew them in time."""
    return [
        lease
        for lease in leases
        if lease.until is not None and lease.until <= at and not lease.done
    ]
