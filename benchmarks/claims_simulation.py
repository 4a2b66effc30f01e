"""Twenty labs with and without claims: what coordinating is worth, in a stated model.

    python benchmarks/claims_simulation.py [--seed 1] [--picture FILE.svg] [--json]

The model, all of it; change the numbers at the top to see what follows from them:

* There are 1,000 packages. What many run is scanned more: a lab draws its next package
  with a chance that falls with its rank (Zipf, exponent 0.9), as people do who look at
  what is well known.
* Twenty labs scan without pause. A scan takes from 4 to 72 hours, by its depth.
* A package has faults that a scan of some depth finds with a chance per fault; several labs
  use similar models, so that each fault has its own chance of being found by anybody, and
  who scans the same again mostly finds the same.
* Without claims a lab knows nothing of the others, but never scans the same package twice
  within 90 days itself. Each report goes to the maintainers, duplicates too.
* With claims a lab asks first. Of the packages that nobody holds and that nobody told to
  have scanned at its depth or deeper within 90 days, it takes the first by the product's
  own ranking (`coverage.score`); where there is none, the first of all that nobody holds.
  A share of labs (`CAREFREE`) does not take part and goes on as without: what they do is
  not told to the others either.
* A maintainer handles two reports a week; what comes beyond waits.

A scan is *duplicated effort* where another lab scanned the same package, at this depth or
deeper, within the 90 days before. It is a model, not a measurement of anybody's labs.
"""

from __future__ import annotations

import argparse
import heapq
import json
import random
from dataclasses import dataclass, field
from pathlib import Path
from statistics import mean
from typing import Any

from fairlead.clearinghouse.claims.claim import Depth
from fairlead.clearinghouse.claims.coverage import HALF_LIFE, WORTH, score

LABS, PACKAGES = 20, 1000
DAYS = 365
EXPONENT = 0.9
FRESH = 90 * 24.0
"""Hours in which a scan counts as having looked."""
DEPTHS = ((4.0, 0.15), (24.0, 0.4), (72.0, 0.7))
"""Hours of a scan, and the chance that it finds a fault that is easy to find."""
LEVELS = (Depth.SURFACE, Depth.STANDARD, Depth.DEEP)
"""What these scans are called."""
HALF = HALF_LIFE.total_seconds() / 3600
RUN_BY = 2000
"""Organisations that run the first package."""
FAULTS = 4
"""Of a package, on average."""
HANDLED = 2 / (7 * 24)
"""Reports an hour that the maintainers of one package handle."""
CAREFREE = 0.15
"""Labs that do not take part, even where there are claims."""


@dataclass
class Package:
    """One package, and what has happened to it."""

    rank: int
    easy: list[float]
    """Of each fault, how easy it is to find."""
    scanned: list[tuple[float, int, int]] = field(default_factory=list)
    """When a scan ended, by which lab, at which depth."""
    told: dict[int, float] = field(default_factory=dict)
    """When labs that take part last told of a scan, by its depth."""
    held_until: float = -1.0
    found: set[int] = field(default_factory=set)
    reports: list[float] = field(default_factory=list)


