"""OSV records (https://ossf.github.io/osv-schema/, 1.7) from the content of an advisory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from packageurl import PackageURL

from fairlead.base import instants
from fairlead.errors import Invalid
from fairlead.formats.advisory import Advisory, Affected, Weakness, lacks

SCHEMA_VERSION = "1.7.3"

ECOSYSTEMS = {
    "bitnami": "Bitnami",
    "cargo": "crates.io",
    "composer": "Packagist",
    "conan": "ConanCenter",
    "cran": "CRAN",
    "gem": "RubyGems",
    "golang": "Go",
    "hackage": "Hackage",
    "hex": "Hex",
    "maven": "Maven",
    "npm": "npm",
    "nuget": "NuGet",
    "pub": "Pub",
    "pypi": "PyPI",
    "swift": "SwiftURL",
}
"""Package URL types, and the ecosystem of OSV that they stand for."""

Json = dict[str, Any]


def osv_id(name: str) -> str:
    """Return *name* as OSV wants it of a database that it does not list (id field)."""
    return f"x_{name}"


def not_carried(advisory: Advisory) -> tuple[str, ...]:
    """Say what of *advisory* an OSV record has no place for."""
    lost = [
        f"affected: {a.vendor} {a.product} (OSV knows packages of ecosystems only)"
        for a in advisory.affected
        if _package(a) is None
    ]
    lost += [f"remediations: {r.details}" for r in advisory.remediations]
    return tuple(lost)


def osv_document(advisory: Advisory) -> bytes:
    """Return *advisory* as an OSV record.

    Raises:
        Invalid: something that every advisory needs is lacking; each is named.

    """
    faults = list(lacks(advisory))
    if faults:
        raise Invalid(f"this cannot be published as OSV: {len(faults)} faults", faults)
    record: Json = {
        "schema_version": SCHEMA_VERSION,
        "id": osv_id(advisory.id),
        "modified": _instant(advisory.revised),
        "published": _instant(advisory.published),
        "aliases": list(advisory.aliases),
        "summary": advisory.summary,
        "details": advisory.description,
        "severity": [
            {"type": f"CVSS_V{vector[5]}", "score": vector}
            for vector in advisory.severities
            if vector.startswith(("CVSS:3", "CVSS:4"))
        ],
        "affected": list(_affected(advisory)),
        "references": [
            {"type": r.category.value, "url": r.url} for r in advisory.references
        ],
        "credits": [{"name": c.name, "type": "FINDER"} for c in advisory.credits],
        "database_specific": _ours(advisory, advisory.cwe),
    }
    return msgspec.json.format(msgspec.json.encode(record), indent=2)


def _affected(advisory: Advisory) -> Iterator[Json]:
    for affected in advisory.affected:
        package = _package(affected)
        if package is None:
            continue
        entry: Json = {"package": package}
        if affected.fixed or affected.last_affected or not affected.versions:
            entry["ranges"] = [{"type": "ECOSYSTEM", "events": list(_events(affected))}]
        if affected.versions:
            entry["versions"] = list(affected.versions)
        yield entry


def _package(affected: Affected) -> Json | None:
    if affected.purl is None:
        if affected.ecosystem is None:
            return None
        return {"ecosystem": affected.ecosystem, "name": affected.product}
    purl = PackageURL.from_string(affected.purl)
    ecosystem = affected.ecosystem or ECOSYSTEMS.get(purl.type)
    if ecosystem is None:
        return None
    between = ":" if purl.type == "maven" else "/"
    name = f"{purl.namespace}{between}{purl.name}" if purl.namespace else purl.name
    bare = purl._replace(version=None).to_string()
    return {"ecosystem": ecosystem, "name": name, "purl": bare}


def _events(affected: Affected) -> Iterator[Json]:
    yield {"introduced": affected.introduced}
    if affected.fixed:
        yield {"fixed": affected.fixed}
    if affected.last_affected:
        yield {"last_affected": affected.last_affected}


def _ours(advisory: Advisory, cwe: Weakness | None) -> Json:
    ours: Json = {"publisher": advisory.publisher.name, "tlp": advisory.marking.value}
    if cwe is not None:
        ours["cwe_ids"] = [cwe.id]
    return ours


def _instant(at: datetime) -> str:
    return instants.in_utc(at).strftime("%Y-%m-%dT%H:%M:%SZ")
