"""CSAF 2.0 and 2.1 documents (OASIS) from the content of an advisory.

What is written is held against the schema and every mandatory test before it is handed
out, so that nothing leaves that another's checker would refuse.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from fairlead.base import instants
from fairlead.base.markings import Label
from fairlead.errors import Invalid, Violation
from fairlead.formats import csaf_tests, schemas
from fairlead.formats.advisory import Advisory, RemedyCategory, lacks
from fairlead.formats.csaf_products import Products
from fairlead.formats.csaf_scores import ratings, unreadable
from fairlead.formats.csaf_tests import Group
from fairlead.formats.csaf_tests.tables import cwe
from fairlead.formats.csaf_tests.texts import file_name
from fairlead.formats.csaf_tests.weaknesses import name_in

Json = dict[str, Any]


class Version(StrEnum):
    """Versions of the standard."""

    V2_0 = "2.0"
    V2_1 = "2.1"


_TLP_2_0 = {
    Label.CLEAR: "WHITE",
    Label.GREEN: "GREEN",
    Label.AMBER: "AMBER",
    Label.AMBER_STRICT: "AMBER",
    Label.RED: "RED",
}
"""CSAF 2.0 knows the labels of TLP 1 only (3.2.1.5.2.1)."""

_CVE = re.compile(r"CVE-[0-9]{4}-[0-9]{4,}")
_SCHEMA = {Version.V2_0: schemas.CSAF_2_0, Version.V2_1: schemas.CSAF_2_1}


def csaf_file_name(name: str) -> str:
    """Return the file name of the document with this tracking id (CSAF 2.0, 5.1)."""
    return file_name(name)


FOLDERS = {Version.V2_0: "white", Version.V2_1: "v2.1/clear"}
"""Folder of the feed for everybody, below the address of the feeds."""


def path_of(advisory: Advisory, version: Version) -> str:
    """Return where the document is, below the address of the feeds."""
    year = f"{instants.in_utc(advisory.published).year:04}"
    return f"{FOLDERS[version]}/{year}/{csaf_file_name(advisory.id)}"


def tlp_label(marking: Label, version: Version) -> str:
    """Return *marking* as *version* of CSAF writes it."""
    if version is Version.V2_0:
        return _TLP_2_0[marking]
    return marking.value.removeprefix("TLP:")


def not_carried(advisory: Advisory, version: Version = Version.V2_0) -> tuple[str, ...]:
    """Say what of *advisory* CSAF has no place for."""
    if advisory.withdrawn is not None:
        return ("everything about products: the advisory is withdrawn",)
    return tuple(_not_carried(advisory, version))


def _not_carried(advisory: Advisory, version: Version) -> Iterator[str]:
    old = version is Version.V2_0
    seen: set[str] = set()
    for vector in advisory.severities:
        kind = vector[:8]
        if old and not vector.startswith("CVSS:3"):
            yield f"severities: {vector} (CSAF 2.0 carries CVSS 2 and 3 only)"
        elif kind[:6] in seen:
            yield f"severities: {vector} (one of each version of CVSS)"
        else:
            seen.add(kind[:6])
    if old and advisory.marking is Label.AMBER_STRICT:
        yield "marking: TLP:AMBER+STRICT is written as AMBER, with a note"
    for i, affected in enumerate(advisory.affected):
        if affected.ecosystem is not None:
            yield f"affected[{i}].ecosystem: {affected.ecosystem}"
    for i, reference in enumerate(advisory.references):
        yield f"references[{i}].category: {reference.category.value}"
    if old and any(
        r.category is RemedyCategory.FIX_PLANNED for r in advisory.remediations
    ):
        yield "remediations: fix_planned is written as none_available"


def csaf_document(advisory: Advisory, version: Version = Version.V2_0) -> bytes:
    """Return *advisory* as a CSAF document, with its keys sorted.

    Of the profile “security advisory”; of “withdrawn” if it is (in CSAF 2.0, which knows
    none, of “CSAF base” with the same note).

    Raises:
        Invalid: something mandatory is lacking or wrong; every fault is named.

    """
    faults = [*lacks(advisory), *unreadable(advisory), *_weakness_faults(advisory)]
    if faults:
        raise _refusal(version, faults)
    document = _document(advisory, version)
    written = msgspec.json.encode(document, order="sorted")
    faults = list(_broken(msgspec.json.decode(written), version))
    if faults:
        raise _refusal(version, faults)
    return msgspec.json.format(written, indent=2)


def _refusal(version: Version, faults: list[Violation]) -> Invalid:
    said = f"this cannot be published as CSAF {version}: {len(faults)} faults"
    return Invalid(said, faults)


def _broken(document: Json, version: Version) -> Iterator[Violation]:
    for fault in schemas.violations(_SCHEMA[version], document):
        yield Violation("csaf_schema", fault.pointer, fault.message)
    tests = csaf_tests.tests_of(version)
    mandatory = [test for test in tests if test.group is Group.MANDATORY]
    for failed in csaf_tests.run(document, mandatory):
        yield Violation(f"csaf_{failed.test.id}", failed.pointer, failed.message)


def _document(advisory: Advisory, version: Version) -> Json:
    head = {"document": _head(advisory, version)}
    if version is Version.V2_1:
        head["$schema"] = schemas.CSAF_2_1  # type: ignore[assignment]
    if advisory.withdrawn is not None:
        return head
    products = Products(advisory)
    return {
        **head,
        "product_tree": {"branches": products.branches(many=version is Version.V2_1)},
        "vulnerabilities": [_vulnerability(advisory, products, version)],
    }


def _head(advisory: Advisory, version: Version) -> Json:
    publisher = advisory.publisher
    head = {
        "category": _category(advisory, version),
        "csaf_version": version.value,
        "distribution": {
            "text": advisory.marking.value,
            "tlp": {
                "label": tlp_label(advisory.marking, version),
                "url": "https://www.first.org/tlp/",
            },
        },
        "lang": "en",
        "notes": list(_notes(advisory)),
        "publisher": {
            "category": publisher.category,
            "name": publisher.name,
            "namespace": publisher.namespace,
            **({"contact_details": publisher.contact} if publisher.contact else {}),
        },
        "title": advisory.title,
        "tracking": _tracking(advisory),
    }
    if advisory.canonical:
        head["references"] = [
            {
                "category": "self",
                "summary": "This document",
                "url": f"{advisory.canonical}/{path_of(advisory, version)}",
            }
        ]
    return head


def _category(advisory: Advisory, version: Version) -> str:
    if advisory.withdrawn is None:
        return "csaf_security_advisory"
    return "csaf_base" if version is Version.V2_0 else "csaf_withdrawn"


def _notes(advisory: Advisory) -> Iterator[Json]:
    yield {"category": "summary", "text": advisory.summary, "title": "Summary"}
    if advisory.withdrawn is not None:
        yield {
            "category": "description",
            "text": advisory.withdrawal,
            "title": "Reasoning for Withdrawal",
        }


def _tracking(advisory: Advisory) -> Json:
    return {
        "current_release_date": instant(advisory.revised),
        "generator": {"engine": {"name": "Fairlead"}},
        "id": advisory.id,
        "initial_release_date": instant(advisory.published),
        "revision_history": [
            {
                "date": instant(revision.at),
                "number": str(revision.number),
                "summary": revision.summary,
            }
            for revision in advisory.revisions
        ],
        "status": "final",
        "version": str(max(r.number for r in advisory.revisions)),
    }


def _vulnerability(advisory: Advisory, products: Products, version: Version) -> Json:
    found: Json = {
        "notes": [
            {
                "category": "description",
                "text": advisory.description,
                "title": "Description",
            }
        ],
        "product_status": products.status,
        "title": advisory.title,
        **_identifiers(advisory),
        **_weakness(advisory, version),
    }
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
    remediations = list(_remediations(advisory, products, version))
    if remediations:
        found["remediations"] = remediations
    if version is Version.V2_0:
        found["scores"] = [
            {**rating, "products": products.affected}
            for rating in ratings(advisory)
            if "cvss_v3" in rating
        ]
    else:
        found["metrics"] = [
            {"content": rating, "products": products.affected}
            for rating in ratings(advisory)
        ]
    return {name: value for name, value in found.items() if value}


def _identifiers(advisory: Advisory) -> Json:
    cves = [alias for alias in advisory.aliases if _CVE.fullmatch(alias)][:1]
    others = [alias for alias in advisory.aliases if alias not in cves]
    own = {"system_name": advisory.publisher.name, "text": advisory.id}
    ids = [own, *({"system_name": _system(alias), "text": alias} for alias in others)]
    return {"ids": ids, **({"cve": cves[0]} if cves else {})}


def _weakness(advisory: Advisory, version: Version) -> Json:
    if advisory.cwe is None:
        return {}
    name = advisory.cwe.id
    if version is Version.V2_0:
        return {"cwe": {"id": name, "name": advisory.cwe.name}}
    latest = _cwe_version(advisory.revised)
    # What it was called then: some names changed since.
    called = name_in(name.removeprefix("CWE-"), latest) or advisory.cwe.name
    return {"cwes": [{"id": name, "name": called, "version": latest}]}


def _weakness_faults(advisory: Advisory) -> Iterator[Violation]:
    if advisory.cwe is None:
        return
    number = advisory.cwe.id.removeprefix("CWE-")
    known = cwe()["weaknesses"].get(number)
    if known is None or not advisory.cwe.id.startswith("CWE-"):
        yield Violation("invalid_cwe", "cwe.id", "write it as CWE-787")
    elif advisory.cwe.name != known["history"][-1][1]:
        said = f"CWE calls it {known['history'][-1][1]!r}"
        yield Violation("invalid_cwe", "cwe.name", said)


def _cwe_version(at: datetime) -> str:
    """Return the version of CWE that was the latest at *at*."""
    day = instants.in_utc(at).date().isoformat()
    dates: dict[str, str] = cwe()["version_dates"]
    return max((since, name) for name, since in dates.items() if since <= day)[1]


def _remediations(
    advisory: Advisory, products: Products, version: Version
) -> Iterator[Json]:
    """Return the remediations; a fixed version is one even if nobody wrote so.

    The profile asks for a remediation wherever a product is fixed.
    """
    for remedy in advisory.remediations:
        category = remedy.category
        if version is Version.V2_0 and category is RemedyCategory.FIX_PLANNED:
            category = RemedyCategory.NONE_AVAILABLE
        yield {
            "category": category.value,
            "details": remedy.details,
            "product_ids": products.affected,
            **({"url": remedy.url} if remedy.url else {}),
        }
    written = {remedy.category for remedy in advisory.remediations}
    fixes = [f"{a.product} {a.fixed}" for a in advisory.affected if a.fixed]
    if fixes and written <= {RemedyCategory.WORKAROUND, RemedyCategory.MITIGATION}:
        yield {
            "category": RemedyCategory.VENDOR_FIX.value,
            "details": f"Update to {', '.join(fixes)} or later.",
            "product_ids": products.affected,
        }


def _system(alias: str) -> str:
    return alias.split("-", 1)[0] or "other"


def instant(at: datetime) -> str:
    """Return *at* as CSAF writes it, to the second."""
    return instants.in_utc(at).strftime("%Y-%m-%dT%H:%M:%SZ")
