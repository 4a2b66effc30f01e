"""CVE records of version 5.1 from the content of an advisory, for those who are a CNA.

The record is what a CVE Numbering Authority hands to the CVE Services; these add dates.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import Struct

from fairlead.errors import Invalid, Violation
from fairlead.formats import purl, schemas
from fairlead.formats.advisory import (
    Advisory,
    Affected,
    ReferenceCategory,
    RemedyCategory,
    lacks,
)
from fairlead.formats.csaf import instant
from fairlead.formats.csaf_scores import scored, unreadable

Json = dict[str, Any]

DATA_VERSION = "5.1.1"
_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,19}")

_TAGS = {
    ReferenceCategory.ADVISORY: "vendor-advisory",
    ReferenceCategory.FIX: "patch",
    ReferenceCategory.REPORT: "issue-tracking",
}
"""What a reference leads to, in the words of CVE, where it has one."""

_HOSTS = {
    "cargo": ("crates", "io"),
    "gem": ("rubygems", "org"),
    "golang": ("pkg.go", "dev"),
    "maven": ("repo.maven.apache", "org/maven2"),
    "npm": ("registry.npmjs", "org"),
    "nuget": ("www.nuget", "org"),
    "pypi": ("pypi", "org"),
}
COLLECTIONS = {kind: f"https://{'.'.join(host)}" for kind, host in _HOSTS.items()}
"""Package URL types, and the collection that CVE names instead."""


class Assigner(Struct, frozen=True, kw_only=True):
    """The CVE Numbering Authority that publishes."""

    org_id: str
    """Its UUID in the CVE Services."""
    short_name: str | None = None


def cve_of(advisory: Advisory) -> str | None:
    """Return the CVE that the record is about: the first of the aliases."""
    return next((a for a in advisory.aliases if _CVE.fullmatch(a)), None)


def not_carried(advisory: Advisory) -> tuple[str, ...]:
    """Say what of *advisory* a CVE record has no place for."""
    if advisory.withdrawn is not None:
        return ("everything but the reason: the record is rejected",)
    return tuple(_not_carried(advisory))


def _not_carried(advisory: Advisory) -> Iterator[str]:
    own = cve_of(advisory)
    yield from (f"aliases: {a}" for a in advisory.aliases if a != own)
    yield f"summary: {advisory.summary}"
    yield f"marking: {advisory.marking.value}"
    yield from (f"revisions: {r.number}" for r in advisory.revisions)
    for i, affected in enumerate(advisory.affected):
        if affected.ecosystem is not None:
            yield f"affected[{i}].ecosystem: {affected.ecosystem}"
        if (
            affected.purl is not None
            and purl.read(affected.purl).type not in COLLECTIONS
        ):
            yield f"affected[{i}].purl: {affected.purl}"
    for i, remedy in enumerate(advisory.remediations):
        if remedy.category not in _PLACES:
            yield f"remediations[{i}]: {remedy.category.value}"
        elif remedy.url:
            yield f"remediations[{i}].url: {remedy.url}"
        elif remedy.category is RemedyCategory.MITIGATION:
            yield f"remediations[{i}]: mitigation is written as a workaround"
    for i, reference in enumerate(advisory.references):
        if reference.category is ReferenceCategory.ARTICLE:
            yield f"references[{i}].category: {reference.category.value}"


_PLACES = {
    RemedyCategory.VENDOR_FIX: "solutions",
    RemedyCategory.WORKAROUND: "workarounds",
    RemedyCategory.MITIGATION: "workarounds",
}
"""Where a remediation of this category stands."""


def cve_record(advisory: Advisory, assigner: Assigner) -> bytes:
    """Return *advisory* as a CVE record, published or, if it was withdrawn, rejected.

    Raises:
        Invalid: something mandatory is lacking or wrong; every fault is named.

    """
    faults = [*lacks(advisory), *unreadable(advisory)]
    own = cve_of(advisory)
    if own is None:
        said = "a CVE record is about a CVE; name it: CVE-2026-12345"
        faults.append(Violation("missing_field", "aliases", said))
    if not advisory.references and advisory.withdrawn is None:
        said = "a CVE record refers to something public; name its address"
        faults.append(Violation("missing_field", "references", said))
    if faults:
        raise _refusal(faults)
    record = _record(advisory, own or "", assigner)
    faults = [
        Violation("cve_schema", fault.pointer, fault.message)
        for fault in schemas.violations(schemas.CVE, record)
    ]
    if faults:
        raise _refusal(faults)
    return msgspec.json.format(msgspec.json.encode(record, order="sorted"), indent=2)


def _refusal(faults: list[Violation]) -> Invalid:
    return Invalid(
        f"this cannot be published as a CVE record: {len(faults)} faults", faults
    )


def _record(advisory: Advisory, own: str, assigner: Assigner) -> Json:
    name = {"assignerShortName": assigner.short_name} if assigner.short_name else {}
    rejected = advisory.withdrawn is not None
    return {
        "containers": {
            "cna": _rejection(advisory, assigner)
            if rejected
            else _container(advisory, assigner)
        },
        "cveMetadata": {
            "assignerOrgId": assigner.org_id,
            "cveId": own,
            "state": "REJECTED" if rejected else "PUBLISHED",
            **name,
        },
        "dataType": "CVE_RECORD",
        "dataVersion": DATA_VERSION,
    }


def _provider(assigner: Assigner) -> Json:
    name = {"shortName": assigner.short_name} if assigner.short_name else {}
    return {"orgId": assigner.org_id, **name}


def _rejection(advisory: Advisory, assigner: Assigner) -> Json:
    return {
        "providerMetadata": _provider(assigner),
        "rejectedReasons": [{"lang": "en", "value": advisory.withdrawal}],
    }


def _container(advisory: Advisory, assigner: Assigner) -> Json:
    found: Json = {
        "affected": _once([_affected(a) for a in advisory.affected]),
        "credits": _once(
            [
                {"lang": "en", "type": "finder", "value": c.name}
                for c in advisory.credits
            ]
        ),
        "datePublic": instant(advisory.published),
        "descriptions": [{"lang": "en", "value": advisory.description}],
        "metrics": _once([_metric(v) for v in advisory.severities]),
        "providerMetadata": _provider(assigner),
        "references": _once(
            [
                {
                    "url": r.url,
                    **({"name": r.summary} if r.summary else {}),
                    **({"tags": [_TAGS[r.category]]} if r.category in _TAGS else {}),
                }
                for r in advisory.references
            ]
        ),
        "title": advisory.title,
    }
    if advisory.cwe is not None:
        described = f"{advisory.cwe.id} {advisory.cwe.name}"
        weakness = {"cweId": advisory.cwe.id, "description": described}
        found["problemTypes"] = [
            {"descriptions": [{**weakness, "lang": "en", "type": "CWE"}]}
        ]
    for remedy in advisory.remediations:
        place = _PLACES.get(remedy.category)
        if place is not None:
            said = {"lang": "en", "value": remedy.details}
            found[place] = _once([*found.get(place, []), said])
    return {name: value for name, value in found.items() if value}


def _once(items: list[Json]) -> list[Json]:
    """Return *items* without repetition, as the schema asks."""
    return [item for place, item in enumerate(items) if item not in items[:place]]


def _metric(vector: str) -> Json:
    rating = scored(vector)
    return {f"cvssV{rating['version'].replace('.', '_')}": rating, "format": "CVSS"}


def _affected(affected: Affected) -> Json:
    entry: Json = {
        "defaultStatus": "unaffected",
        "product": affected.product,
        "vendor": affected.vendor,
        "versions": _once(list(_versions(affected))),
    }
    package = purl.read(affected.purl) if affected.purl else None
    if package is not None and package.type in COLLECTIONS:
        entry["collectionURL"] = COLLECTIONS[package.type]
        between = ":" if package.type == "maven" else "/"
        steps = filter(None, [package.namespace, package.name])
        entry["packageName"] = between.join(steps)
    return entry


def _versions(affected: Affected) -> Iterator[Json]:
    if affected.has_range:
        bound: Json = {"lessThan": "*"}
        if affected.fixed:
            bound = {"lessThan": affected.fixed}
        elif affected.last_affected:
            bound = {"lessThanOrEqual": affected.last_affected}
        kind = {"status": "affected", "versionType": "custom"}
        yield {"version": affected.introduced, **kind, **bound}
    for version in affected.versions:
        yield {"status": "affected", "version": version}
