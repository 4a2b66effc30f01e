"""Import of real feeds into the catalogue, beside what decoding and inserting cost alone.

python benchmarks/catalogue.py ARCHIVE… [--json]

The floor decodes the same documents with orjson (YAML with libyaml) and inserts the same
rows into the same tables with nothing but sqlite3, in transactions of the same size.
Reading the archive counts for the import and not for the floor; a validated import is
expected to reach half of it. The import reads with as many processes as there are
processors, the floor is one: what else the machine does weighs on the first more.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sqlite3
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

import orjson
import yaml

from fairlead.store.catalogue import tables
from fairlead.store.catalogue.importing import BATCH, Imported, Ports
from fairlead.store.catalogue.reading import SQLCatalogue
from fairlead.store.catalogue.sources import inputs

TARGET = {"records_per_second": 750, "ratio_to_floor": 0.5}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("archives", nargs="+", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = measure(Path(folder), options.archives)
    if options.json:
        print(json.dumps(told))
        return
    for name, value in told.items():
        print(f"{name:28} {value}")


def measure(folder: Path, archives: Sequence[Path]) -> dict[str, float]:
    """Import *archives*, then do the least that any import of them must."""
    load = os.getloadavg()[0]
    cpu = processor_seconds()
    seconds, done = import_(folder / "catalogue.db", archives)
    cpu = processor_seconds() - cpu
    own, readers = (
        resource.getrusage(who).ru_maxrss / 1024
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    count = done.taken + done.unchanged + done.older + done.quarantined
    rate = count / seconds
    decoding = decode(archives)
    inserting = insert(folder / "catalogue.db", folder / "bare.db")
    floor = count / (decoding + inserting)
    return {
        "records": count,
        "quarantined": done.quarantined,
        "records_per_second": round(rate),
        "target_records_per_second": TARGET["records_per_second"],
        "floor_records_per_second": round(floor),
        "ratio_to_floor": round(rate / floor, 2),
        "target_ratio": TARGET["ratio_to_floor"],
        "import_seconds": round(seconds, 2),
        "import_cpu_seconds": round(cpu, 2),
        "decoding_seconds": round(decoding, 2),
        "inserting_seconds": round(inserting, 2),
        "peak_mib": round(own),
        "peak_mib_of_a_reader": round(readers),
        "load_before": round(load, 1),
    }


def processor_seconds() -> float:
    """Return what this process has used, with those that it began and that ended."""
    found = (
        resource.getrusage(who)
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    return sum(usage.ru_utime + usage.ru_stime for usage in found)


def import_(path: Path, archives: Sequence[Path]) -> tuple[float, Imported]:
    """Import as the command does, from reading the archives to the swap."""
    catalogue = SQLCatalogue.at(path)
    began = time.perf_counter()
    done = catalogue.take(archives, Ports(clock=lambda: datetime.now(UTC)))
    seconds = time.perf_counter() - began
    catalogue.close()
    return seconds, done


def decode(archives: Sequence[Path]) -> float:
    """Return how long decoding alone takes; reading the archives is not counted."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    seconds = 0.0
    for one in inputs(archives):
        for document in one.documents():
            name = document.place.lower()
            began = time.perf_counter()
            try:
                if name.endswith((".yaml", ".yml")):
                    yaml.load(document.content, Loader=loader)  # noqa: S506 - a safe one
                elif name.endswith(".json"):
                    orjson.loads(document.content)
            except (ValueError, yaml.YAMLError):
                pass
            seconds += time.perf_counter() - began
    return seconds


def insert(source: Path, target: Path) -> float:
    """Return how long it takes to insert the rows of *source* alone."""
    whole = sqlite3.connect(source)
    bare = sqlite3.connect(target, isolation_level=None)
    for (statement,) in whole.execute(
        "select sql from sqlite_master where sql is not null and tbl_name not like"
        " 'words%' and tbl_name not like 'sqlite%'"
    ):
        bare.execute(statement)
    bare.execute(tables.WORDS["sqlite"][0])
    bare.execute("pragma journal_mode = wal")
    bare.execute("pragma synchronous = normal")
    bare.execute("pragma cache_size = -65536")
    seconds = 0.0
    highest = whole.execute("select max(number) from records").fetchone()[0] or 0
    for start in range(0, highest + 1, BATCH):
        batch = list(rows_of(whole, start, start + BATCH))
        began = time.perf_counter()
        bare.execute("begin")
        for statement, rows in batch:
            bare.executemany(statement, rows)
        bare.execute("commit")
        seconds += time.perf_counter() - began
    began = time.perf_counter()
    for table in ("scores", "listing", "counts", "quarantine"):
        rows = whole.execute(f"select * from {table}").fetchall()  # noqa: S608 - our own names
        bare.execute("begin")
        bare.executemany(statement_of(table, whole), rows)
        bare.execute("commit")
    bare.close()
    return seconds + time.perf_counter() - began


BY_NUMBER = ("records", "contents", "names", "affects", "ecosystems")


def rows_of(
    whole: sqlite3.Connection, first: int, below: int
) -> Iterator[tuple[str, list[tuple[object, ...]]]]:
    """Return the rows of some records, table by table, in the order of their keys."""
    for table in BY_NUMBER:
        query = f"select * from {table} where number >= ? and number < ? order by 1, 2"  # noqa: S608 - our own names
        yield (
            statement_of(table, whole),
            whole.execute(query, (first, below)).fetchall(),
        )
    texts = whole.execute(
        "select number, record from contents where number >= ? and number < ?",
        (first, below),
    )
    words: list[tuple[object, ...]] = []
    for number, record in texts:
        read = orjson.loads(record)
        words.append((number, read["title"], read.get("details", "")))
    yield "insert into words (rowid, title, body) values (?, ?, ?)", words


def statement_of(table: str, whole: sqlite3.Connection) -> str:
    """Return the statement that inserts one row."""
    width = len(whole.execute(f"select * from {table} limit 0").description)  # noqa: S608 - our own names
    return f"insert into {table} values ({', '.join('?' * width)})"  # noqa: S608 - our own names


if __name__ == "__main__":
    main()
