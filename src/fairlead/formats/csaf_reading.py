"""The content of advisories from CSAF 2.0 and 2.1 documents."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from msgspec.structs import replace

from fairlead.base import instants
from fairlead.base.markings import Label
from fairlead.formats import purl
from fairlead.formats.advisory import (
    Advisory,
    Affected,
    Credit,
    Publisher,
    Reference,
    Remediation,
    RemedyCategory,
    Revision,
    Weakness,
)
from fairlead.formats.csaf_tests.view import (
    Branch,
    Product,
    View,
    objects,
    part,
    strings,
    text,
)
from fairlead.formats.intervals import from_range

Json = dict[str, Any]

_KNOWN = frozenset(
    [
        "acknowledgments",
        "cve",
        "cwe",
        "cwes",
        "ids",
        "metrics",
        "notes",
        "product_status",
        "references",
        "remediations",
        "scores",
        "title",
    ]
)
"""What is read of a vulnerability."""
_AFFECTED = ("first_affected", "known_affected", "last_affected")
_LABELS = {"WHITE": Label.CLEAR, "AMBER+STRICT": Label.AMBER_STRICT}


@dataclass(slots=True)
class _Reading:
    """One vulnerability, while it is read."""

    view: View
    vulnerability: Json
    lost: list[str] = field(default_factory=list)


def read(document: Json) -> Iterator[tuple[Advisory, tuple[str, ...]]]:
    """Yield each vulnerability of *document* as an advisory, with what it leaves out."""
    view = View(document)
    found = [node for _, node in view.vulnerabilities] or [{}]
    for number, vulnerability in enumerate(found, 1):
        reading = _Reading(view, vulnerability)
        name = text(view.tracking, "id")
        if len(found) > 1:
            name = f"{name}-{number}"
        advisory = _advisory(reading, name)
        yield advisory, tuple(reading.lost)


def _advisory(reading: _Reading, name: str) -> Advisory:
    view, vulnerability = reading.view, reading.vulnerability
    tracking = view.tracking
    reading.lost += [key for key in vulnerability if key not in _KNOWN]
    reading.lost += [f"product_tree.{k}" for k in view.tree if k == "product_groups"]
    summary, withdrawal = _document_notes(reading)
    title = text(view.document, "title")
    withdrawn = view.category == "csaf_withdrawn" or (
        bool(withdrawal) and not view.vulnerabilities
    )
    revised = instants.parse(text(tracking, "current_release_date"))
    return Advisory(
        id=name,
        title=title,
        summary=summary or title,
        description=_description(reading) or summary or title,
        published=instants.parse(text(tracking, "initial_release_date")),
        revised=revised,
        revisions=tuple(_revisions(view)),
        marking=_marking(view),
        publisher=_publisher(view),
        affected=tuple(_affected(reading)),
        aliases=tuple(_aliases(reading, name)),
        cwe=_weakness(reading),
        severities=tuple(_severities(reading)),
        remediations=tuple(_remediations(reading)),
        references=tuple(_references(reading)),
        credits=tuple(_credits(vulnerability)),
        withdrawn=revised if withdrawn else None,
        withdrawal=withdrawal,
    )


def _document_notes(reading: _Reading) -> tuple[str, str]:
    summary = withdrawal = ""
    for pointer, note in objects(reading.view.document, "notes", "document"):
        if text(note, "title") == "Reasoning for Withdrawal":
            withdrawal = text(note, "text")
        elif text(note, "category") == "summary" and not summary:
            summary = text(note, "text")
        else:
            reading.lost.append(f"{pointer}: {text(note, 'title')}")
    return summary, withdrawal


def _description(reading: _Reading) -> str:
    found = ""
    for pointer, note in objects(reading.vulnerability, "notes"):
        wanted = text(note, "category") in {"description", "summary"}
        if wanted and not found:
            found = text(note, "text")
        else:
            reading.lost.append(f"{pointer}: {text(note, 'title')}")
    return found


def _revisions(view: View) -> Iterator[Revision]:
    for _, node in view.revisions:
        number = text(node, "number").partition(".")[0]
        yield Revision(
            number=int(number),
            at=instants.parse(text(node, "date")),
            summary=text(node, "summary"),
        )


def _marking(view: View) -> Label:
    if text(part(view.document, "distribution"), "text") == Label.AMBER_STRICT.value:
        return Label.AMBER_STRICT
    if view.tlp in _LABELS:
        return _LABELS[view.tlp]
    return Label(f"TLP:{view.tlp}") if view.tlp else Label.CLEAR


def _publisher(view: View) -> Publisher:
    publisher = part(view.document, "publisher")
    return Publisher(
        name=text(publisher, "name"),
        namespace=text(publisher, "namespace"),
        category=text(publisher, "category"),
        contact=text(publisher, "contact_details") or None,
    )


def _affected(reading: _Reading) -> Iterator[Affected]:
    view = reading.view
    status = part(reading.vulnerability, "product_status")
    reading.lost += [
        f"product_status.{name}"
        for name in status
        if name not in {*_AFFECTED, "fixed", "first_fixed"}
    ]
    for name in _AFFECTED:
        for _, product in strings(status, name):
            yield from _versions(reading, view.by_id.get(product), product)


def _versions(
    reading: _Reading, product: Product | None, name: str
) -> Iterator[Affected]:
    if product is None or not product.path:
        reading.lost.append(f"affected: {name} is in no branch of the product tree")
        return
    vendor, called = _named(product, "vendor"), _named(product, "product_name")
    last: Branch = product.path[-1]
    package = purl.parse(
        text(product.helper, "purl")
        or next((p for _, p in strings(product.helper, "purls")), "")
    )
    bare = purl.canonical(purl.without_version(package)) if package else None
    common = Affected(vendor=vendor or called, product=called or vendor, purl=bare)
    ranged = _named(product, "product_version_range")
    version = _named(product, "product_version")
    if version.startswith("vers:"):
        ranged = version
    if ranged:
        understood = from_range(ranged)
        if understood is None:
            reading.lost.append(f"affected: {called} {ranged} is no range of versions")
            return
        reading.lost += [f"affected: {called} {gone}" for gone in understood.lost]
        for interval in understood.intervals:
            yield replace(
                common,
                introduced=interval.introduced,
                fixed=interval.fixed,
                last_affected=interval.last,
            )
        if understood.versions:
            yield replace(common, versions=understood.versions)
    elif version:
        yield replace(common, versions=(version,))
    elif last.category in {"product_name", "vendor"}:
        yield common
    else:
        reading.lost.append(f"affected: {called} {last.category} {last.name}")


def _named(product: Product, category: str) -> str:
    return next((b.name for b in product.path if b.category == category), "")


def _aliases(reading: _Reading, name: str) -> Iterator[str]:
    cve = text(reading.vulnerability, "cve")
    if cve:
        yield cve
    for _, item in objects(reading.vulnerability, "ids"):
        if text(item, "text") not in {name, cve}:
            yield text(item, "text")


def _weakness(reading: _Reading) -> Weakness | None:
    found = (
        [part(reading.vulnerability, "cwe")] if "cwe" in reading.vulnerability else []
    )
    found += [node for _, node in objects(reading.vulnerability, "cwes")]
    reading.lost += [f"cwes: {text(node, 'id')}" for node in found[1:]]
    if not found:
        return None
    return Weakness(id=text(found[0], "id"), name=text(found[0], "name"))


def _severities(reading: _Reading) -> Iterator[str]:
    seen: set[str] = set()
    contents = [node for _, node in objects(reading.vulnerability, "scores")]
    contents += [
        part(node, "content") for _, node in objects(reading.vulnerability, "metrics")
    ]
    for content in contents:
        for name, rating in content.items():
            if name == "products":
                continue
            vector = text(rating, "vectorString") if isinstance(rating, dict) else ""
            if not vector.startswith(("CVSS:3", "CVSS:4")):
                reading.lost.append(f"severities: {name} {vector}".strip())
            elif vector not in seen:
                seen.add(vector)
                yield vector


def _remediations(reading: _Reading) -> Iterator[Remediation]:
    for pointer, node in objects(reading.vulnerability, "remediations"):
        category = text(node, "category")
        if category not in set(RemedyCategory):
            reading.lost.append(f"{pointer}: {category}")
            continue
        for key in ("restart_required", "entitlements", "date"):
            if key in node:
                reading.lost.append(f"{pointer}: {key}")
        yield Remediation(
            category=RemedyCategory(category),
            details=text(node, "details"),
            url=text(node, "url") or None,
        )


def _references(reading: _Reading) -> Iterator[Reference]:
    places = [reading.view.document, reading.vulnerability]
    for holder in places:
        for _, node in objects(holder, "references"):
            if text(node, "category") != "self":
                yield Reference(url=text(node, "url"), summary=text(node, "summary"))


def _credits(vulnerability: Json) -> Iterator[Credit]:
    for _, node in objects(vulnerability, "acknowledgments"):
        names = [name for _, name in strings(node, "names")]
        for name in names or filter(None, [text(node, "organization")]):
            yield Credit(name=name)