@dataclass
class Outcome:
    """What came of a year."""

    scans: int = 0
    hours: float = 0.0
    duplicated_hours: float = 0.0
    duplicate_reports: int = 0
    covered: list[tuple[float, int]] = field(default_factory=list)
    """Packages looked at by then, by day."""
    waits: list[float] = field(default_factory=list)
    """Days a report waits for its maintainer."""
    worst_inbox: int = 0

    def told(self) -> dict[str, Any]:
        """Return the figures."""
        every = next((d for d, n in self.covered if n >= PACKAGES), None)
        nearly = next((d for d, n in self.covered if n >= PACKAGES * 9 // 10), None)
        return {
            "scans": self.scans,
            "duplicated_effort": round(self.duplicated_hours / self.hours, 3),
            "duplicate_reports": self.duplicate_reports,
            "days_to_cover_90_percent": None if nearly is None else round(nearly),
            "days_to_cover_all": None if every is None else round(every),
            "covered_after_a_year": self.covered[-1][1],
            "mean_days_a_report_waits": round(mean(self.waits or [0]), 1),
            "worst_inbox": self.worst_inbox,
        }


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    without = year(options.seed, claims=False)
    with_claims = year(options.seed, claims=True)
    told = {
        "labs": LABS,
        "packages": PACKAGES,
        "carefree": CAREFREE,
        "without": without.told(),
        "with": with_claims.told(),
    }
    if options.picture:
        options.picture.write_text(picture(without, with_claims), "utf-8")
    if options.json:
        print(json.dumps(told))
        return
    print(f"{'':32}{'without':>12}{'with claims':>14}")
    for name, value in without.told().items():
        print(f"{name:32}{value!s:>12}{with_claims.told()[name]!s:>14}")


def year(seed: int, *, claims: bool) -> Outcome:
    """Return what comes of a year; the packages are the same for one *seed*."""
    draw = random.Random(seed)  # noqa: S311 - a simulation
    packages = [
        Package(rank, [draw.random() for _ in range(_faults(draw))])
        for rank in range(1, PACKAGES + 1)
    ]
    weights = [rank**-EXPONENT for rank in range(1, PACKAGES + 1)]
    outcome = Outcome()
    free = [(draw.uniform(0, 24), lab) for lab in range(LABS)]
    heapq.heapify(free)
    seen: set[int] = set()
    next_day = 0.0
    while free[0][0] < DAYS * 24:
        at, lab = heapq.heappop(free)
        while next_day <= at:
            outcome.covered.append((next_day / 24, len(seen)))
            next_day += 24
        coordinated = claims and lab >= LABS * CAREFREE
        depth = draw.randrange(len(DEPTHS))
        if coordinated:
            package = _look_next(packages, weights, at, depth)
        else:
            package = _by_name(packages, weights, at, lab, draw)
        hours, chance = DEPTHS[depth]
        _scan(package, outcome, lab, depth, at, hours, chance, draw)
        if coordinated:
            package.held_until = at + hours
            package.told[depth] = max(at + hours, package.told.get(depth, 0.0))
        seen.add(package.rank)
        heapq.heappush(free, (at + hours, lab))
    outcome.covered.append((DAYS, len(seen)))
    _inboxes(packages, outcome)
    return outcome


def _faults(draw: random.Random) -> int:
    """Return how many faults a package has: geometric, `FAULTS` on average."""
    count = 0
    while draw.random() > 1 / (1 + FAULTS):
        count += 1
    return count


def _by_name(
    packages: list[Package],
    weights: list[float],
    at: float,
    lab: int,
    draw: random.Random,
) -> Package:
    """Return what a lab picks that knows nothing of the others."""
    while True:
        (package,) = draw.choices(packages, weights)
        mine = [t for t, who, _ in package.scanned if who == lab]
        if not mine or at - mine[-1] > FRESH:
            return package


def _look_next(
    packages: list[Package], weights: list[float], at: float, depth: int
) -> Package:
    """Return what a lab takes that asks first."""

    def rank(package: Package) -> tuple[bool, bool, float]:
        told = [(d, at - t) for d, t in package.told.items()]
        fresh = any(d >= depth and age < FRESH for d, age in told)
        best = max(
            (WORTH[LEVELS[d]] * 0.5 ** (age / HALF) for d, age in told), default=0.0
        )
        value = score(
            run_by=round(RUN_BY * weights[package.rank - 1]),
            critical=0,
            published=0,
            worth=best,
            scanning=0,
        )
        return package.held_until <= at, not fresh, value

    return max(packages, key=rank)


def _scan(  # noqa: PLR0913, PLR0917 - what one scan is
    package: Package,
    outcome: Outcome,
    lab: int,
    depth: int,
    at: float,
    hours: float,
    chance: float,
    draw: random.Random,
) -> None:
    outcome.scans += 1
    outcome.hours += hours
    before = [
        who
        for ended, who, d in package.scanned
        if who != lab and d >= depth and at - ended < FRESH
    ]
    if before:
        outcome.duplicated_hours += hours
    for number, easy in enumerate(package.easy):
        if draw.random() < chance * easy:
            package.reports.append(at + hours)
            if number in package.found:
                outcome.duplicate_reports += 1
            package.found.add(number)
    package.scanned.append((at + hours, lab, depth))


def _inboxes(packages: list[Package], outcome: Outcome) -> None:
    """Work through the reports of each package at its maintainers' pace."""
    for package in packages:
        done: list[float] = []
        ready = 0.0
        for came in sorted(package.reports):
            ready = max(ready, came) + 1 / HANDLED
            done.append(ready)
            outcome.waits.append((ready - came) / 24)
            inbox = sum(end > came for end in done)
            outcome.worst_inbox = max(outcome.worst_inbox, inbox)


def picture(without: Outcome, with_claims: Outcome) -> str:
    """Return how many packages were looked at, by day, as SVG."""
    width, height, left, top = 640, 320, 60, 30

    def path(outcome: Outcome) -> str:
        points = [
            f"{left + day / DAYS * width:.1f},{top + height * (1 - n / PACKAGES):.1f}"
            for day, n in outcome.covered
        ]
        return " ".join(points)

    def note(outcome: Outcome, name: str) -> str:
        told = outcome.told()
        share = round(100 * told["duplicated_effort"])
        return f"{name}: {share} % of the effort duplicated"

    ticks = "".join(
        f'<text x="{left - 8}" y="{top + height * (1 - n / PACKAGES) + 4:.0f}"'
        f' text-anchor="end">{n}</text>'
        for n in range(0, PACKAGES + 1, 250)
    )
    days = "".join(
        f'<text x="{left + d / DAYS * width:.0f}" y="{top + height + 20}"'
        f' text-anchor="middle">{d}</text>'
        for d in (0, 90, 180, 270, 365)
    )
    y = top + height
    after = note(with_claims, "with claims")
    return f"""<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 720 420" role="img"
 font-family="Source Sans Pro, Helvetica, Arial, sans-serif" font-size="14">
<title>Packages that somebody has looked at, by day, with and without claims</title>
<rect width="720" height="420" fill="#fff"/>
<path d="M{left} {top}V{y}H{left + width}" fill="none" stroke="#565c65"/>
{ticks}{days}
<text x="{left + width / 2}" y="{y + 42}" text-anchor="middle">days</text>
<polyline points="{path(without)}" fill="none" stroke="#b50909" stroke-width="3"/>
<polyline points="{path(with_claims)}" fill="none" stroke="#005ea2" stroke-width="3"/>
<text x="{left + 16}" y="{top - 10}" fill="#b50909">{note(without, "without")}</text>
<text x="{left + 330}" y="{top - 10}" fill="#005ea2">{after}</text>
</svg>
"""


if __name__ == "__main__":
    main()
