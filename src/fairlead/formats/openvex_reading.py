"""The content of advisories from an OpenVEX document (https://github.com/openvex/spec).

A document says of products whether vulnerabilities affect them; each vulnerability gives
one advisory. OpenVEX knows no ranges: a product without a version is meant whole. What
is said not to be affected, and what is still looked into, has no place in an advisory.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

import msgspec
from msgspec import Struct, field
from packageurl import PackageURL

from fairlead.base import instants
from fairlead.base.markings import Label
from fairlead.errors import Invalid, Violation
from fairlead.formats import purl
from fairlead.formats.advisory import (
    Advisory,
    Affected,
    Publisher,
    Remediation,
    RemedyCategory,
    Revision,
)

Json = dict[str, Any]
Found = tuple[Advisory, tuple[str, ...]]

NAMESPACE = "https://openvex.dev/ns"
CONTEXTS = ("https://openvex.dev/ns/v0.2.0", "https://openvex.dev/ns")
_NO_PLACE = frozenset({"not_affected", "under_investigation"})
_STATUSES = _NO_PLACE | {"affected", "fixed"}


class _Product(Struct):
    id: str = field(name="@id", default="")
    identifiers: dict[str, str] = field(default_factory=dict)
    subcomponents: list[Json] = field(default_factory=list)


class _Vulnerability(Struct):
    name: str = ""
    id: str = field(name="@id", default="")
    description: str = ""
    aliases: tuple[str, ...] = ()


class _Statement(Struct):
    vulnerability: _Vulnerability
    status: str
    products: list[_Product] = field(default_factory=list)
    action_statement: str = ""
    status_notes: str = ""
    impact_statement: str = ""
    justification: str = ""

    @property
    def about(self) -> str:
        """Return what the vulnerability is called."""
        return self.vulnerability.name or self.vulnerability.id


class _Document(Struct):
    context: str = field(name="@context")
    author: str
    timestamp: str
    version: int
    statements: list[_Statement]
    last_updated: str = ""


def reads(value: Json) -> bool:
    """Tell whether *value* is meant as an OpenVEX document."""
    return str(value.get("@context", "")).startswith(NAMESPACE)


def read(value: Json, publisher: Publisher) -> list[Found]:
    """Return the advisories in *value*, each with what of it is not in it.

    Raises:
        Invalid: it is no OpenVEX 0.2.0, or it says of nothing that it is affected.

    """
    document = _document(value)
    by_name = sorted(document.statements, key=lambda one: one.about)
    found = [
        _advisory(document, name, list(some), publisher)
        for name, some in groupby(by_name, key=lambda one: one.about)
    ]
    kept = [(advisory, lost) for advisory, lost in found if advisory.affected]
    if not kept:
        left_out = [Violation("not_carried", "", line) for _, x in found for line in x]
        raise Invalid("no product with a package URL is said to be affected", left_out)
    # What leaves nothing for an advisory is told with the first that there is.
    nothing = [
        line for advisory, lost in found if not advisory.affected for line in lost
    ]
    return [(kept[0][0], (*kept[0][1], *nothing)), *kept[1:]]


def _document(value: Json) -> _Document:
    try:
        document = msgspec.convert(value, _Document)
    except msgspec.ValidationError as error:
        raise _invalid("", f"no OpenVEX document: {error}") from error
    if document.context not in CONTEXTS:
        raise _invalid("/@context", f"only OpenVEX 0.2.0 is read: {CONTEXTS[0]}")
    for place, one in enumerate(document.statements):
        if one.status not in _STATUSES:
            known = ", ".join(sorted(_STATUSES))
            raise _invalid(f"/statements/{place}/status", f"must be one of {known}")
        if not one.about:
            raise _invalid(f"/statements/{place}/vulnerability/name", "must be there")
    return document


def _advisory(
    document: _Document, name: str, said: Sequence[_Statement], publisher: Publisher
) -> Found:
    lost = list(_lost(said))
    description = next((s.vulnerability.description for s in said), "") or name
    actions = [s.action_statement for s in said if s.action_statement]
    aliases = dict.fromkeys(a for s in said for a in s.vulnerability.aliases)
    published = instants.parse(document.timestamp, field="timestamp")
    revised = published
    if document.last_updated:
        revised = instants.parse(document.last_updated, field="last_updated")
    title = description.strip().partition("\n")[0]
    advisory = Advisory(
        id=name,
        title=title if len(title) <= 300 else name,  # noqa: PLR2004 - longer is no title
        summary=title,
        description=description,
        published=published,
        revised=revised,
        revisions=(
            Revision(
                number=document.version, at=revised, summary="As published in OpenVEX."
            ),
        ),
        marking=Label.CLEAR,
        publisher=publisher,
        affected=tuple(_affected(said, lost)),
        aliases=tuple(a for a in (name, *aliases) if a.startswith("CVE-") or a != name),
        remediations=tuple(
            Remediation(category=RemedyCategory.MITIGATION, details=action)
            for action in dict.fromkeys(actions)
        ),
    )
    return advisory, (f"author: {document.author}", *lost)


def _lost(said: Sequence[_Statement]) -> Iterator[str]:
    """Say what has no place: what is not affected, why, and of which part."""
    for one in said:
        if one.status in _NO_PLACE:
            for product in one.products:
                why = one.justification or one.impact_statement
                line = f"{one.status}: {product.id} ({one.about})"
                yield f"{line}: {why}" if why else line
        if one.status_notes:
            yield f"status_notes: {one.status_notes}"
        for product in one.products:
            for part in product.subcomponents:
                yield f"subcomponents of {product.id}: {part.get('@id', '')}"


def _affected(said: Sequence[_Statement], lost: list[str]) -> Iterator[Affected]:
    """Yield each package that is affected, with the versions that are named."""
    affected = _packages(said, "affected", lost)
    fixed = _packages(said, "fixed", lost)
    for package, versions in affected.items():
        fixes = fixed.pop(package, [])
        whole = None in versions
        # Which of several branches a version is of is not said.
        end = fixes[0] if whole and len(fixes) == 1 else None
        lost += [f"fixed: {package}@{fix}" for fix in fixes if fix != end]
        read = purl.read(package)
        yield Affected(
            vendor=read.namespace or read.name,
            product=read.name,
            purl=package,
            fixed=end,
            versions=tuple(v for v in versions if v is not None),
        )
    lost += [f"fixed: {p}@{v}" for p, versions in fixed.items() for v in versions]


def _packages(
    said: Sequence[_Statement], status: str, lost: list[str]
) -> dict[str, list[str | None]]:
    """Return the versions of each package that is said to be of a status."""
    found: dict[str, dict[str | None, None]] = {}
    for one in said:
        for product in one.products if one.status == status else ():
            read = _purl(product)
            if read is None:
                lost.append(f"{status}: {product.id} has no package URL")
                continue
            package = purl.canonical(purl.without_version(read))
            found.setdefault(package, {})[read.version or None] = None
    return {package: list(versions) for package, versions in found.items()}


def _purl(product: _Product) -> PackageURL | None:
    return purl.parse(product.identifiers.get("purl", "")) or purl.parse(product.id)


def _invalid(place: str, said: str) -> Invalid:
    return Invalid(said, [Violation("schema", place, said)])
