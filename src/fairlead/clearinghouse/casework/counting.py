"""How often ends were put off, for everybody (promise P11): by month, once it is over."""

from __future__ import annotations

from datetime import UTC, datetime

from msgspec import Struct

from fairlead.clearinghouse.casework.facts import Limit
from fairlead.clearinghouse.ports import ClearinghouseUnit


class PutOff(Struct, frozen=True, kw_only=True):
    """How many ends were put off within one month."""

    month: str
    """In UTC: `2026-08`."""
    counts: dict[Limit, int]


def put_off(unit: ClearinghouseUnit, *, at: datetime) -> tuple[PutOff, ...]:
    """Return the months, the earliest first, in which an end was put off.

    Only those that are over at *at*: what is shown tells nothing of what happens now.
    """
    begun = at.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    months: dict[str, dict[Limit, int]] = {}
    for when, limit in unit.cases.extensions(before=begun):
        month = when.astimezone(UTC).strftime("%Y-%m")
        counts = months.setdefault(month, dict.fromkeys(Limit, 0))
        counts[limit] += 1
    return tuple(PutOff(month=month, counts=counts) for month, counts in months.items())
