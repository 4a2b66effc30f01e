"""Claims: overlap checks, durable grants and a race, against a million active claims.

    python benchmarks/claims.py [--claims 1000000] [--rounds 100] [--json]

On SQLite in a fresh folder: fills it with active claims, then asks about targets a
thousand at a time (half of them claimed, a tenth by what contains them) and grants
exclusive claims in transactions of a hundred and one by one, beside bare SQLite commits on
the same disk in the same run. Each is told by the clock and by the processor's time, for
the machine may be busy with other things. `--rounds` also races 64 claimants for 16 targets
over HTTP; `--database` names the database of the race, and SQLite is raced otherwise.
"""

from __future__ import annotations

import argparse
import json
import random
import secrets
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from sqlalchemy import event

from fairlead.access.roles import Asker, Scope
from fairlead.base.ids import OrganisationId, new_claim_id
from fairlead.clearinghouse.claims import checking, taking
from fairlead.clearinghouse.claims.asking import Asked
from fairlead.clearinghouse.claims.claim import (
    Depth,
    Method,
    Rules,
    Scan,
    Visibility,
    Wanted,
    taken,
)
from fairlead.clearinghouse.claims.matching import Holder
from fairlead.clearinghouse.claims.ports import Desk
from fairlead.clearinghouse.claims.targets import Target, read
from fairlead.sealing import oprf
from fairlead.store import migrations
from fairlead.store.key_blocks import KeyBlocks
from fairlead.store.unit import SQLStore
from fairlead.store.vault import Vault
from intake import bare_commits

BATCH = 1000
GRANTS = 100
"""Claims in one transaction."""
PER_MEMBER = 150
CLAIMANTS, TARGETS, LABS = 64, 16, 16
PACKAGES = 10
"""Repositories that one owner has, so that organisations contain many claims."""
TARGET_CHECKS, TARGET_GRANTS = 10_000, 500


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--claims", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument("--database", default="")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    told: dict[str, Any] = {}
    if options.claims:
        with tempfile.TemporaryDirectory() as folder:
            told |= measure(Path(folder), options.claims)
    if options.rounds:
        with tempfile.TemporaryDirectory() as folder:
            told |= race(Path(folder), options.rounds, options.database)
    if options.json:
        print(json.dumps(told))
        return
    for name, value in told.items():
        print(f"{name:44} {value}")


# --- A million active claims -------------------------------------------------------


def measure(folder: Path, count: int) -> dict[str, Any]:
    """Fill a store with *count* active claims, then check and grant."""
    vault = Vault(KeyBlocks(folder / "keys", secrets.token_bytes), secrets.token_bytes)
    address = f"sqlite:///{folder}/fairlead.db"
    at = datetime.now(UTC)
    began = time.monotonic()
    filling = SQLStore(address, vault)
    event.listen(filling.engine, "connect", _careless)
    migrations.upgrade(filling.engine, vault)
    fill(filling, count, at)
    filling.close()
    filled = time.monotonic() - began
    store = SQLStore(address, vault)
    told: dict[str, Any] = {
        "active_claims": count,
        "filled_without_syncing_per_second": round(count / filled),
        "target_checks": TARGET_CHECKS,
        "target_grants": TARGET_GRANTS,
        "bare_commits_per_second": round(bare_commits(folder)),
    }
    told |= _rates("overlap_checks", *checks(store, count, at))
    told |= _rates("grants_in_hundreds", *grants(store, GRANTS, at, "clear"))
    told |= _rates("grants_one_by_one", *grants(store, 1, at, "single"))
    told |= _rates(
        "grants_met_by_blind_ones", *grants(store, GRANTS, at, "blind", blind=True)
    )
    store.close()
    return told


def _careless(connection: Any, _record: object) -> None:  # noqa: ANN401 - of the driver
    """Sync nothing while the store is filled; what is measured comes afterwards."""
    connection.execute("pragma synchronous = off")
    connection.execute("pragma cache_size = -400000")


def _rates(name: str, count: int, wall: float, busy: float) -> dict[str, int]:
    return {
        f"{name}_per_second": round(count / wall),
        f"{name}_per_processor_second": round(count / busy),
    }


def target(number: int) -> Target:
    """Return the target of a claim: repositories, ten to an owner."""
    owner = number // PACKAGES
    return Target(repository=f"https://github.com/owner{owner}/project{number}")


def fill(store: SQLStore, count: int, at: datetime) -> None:
    """Make active claims, as the use case does, a thousand a transaction."""
    rules = Rules()
    for start in range(0, count, BATCH):
        numbers = range(start, min(start + BATCH, count))
        scans = {
            new_claim_id(secrets.token_bytes): Scan(
                target=target(n), method=Method.STATIC, depth=Depth.STANDARD
            )
            for n in numbers
        }
        facts = {
            name: [taken(_wanted(number, scan), rules, waits=False, at=at)]
            for number, (name, scan) in zip(numbers, scans.items(), strict=True)
        }
        with store.begin() as unit:
            claims = unit.claims.add_many(facts, by="system/benchmark", at=at)
            placed = []
            for claim in claims:
                assert claim.scan is not None  # noqa: S101
                assert claim.scan.target is not None  # noqa: S101
                ground = read(claim.scan.target)
                keys = unit.places.keys(ground.place, ground.containers)
                placed.append((claim, keys))
            unit.places.put_many(placed)


def _wanted(number: int, scan: Scan) -> Wanted:
    return Wanted(
        organisation=_member(number).organisation or OrganisationId(""),
        scan=scan,
        exclusive=True,
        visibility=Visibility.ALL,
        lasts=timedelta(days=10),
        breadth=1,
    )


