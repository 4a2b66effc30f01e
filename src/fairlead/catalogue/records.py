"""Records of the catalogue: what an OSV record or a CSAF document says, in one shape."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, TypeVar

import msgspec
from msgspec import Struct

from fairlead.base import instants
from fairlead.errors import Invalid, Violation
from fairlead.formats import json_strict

T = TypeVar("T")

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 64
"""Deeper than any product tree that was ever published."""


class Source(StrEnum):
    """The format a record came in."""

    CSAF = "csaf"
    OSV = "osv"


class Package(Struct, frozen=True, kw_only=True):
    """A package that a record is about."""

    ecosystem: str
    name: str
    purl: str | None = None


class CatalogueRecord(Struct, frozen=True, kw_only=True):
    """What somebody published about a vulnerability, or several."""

    source: Source
    id: str
    title: str
    aliases: tuple[str, ...] = ()
    packages: tuple[Package, ...] = ()
    products: tuple[str, ...] = ()
    published: datetime | None = None
    modified: datetime | None = None


class _OsvPackage(Struct):
    ecosystem: str
    name: str
    purl: str | None = None


class _OsvAffected(Struct):
    package: _OsvPackage | None = None


class _Osv(Struct):
    id: str
    modified: str
    published: str | None = None
    summary: str = ""
    details: str = ""
    aliases: tuple[str, ...] | None = ()
    affected: tuple[_OsvAffected, ...] | None = ()


class _Tracking(Struct):
    id: str
    initial_release_date: str
    current_release_date: str


class _Document(Struct):
    title: str
    tracking: _Tracking
    csaf_version: str


class _Vulnerability(Struct):
    cve: str | None = None


class _Csaf(Struct):
    document: _Document
    vulnerabilities: tuple[_Vulnerability, ...] = ()
    product_tree: dict[str, Any] = {}


def read_record(document: bytes) -> CatalogueRecord:
    """Return what an OSV record or a CSAF 2 document says; which of them its shape tells.

    What is not checked: the whole schema and the mandatory tests of either format.

    Raises:
        Invalid: it is neither, or lacks what a catalogue needs; the field is named.

    """
    value = json_strict.read(document, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)
    if isinstance(value, dict) and "document" in value:
        return _from_csaf(_convert(value, _Csaf))
    if isinstance(value, dict) and "id" in value:
        return _from_osv(_convert(value, _Osv))
    raise _invalid("", "neither an OSV record nor a CSAF document")


def _from_osv(osv: _Osv) -> CatalogueRecord:
    found = [a.package for a in osv.affected or () if a.package is not None]
    packages = [Package(ecosystem=p.ecosystem, name=p.name, purl=p.purl) for p in found]
    return CatalogueRecord(
        source=Source.OSV,
        id=_name(osv.id, "id"),
        title=osv.summary or osv.details.partition("\n")[0][:200] or osv.id,
        aliases=tuple(osv.aliases or ()),
        packages=tuple(dict.fromkeys(packages)),
        published=_instant(osv.published, "published") if osv.published else None,
        modified=_instant(osv.modified, "modified"),
    )


def _from_csaf(csaf: _Csaf) -> CatalogueRecord:
    tracking = csaf.document.tracking
    cves = [v.cve for v in csaf.vulnerabilities if v.cve]
    return CatalogueRecord(
        source=Source.CSAF,
        id=_name(tracking.id, "document.tracking.id"),
        title=csaf.document.title,
        aliases=tuple(dict.fromkeys(cves)),
        products=tuple(_products(csaf.product_tree)),
        published=_instant(
            tracking.initial_release_date, "document.tracking.initial_release_date"
        ),
        modified=_instant(
            tracking.current_release_date, "document.tracking.current_release_date"
        ),
    )


def _products(tree: dict[str, Any]) -> list[str]:
    """Return the names of vendors and products, without their versions."""
    found: dict[str, None] = {}
    ahead: list[tuple[str, Any]] = [("", branch) for branch in _branches(tree)]
    while ahead:
        vendor, branch = ahead.pop()
        name = str(branch.get("name", ""))
        if branch.get("category") == "vendor":
            vendor = name
        if branch.get("category") == "product_name":
            found[f"{vendor} {name}".strip()] = None
        ahead += [(vendor, inner) for inner in _branches(branch)]
    return sorted(found)


def _branches(node: dict[str, Any]) -> list[dict[str, Any]]:
    branches = node.get("branches", [])
    return (
        [b for b in branches if isinstance(b, dict)]
        if isinstance(branches, list)
        else []
    )


def _convert(value: object, kind: type[T]) -> T:
    try:
        return msgspec.convert(value, kind)
    except msgspec.ValidationError as error:
        said, _, place = str(error).partition(" - at `$.")
        raise _invalid(place.rstrip("`"), said) from error


def _name(name: str, field: str) -> str:
    if not name or len(name) > 200 or not name.isprintable():  # noqa: PLR2004 - its column
        raise _invalid(field, "must be 1 to 200 printable characters")
    return name


def _instant(written: str, field: str) -> datetime:
    return instants.parse(written, field=field)


def _invalid(field: str, reason: str) -> Invalid:
    return Invalid(reason, [Violation("invalid_record", field, reason)])
