"""The content of an advisory from an OSV record."""

from __future__ import annotations

from collections.abc import Iterator
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
    ReferenceCategory,
    Revision,
)
from fairlead.formats.csaf_tests.view import objects, part, strings, text
from fairlead.formats.intervals import from_events
from fairlead.formats.weaknesses import weakness

Json = dict[str, Any]

_KNOWN = frozenset(
    [
        "schema_version",
        "id",
        "modified",
        "published",
        "withdrawn",
        "aliases",
        "summary",
        "details",
        "severity",
        "affected",
        "references",
        "credits",
        "database_specific",
    ]
)


def read(record: Json, publisher: Publisher) -> tuple[Advisory, tuple[str, ...]]:
    """Return *record* as an advisory, and what of it is not in it."""
    lost = [name for name in record if name not in _KNOWN]
    ours = part(record, "database_specific")
    lost += [
        f"database_specific.{name}"
        for name in ours
        if name not in {"publisher", "tlp", "cwe_ids"}
    ]
    modified = instants.parse(text(record, "modified"))
    published = text(record, "published")
    name = text(record, "id").removeprefix("x_")
    cwes = [item for _, item in strings(ours, "cwe_ids")]
    lost += [f"cwe_ids: {item}" for item in cwes[1:]]
    summary = text(record, "summary")
    details = text(record, "details")
    withdrawn = text(record, "withdrawn")
    advisory = Advisory(
        id=name,
        title=summary or name,
        summary=summary or name,
        description=details or summary or name,
        published=instants.parse(published) if published else modified,
        revised=modified,
        revisions=(Revision(number=1, at=modified, summary="As published in OSV."),),
        marking=Label(text(ours, "tlp") or Label.CLEAR.value),
        publisher=publisher,
        affected=tuple(_affected(record, lost)),
        aliases=tuple(alias for _, alias in strings(record, "aliases")),
        cwe=weakness(cwes[0]) if cwes else None,
        severities=tuple(_severities(record, lost)),
        references=tuple(_references(record, lost)),
        credits=tuple(
            Credit(name=text(node, "name")) for _, node in objects(record, "credits")
        ),
        withdrawn=instants.parse(withdrawn) if withdrawn else None,
        withdrawal="Withdrawn by its publisher." if withdrawn else "",
    )
    return advisory, tuple(lost)


def _severities(record: Json, lost: list[str]) -> Iterator[str]:
    for _, node in objects(record, "severity"):
        vector = text(node, "score")
        if vector.startswith(("CVSS:3", "CVSS:4")):
            yield vector
        else:
            lost.append(f"severity: {text(node, 'type')} {vector}")


def _affected(record: Json, lost: list[str]) -> Iterator[Affected]:
    for pointer, node in objects(record, "affected"):
        package = part(node, "package")
        written = purl.parse(text(package, "purl"))
        name = text(package, "name")
        if not name:
            lost.append(f"{pointer}: it names no package")
            continue
        bare = Affected(
            vendor=name,
            product=name,
            purl=purl.canonical(purl.without_version(written)) if written else None,
            ecosystem=text(package, "ecosystem") or None,
        )
        lost += [
            f"{pointer}.{key}"
            for key in node
            if key not in {"package", "ranges", "versions"}
        ]
        versions = tuple(version for _, version in strings(node, "versions"))
        intervals = []
        for where, found in objects(node, "ranges", pointer):
            if text(found, "type") == "GIT":
                lost.append(f"{where}: commits")
                continue
            events = [event for _, event in objects(found, "events")]
            intervals += list(from_events(events))
        for interval in intervals:
            yield replace(
                bare,
                introduced=interval.introduced,
                fixed=interval.fixed,
                last_affected=interval.last,
                versions=versions,
            )
            versions = ()
        if versions:
            yield replace(bare, versions=versions)


def _references(record: Json, lost: list[str]) -> Iterator[Reference]:
    for pointer, node in objects(record, "references"):
        kind = text(node, "type")
        known = kind in set(ReferenceCategory)
        if not known:
            lost.append(f"{pointer}: {kind}")
        category = ReferenceCategory(kind) if known else ReferenceCategory.WEB
        yield Reference(url=text(node, "url"), summary="", category=category)
