"""CVE records, format 5.0 to 5.2 (https://github.com/CVEProject/cve-schema)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from msgspec import Struct, field

from fairlead.catalogue.reading.documents import (
    Json,
    Shape,
    convert,
    invalid,
    schema,
)
from fairlead.catalogue.reading.values import (
    instant,
    instant_or_none,
    links,
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
    Ssvc,
    Status,
)


class _Metadata(Struct):
    cveId: str  # noqa: N815 - the format's own names
    state: str
    assignerShortName: str = ""  # noqa: N815
    datePublished: str | None = None  # noqa: N815
    dateUpdated: str | None = None  # noqa: N815
    dateRejected: str | None = None  # noqa: N815
    dateReserved: str | None = None  # noqa: N815


class _Change(Struct):
    at: str
    status: Status


class _Version(Struct):
    version: str
    status: Status
    versionType: str = ""  # noqa: N815
    lessThan: str = ""  # noqa: N815
    lessThanOrEqual: str = ""  # noqa: N815
    changes: tuple[_Change, ...] = ()


class _Affected(Struct):
    vendor: str = ""
    product: str = ""
    collectionURL: str = ""  # noqa: N815
    packageName: str = ""  # noqa: N815
    packageURL: str = ""  # noqa: N815
    cpes: tuple[str, ...] = ()
    modules: tuple[str, ...] = ()
    versions: tuple[_Version, ...] = ()
    defaultStatus: Status = Status.UNKNOWN  # noqa: N815


class _Text(Struct):
    lang: str = ""
    value: str = ""


class _Problem(Struct):
    cweId: str = ""  # noqa: N815
    description: str = ""


class _Problems(Struct):
    descriptions: tuple[_Problem, ...] = ()


class _Reference(Struct):
    url: str = ""


class _Provider(Struct):
    shortName: str = ""  # noqa: N815
    dateUpdated: str = ""  # noqa: N815


class _Cvss(Struct):
    vectorString: str = ""  # noqa: N815
    baseScore: float | None = None  # noqa: N815


class _Other(Struct):
    type: str = ""
    content: Json = field(default_factory=dict)


class _Metric(Struct):
    cvssV4_0: _Cvss | None = None  # noqa: N815
    cvssV3_1: _Cvss | None = None  # noqa: N815
    cvssV3_0: _Cvss | None = None  # noqa: N815
    cvssV2_0: _Cvss | None = None  # noqa: N815
    other: _Other | None = None

    def scores(self) -> Iterator[_Cvss]:
        for found in (self.cvssV4_0, self.cvssV3_1, self.cvssV3_0, self.cvssV2_0):
            if found is not None and found.vectorString:
                yield found


class _Container(Struct):
    title: str = ""
    descriptions: tuple[_Text, ...] = ()
    rejectedReasons: tuple[_Text, ...] = ()  # noqa: N815
    affected: tuple[_Affected, ...] = ()
    problemTypes: tuple[_Problems, ...] = ()  # noqa: N815
    references: tuple[_Reference, ...] = ()
    metrics: tuple[_Metric, ...] = ()
    providerMetadata: _Provider = field(default_factory=_Provider)  # noqa: N815


class _Containers(Struct):
    cna: _Container
    adp: tuple[_Container, ...] = ()


class _Cve(Struct):
    cveMetadata: _Metadata  # noqa: N815
    containers: _Containers


_STATES = ("PUBLISHED", "REJECTED")
_CWE = re.compile(r"CWE-[0-9]{1,5}")


def reads(value: Json) -> bool:
    """Tell whether *value* is meant as a CVE record."""
    return value.get("dataType") == "CVE_RECORD" or "cveMetadata" in value


def read(value: Json) -> CatalogueRecord:
    """Return what a CVE record says.

    Raises:
        Invalid: it does not fit the schema; each fault has its JSON pointer.

    """
    metadata = value.get("cveMetadata")
    state = metadata.get("state") if isinstance(metadata, dict) else None
    if state not in _STATES:
        raise invalid("/cveMetadata/state", "must be PUBLISHED or REJECTED")
    _shape(_STATES.index(state)).hold(value)
    cve = convert(value, _Cve)
    if state == "REJECTED":
        return _rejected(cve)
    return _published(cve)


@lru_cache
def _shape(place: int) -> Shape:
    """Return the schema of one state alone, whose faults have a place of their own."""
    whole = schema("cve-5.1.1")
    rest = {name: part for name, part in whole.items() if name != "oneOf"}
    return Shape({**rest, **whole["oneOf"][place]})


def _rejected(cve: _Cve) -> CatalogueRecord:
    data, cna = cve.cveMetadata, cve.containers.cna
    why = _english(cna.rejectedReasons)
    at = instant_or_none(
        data.dateRejected or data.dateUpdated, "/cveMetadata/dateRejected"
    )
    return CatalogueRecord(
        source=Source.CVE,
        id=data.cveId,
        title=title("Rejected: " + why),
        details=text(why),
        publisher=data.assignerShortName,
        published=instant_or_none(data.datePublished, "/cveMetadata/datePublished"),
        modified=at,
        withdrawn=at,
    )


def _published(cve: _Cve) -> CatalogueRecord:
    data, cna = cve.cveMetadata, cve.containers.cna
    every = (cna, *cve.containers.adp)
    said = _english(cna.descriptions)
    affected = [_affected(a) for container in every for a in container.affected]
    return CatalogueRecord(
        source=Source.CVE,
        id=data.cveId,
        title=title(cna.title, said, data.cveId),
        details=text(said),
        affected=tuple(affected),
        severities=tuple(_severities(every)),
        weaknesses=tuple(dict.fromkeys(_weaknesses(every))),
        references=links(r.url for c in every for r in c.references),
        ssvc=tuple(_ssvc(cve.containers.adp)),
        publisher=data.assignerShortName,
        published=instant_or_none(data.datePublished, "/cveMetadata/datePublished"),
        modified=instant_or_none(
            data.dateUpdated or data.datePublished, "/cveMetadata/dateUpdated"
        ),
    )


def _english(texts: tuple[_Text, ...]) -> str:
    english = (t.value for t in texts if t.lang.lower().startswith("en"))
    return next(english, texts[0].value if texts else "")


def _severities(containers: tuple[_Container, ...]) -> Iterator[Severity]:
    for container in containers:
        for metric in container.metrics:
            for found in metric.scores():
                by = container.providerMetadata.shortName
                yield severity(found.vectorString, found.baseScore, by)


def _weaknesses(containers: tuple[_Container, ...]) -> Iterator[str]:
    for container in containers:
        for problems in container.problemTypes:
            for problem in problems.descriptions:
                if problem.cweId:
                    yield problem.cweId
                elif found := _CWE.match(problem.description):
                    yield found[0]


def _ssvc(containers: tuple[_Container, ...]) -> Iterator[Ssvc]:
    """Return the decision points that an ADP set, as CISA's vulnrichment writes them."""
    for place, container in enumerate(containers):
        for metric in container.metrics:
            other = metric.other
            if other is None or other.type != "ssvc":
                continue
            options = _options(other.content.get("options"))
            at = (
                other.content.get("timestamp") or container.providerMetadata.dateUpdated
            )
            if not options or not at:
                continue
            yield Ssvc(
                by=container.providerMetadata.shortName or "ADP",
                at=instant(str(at), f"/containers/adp/{place}/metrics"),
                exploitation=options.get("exploitation", ""),
                automatable=options.get("automatable", ""),
                technical_impact=options.get("technical impact", ""),
            )


