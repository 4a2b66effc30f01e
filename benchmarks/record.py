"""The record: durable appends beside bare SQLite commits, and how fast a check is.

python benchmarks/record.py [--events 3000] [--json]
"""

from __future__ import annotations

import argparse
import json
import secrets
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

from fairlead.access.members import OrganisationJoined
from fairlead.record.notes import new_signer
from fairlead.store import migrations
from fairlead.store.check import check
from fairlead.store.key_blocks import KeyBlocks
from fairlead.store.sequencer import Sequencer
from fairlead.store.tiles import TileFolder
from fairlead.store.unit import SQLStore
from fairlead.store.vault import Vault
from intake import bare_commits

LOG = "benchmark/record"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--events", type=int, default=3000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = measure(Path(folder), options.events)
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
    signer = new_signer(LOG, secrets.token_bytes)
    log = Sequencer(store.engine, TileFolder(folder / "log"), signer, LOG)
    began = time.monotonic()
    log.round()
    sequenced = count / (time.monotonic() - began)
    began = time.monotonic()
    found = check(store.engine, vault, log.tiles, signer.verifier(), LOG)
    checked = count / (time.monotonic() - began)
    if found.faults:
        raise SystemExit(f"the record does not hold: {found.problems[0]}")
    store.close()
    return {
        "events": count,
        "durable_appends_per_second": round(appended),
        "bare_commits_per_second": round(bare),
        "ratio_to_bare": round(appended / bare, 2),
        "target_ratio": 0.4,
        "sequenced_per_second": round(sequenced),
        "checked_per_second": round(checked),
    }


if __name__ == "__main__":
    main()
