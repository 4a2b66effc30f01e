"""OSV records (https://ossf.github.io/osv-schema/, up to 1.7), as JSON or YAML."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from msgspec import Struct, field

from fairlead.catalogue.reading.documents import (
    Json,
    Shape,
    convert,
    schema,
)
from fairlead.catalogue.reading.values import (
    instant,
    instant_or_none,
    links,
    name,
    severity,
    text,
    title,
)
from fairlead.catalogue.records import (
    Affected,
    CatalogueRecord,
    Severity,
    Source,
    Span,
    Status,
)
from fairlead.formats.packages import family_of


class _Package(Struct):
    ecosystem: str = ""
    name: str = ""
    purl: str | None = None


class _Event(Struct):
    introduced: str | None = None
    fixed: str | None = None
    last_affected: str | None = None
    limit: str | None = None


class _Range(Struct):
    type: str
    events: tuple[_Event, ...] = ()


class _Severity(Struct):
    type: str = ""
    score: str = ""


class _Affected(Struct):
    package: _Package = field(default_factory=_Package)
    ranges: tuple[_Range, ...] | None = ()
    versions: tuple[str, ...] | None = ()
    severity: tuple[_Severity, ...] | None = ()


class _Reference(Struct):
    url: str = ""


class _Osv(Struct):
    id: str
    modified: str
    published: str | None = None
    withdrawn: str | None = None
    summary: str = ""
    details: str = ""
    aliases: tuple[str, ...] | None = ()
    upstream: tuple[str, ...] | None = ()
    affected: tuple[_Affected, ...] | None = ()
    references: tuple[_Reference, ...] | None = ()
    severity: tuple[_Severity, ...] | None = ()
    database_specific: Json | None = None


def read(value: Json) -> CatalogueRecord:
    """Return what an OSV record says.

    Raises:
        Invalid: it does not fit the schema; each fault has its JSON pointer.

    """
    _shape().hold(value)
    osv = convert(value, _Osv)
    affected = osv.affected or ()
    return CatalogueRecord(
        source=Source.OSV,
        id=name(osv.id, "/id"),
        title=title(osv.summary, osv.details.lstrip("# ").partition("\n")[0], osv.id),
        details=text(osv.details),
        aliases=tuple(dict.fromkeys(name(a, "/aliases") for a in osv.aliases or ())),
        affected=tuple(map(_affected, affected)),
        severities=tuple(_severities(osv)),
        weaknesses=_weaknesses(osv.database_specific),
        references=links(r.url for r in osv.references or ()),
        publisher=osv.id.partition("-")[0],
        published=instant_or_none(osv.published, "/published"),
        modified=instant(osv.modified, "/modified"),
        withdrawn=instant_or_none(osv.withdrawn, "/withdrawn"),
    )


@lru_cache
def _shape() -> Shape:
    # Feeds use prefixes and ecosystems before the schema lists them: both are names.
    whole = dict(schema("osv"))
    definitions = {
        **whole.get("$defs", {}),
        "prefix": {"type": "string"},
        "ecosystemWithSuffix": {"type": "string", "minLength": 1},
    }
    return Shape({**whole, "$defs": definitions})


def _severities(osv: _Osv) -> Iterator[Severity]:
    every = [osv.severity or (), *(a.severity or () for a in osv.affected or ())]
    for found in dict.fromkeys((s.type, s.score) for some in every for s in some):
        if found[0].startswith("CVSS_"):
            yield severity(found[1], None, osv.id.partition("-")[0])


def _weaknesses(specific: Json | None) -> tuple[str, ...]:
    found = (specific or {}).get("cwe_ids", ())
    if not isinstance(found, list | tuple):
        return ()
    return tuple(str(cwe)[:20] for cwe in found[:20])


def _affected(said: _Affected) -> Affected:
    ranges = said.ranges or ()
    ecosystem = said.package.ecosystem
    family = family_of(ecosystem)
    semver = any(r.type == "SEMVER" for r in ranges)
    spans = [s for r in ranges if r.type != "GIT" for s in spans_of(r.events)]
    return Affected(
        ecosystem=ecosystem,
        name=said.package.name,
        purl=said.package.purl or "",
        product="" if family else said.package.name,
        scheme=family.type if family else "semver" if semver else "",
        versions=tuple(said.versions or ()),
        spans=tuple(spans),
        default=Status.UNAFFECTED,
        commits=any(r.type == "GIT" for r in ranges),
    )


def spans_of(events: tuple[_Event, ...]) -> Iterator[Span]:
    """Return the spans between events; they need not be in order (OSV, `events`).

    What begins twice before it ends began with the first; what ends with nothing begun
    belongs to the beginning that comes later.
    """
    begun: str | None = None
    ended: _Event | None = None
    for event in events:
        if event.introduced is not None:
            first = "" if event.introduced == "0" else event.introduced
            if ended is not None:
                yield Span(
                    first, below=ended.fixed or "", through=ended.last_affected or ""
                )
                ended = None
            elif begun is None:
                begun = first
        elif event.fixed is not None or event.last_affected is not None:
            if begun is None:
                ended = event
                continue
            yield Span(
                begun, below=event.fixed or "", through=event.last_affected or ""
            )
            begun = None
    if begun is not None:
        yield Span(begun)
