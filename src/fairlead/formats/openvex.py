"""OpenVEX 0.2.0 documents (https://github.com/openvex/spec) from an advisory's content.

One document says of each product whether it is affected, and what to do.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from fairlead.errors import Invalid, Violation
from fairlead.formats import purl
from fairlead.formats.advisory import Advisory, Affected, lacks
from fairlead.formats.csaf import instant
from fairlead.formats.csaf_products import version_range
from fairlead.formats.cve import cve_of

Json = dict[str, Any]

CONTEXT = "https://openvex.dev/ns/v0.2.0"


def not_carried(advisory: Advisory) -> tuple[str, ...]:
    """Say what of *advisory* OpenVEX has no place for."""
    return tuple(_not_carried(advisory))


def _not_carried(advisory: Advisory) -> Iterator[str]:
    for name in ("title", "summary"):
        yield f"{name}: {getattr(advisory, name)}"
    yield from (f"severities: {vector}" for vector in advisory.severities)
    yield from (f"references: {reference.url}" for reference in advisory.references)
    yield from (f"credits: {credit.name}" for credit in advisory.credits)
    yield f"marking: {advisory.marking.value}"
    yield from (f"revisions: {r.summary}" for r in advisory.revisions)
    if advisory.cwe is not None:
        yield f"cwe: {advisory.cwe.id}"
    for i, affected in enumerate(advisory.affected):
        yield f"affected[{i}].vendor: {affected.vendor}"
        if affected.has_range:
            yield f"affected[{i}]: the range {version_range(affected)} is told in words"
    if advisory.withdrawn is not None:
        yield f"withdrawal: {advisory.withdrawal}"


def openvex_document(advisory: Advisory, address: str) -> bytes:
    """Return *advisory* as an OpenVEX document that is found at *address*.

    Raises:
        Invalid: something mandatory is lacking, or it was withdrawn, which the format
            cannot say; every fault is named.

    """
    faults = list(lacks(advisory))
    if advisory.withdrawn is not None:
        said = "OpenVEX has no withdrawal; publish a correction instead"
        faults.append(Violation("not_carried", "withdrawn", said))
    if faults:
        raise Invalid(
            f"this cannot be published as OpenVEX: {len(faults)} faults", faults
        )
    document: Json = {
        "@context": CONTEXT,
        "@id": address,
        "author": advisory.publisher.name,
        "last_updated": instant(advisory.revised),
        "role": advisory.publisher.category,
        "statements": list(_statements(advisory)),
        "timestamp": instant(advisory.published),
        "tooling": "Fairlead",
        "version": max(r.number for r in advisory.revisions),
    }
    return msgspec.json.format(msgspec.json.encode(document, order="sorted"), indent=2)


def _statements(advisory: Advisory) -> Iterator[Json]:
    name = cve_of(advisory) or advisory.id
    others = [a for a in (advisory.id, *advisory.aliases) if a != name]
    about = {
        "description": advisory.description,
        "name": name,
        **({"aliases": others} if others else {}),
    }
    action = " ".join(r.details for r in advisory.remediations)
    fixes = [f"{a.product} {a.fixed}" for a in advisory.affected if a.fixed]
    if not action:
        action = f"Update to {', '.join(fixes)}." if fixes else "None is known yet."
    ranges = [
        f"{a.product}: {version_range(a)}" for a in advisory.affected if a.has_range
    ]
    affected = [product for a in advisory.affected for product in _affected(a)]
    yield {
        "action_statement": action,
        "products": [{"@id": product} for product in dict.fromkeys(affected)],
        "status": "affected",
        "status_notes": "Affected: " + "; ".join(ranges) if ranges else "As listed.",
        "vulnerability": about,
    }
    fixed = [_product(a, a.fixed) for a in advisory.affected if a.fixed]
    if fixed:
        yield {
            "products": [{"@id": product} for product in dict.fromkeys(fixed)],
            "status": "fixed",
            "vulnerability": about,
        }


def _affected(affected: Affected) -> Iterator[str]:
    if affected.has_range:
        yield _product(affected, None)
    for version in affected.versions:
        yield _product(affected, version)


def _product(affected: Affected, version: str | None) -> str:
    """Return what names a product: its package URL, a generic one if it has none."""
    if affected.purl is not None:
        package = purl.read(affected.purl)._replace(version=version)
    else:
        package = purl.build(
            "generic", affected.product, namespace=affected.vendor, version=version
        )
    return purl.canonical(package)
