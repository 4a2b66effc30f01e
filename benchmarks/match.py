"""An SBOM of 5,000 components against the whole catalogue.

python benchmarks/match.py ARCHIVE… [--components 5000] [--json]

The components are packages and products that the archives name, as long as there are
any, with versions that they name, and after these names that nobody published anything
about. The floor is what reading the SBOM and looking its keys up costs alone.
"""

from __future__ import annotations

import argparse
import json
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from fairlead.catalogue.judging import Certainty
from fairlead.catalogue.matching import match
from fairlead.catalogue.records import CatalogueRecord, keys_of
from fairlead.formats import inventories
from fairlead.store.catalogue.importing import Ports
from fairlead.store.catalogue.reading import Reading, SQLCatalogue

TARGET_SECONDS = 1.0
STEP = 500


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("archives", nargs="+", type=Path)
    parser.add_argument("--components", type=int, default=5000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        told = measure(Path(folder), options.archives, options.components)
    if options.json:
        print(json.dumps(told))
        return
    for name, value in told.items():
        print(f"{name:28} {value}")


def measure(folder: Path, archives: Sequence[Path], count: int) -> dict[str, float]:
    """Import *archives*, write an SBOM of *count* components, and match it."""
    catalogue = SQLCatalogue.at(folder / "catalogue.db")
    catalogue.take(archives, Ports(clock=lambda: datetime.now(UTC)))
    with catalogue.read() as reading:
        records = reading.counted()["records"]
        known = list(islice(named(reading, records), count * 4 // 5))
    sbom = write(known, count)
    seconds: list[float] = []
    for _ in range(3):
        began = time.perf_counter()
        inventory = inventories.read("sbom.json", sbom)
        with catalogue.read() as reading:
            found = match(reading, inventory, datetime.now(UTC))
        seconds.append(time.perf_counter() - began)
    began = time.perf_counter()
    inventory = inventories.read("sbom.json", sbom)
    with catalogue.read() as reading:
        reading.affecting([f"pkg:pypi/{c.name}" for c in inventory.components])
    floor = time.perf_counter() - began
    catalogue.close()
    unsure = sum(m.certainty is Certainty.UNSURE for m in found.matches)
    return {
        "catalogue_records": records,
        "components": len(inventory.components),
        "components_named": len(known),
        "compared": found.compared,
        "matches": len(found.matches),
        "unsure": unsure,
        "seconds_first": round(seconds[0], 3),
        "seconds": round(min(seconds), 3),
        "target_seconds": TARGET_SECONDS,
        "floor_seconds": round(floor, 3),
        "peak_mib": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


def named(reading: Reading, highest: int) -> Iterator[dict[str, str]]:
    """Return components that the catalogue names, each once."""
    seen: set[str] = set()
    for start in range(1, highest + 1, STEP):
        for record in reading.records(range(start, start + STEP)).values():
            yield from components(record, seen)


def components(record: CatalogueRecord, seen: set[str]) -> Iterator[dict[str, str]]:
    """Return what *record* affects, with a version that it names."""
    for affected in record.affected:
        spans = [s.first or s.below or s.through for s in affected.spans]
        version = next(iter([*affected.versions, *spans]), "1.0")
        for key in keys_of(affected):
            if key in seen or len(version) > 60:  # noqa: PLR2004 - words, not a version
                continue
            seen.add(key)
            if key.startswith("pkg:"):
                yield {"name": key.rpartition("/")[2], "version": version, "purl": key}
            elif key.startswith("cpe:"):
                _, vendor, product = key.split(":", 2)
                cpe = f"cpe:2.3:a:{vendor}:{product.replace(':', '')}:*:*:*:*:*:*:*:*"
                yield {"name": product, "version": version, "cpe": cpe}


def write(known: Sequence[dict[str, str]], count: int) -> bytes:
    """Return a CycloneDX document of *known* and names that nobody knows."""
    unknown = [
        {"name": f"nobody-{n}", "version": "1.0.0", "purl": f"pkg:npm/nobody-{n}@1.0.0"}
        for n in range(count - len(known))
    ]
    listed = [
        {"type": "library", "bom-ref": f"c{n}", **component}
        for n, component in enumerate([*known, *unknown])
    ]
    refs = [str(c["bom-ref"]) for c in listed]
    depends = [
        {"ref": ref, "dependsOn": refs[n + 1 : n + 3]} for n, ref in enumerate(refs)
    ]
    whole = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "components": listed,
        "dependencies": depends,
    }
    return json.dumps(whole).encode()


if __name__ == "__main__":
    main()
