"""How fast CSAF documents are checked: read strictly, schema, every test; one process.

Usage: python benchmarks/check.py ARCHIVE [--json]

ARCHIVE holds CSAF documents, such as CISA's (tar, compressed or not). Beside the figure
stands the limit of the same run: how fast the same documents are read and held against
the schema alone.
"""

from __future__ import annotations

import argparse
import json
import tarfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from fairlead.errors import Invalid
from fairlead.formats import checking, schemas


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("archive", type=Path)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    documents = list(read(given.archive))
    checking.check(documents[0])  # schemas and tables are read once
    started, cpu = time.perf_counter(), time.process_time()
    reports = [checking.check(document) for document in documents]
    took = time.perf_counter() - started
    on_processor = time.process_time() - cpu
    started = time.perf_counter()
    for document in documents:
        kind, value = checking.read(document)
        list(schemas.violations(checking.SCHEMAS[kind], value))
    limit = time.perf_counter() - started
    invalid = [report for report in reports if not report.valid]
    rules = Counter(
        rule
        for report in invalid
        for rule in {f.rule for f in report.faults if f.group.value == "mandatory"}
    )
    figures = {
        "documents": len(documents),
        "documents_per_second": round(len(documents) / took),
        "documents_per_cpu_second": round(len(documents) / on_processor),
        "schema_alone_per_second": round(len(documents) / limit),
        "ratio_to_schema_alone": round(limit / took, 2),
        "invalid": len(invalid),
        "mandatory_tests_failed": dict(rules.most_common()),
    }
    print(json.dumps(figures, indent=2) if given.json else text(figures))


def read(archive: Path) -> Iterator[bytes]:
    """Yield the CSAF documents in *archive*; other files are passed over."""
    with tarfile.open(archive) as opened:
        for member in opened:
            file = opened.extractfile(member) if member.name.endswith(".json") else None
            if file is None:
                continue
            document = file.read()
            try:
                checking.read(document)
            except Invalid:
                continue
            yield document


def text(figures: dict[str, object]) -> str:
    """Return *figures* for people."""
    return "\n".join(f"{name:24} {value}" for name, value in figures.items())


if __name__ == "__main__":
    main()
