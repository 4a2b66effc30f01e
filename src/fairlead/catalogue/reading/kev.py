"""CISA's catalogue of known exploited vulnerabilities, as JSON or CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from datetime import date

import msgspec
from msgspec import Struct

from fairlead.catalogue.reading.documents import Json, convert, invalid
from fairlead.catalogue.reading.values import instant, name, text, title
from fairlead.catalogue.records import (
    Affected,
    CatalogueRecord,
    Exploited,
    Source,
    Status,
)

HEAD = "cveID,"
"""How the CSV begins."""


class _Entry(Struct):
    cveID: str  # noqa: N815 - the catalogue's own names
    vendorProject: str  # noqa: N815
    product: str
    vulnerabilityName: str  # noqa: N815
    dateAdded: str  # noqa: N815
    shortDescription: str  # noqa: N815
    requiredAction: str  # noqa: N815
    dueDate: str  # noqa: N815
    knownRansomwareCampaignUse: str = ""  # noqa: N815
    notes: str = ""
    cwes: tuple[str, ...] | str = ()


def reads(value: Json) -> bool:
    """Tell whether *value* is meant as the whole catalogue."""
    return "catalogVersion" in value and "vulnerabilities" in value


def entries(value: Json) -> Iterator[tuple[str, object]]:
    """Return each entry of the catalogue, with its JSON pointer.

    Raises:
        Invalid: it has no list of entries.

    """
    found = value.get("vulnerabilities")
    if not isinstance(found, list):
        raise invalid("/vulnerabilities", "must be a list")
    for place, entry in enumerate(found):
        yield f"/vulnerabilities/{place}", entry


def rows(document: str) -> Iterator[tuple[str, object]]:
    """Return each row of the CSV, with its number."""
    for number, row in enumerate(csv.DictReader(io.StringIO(document)), 2):
        yield f"row {number}", {k: v for k, v in row.items() if k is not None}


def read(value: object) -> CatalogueRecord:
    """Return what one entry says.

    Raises:
        Invalid: something is lacking, or no CVE or date.

    """
    entry = convert(value, _Entry)
    if not entry.cveID.startswith("CVE-"):
        raise invalid("/cveID", f"{entry.cveID[:40]!r} is no CVE")
    cwes = entry.cwes.split(",") if isinstance(entry.cwes, str) else entry.cwes
    return CatalogueRecord(
        source=Source.KEV,
        id=name(entry.cveID, "/cveID"),
        title=title(entry.vulnerabilityName, entry.cveID),
        details=text(entry.shortDescription),
        affected=(
            Affected(
                vendor=entry.vendorProject,
                product=entry.product,
                default=Status.UNKNOWN,
            ),
        ),
        weaknesses=tuple(c.strip() for c in cwes if c.strip()),
        exploited=Exploited(
            added=_day(entry.dateAdded, "/dateAdded"),
            due=_day(entry.dueDate, "/dueDate"),
            action=text(entry.requiredAction),
            ransomware=entry.knownRansomwareCampaignUse,
            notes=text(entry.notes),
        ),
        publisher="CISA",
        published=instant(entry.dateAdded, "/dateAdded"),
        modified=instant(entry.dateAdded, "/dateAdded"),
    )


def bytes_of(entry: object) -> bytes:
    """Return one entry as bytes, to tell whether it changed."""
    encoded: bytes = msgspec.json.encode(entry, order="deterministic")
    return encoded


def _day(written: str, place: str) -> str:
    try:
        return date.fromisoformat(written).isoformat()
    except ValueError as error:
        raise invalid(place, f"{written[:40]!r} is no date") from error
