"""The record: durable appends beside bare SQLite commits, checks, and proofs.

python benchmarks/record.py [--events 3000] [--entries 10000000] [--json]

A log of 10 million entries takes a minute to make and 320 MB of disk.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import secrets
import tempfile
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from fairlead.access.members import OrganisationJoined
from fairlead.base.ids import OrganisationId
from fairlead.clearinghouse.submissions import SubmissionReceived
from fairlead.record import proofs, tree
from fairlead.record.events import Fact
from fairlead.record.notes import new_signer
from fairlead.store import migrations
from fairlead.store.check import check
from fairlead.store.key_blocks import KeyBlocks
from fairlead.store.sequencer import Sequencer
from fairlead.store.subjects import SQLSubjects
from fairlead.store.tiles import TileFolder
from fairlead.store.unit import SQLStore, SQLUnit
from fairlead.store.vault import Vault
from intake import bare_commits

LOG = "benchmark/record"
BATCH, BATCHES = 1_000, 20
"""New subjects in one transaction, and how many of these."""
PROOFS = 2_000
"""How many proofs are timed."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=3000)
    parser.add_argument("--entries", type=int, default=10_000_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = measure(Path(folder), options.events)
    with tempfile.TemporaryDirectory() as folder:
        told |= measure_proofs(Path(folder), options.entries)
    if options.json:
        print(json.dumps(told))
        return
    for name, value in told.items():
        print(f"{name:28} {value}")


def measure(folder: Path, count: int) -> dict[str, float]:
    """Append *count* events, one transaction each; sequence and check them."""
    vault = Vault(KeyBlocks(folder / "keys", secrets.token_bytes), secrets.token_bytes)
    store = SQLStore(f"sqlite:///{folder}/fairlead.db", vault)
    migrations.upgrade(store.engine, vault)
    at = datetime.now(UTC)
    began = time.monotonic()
    for number in range(count):
        with store.begin() as unit:
            fact = OrganisationJoined(name=f"Organisation {number}")
            unit.organisations.save(None, [fact], name=f"org-{number}", by="me", at=at)
    appended = count / (time.monotonic() - began)
    bare = bare_commits(folder)
    batched = {
        "open": append_batches(store, lambda unit: unit.organisations, opened_facts),
        "shut": append_batches(store, lambda unit: unit.submissions, shut_facts),
    }
    total = count + 2 * BATCHES * BATCH
    signer = new_signer(LOG, secrets.token_bytes)
    log = Sequencer(store.engine, TileFolder(folder / "log"), signer, LOG)
    began = time.monotonic()
    log.round()
    sequenced = total / (time.monotonic() - began)
    began = time.monotonic()
    found = check(store.engine, vault, log.tiles, signer.verifier(), LOG)
    checked = total / (time.monotonic() - began)
    if found.faults:
        raise SystemExit(f"the record does not hold: {found.problems[0]}")
    store.close()
    return {
        "events": count,
        "durable_appends_per_second": round(appended),
        "bare_commits_per_second": round(bare),
        "ratio_to_bare": round(appended / bare, 2),
        "target_ratio": 0.4,
        "batched_events_per_second": batched["open"],
        "target_batched": 50_000,
        "batched_reports_shut_per_second": batched["shut"],
        "sequenced_per_second": round(sequenced),
        "checked_per_second": round(checked),
    }


def append_batches(
    store: SQLStore,
    kind: Callable[[SQLUnit], SQLSubjects[Any]],
    facts: Callable[[int], dict[str, list[Fact]]],
) -> int:
    """Add new subjects, `BATCH` a durable transaction; return how many a second."""
    at = datetime.now(UTC)
    prepared = [facts(number) for number in range(BATCHES)]
    began = time.monotonic()
    for new in prepared:
        with store.begin() as unit:
            kind(unit).add_many(new, by="me", at=at)
    return round(BATCHES * BATCH / (time.monotonic() - began))


def opened_facts(batch: int) -> dict[str, list[Fact]]:
    """Return events without anything confidential, as most are."""
    return {
        f"org-b{batch}-{number}": [OrganisationJoined(name=f"Organisation {number}")]
        for number in range(BATCH)
    }


def shut_facts(batch: int) -> dict[str, list[Fact]]:
    """Return reports of 2 KiB, each with a key of its own."""
    body = secrets.token_bytes(2048)
    return {
        f"SUB-b{batch}-{number}": [
            SubmissionReceived(
                organisation=OrganisationId("org-1"),
                fingerprint=f"{batch}-{number}",
                size=len(body),
                body=body,
            )
        ]
        for number in range(BATCH)
    }


def measure_proofs(folder: Path, size: int) -> dict[str, float]:
    """Prove random places of a log of *size* entries, and verify each proof."""
    if size < 1:
        return {}
    tiles = TileFolder(folder)
    began = time.monotonic()
    make_tiles(tiles, size)
    made = time.monotonic() - began
    root = proofs.root(tiles, size)
    taken: dict[str, list[float]] = {"inclusion": [], "consistency": []}
    for _ in range(PROOFS):
        place = secrets.randbelow(size)
        began = time.perf_counter()
        path = proofs.inclusion(tiles, place, size)
        taken["inclusion"].append(time.perf_counter() - began)
        proofs.check_inclusion(entry(place), place, size, root, path)
        began = time.perf_counter()
        path = proofs.consistency(tiles, place + 1, size)
        taken["consistency"].append(time.perf_counter() - began)
    told: dict[str, float] = {"entries": size, "seconds_to_make_them": round(made)}
    for name, seconds in taken.items():
        seconds.sort()
        for part in (50, 99):
            at = seconds[len(seconds) * part // 100]
            told[f"{name}_proof_ms_p{part}"] = round(at * 1000, 3)
    return told | {"target_ms": 1}


def entry(place: int) -> bytes:
    """Return the entry at *place* of the log to prove."""
    return hashlib.sha256(place.to_bytes(8, "big")).digest()


def make_tiles(tiles: TileFolder, size: int) -> None:
    """Write the hash tiles of a log, without syncing: it is thrown away."""
    level, count = 0, size
    below: Iterable[bytes] = (tree.leaf_hash(entry(place)) for place in range(size))
    while count:
        above = []
        hashes = iter(below)
        for index in range(-(-count // tree.WIDTH)):
            held = list(islice(hashes, tree.WIDTH))
            path = tiles.path / tree.Tile(level, index, len(held)).path
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"".join(held))
            if len(held) == tree.WIDTH:
                above.append(tree.subtree_hash(held))
        below, count, level = above, len(above), level + 1


if __name__ == "__main__":
    main()
