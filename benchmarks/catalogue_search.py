"""Pages of the catalogue at a million records: time to the whole answer, warm.

python benchmarks/catalogue_search.py [--records 1000000] [--json]

The records are made up: words as advisories use them, dates over ten years, severities
and ecosystems as unevenly spread as the real ones. Making them takes some minutes and
2 GB of disk. The floor is the page of one record, which looks up one row.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import random
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

from litestar.testing import TestClient

from fairlead.catalogue.reading import Read
from fairlead.catalogue.records import (
    Affected,
    CatalogueRecord,
    Exploited,
    Severity,
    Source,
    Span,
)
from fairlead.store.catalogue import finishing, importing
from fairlead.store.catalogue.aside import FilePlace
from fairlead.store.catalogue.rows import Writer
from fairlead.web.app import create_app
from fairlead.wiring import Server, Settings, System

TARGET_MS = 100
RUNS = 15
STEP = 1000
COMMON = "a vulnerability in the allows remote attackers to execute arbitrary code"
LESS = (
    "buffer overflow injection traversal deserialization privilege escalation parser"
    " plugin kernel driver router firmware gateway library template session token"
)
ECOSYSTEMS = ("npm", "PyPI", "Maven", "Go", "Debian:12", "crates.io", "Hackage")
WEIGHTS = (400, 120, 90, 60, 200, 8, 1)

PAGES = {
    "newest": "/catalogue",
    "one_facet": "/catalogue?source=osv",
    "rare_facets": "/catalogue?ecosystem=Hackage&band=low&source=osv",
    "exploited": "/catalogue?exploited=1&band=critical",
    "narrow_words": "/catalogue?q=word4711",
    "broad_words": "/catalogue?q=vulnerability",
    "broad_words_and_facets": "/catalogue?q=remote+code&ecosystem=npm&band=high",
    "product": "/catalogue/products?key=pkg%3Anpm%2Fpackage-1",
}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = measure(Path(folder), options.records)
    if options.json:
        print(json.dumps(told))
        return
    for name, value in told.items():
        print(f"{name:28} {value}")


def measure(home: Path, count: int) -> dict[str, float]:
    """Make *count* records, and ask for pages of them."""
    system = System(Settings(home=home, limit_requests="1000000/second"), create=True)
    began = time.perf_counter()
    fill(home / "catalogue.db", count)
    told: dict[str, float] = {
        "records": count,
        "seconds_to_make": round(time.perf_counter() - began),
        "target_ms": TARGET_MS,
    }
    with TestClient(create_app(Server(system).context(lambda: None))) as client:
        first = "/catalogue/records/OSV-2026-1"
        for name, address in {"floor_one_record": first, **PAGES}.items():
            client.get(address)
            taken = []
            for _ in range(RUNS):
                began = time.perf_counter()
                answer = client.get(address)
                taken.append((time.perf_counter() - began) * 1000)
                if answer.status_code != 200:  # noqa: PLR2004 - it must be there
                    raise SystemExit(f"{address}: {answer.status_code}")
            told[f"{name}_ms"] = round(statistics.median(taken), 1)
    system.close()
    return told


def fill(path: Path, count: int) -> None:
    """Write the records as an import does."""
    place = FilePlace(path)
    connection = place.building("benchmark")
    writer = Writer(connection)
    made = records(count)
    for _ in range(0, count, STEP):
        writer.records([next(made) for _ in range(min(STEP, count))])
        connection.commit()
    finishing.finish(connection)
    connection.commit()
    importing.shut(connection)
    place.swap()


def records(count: int) -> Iterator[Read]:
    """Return made-up records."""
    chance = random.Random(1)  # noqa: S311 - the same every time
    start = datetime(2016, 1, 1, tzinfo=UTC)
    for number in range(1, count + 1):
        rare = f"word{chance.randrange(count // 5 + 1)}"
        words = [*COMMON.split(), *chance.sample(LESS.split(), 4), rare]
        ecosystem = chance.choices(ECOSYSTEMS, WEIGHTS)[0]
        source = Source.OSV if number % 4 == 1 else Source.CVE
        score = min(10.0, max(0.0, round(chance.gauss(6.5, 2), 1)))
        record = CatalogueRecord(
            source=source,
            id=f"{source.upper()}-2026-{number}",
            title=" ".join(words[:9] if number % 3 else words),
            details=" ".join(words * 4),
            affected=(
                Affected(
                    ecosystem=ecosystem,
                    name="package-1"
                    if number % 100 == 0
                    else f"package-{number % 50_000}",
                    spans=(Span("1.0", below="2.0"),),
                ),
            ),
            severities=(Severity("CVSS:3.1/AV:N", score),) if number % 5 else (),
            exploited=Exploited(added="2026-01-01") if number % 700 == 0 else None,
            modified=start + timedelta(seconds=chance.randrange(10 * 365 * 86400)),
        )
        yield Read(record, hashlib.sha256(str(number).encode()).hexdigest())


if __name__ == "__main__":
    main()
