"""Intake while the catalogue is imported: how long receipts take, with and without.

python benchmarks/catalogue_intake.py ARCHIVE… [--seconds 10] [--rounds 3] [--json]

One server takes 100 reports a second, in rounds: nothing else, then an import of the
archives into the same home folder, from its start, by the command that operators use. The
medians over the rounds are compared, so that what else the machine does counts for both.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from intake import RATE, send, serving, told_of

TARGET_RATIO = 1.2


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("archives", nargs="+", type=Path)
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--rate", type=int, default=RATE)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        told = measure(home, options)
    if options.json:
        print(json.dumps(told))
        return
    for name, value in told.items():
        print(f"{name:28} {value}")


def measure(home: Path, options: argparse.Namespace) -> dict[str, float]:
    """Send reports in rounds, alone and beside an import."""
    rate, rounds = options.rate, options.rounds
    count = options.seconds * rate
    alone: list[dict[str, float]] = []
    beside: list[dict[str, float]] = []
    with serving(home) as http:
        send(http, rate, 0, rate)
        sent = rate
        for _ in range(rounds):
            alone.append(told_of(send(http, count, sent, rate)))
            (home / "catalogue.db").unlink(missing_ok=True)
            with importing(home, options.archives) as running:
                beside.append(told_of(send(http, count, sent + count, rate)))
                ended = running.poll() is not None
                running.terminate()
            sent += 2 * count
    p99 = {
        name: median(one["p99_ms"] for one in found)
        for name, found in (("alone", alone), ("beside", beside))
    }
    return {
        "reports_a_round": count,
        "rounds": rounds,
        "p50_ms_alone": median(one["p50_ms"] for one in alone),
        "p50_ms_beside_import": median(one["p50_ms"] for one in beside),
        "p99_ms_alone": p99["alone"],
        "p99_ms_beside_import": p99["beside"],
        "p99_ratio": round(p99["beside"] / p99["alone"], 2),
        "target_ratio": TARGET_RATIO,
        "import_ended_before_the_round": ended,
    }


def importing(home: Path, archives: Sequence[Path]) -> subprocess.Popen[bytes]:
    """Begin an import, as an operator does."""
    command = [sys.executable, "-m", "fairlead", "catalogue", "import"]
    return subprocess.Popen(  # noqa: S603 - our own command
        [*command, *map(str, archives), "--home", str(home)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


if __name__ == "__main__":
    main()
