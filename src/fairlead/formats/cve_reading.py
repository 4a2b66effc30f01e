"""The content of an advisory from a CVE record: what its numbering authority says."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from fairlead.base.markings import Label
from fairlead.formats import purl
from fairlead.formats.advisory import (
    Advisory,
    Affected,
    Credit,
    Publisher,
    Reference,
    ReferenceCategory,
    Remediation,
    RemedyCategory,
    Revision,
)
from fairlead.formats.csaf_tests.view import objects, part, strings, text
from fairlead.formats.cve import COLLECTIONS
from fairlead.formats.intervals import Interval, from_words
from fairlead.formats.weaknesses import weakness

Json = dict[str, Any]

_KNOWN = frozenset(
    [
        "affected",
        "credits",
        "datePublic",
        "descriptions",
        "metrics",
        "problemTypes",
        "providerMetadata",
        "references",
        "rejectedReasons",
        "solutions",
        "title",
        "workarounds",
    ]
)
_TAGS = {
    "patch": ReferenceCategory.FIX,
    "issue-tracking": ReferenceCategory.REPORT,
    "vendor-advisory": ReferenceCategory.ADVISORY,
}
_TYPES = {address: kind for kind, address in COLLECTIONS.items()}


def read(record: Json, publisher: Publisher) -> tuple[Advisory, tuple[str, ...]]:
    """Return *record* as an advisory, and what of it is not in it."""
    head, container = part(record, "cveMetadata"), part(record, "containers", "cna")
    lost = [f"cna.{name}" for name in container if name not in _KNOWN]
    lost += [
        f"containers.{name}" for name in part(record, "containers") if name != "cna"
    ]
    name = text(head, "cveId")
    described = _english(container, "descriptions")
    rejected = text(head, "state") == "REJECTED"
    reason = _english(container, "rejectedReasons")
    at = _instant(text(head, "dateUpdated"), text(container, "datePublic"))
    title = text(container, "title") or described[:120] or name
    advisory = Advisory(
        id=name,
        title=title,
        summary=title,
        description=described or title,
        published=_instant(
            text(container, "datePublic"), text(head, "datePublished"), default=at
        ),
        revised=at,
        revisions=(Revision(number=1, at=at, summary="As published by the CNA."),),
        marking=Label.CLEAR,
        publisher=publisher,
        affected=tuple(_affected(container, lost)),
        aliases=(name,),
        cwe=next(_weaknesses(container), None),
        severities=tuple(_severities(container, lost)),
        remediations=tuple(_remediations(container)),
        references=tuple(_references(container)),
        credits=tuple(
            Credit(name=text(node, "value"))
            for _, node in objects(container, "credits")
        ),
        withdrawn=at if rejected else None,
        withdrawal=reason or ("Rejected." if rejected else ""),
    )
    return advisory, tuple(lost)


def _instant(*written: str, default: datetime | None = None) -> datetime:
    """Return the first instant that is there; CVE leaves the zone out and means UTC."""
    for one in filter(None, written):
        return _parsed(one)
    return default or datetime(1970, 1, 1, tzinfo=UTC)


def _parsed(written: str) -> datetime:
    at = datetime.fromisoformat(written)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _english(container: Json, name: str) -> str:
    found = [
        text(node, "value")
        for _, node in objects(container, name)
        if text(node, "lang").lower().startswith("en")
    ]
    return "\n\n".join(found)


def _weaknesses(container: Json) -> Iterator[Any]:
    for _, node in objects(container, "problemTypes"):
        for _, described in objects(node, "descriptions"):
            found = weakness(text(described, "cweId"))
            if found is not None:
                yield found


def _severities(container: Json, lost: list[str]) -> Iterator[str]:
    seen: set[str] = set()
    for _, node in objects(container, "metrics"):
        for name, rating in node.items():
            vector = text(rating, "vectorString") if isinstance(rating, dict) else ""
            if vector.startswith(("CVSS:3", "CVSS:4")) and vector not in seen:
                seen.add(vector)
                yield vector
            elif vector and vector not in seen:
                lost.append(f"metrics: {name} {vector}")


def _affected(container: Json, lost: list[str]) -> Iterator[Affected]:
    for pointer, node in objects(container, "affected"):
        name = text(node, "product") or text(node, "packageName")
        common = Affected(
            vendor=text(node, "vendor") or name, product=name, purl=_package(node)
        )
        lost += [
            f"{pointer}.{key}"
            for key in ("cpes", "modules", "platforms", "programFiles", "repo")
            if key in node
        ]
        entries = [entry for _, entry in objects(node, "versions")]
        if not entries and text(node, "defaultStatus") == "affected":
            yield common
        single: list[str] = []
        for entry in entries:
            bounded = text(entry, "lessThan") or text(entry, "lessThanOrEqual")
            if text(entry, "status") != "affected" or "changes" in entry:
                lost.append(f"{pointer}.versions: {text(entry, 'version')}")
            elif bounded:
                yield _ranged(common, entry)
            elif (said := from_words(text(entry, "version"))) is not None:
                lost += [f"{pointer}.versions: {gone}" for gone in said.lost]
                yield from (_interval(common, found) for found in said.intervals)
            else:
                single.append(text(entry, "version"))
        if single:
            yield replace(common, versions=tuple(single))


def _ranged(common: Affected, entry: Json) -> Affected:
    below, upto = text(entry, "lessThan"), text(entry, "lessThanOrEqual")
    return replace(
        common,
        introduced=text(entry, "version") or "0",
        fixed=below if below not in {"", "*"} else None,
        last_affected=upto if upto not in {"", "*"} else None,
    )


def _interval(common: Affected, found: Interval) -> Affected:
    return replace(
        common,
        introduced=found.introduced,
        fixed=found.fixed,
        last_affected=found.last,
    )


def _package(node: Json) -> str | None:
    kind = _TYPES.get(text(node, "collectionURL").rstrip("/"))
    name = text(node, "packageName")
    if kind is None or not name:
        return None
    between = ":" if kind == "maven" else "/"
    namespace, _, last = name.rpartition(between)
    return purl.canonical(purl.build(kind, last, namespace=namespace or None))


def _remediations(container: Json) -> Iterator[Remediation]:
    for place, category in (
        ("solutions", RemedyCategory.VENDOR_FIX),
        ("workarounds", RemedyCategory.WORKAROUND),
    ):
        for _, node in objects(container, place):
            yield Remediation(category=category, details=text(node, "value"))


def _references(container: Json) -> Iterator[Reference]:
    for _, node in objects(container, "references"):
        tags = [tag for _, tag in strings(node, "tags")]
        category = next((_TAGS[t] for t in tags if t in _TAGS), ReferenceCategory.WEB)
        yield Reference(
            url=text(node, "url"), summary=text(node, "name"), category=category
        )
