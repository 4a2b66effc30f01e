"""Terms: decisions a second, with reasons, beside a second engine in the same run.

python benchmarks/terms.py [--seconds 3] [--json]
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from datetime import UTC, datetime

import cedarpy

from fairlead.base.instants import text
from fairlead.terms import cedar, standard
from fairlead.terms.agreement import Party, Terms, WindowTerm
from fairlead.terms.clauses import Action, Purpose, Side
from fairlead.terms.decide import Request, Rulebook

TARGET = 100_000
AT = datetime(2026, 8, 1, tzinfo=UTC)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    book, asked = Rulebook(_terms()), _requests()
    policies = cedar.policies(book.terms)
    questions = [cedar.question(request) for request in asked]
    opened = [book.decide(request).allowed for request in asked]
    ours = _rate(lambda n: book.decide(asked[n % len(asked)]), options.seconds)
    theirs = _rate(
        lambda n: cedarpy.is_authorized(questions[n % len(asked)], policies, []),
        options.seconds,
    )
    told = {
        "clauses": len(book.terms.clauses),
        "share_opened": round(sum(opened) / len(opened), 2),
        "decisions_per_second": round(ours),
        "target": TARGET,
        "cedar_per_second": round(theirs),
    }
    if options.json:
        print(json.dumps(told))
        return
    for name, value in told.items():
        print(f"{name:28} {value}")


def _rate(act: Callable[[int], object], seconds: float) -> float:
    began, count = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        for _ in range(200):
            act(count)
            count += 1
    return count / (time.perf_counter() - began)


def _terms() -> Terms:
    begun = standard.draft(standard.Profile.HELPFUL_ONLY)
    return Terms(
        engagement="eng-benchmark",
        model="Heron",
        developer=Party(organisation="org-d", name="Developer"),
        programme=Party(organisation="org-p", name="Programme"),
        window=WindowTerm(days=30, opens_by=text(AT)),
        reply_days=5,
        assets=begun.assets,
        clauses=begun.clauses,
    )


def _requests() -> list[Request]:
    """Return requests of which some are opened and some refused, by several clauses."""
    return [
        Request(
            person="per-a",
            side=side,
            organisation="org-p",
            roles=frozenset({role}),
            action=action,
            asset=asset,
            purpose=purpose,
            at=AT,
        )
        for side in Side
        for role in ("evaluator", "partner")
        for action in (Action.CALL, Action.READ)
        for asset in ("endpoint", "helpful-only endpoint", "system card")
        for purpose in (Purpose.MEASUREMENT, Purpose.DEFENCE, Purpose.TRAINING)
    ]


if __name__ == "__main__":
    main()
