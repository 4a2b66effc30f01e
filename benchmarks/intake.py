"""Intake over HTTP: how long a report waits for its receipt, and how many a batch takes.

    python benchmarks/intake.py [--seconds 10] [--batch 10000] [--json]

It starts the server in a process of its own on SQLite in a fresh folder, sends reports
at a fixed rate from 16 threads, each report a new one, and prints percentiles of the time
from sending to the receipt, beside bare SQLite commits on the same disk in the same run.

Then it sends as many new reports again in batches, one after the other, while the same
process compares them with earlier ones, and prints how many a second are kept, beside
bare SQLite that stores the same bytes, 200 rows a commit; and how many a second are
compared as well, until none waits.
"""

from __future__ import annotations

import argparse
import json
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from statistics import quantiles
from typing import Any

import httpx

RATE = 100
THREADS = 16
LINES = 2_000
"""Reports of a batch."""
TOGETHER = 200
"""Reports that Fairlead keeps in one transaction."""


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=10)
    parser.add_argument("--batch", type=int, default=10_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        told = measure(home, options.seconds * RATE, options.batch)
        told["bare_commits_per_second"] = round(bare_commits(Path(folder)))
        bare = bare_batches(Path(folder), options.batch)
        told["bare_batched_rows_per_second"] = round(bare)
        told["batch_to_bare"] = round(told["batch_kept_per_second"] / bare, 3)
    if options.json:
        print(json.dumps(told))
        return
    for name, value in told.items():
        print(f"{name:28} {value}")


def measure(home: Path, count: int, batch: int) -> dict[str, Any]:
    """Send *count* reports at the fixed rate, then *batch* of them in batches."""
    with serving(home) as http:
        waits = send(http, count)
        _until_decided(home)
        return told_of(waits) | _send_batches(http, home, count, batch)


@contextmanager
def serving(home: Path) -> Iterator[httpx.Client]:
    """Serve *home* in a process of its own, and return a client that may submit."""
    _run(home, "organisation", "add", "Finder")
    token = _run(home, "token", "issue", "Finder", "--scope", "report:submit")["secret"]
    command = [sys.executable, "-m", "fairlead", "serve", "--home", str(home)]
    with subprocess.Popen(  # noqa: S603 - our own command
        [*command, "--port", "0", "--json"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "FAIRLEAD_LIMIT_SUBMISSIONS": "100000000/hour"},
    ) as server:
        assert server.stdout is not None  # noqa: S101
        told = ""
        while not told.endswith("}\n"):
            told += server.stdout.readline()
        address = json.loads(told)["address"]
        headers = {"Authorization": f"Bearer {token}"}
        try:
            with httpx.Client(base_url=address, headers=headers, timeout=60) as http:
                yield http
        finally:
            server.terminate()


def told_of(waits: Sequence[float]) -> dict[str, Any]:
    """Return percentiles of how long receipts took."""
    cuts = quantiles(waits, n=100)
    return {
        "reports": len(waits),
        "rate_per_second": RATE,
        "p50_ms": round(cuts[49] * 1000, 1),
        "p99_ms": round(cuts[98] * 1000, 1),
        "longest_ms": round(max(waits) * 1000, 1),
        "target_p99_ms": 100,
    }


def _send_batches(
    http: httpx.Client, home: Path, first: int, count: int
) -> dict[str, Any]:
    """Send *count* reports in batches; return how many a second are kept, and decided."""
    began = time.monotonic()
    for start in range(first, first + count, LINES):
        numbers = range(start, min(start + LINES, first + count))
        lines = [json.dumps(_report(number)) for number in numbers]
        answer = http.post(
            "/v1/reports/batch",
            content="\n".join(lines).encode(),
            headers={"Content-Type": "application/x-ndjson"},
        )
        kept = [json.loads(line)["status"] for line in answer.text.splitlines()]
        assert kept == [202] * len(lines)  # noqa: S101
    kept_after = time.monotonic() - began
    _until_decided(home)
    return {
        "batch_reports": count,
        "batch_kept_per_second": round(count / kept_after),
        "batch_decided_per_second": round(count / (time.monotonic() - began)),
        "target_batch_per_second": 300,
    }


def _until_decided(home: Path) -> None:
    """Wait until no report waits to be compared; asks the database beside the server."""
    with sqlite3.connect(f"file:{home / 'fairlead.db'}?mode=ro", uri=True) as database:
        query = "select 1 from submissions where decided_at is null limit 1"
        while database.execute(query).fetchone():
            time.sleep(0.05)
    database.close()


def send(
    http: httpx.Client, count: int, first: int = 0, rate: float = RATE
) -> list[float]:
    """Send reports at the fixed rate, numbered from *first*; return how long each took."""
    began = time.monotonic() + 0.5

    def one(number: int) -> float:
        due = began + number / rate
        time.sleep(max(0.0, due - time.monotonic()))
        http.post("/v1/reports", json=_report(first + number)).raise_for_status()
        return time.monotonic() - due

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(one, range(count)))


def _report(number: int) -> dict[str, Any]:
    return {
        "purl": f"pkg:pypi/package-{number % 200}@1.0",
        "affected_symbol": {
            "file": f"src/module_{number % 11}.py",
            "function": f"function_{number % 17}",
            "line": number,
        },
        "attachments": [
            {
                "filename": "report.md",
                "content_type": "text/markdown",
                "data": f"Report {number}: `argument_{number % 23}` is not checked. "
                * 20,
            }
        ],
    }


def bare_commits(folder: Path) -> float:
    """Return durable commits of one small row a second, without anything of ours."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("create table rows (id integer primary key, data blob)")
    row = os.urandom(1500)
    began = time.monotonic()
    for _ in range(500):
        connection.execute("insert into rows (data) values (?)", (row,))
    connection.close()
    return 500 / (time.monotonic() - began)


def bare_batches(folder: Path, count: int) -> float:
    """Return rows a second that bare SQLite stores, with 200 of them a commit."""
    connection = sqlite3.connect(folder / "batched.db", isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("create table rows (id integer primary key, data blob)")
    rows = [(json.dumps(_report(number)).encode(),) for number in range(count)]
    began = time.monotonic()
    for start in range(0, count, TOGETHER):
        connection.execute("begin immediate")
        some = rows[start : start + TOGETHER]
        connection.executemany("insert into rows (data) values (?)", some)
        connection.execute("commit")
    spent = time.monotonic() - began
    connection.close()
    return count / spent


def _run(home: Path, *arguments: str) -> Any:  # noqa: ANN401 - any JSON
    command = [
        sys.executable,
        "-m",
        "fairlead",
        *arguments,
        "--home",
        str(home),
        "--json",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603
    return json.loads(done.stdout)


if __name__ == "__main__":
    main()