def _member(number: int, kind: str = "m") -> Asker:
    return Asker(
        actor="token/tok-benchmark",
        organisation=OrganisationId(f"org-{kind}{number // PER_MEMBER}"),
        scopes=frozenset({Scope.CLAIM_TAKE, Scope.CLAIM_READ}),
    )


def checks(store: SQLStore, count: int, at: datetime) -> tuple[int, float, float]:
    """Look up targets, a thousand a request; return how many, and how long it took."""
    draw = random.Random(7)  # noqa: S311 - which targets are asked about
    batches = []
    for _ in range(20):
        wanted = [target(draw.randrange(2 * count)) for _ in range(BATCH - 100)]
        wanted += [
            Target(repository=f"https://github.com/owner{draw.randrange(count // 5)}")
            for _ in range(100)
        ]
        batches.append(wanted)
    hits = 0
    began, busy = time.monotonic(), time.process_time()
    for batch in batches:
        with store.read() as unit:
            found = checking.check(unit, _member(0), batch, at=at)
        hits += sum(bool(f.active) for f in found)
    wall, busy = time.monotonic() - began, time.process_time() - busy
    if not 0.3 < hits / (len(batches) * BATCH) < 0.7:  # noqa: PLR2004 - half were claimed
        raise SystemExit(f"only {hits} of the targets were found claimed")
    return len(batches) * BATCH, wall, busy


def grants(
    store: SQLStore, size: int, at: datetime, kind: str, *, blind: bool = False
) -> tuple[int, float, float]:
    """Grant claims durably, *size* a transaction; return how many, and how long."""
    matching: Any = {}
    if blind:
        key = oprf.derive_key(secrets.token_bytes(32), b"benchmark")
        matching = {"matching": Holder(key, "http://localhost")}
    desk = Desk(randomness=secrets.token_bytes, **matching)
    count = 2000 if size > 1 else 1000
    wanted = [
        Asked(target=Target(purl=f"pkg:pypi/{kind}-{n}"), method=Method.FUZZING)
        for n in range(count)
    ]
    began, busy = time.monotonic(), time.process_time()
    for start in range(0, count, size):
        with store.begin() as unit:
            answers = taking.take_many(
                unit,
                _member(start, kind),
                wanted[start : start + size],
                desk,
                at=at,
            )
        if not all(answer.claim for answer in answers):
            raise SystemExit(f"not granted: {answers[0].said}")
    return count, time.monotonic() - began, time.process_time() - busy


# --- A race over HTTP ---------------------------------------------------------------


def race(folder: Path, rounds: int, database: str) -> dict[str, Any]:
    """Let 64 claimants race for 16 targets, again and again; count double grants."""
    home = folder / "home"
    tokens = [
        (_run(home, database, "organisation", "add", f"Lab {n}"), n) and
        _run(home, database, "token", "issue", f"Lab {n}", "--scope", "claim:take",
             "--scope", "claim:read")["secret"]
        for n in range(LABS)
    ]  # fmt: skip
    command = [sys.executable, "-m", "fairlead", "serve", "--home", str(home)]
    with subprocess.Popen(  # noqa: S603 - our own command
        [*command, "--port", "0", "--json"],
        stdout=subprocess.PIPE,
        text=True,
        env=_environment(database),
    ) as server:
        assert server.stdout is not None  # noqa: S101
        told = ""
        while not told.endswith("}\n"):
            told += server.stdout.readline()
        address = json.loads(told)["address"]
        try:
            with httpx.Client(base_url=address, timeout=60) as http:
                began = time.monotonic()
                counts = [_round(http, tokens, n) for n in range(rounds)]
                seconds = time.monotonic() - began
        finally:
            server.terminate()
    return {
        "race_database": database.partition(":")[0] or "sqlite",
        "race_rounds": rounds,
        "race_claimants": CLAIMANTS,
        "race_targets": TARGETS,
        "race_double_grants": sum(sum(n > 1 for n in c.values()) for c in counts),
        "race_targets_not_granted": sum(TARGETS - len(c) for c in counts),
        "race_requests_per_second": round(rounds * CLAIMANTS / seconds),
    }


def _round(http: httpx.Client, tokens: Sequence[str], number: int) -> Counter[int]:
    """Return how often each target was granted in one round."""
    together = threading.Barrier(CLAIMANTS)

    def claim(claimant: int) -> int | None:
        place = claimant % TARGETS
        together.wait()
        answer = http.post(
            "/v1/claims",
            json={
                "target": {"purl": f"pkg:pypi/race-{number}-{place}"},
                "method": "fuzzing",
                "hours": 0.02,
            },
            headers={"Authorization": f"Bearer {tokens[claimant % len(tokens)]}"},
        )
        if answer.status_code not in {201, 409}:
            raise SystemExit(f"{answer.status_code}: {answer.text}")
        return place if answer.status_code == 201 else None  # noqa: PLR2004 - granted

    with ThreadPoolExecutor(CLAIMANTS) as pool:
        won = list(pool.map(claim, range(CLAIMANTS)))
    return Counter(place for place in won if place is not None)


def _environment(database: str) -> dict[str, str]:
    import os  # noqa: PLC0415

    return {**os.environ, **({"FAIRLEAD_DATABASE": database} if database else {})}


def _run(home: Path, database: str, *arguments: str) -> Any:  # noqa: ANN401 - any JSON
    command = [sys.executable, "-m", "fairlead", *arguments]
    done = subprocess.run(  # noqa: S603
        [*command, "--home", str(home), "--json"],
        capture_output=True,
        text=True,
        check=True,
        env=_environment(database),
    )
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
