"""Use case of everyone: figures in three cuts, over what the asker may see and no more."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from fairlead.access.roles import Asker, Scope
from fairlead.access.visibility import CASES, SUBMISSIONS
from fairlead.base.ids import OrganisationId
from fairlead.clearinghouse.ports import ClearinghouseUnit
from fairlead.clearinghouse.submissions import Outcome
from fairlead.errors import NotAllowed

MONTHS = 12
"""Months that are shown, at most, the present one among them."""
LEAST = 6
"""Months that are shown at least."""


class Kind(StrEnum):
    """How a finding was answered, as figures tell it."""

    NEW = "new"
    KNOWN = "already known"
    IN_REVIEW = "in review"
    WAITING = "waiting"


_KINDS: Mapping[Outcome | None, Kind] = {
    Outcome.NEW: Kind.NEW,
    Outcome.RELATED: Kind.NEW,
    Outcome.KNOWN: Kind.KNOWN,
    Outcome.IN_REVIEW: Kind.IN_REVIEW,
    Outcome.UNREADABLE: Kind.IN_REVIEW,
    None: Kind.WAITING,
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a cut: what it is about, and counts by kind."""

    name: str
    counts: Mapping[Kind, int]

    @property
    def total(self) -> int:
        """Return the sum."""
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Three cuts through the findings that somebody may see."""

    months: Sequence[Row]
    """The first month with findings first, or an earlier one; none is left out."""
    ecosystems: Sequence[tuple[str, int]]
    """The largest first."""
    finders: Sequence[Row]
    """By the organisation that conveyed them, the largest first."""
    owners: Sequence[tuple[str, int]]
    """Cases by the organisation that was read in, the largest first; for coordinators."""


def figures(unit: ClearinghouseUnit, asker: Asker, *, at: datetime) -> Figures:
    """Return figures over what *asker* may see.

    Nothing that it may not see changes any of them.

    Raises:
        NotAllowed: *asker* sees neither reports nor cases.

    """
    needed = (
        Scope.REPORT_READ_ALL,
        Scope.REPORT_READ_OWN,
        Scope.CASE_READ_ALL,
        Scope.CASE_READ_JOINED,
    )
    if not any(map(asker.may, needed)):
        raise NotAllowed("figures are about findings, which your roles do not show")
    months = months_until(at)
    reports = SUBMISSIONS.condition(asker)
    counted = unit.tallies.months(reports, months[0])
    by_month: dict[str, Counter[Kind]] = {month: Counter() for month in months}
    by_finder: dict[OrganisationId, Counter[Kind]] = {}
    for organisation, month, outcome, count in counted:
        kind = _KINDS[outcome]
        by_month.setdefault(month, Counter())[kind] += count
        by_finder.setdefault(organisation, Counter())[kind] += count
    names = {o.id: o.name for o in unit.organisations.all()}
    finders = [Row(names.get(o, o), counts) for o, counts in by_finder.items()]
    # Who else takes part in a case is not for everyone who does.
    everything = asker.may(Scope.CASE_READ_ALL)
    joined = unit.tallies.joined(CASES.condition(asker)) if everything else {}
    return Figures(
        months=_begun([Row(month, by_month[month]) for month in sorted(by_month)]),
        ecosystems=_largest(unit.tallies.ecosystems(reports)),
        finders=sorted(finders, key=lambda row: (-row.total, row.name)),
        owners=_largest({names.get(o, o): n for o, n in joined.items()}),
    )


def months_until(at: datetime) -> Sequence[str]:
    """Return the last `MONTHS` months in UTC, the first one first: `2026-08`."""
    now = at.astimezone(UTC)
    last = now.year * 12 + now.month - 1
    months = range(last - MONTHS + 1, last + 1)
    return [f"{month // 12:04}-{month % 12 + 1:02}" for month in months]


def _begun(months: Sequence[Row]) -> Sequence[Row]:
    """Leave out the months before the first with findings, but for the last `LEAST`."""
    first = next((n for n, row in enumerate(months) if row.total), len(months))
    return months[min(first, max(0, len(months) - LEAST)) :]


def _largest(counts: Mapping[str, int]) -> Sequence[tuple[str, int]]:
    return sorted(counts.items(), key=lambda row: (-row[1], row[0]))
