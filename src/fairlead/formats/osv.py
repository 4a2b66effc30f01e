"""OSV records (https://ossf.github.io/osv-schema/, 1.7) from the content of an advisory."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from fairlead.base import instants
from fairlead.errors import Invalid, Violation
from fairlead.formats import purl, schemas
from fairlead.formats.advisory import Advisory, Affected, Weakness, lacks
from fairlead.formats.packages import ECOSYSTEMS, spelled, type_of

SCHEMA_VERSION = "1.7.3"

PREFIX = "x_"
"""Before the ids of databases that OSV does not list."""

Json = dict[str, Any]


def osv_id(name: str) -> str:
    """Return *name* as OSV wants it of a database that it does not list (id field)."""
    return f"{PREFIX}{name}"


def packages_of(record: bytes) -> frozenset[tuple[str, str]]:
    """Return the packages an OSV record is about: ecosystem and key."""
    return frozenset(
        (package["ecosystem"], package_key(package["ecosystem"], package["name"]))
        for affected in msgspec.json.decode(record).get("affected", ())
        if (package := affected.get("package"))
    )


def package_key(ecosystem: str, name: str) -> str:
    """Return by what a package of *ecosystem* is found, without the ecosystem."""
    return spelled(type_of(ecosystem), name)


def not_carried(advisory: Advisory) -> tuple[str, ...]:
    """Say what of *advisory* an OSV record has no place for."""
    lost = [
        f"affected: {a.vendor} {a.product} (OSV knows packages of ecosystems only)"
        for a in advisory.affected
        if package_of(a) is None
    ]
    lost += [f"remediations: {r.details}" for r in advisory.remediations]
    lost += [
        f"references[{i}].summary: {r.summary}"
        for i, r in enumerate(advisory.references)
        if r.summary
    ]
    lost += [
        f"affected[{i}].vendor: {a.vendor}" for i, a in enumerate(advisory.affected)
    ]
    lost += [f"revisions: {r.summary}" for r in advisory.revisions[:-1]]
    if advisory.withdrawn is not None:
        lost.append(f"withdrawal: {advisory.withdrawal}")
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
        **({"withdrawn": _instant(advisory.withdrawn)} if advisory.withdrawn else {}),
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
    faults = [
        Violation("osv_schema", fault.pointer, fault.message)
        for fault in schemas.violations(schemas.OSV, record)
    ]
    if faults:
        raise Invalid(f"this cannot be published as OSV: {len(faults)} faults", faults)
    return msgspec.json.format(msgspec.json.encode(record), indent=2)


def _affected(advisory: Advisory) -> Iterator[Json]:
    for affected in advisory.affected:
        package = package_of(affected)
        if package is None:
            continue
        entry: Json = {"package": package}
        if affected.has_range:
            entry["ranges"] = [{"type": "ECOSYSTEM", "events": list(_events(affected))}]
        if affected.versions:
            entry["versions"] = list(affected.versions)
        yield entry


def package_of(affected: Affected) -> Json | None:
    """Return the package that *affected* is, as OSV names it; nothing if it is none."""
    if affected.purl is None:
        if affected.ecosystem is None:
            return None
        return {"ecosystem": affected.ecosystem, "name": affected.product}
    package = purl.read(affected.purl)
    ecosystem = affected.ecosystem or ECOSYSTEMS.get(package.type)
    if ecosystem is None:
        return None
    between = ":" if package.type == "maven" else "/"
    name = package.name
    if package.namespace:
        name = f"{package.namespace}{between}{name}"
    bare = purl.canonical(purl.without_version(package))
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