def _options(options: Any) -> dict[str, str]:  # noqa: ANN401 - the schema leaves it open
    if not isinstance(options, list):
        return {}
    return {
        str(name).lower(): str(chosen).lower()
        for option in options
        if isinstance(option, dict)
        for name, chosen in option.items()
    }


# --- Affected ----------------------------------------------------------------------

_COLLECTIONS = {
    "crates": "crates.io",
    "go": "Go",
    "golang": "Go",
    "hex": "Hex",
    "maven": "Maven",
    "npmjs": "npm",
    "nuget": "NuGet",
    "packagist": "Packagist",
    "pub": "Pub",
    "pypi": "PyPI",
    "rubygems": "RubyGems",
}
"""Collections that name packages as an ecosystem of OSV does, by a part of their host."""

_NO_VERSION = frozenset({"", "*", "-", "n/a", "unspecified", "unknown", "any", "all"})


def _affected(said: _Affected) -> Affected:
    ecosystem = _ecosystem(said.collectionURL) if said.packageName else ""
    kinds = {v.versionType for v in said.versions if v.versionType}
    exact = [v for v in said.versions if _is_exact(v) and v.versionType != "git"]
    return Affected(
        ecosystem=ecosystem,
        name=said.packageName,
        purl=said.packageURL,
        vendor=said.vendor,
        product=said.product or said.packageName,
        cpes=said.cpes,
        scheme=min(kinds - {"git", "custom"}, default=""),
        versions=tuple(v.version for v in exact if v.status is Status.AFFECTED),
        spans=tuple(s for v in said.versions if v not in exact for s in _spans(v)),
        default=said.defaultStatus,
        commits="git" in kinds,
        module=", ".join(said.modules)[:200],
    )


def _ecosystem(collection: str) -> str:
    """Return the ecosystem of a collection by its address; empty if it has none."""
    try:
        host = urlsplit(collection).hostname or ""
    except ValueError:
        return ""
    named = (_COLLECTIONS.get(part, "") for part in host.split("."))
    return next(filter(None, named), "")


def _is_exact(version: _Version) -> bool:
    ends = version.lessThan or version.lessThanOrEqual or version.changes
    return (
        not ends
        and version.status is Status.AFFECTED
        and version.version.lower() not in _NO_VERSION
    )


def _spans(version: _Version) -> Iterator[Span]:
    """Return the spans that one entry gives; its changes each begin another.

    Source: CVE record format, `version` object: ranges are half open at `lessThan`.
    """
    if version.versionType == "git":
        return
    first = "" if version.version.lower() in _NO_VERSION | {"0"} else version.version
    below, through = version.lessThan, version.lessThanOrEqual
    status = version.status
    for change in version.changes:
        yield Span(first, below=change.at, status=status)
        first, status = change.at, change.status
    if not below and not through and not version.changes and first:
        # One version, said to be unaffected or unknown.
        yield Span(first, through=first, status=status)
        return
    yield Span(
        first,
        below="" if below == "*" else below,
        through="" if through == "*" else through,
        status=status,
    )
