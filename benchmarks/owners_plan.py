"""Owners: the forecast of a batch of 6,000 findings, against queues that are full already.

    python benchmarks/owners_plan.py [--reports 6000] [--owners 300] [--waiting 20] [--json]

On SQLite in a fresh folder: enters verified owners, puts cases into the queue of each, then
forecasts a batch, told per thousand findings, beside what cannot be saved: reading the same
rows of the same queues and parsing each name of the batch once.
"""

from __future__ import annotations

import argparse
import json
import random
import secrets
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from fairlead.access.roles import SCOPES, Asker, Role
from fairlead.base.ids import CaseId, OwnerId, new_case_id, new_routing_id
from fairlead.clearinghouse.claims import targets
from fairlead.clearinghouse.claims.targets import Target
from fairlead.clearinghouse.owners import directory, planning
from fairlead.clearinghouse.owners.directory import Desk
from fairlead.clearinghouse.owners.owner import Proof
from fairlead.clearinghouse.owners.pacing import Urgency
from fairlead.clearinghouse.owners.planning import Expected
from fairlead.clearinghouse.owners.routing import CaseQueued, Matter
from fairlead.clearinghouse.owners.verifying import Shown
from fairlead.record.events import Fact
from fairlead.store import migrations
from fairlead.store.key_blocks import KeyBlocks
from fairlead.store.unit import SQLStore
from fairlead.store.vault import Vault

AT = datetime(2026, 8, 18, 14, tzinfo=UTC)
COORDINATOR = Asker(actor="person/per-c", scopes=SCOPES[Role.COORDINATOR])
DESK = Desk(randomness=secrets.token_bytes)
PACKAGES = 3
"""Packages of one owner."""
TRIES = 5


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--reports", type=int, default=6000)
    parser.add_argument("--owners", type=int, default=300)
    parser.add_argument("--waiting", type=int, default=20)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = measure(Path(folder), given)
    if given.json:
        print(json.dumps(found, indent=2))
        return
    print(
        f"{found['reports']} findings to {found['owners']} owners with"
        f" {found['waiting']} cases waiting: {found['forecast_seconds']:.2f} s"
        f" ({found['ratio']:.2f} x reading and parsing, {found['limit_seconds']:.2f} s);"
        f" the last is there on {found['last']}"
    )


def measure(folder: Path, given: argparse.Namespace) -> dict[str, Any]:
    """Return what was measured; each figure is the best of five."""
    vault = Vault(KeyBlocks(folder / "keys", secrets.token_bytes), secrets.token_bytes)
    store = SQLStore(f"sqlite:///{folder}/fairlead.db", vault)
    migrations.upgrade(store.engine, vault)
    _fill(store, given.owners, given.waiting)
    batch = _batch(given.reports, given.owners)
    told = forecast(store, batch)
    spent = min(_timed(lambda: forecast(store, batch)) for _ in range(TRIES))
    asked = [one.owner for one in told.owners if one.owner is not None]
    limit = min(_timed(lambda: _limit(store, asked, batch)) for _ in range(TRIES))
    store.close()
    vault.keys.close()
    return {
        "reports": given.reports,
        "owners": given.owners,
        "waiting": given.owners * given.waiting,
        "forecast_seconds": spent,
        "limit_seconds": limit,
        "ratio": spent / limit,
        "last": str(told.last),
    }


def forecast(store: SQLStore, batch: list[Expected]) -> planning.Forecast:
    """Forecast the batch, as the server does."""
    with store.read() as unit:
        return planning.forecast(unit, COORDINATOR, batch, DESK, at=AT)


def _limit(store: SQLStore, owners: list[OwnerId], batch: list[Expected]) -> None:
    targets.alone.cache_clear()  # both are measured from cold
    with store.read() as unit:
        unit.owners.many(owners)
        unit.routings.queues(owners)
    for name in {one.target.name for one in batch}:
        targets.read(Target(purl=name))


def _timed(deed: Any) -> float:  # noqa: ANN401 - anything that is called
    targets.alone.cache_clear()  # as at the first request
    began = time.perf_counter()
    deed()
    return time.perf_counter() - began


def _fill(store: SQLStore, count: int, waiting: int) -> None:
    for number in range(count):
        with store.begin() as unit:
            places = [_target(number, n) for n in range(PACKAGES)]
            mail = f"sec{number}@example.org"
            found = directory.enter(
                unit, COORDINATOR, f"Owner {number}", mail, places, DESK, at=AT
            )
            found = directory.confirm(unit, found, 1, at=AT)
            shown = [
                Shown(number=h.number, epoch=1, proof=Proof.COMMIT, seen="c")
                for h in found.held
            ]
            directory.take_shown(unit, found.id, shown, at=AT)
            new: dict[str, list[Fact]] = {
                new_routing_id(secrets.token_bytes): [_queued(found.id, places[0])]
                for _ in range(waiting)
            }
            unit.routings.add_many(new, by="person/per-c", at=AT)


def _queued(owner: OwnerId, target: Target) -> CaseQueued:
    case: CaseId = new_case_id(secrets.token_bytes)
    body = Matter(place=targets.place_of(target))
    return CaseQueued(case=case, owner=owner, urgency=Urgency.ROUTINE, body=body)


def _target(owner: int, number: int) -> Target:
    return Target(purl=f"pkg:pypi/package-{owner}-{number}")


def _batch(count: int, owners: int) -> list[Expected]:
    """Return a batch in which few owners have much, as findings of one tool do."""
    chance = random.Random(1)  # noqa: S311 - the same batch each time
    return [
        Expected(
            purl=_target(
                min(int(chance.paretovariate(1)), owners) - 1, n % PACKAGES
            ).purl,
            part=f"src/module_{n % 50}.py",
            urgency=Urgency.CRITICAL if n % 20 == 0 else Urgency.ROUTINE,
        )
        for n in range(count)
    ]


if __name__ == "__main__":
    main()
