"""What was looked at, how well, and where nobody has looked; rules only.

A scan that found nothing is worth something, and less each month: code changes, and methods
get better. The figures here steer effort. They say nothing about whether code is free of
faults.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fairlead.clearinghouse.claims.claim import Claim, Depth, Method, Outcome

HALF_LIFE = timedelta(days=180)
"""After so long a scan counts half."""

WORTH: dict[Depth, float] = {
    Depth.SURFACE: 0.15,
    Depth.STANDARD: 0.35,
    Depth.DEEP: 0.6,
    Depth.EXHAUSTIVE: 0.8,
}
"""How much of what one method can find a scan of this depth is taken to see; a stated
assumption, used for ranking only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one method saw of a target."""

    method: Method
    depth: Depth
    """The deepest."""
    at: datetime
    """When it was last used."""
    scans: int
    found: int
    """In how many of them something was found."""
    worth: float
    """What is left of it, from 0 to 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """What was seen of a target."""

    by_method: tuple[Seen, ...] = ()
    worth: float = 0.0
    """All methods together, from 0 to 1."""


def picture(covered: Sequence[Claim], *, at: datetime) -> Picture:
    """Return what *covered*, released claims on one target, add up to."""
    by_method: dict[Method, list[Claim]] = {}
    for claim in covered:
        if claim.coverage is not None and claim.scan is not None:
            by_method.setdefault(claim.scan.method, []).append(claim)
    found = [_seen(method, claims, at) for method, claims in by_method.items()]
    found.sort(key=lambda seen: -seen.worth)
    return Picture(
        by_method=tuple(found), worth=_together(seen.worth for seen in found)
    )


def worth_of(claim: Claim, *, at: datetime) -> float:
    """Return what is left of one scan, from 0 to 1."""
    if claim.coverage is None:
        return 0.0
    age = max(timedelta(0), at - (claim.ended_at or claim.taken_at))
    whole = WORTH[claim.coverage.depth] * claim.coverage.share / 100
    stopped = 0.5 if claim.coverage.outcome is Outcome.STOPPED else 1.0
    return whole * stopped * math.pow(0.5, age / HALF_LIFE)


def _seen(method: Method, claims: Sequence[Claim], at: datetime) -> Seen:
    told = [c.coverage for c in claims if c.coverage is not None]
    # The same method again sees mostly the same: the best of it counts, not the sum.
    best = max(worth_of(claim, at=at) for claim in claims)
    return Seen(
        method=method,
        depth=max((c.depth for c in told), key=list(Depth).index),
        at=max(c.ended_at or c.taken_at for c in claims),
        scans=len(claims),
        found=sum(c.outcome is Outcome.FOUND for c in told),
        worth=best,
    )


def _together(worths: Iterable[float]) -> float:
    return 1.0 - math.prod(1.0 - worth for worth in worths)


# --- Look here next -------------------------------------------------------------------

FEWEST = 3
"""Fewer organisations that run something are not counted: one could be recognised."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranked:
    """One target on the list, and why it is there."""

    purl: str
    score: float
    run_by: int
    """Organisations that told that they run it."""
    critical: int
    """Of these, how many run critical infrastructure."""
    published: int
    """Vulnerabilities that others have published about it."""
    worth: float
    """What scans have seen of it."""
    scanning: int
    """Who is at it now."""

    @property
    def why(self) -> str:
        """Say in one sentence why it stands where it does."""
        ran = f"run by {self.run_by} organisations"
        if self.critical:
            ran += f", {self.critical} of them critical infrastructure"
        known = (
            f"{self.published} published vulnerabilities"
            if self.published
            else "no published vulnerability"
        )
        share = round(self.worth * 100)
        seen = f"{share} % seen by scans" if share else "nobody has looked at it"
        now = f", {self.scanning} at it now" if self.scanning else ""
        return f"{ran}; {known}; {seen}{now}"


def score(
    *, run_by: int, critical: int, published: int, worth: float, scanning: int
) -> float:
    """Return how much looking here would help, larger first.

    Exposure grows with those who run it, critical infrastructure counting five times; a
    history of faults makes more of them likely, each less than the one before; what was
    seen, and who is there now, takes away.
    """
    exposure = math.log2(1 + run_by + 4 * critical)
    history = 1 + math.log2(1 + published) / 4
    return exposure * history * (1 - worth) / (1 + scanning)


def counted(
    inventories: Sequence[tuple[bool, Sequence[str]]],
) -> Mapping[str, tuple[int, int]]:
    """Return by purl how many run it, and how many of these are critical.

    Each inventory says whether it is of critical infrastructure, and what is run. What
    fewer than `FEWEST` run is left out.
    """
    totals: dict[str, list[int]] = {}
    for critical, purls in inventories:
        for purl in set(purls):
            counts = totals.setdefault(purl, [0, 0])
            counts[0] += 1
            counts[1] += critical
    return {p: (n, c) for p, (n, c) in totals.items() if n >= FEWEST}
