"""SBOMs: CycloneDX JSON 1.4 to 1.7, SPDX 2.2 and 2.3 as JSON and as tag:value.

Only what a match needs is read, by type and without recursion of ours. A document that
breaks its schema elsewhere is read all the same, and what is wrong is remarked.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TypeVar

import msgspec
from msgspec import Struct, field

from fairlead.errors import Invalid, Malformed, TooLarge, Violation
from fairlead.formats import cyclonedx
from fairlead.formats.components import MAX_COMPONENTS, Component, Inventory

T = TypeVar("T")

MAX_BYTES = 256 * 1024 * 1024
"""Larger documents are refused before they are read."""

CYCLONEDX = ("1.4", "1.5", "1.6", "1.7")
SPDX = ("SPDX-2.2", "SPDX-2.3")


class _Supplier(Struct):
    name: str | None = None


class _Component(Struct):
    name: str
    type: str = ""
    version: str | None = None
    group: str | None = None
    purl: str | None = None
    cpe: str | None = None
    publisher: str | None = None
    supplier: _Supplier | None = None
    ref: str | None = field(name="bom-ref", default=None)
    components: tuple[_Component, ...] | None = ()


class _Dependency(Struct):
    ref: str
    depends: tuple[str, ...] | None = field(name="dependsOn", default=())


class _Metadata(Struct):
    component: _Component | None = None


class _CycloneDx(Struct):
    specVersion: str  # noqa: N815 - the format's own name
    metadata: _Metadata | None = None
    components: tuple[_Component, ...] | None = ()
    dependencies: tuple[_Dependency, ...] | None = ()


class _External(Struct):
    referenceType: str = ""  # noqa: N815
    referenceLocator: str = ""  # noqa: N815


class _Package(Struct):
    name: str
    SPDXID: str = ""
    versionInfo: str | None = None  # noqa: N815
    supplier: str | None = None
    externalRefs: tuple[_External, ...] | None = ()  # noqa: N815


class _Relationship(Struct):
    spdxElementId: str = ""  # noqa: N815
    relatedSpdxElement: str = ""  # noqa: N815
    relationshipType: str = ""  # noqa: N815


class _Spdx(Struct):
    spdxVersion: str  # noqa: N815
    name: str = ""
    packages: tuple[_Package, ...] | None = ()
    relationships: tuple[_Relationship, ...] | None = ()
    documentDescribes: tuple[str, ...] | None = ()  # noqa: N815


class _Kind(Struct):
    """What tells the formats apart."""

    bomFormat: str | None = None  # noqa: N815
    specVersion: str | None = None  # noqa: N815
    spdxVersion: str | None = None  # noqa: N815
    context: object = field(name="@context", default=None)


def read_json(document: bytes) -> Inventory | None:
    """Return what an SBOM in JSON lists; nothing if it is other JSON.

    Raises:
        Malformed: no JSON, nested too deep, or no text.
        Invalid: a version that is not read, or something of a wrong type.

    """
    kind = _decode(document, _Kind)
    if kind.bomFormat == "CycloneDX" or (kind.specVersion and not kind.spdxVersion):
        return _cyclonedx(document, kind.specVersion or "")
    if kind.spdxVersion:
        return _spdx(document, kind.spdxVersion)
    if kind.context is not None and "spdx.org" in str(kind.context):
        raise _refused("SPDX 3 is not read; give SPDX 2.3 or CycloneDX JSON")
    return None


def _decode(document: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(document, type=kind)
    except msgspec.ValidationError as error:
        said, _, place = str(error).partition(" - at `$")
        pointer = place.rstrip("`").replace("[", "/").replace("]", "").replace(".", "/")
        raise Invalid(
            f"{said} at {pointer or 'the top'}", [Violation("schema", pointer, said)]
        ) from error
    except RecursionError as error:
        raise Malformed("nested too deep") from error
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"not one JSON document: {error}") from error


def _refused(said: str) -> Invalid:
    return Invalid(said, [Violation("unsupported", "", said)])


def _limited(components: tuple[Component, ...]) -> tuple[Component, ...]:
    if len(components) > MAX_COMPONENTS:
        raise TooLarge(
            f"{len(components)} components; at most {MAX_COMPONENTS} are read"
        )
    return components


# --- CycloneDX --------------------------------------------------------------------------


def _cyclonedx(document: bytes, version: str) -> Inventory:
    if version not in CYCLONEDX:
        raise _refused(
            f"CycloneDX {version[:20]} is not read; give {', '.join(CYCLONEDX)} as JSON"
        )
    read = _decode(document, _CycloneDx)
    found = _limited(tuple(_nested(read.components or ())))
    subject = read.metadata.component if read.metadata else None
    inner = tuple(_nested(subject.components or ())) if subject else ()
    depends = {d.ref: d.depends or () for d in read.dependencies or ()}
    root = (subject.ref or "") if subject else ""
    return Inventory(
        format=f"CycloneDX {version}",
        subject=" ".join(filter(None, (subject.name, subject.version)))
        if subject
        else "",
        components=(*inner, *found),
        roots=(root,) if root in depends else _tops(depends),
        depends=depends,
        remarks=cyclonedx.faults(document, version),
    )


def _nested(components: tuple[_Component, ...]) -> Iterator[Component]:
    ahead = list(reversed(components))
    while ahead:
        one = ahead.pop()
        supplier = (
            one.group or (one.supplier.name if one.supplier else "") or one.publisher
        )
        yield Component(
            name=one.name,
            version=one.version or "",
            purl=one.purl or "",
            cpe=one.cpe or "",
            supplier=supplier or "",
            ref=one.ref or "",
        )
        ahead += reversed(one.components or ())


def _tops(depends: dict[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Return what nothing depends on."""
    below = {name for names in depends.values() for name in names}
    return tuple(name for name in depends if name not in below)


