"""CSAF 2.0 documents (OASIS Standard, 18 November 2022) from the content of an advisory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from cvss import CVSS3
from cvss.exceptions import CVSSError
from packageurl import PackageURL

from fairlead.base import instants
from fairlead.base.markings import Label
from fairlead.errors import Invalid, Violation
from fairlead.formats.advisory import Advisory, Affected, RemedyCategory, lacks

_TLP = {
    Label.CLEAR: "WHITE",
    Label.GREEN: "GREEN",
    Label.AMBER: "AMBER",
    Label.AMBER_STRICT: "AMBER",
    Label.RED: "RED",
}
"""CSAF 2.0 knows the labels of TLP 1 only (3.2.1.5.2.1)."""

_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,}")
_CWE = re.compile(r"CWE-[1-9][0-9]{0,5}")
_NAME = re.compile(r"[^+\-a-z0-9]+")

Json = dict[str, Any]


def csaf_file_name(name: str) -> str:
    """Return the file name of the document with this tracking id (CSAF 2.0, 5.1)."""
    return _NAME.sub("_", name.lower()) + ".json"


def not_carried(advisory: Advisory) -> tuple[str, ...]:
    """Say what of *advisory* CSAF 2.0 has no place for."""
    lost = [
        f"severities: {vector} (CSAF 2.0 carries CVSS 2 and 3 only)"
        for vector in advisory.severities
        if not vector.startswith("CVSS:3")
    ]
    if advisory.marking is Label.AMBER_STRICT:
        lost.append("marking: TLP:AMBER+STRICT is written as AMBER, with a note")
    return tuple(lost)


def csaf_document(advisory: Advisory) -> bytes:
    """Return *advisory* as a CSAF 2.0 document of the profile “security advisory”.

    Raises:
        Invalid: something mandatory is lacking or wrong; every fault is named.

    """
    faults = [*lacks(advisory), *_faults(advisory)]
    if faults:
        raise Invalid(
            f"this cannot be published as CSAF 2.0: {len(faults)} faults", faults
        )
    products = _Products(advisory)
    document: Json = {
        "document": _head(advisory),
        "product_tree": {"branches": products.branches},
        "vulnerabilities": [_vulnerability(advisory, products)],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2)


def _faults(advisory: Advisory) -> Iterator[Violation]:
    if advisory.cwe is not None and not _CWE.fullmatch(advisory.cwe.id):
        yield Violation("invalid_cwe", "cwe.id", "write it as CWE-787")
    for i, vector in enumerate(advisory.severities):
        if not vector.startswith("CVSS:3"):
            continue
        try:
            CVSS3(vector)
        except CVSSError as error:
            yield Violation("invalid_cvss", f"severities[{i}]", str(error))


def _head(advisory: Advisory) -> Json:
    publisher = advisory.publisher
    return {
        "category": "csaf_security_advisory",
        "csaf_version": "2.0",
        "distribution": {
            "text": advisory.marking.value,
            "tlp": {
                "label": _TLP[advisory.marking],
                "url": "https://www.first.org/tlp/",
            },
        },
        "lang": "en",
        "notes": [
            {"category": "summary", "text": advisory.summary, "title": "Summary"}
        ],
        "publisher": {
            "category": publisher.category,
            "name": publisher.name,
            "namespace": publisher.namespace,
            **({"contact_details": publisher.contact} if publisher.contact else {}),
        },
        "title": advisory.title,
        "tracking": {
            "current_release_date": _instant(advisory.revised),
            "generator": {"engine": {"name": "Fairlead"}},
            "id": advisory.id,
            "initial_release_date": _instant(advisory.published),
            "revision_history": [
                {
                    "date": _instant(revision.at),
                    "number": str(revision.number),
                    "summary": revision.summary,
                }
                for revision in advisory.revisions
            ],
            "status": "final",
            "version": str(max(r.number for r in advisory.revisions)),
        },
    }


def _vulnerability(advisory: Advisory, products: _Products) -> Json:
    cves = [alias for alias in advisory.aliases if _CVE.fullmatch(alias)]
    others = [alias for alias in advisory.aliases if alias not in cves[:1]]
    status: Json = {"known_affected": products.affected}
    if products.fixed:
        status["fixed"] = products.fixed
    found: Json = {
        "ids": [
            {"system_name": advisory.publisher.name, "text": advisory.id},
            *({"system_name": _system(alias), "text": alias} for alias in others),
        ],
        "notes": [
            {
                "category": "description",
                "text": advisory.description,
                "title": "Description",
            }
        ],
        "product_status": status,
        "title": advisory.title,
    }
    if cves:
        found["cve"] = cves[0]
    if advisory.cwe is not None:
        found["cwe"] = {"id": advisory.cwe.id, "name": advisory.cwe.name}
    if advisory.credits:
        found["acknowledgments"] = [{"names": [c.name]} for c in advisory.credits]
    if advisory.references:
        found["references"] = [
            {
                "category": "external",
                "summary": r.summary or r.category.value.capitalize(),
                "url": r.url,
            }
            for r in advisory.references
        ]
    remediations = list(_remediations(advisory, products))
    if remediations:
        found["remediations"] = remediations
    scores = [
        _score(v, products) for v in advisory.severities if v.startswith("CVSS:3")
    ]
    if scores:
        found["scores"] = scores[:1]
    return found


def _remediations(advisory: Advisory, products: _Products) -> Iterator[Json]:
    """Return the remediations; a fixed version is one even if nobody wrote so.

    The profile asks for a remediation wherever a product is fixed.
    """
    for remedy in advisory.remediations:
        yield {
            "category": remedy.category.value,
            "details": remedy.details,
            "product_ids": products.affected,
            **({"url": remedy.url} if remedy.url else {}),
        }
    written = {remedy.category for remedy in advisory.remediations}
    fixes = [f"{a.product} {a.fixed}" for a in advisory.affected if a.fixed]
    if fixes and RemedyCategory.VENDOR_FIX not in written:
        yield {
            "category": RemedyCategory.VENDOR_FIX.value,
            "details": f"Update to {', '.join(fixes)} or later.",
            "product_ids": products.affected,
        }


def _score(vector: str, products: _Products) -> Json:
    scored = CVSS3(vector)
    return {
        "cvss_v3": {
            "baseScore": float(scored.base_score),
            "baseSeverity": scored.severities()[0].upper(),
            "vectorString": scored.clean_vector(),
            "version": f"3.{scored.minor_version}",
        },
        "products": products.affected,
    }


class _Products:
    """The product tree: vendor, product, then the versions that are told apart."""

    def __init__(self, advisory: Advisory) -> None:
        self.affected: list[str] = []
        self.fixed: list[str] = []
        self._count = 0
        vendors: dict[str, dict[str, list[Json]]] = {}
        for affected in advisory.affected:
            versions = vendors.setdefault(affected.vendor, {}).setdefault(
                affected.product, []
            )
            versions += self._versions(affected)
        self.branches = [
            {
                "branches": [
                    {"branches": versions, "category": "product_name", "name": product}
                    for product, versions in products.items()
                ],
                "category": "vendor",
                "name": vendor,
            }
            for vendor, products in vendors.items()
        ]

    def _versions(self, affected: Affected) -> Iterator[Json]:
        if affected.fixed or affected.last_affected or not affected.versions:
            name = version_range(affected)
            yield self._branch(affected, "product_version_range", name, self.affected)
        for version in affected.versions:
            yield self._branch(affected, "product_version", version, self.affected)
        if affected.fixed:
            yield self._branch(affected, "product_version", affected.fixed, self.fixed)

    def _branch(
        self, affected: Affected, category: str, name: str, status: list[str]
    ) -> Json:
        self._count += 1
        product_id = f"FLPID-{self._count:04}"
        status.append(product_id)
        product: Json = {
            "name": f"{affected.vendor} {affected.product} {name}",
            "product_id": product_id,
        }
        if affected.purl:
            purl = PackageURL.from_string(affected.purl)
            version = name if category == "product_version" else None
            helper = purl._replace(version=version).to_string()
            product["product_identification_helper"] = {"purl": helper}
        return {"category": category, "name": name, "product": product}


def version_range(affected: Affected) -> str:
    """Return the affected range as a version range specifier: `vers:pypi/<9.2.0`."""
    kind = PackageURL.from_string(affected.purl).type if affected.purl else "generic"
    parts = [] if affected.introduced == "0" else [f">={affected.introduced}"]
    if affected.fixed:
        parts.append(f"<{affected.fixed}")
    if affected.last_affected:
        parts.append(f"<={affected.last_affected}")
    return f"vers:{kind}/{'|'.join(parts) or '*'}"


def _system(alias: str) -> str:
    return alias.split("-", 1)[0] or "other"


def _instant(at: datetime) -> str:
    return instants.in_utc(at).strftime("%Y-%m-%dT%H:%M:%SZ")
