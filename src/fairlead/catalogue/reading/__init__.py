"""What others publish, read: any of the formats, told apart by what they look like."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from msgspec import Struct

from fairlead.catalogue.reading import csaf, cve, epss, kev, osv, yaml
from fairlead.catalogue.reading.documents import MAX_BYTES, Json, decode, invalid
from fairlead.catalogue.reading.epss import Score
from fairlead.catalogue.records import CatalogueRecord
from fairlead.errors import Invalid, TooLarge, Violation

SUFFIXES = frozenset({".json", ".jsonl", ".ndjson", ".yaml", ".yml", ".csv"})
"""Endings of files that are read."""


class Faulty(Struct, frozen=True):
    """Something that cannot be taken, and why."""

    pointer: str
    """A JSON pointer into the document; of a CSV its line."""
    reason: str


class Read(Struct, frozen=True):
    """Something that can be taken."""

    record: CatalogueRecord
    digest: str
    """SHA-256 of what it was read from, in hexadecimal."""


Item = Read | Score | Faulty


def read(name: str, document: bytes) -> Iterator[Item]:
    """Return everything in *document*, whose file is called *name*.

    One faulty entry of a list does not keep the others out.
    """
    try:
        yield from _read(_suffix(name), document)
    except Invalid as error:
        yield _faulty(error)


def _suffix(name: str) -> str:
    """Return how a file's name ends, `.gz` aside."""
    base = name.rpartition("/")[2].lower().removesuffix(".gz")
    return "." + base.rpartition(".")[2]


def read_record(document: bytes) -> CatalogueRecord:
    """Return the one record in a JSON document.

    Raises:
        Invalid: it is none of the formats, or faulty.

    """
    return _record(decode(document))


def _read(suffix: str, document: bytes) -> Iterator[Item]:
    if suffix == ".csv":
        yield from _read_csv(document)
    elif suffix in {".jsonl", ".ndjson"}:
        yield from _read_lines(document)
    else:
        value = (yaml.decode if suffix in {".yaml", ".yml"} else decode)(document)
        if isinstance(value, dict) and kev.reads(value):
            yield from _read_kev(kev.entries(value))
        else:
            yield Read(_record(value), hashlib.sha256(document).hexdigest())


def _record(value: object) -> CatalogueRecord:
    if not isinstance(value, dict):
        raise invalid("", "must be one JSON object: CVE, OSV, CSAF or KEV")
    known: Json = value
    if cve.reads(known):
        return cve.read(known)
    if "document" in known:
        return csaf.read(known)
    if "id" in known:
        return osv.read(known)
    raise invalid("", "none of CVE, OSV, CSAF and KEV: it has no id that they have")


def _read_lines(document: bytes) -> Iterator[Item]:
    for number, line in enumerate(document.splitlines(), 1):
        if not line.strip():
            continue
        try:
            yield Read(_record(decode(line)), hashlib.sha256(line).hexdigest())
        except Invalid as error:
            yield _faulty(error, f"line {number}")


def _read_csv(document: bytes) -> Iterator[Item]:
    if len(document) > MAX_BYTES:
        raise TooLarge(f"{len(document)} bytes; at most {MAX_BYTES} are taken")
    try:
        text = document.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise invalid("", f"not UTF-8 at byte {error.start}") from error
    first = text[:200].partition("\n")[0]
    if first.replace('"', "").startswith(kev.HEAD):
        yield from _read_kev(kev.rows(text))
    elif epss.reads(first):
        for place, found in epss.scores(text):
            yield _faulty(found, place) if isinstance(found, Invalid) else found
    else:
        raise invalid("line 1", "neither KEV nor EPSS: their first lines are known")


def _read_kev(entries: Iterator[tuple[str, object]]) -> Iterator[Item]:
    for place, entry in entries:
        try:
            digest = hashlib.sha256(kev.bytes_of(entry)).hexdigest()
            yield Read(kev.read(entry), digest)
        except Invalid as error:
            yield _faulty(error, place)


def _faulty(error: Invalid, place: str = "") -> Faulty:
    faults = error.violations or (Violation(error.code, "", str(error)),)
    within = faults[0].field if not faults[0].field.startswith(("line", "row")) else ""
    pointer = (
        f"{place}{within}" if place.startswith("/") else f"{place} {within}".strip()
    )
    reasons = [
        f.reason if i == 0 else f"{f.field}: {f.reason}" for i, f in enumerate(faults)
    ]
    return Faulty(pointer or faults[0].field, "; ".join(reasons)[:2000])