# --- SPDX ---------------------------------------------------------------------------------


def _spdx(document: bytes, version: str) -> Inventory:
    if version not in SPDX:
        raise _refused(f"{version[:20]} is not read; give {' or '.join(SPDX)}")
    read = _decode(document, _Spdx)
    packages = read.packages or ()
    described = set(read.documentDescribes or ())
    relationships = read.relationships or ()
    described |= {
        r.relatedSpdxElement for r in relationships if r.relationshipType == "DESCRIBES"
    }
    return _spdx_inventory(version, read.name, packages, relationships, described)


def _spdx_inventory(
    version: str,
    name: str,
    packages: tuple[_Package, ...],
    relationships: tuple[_Relationship, ...],
    described: set[str],
) -> Inventory:
    depends: dict[str, list[str]] = {}
    for one in relationships:
        ends = _RELATED.get(one.relationshipType)
        if ends is None:
            continue
        above, below = one.spdxElementId, one.relatedSpdxElement
        if ends < 0:
            above, below = below, above
        depends.setdefault(above, []).append(below)
    related = {above: tuple(below) for above, below in depends.items()}
    components = tuple(_package(p) for p in packages)
    return Inventory(
        format=version.replace("-", " "),
        subject=name,
        components=_limited(components),
        roots=tuple(sorted(described)) or _tops(related),
        depends=related,
    )


_RELATED = {
    "DEPENDS_ON": 1,
    "CONTAINS": 1,
    "DEPENDENCY_OF": -1,
    "CONTAINED_BY": -1,
    "RUNTIME_DEPENDENCY_OF": -1,
    "STATIC_LINK": 1,
    "DYNAMIC_LINK": 1,
}
"""Relationships that say what is part of what, and in which direction."""


def _package(package: _Package) -> Component:
    external = {r.referenceType: r.referenceLocator for r in package.externalRefs or ()}
    version = package.versionInfo or ""
    supplier = (package.supplier or "").partition(":")[2].strip()
    return Component(
        name=package.name,
        version="" if version in _NOTHING else version,
        purl=external.get("purl", ""),
        cpe=external.get("cpe23Type") or external.get("cpe22Type") or "",
        supplier="" if supplier in _NOTHING else supplier,
        ref=package.SPDXID,
    )


_NOTHING = frozenset({"NOASSERTION", "NONE"})
_TAG = re.compile(r"^([A-Za-z]+):\s*(.*?)\s*$")


def read_tags(text: str) -> Inventory | None:
    """Return what an SPDX document in tag:value form lists; nothing if it is none."""
    lines = [found.groups() for found in map(_TAG.match, text.splitlines()) if found]
    version = next((value for tag, value in lines if tag == "SPDXVersion"), None)
    if version is None:
        return None
    if version not in SPDX:
        raise _refused(f"{version[:20]} is not read; give {' or '.join(SPDX)}")
    packages: list[_Package] = []
    relationships: list[_Relationship] = []
    name = ""
    for tag, value in lines:
        if tag == "PackageName":
            packages.append(_Package(name=value))
        elif tag == "FileName":
            # What follows is of a file, until the next package.
            packages.append(_Package(name=""))
        elif tag == "DocumentName":
            name = value
        elif tag == "Relationship":
            parts = value.split()
            if len(parts) == 3:  # noqa: PLR2004 - from, what, to
                relationships.append(_Relationship(parts[0], parts[2], parts[1]))
        elif packages:
            _note(packages[-1], tag, value)
    described = {
        r.relatedSpdxElement for r in relationships if r.relationshipType == "DESCRIBES"
    }
    named = tuple(p for p in packages if p.name)
    return _spdx_inventory(version, name, named, tuple(relationships), described)


def _note(package: _Package, tag: str, value: str) -> None:
    if tag == "SPDXID":
        package.SPDXID = value
    elif tag == "PackageVersion":
        package.versionInfo = value
    elif tag == "PackageSupplier":
        package.supplier = value
    elif tag == "ExternalRef":
        parts = value.split()
        if len(parts) == 3:  # noqa: PLR2004 - category, type, locator
            one = _External(parts[1], parts[2])
            package.externalRefs = (*(package.externalRefs or ()), one)
