"""CSAF 2.0 and 2.1 documents (OASIS), as far as a catalogue needs them.

What breaks a mandatory test is faulty (CSAF 2.0 and 2.1, 6.1), as what breaks the schema.
Not checked: the recommended and informative tests, for which see `fairlead check`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from typing import Any

from msgspec import Struct, field

from fairlead.catalogue.reading.documents import (
    MAX_FAULTS,
    Json,
    Shape,
    convert,
    invalid,
    schema,
)
from fairlead.catalogue.reading.values import (
    instant,
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
from fairlead.errors import Invalid, Violation
from fairlead.formats import csaf_tests
from fairlead.formats.csaf_tests import Group, Test

MAX_PRODUCTS = 5_000
"""Products of one document that are taken; the largest published names fewer."""


class _Publisher(Struct):
    name: str = ""


class _Tracking(Struct):
    id: str
    initial_release_date: str
    current_release_date: str
    status: str = ""


class _Note(Struct):
    category: str = ""
    text: str = ""


class _Reference(Struct):
    url: str = ""


class _Document(Struct):
    title: str
    tracking: _Tracking
    csaf_version: str
    publisher: _Publisher = field(default_factory=_Publisher)
    notes: tuple[_Note, ...] = ()
    references: tuple[_Reference, ...] = ()


class _Weakness(Struct):
    id: str = ""


class _Score(Struct):
    cvss_v2: Json | None = None
    cvss_v3: Json | None = None
    cvss_v4: Json | None = None


class _Metric(Struct):
    content: _Score = field(default_factory=_Score)


class _Vulnerability(Struct):
    cve: str | None = None
    title: str = ""
    cwe: _Weakness | None = None
    cwes: tuple[_Weakness, ...] = ()
    notes: tuple[_Note, ...] = ()
    scores: tuple[_Score, ...] = ()
    metrics: tuple[_Metric, ...] = ()
    references: tuple[_Reference, ...] = ()
    product_status: dict[str, tuple[str, ...]] = field(default_factory=dict)


class _Helper(Struct):
    purl: str = ""
    purls: tuple[str, ...] = ()
    cpe: str = ""


class _Product(Struct):
    product_id: str
    name: str = ""
    product_identification_helper: _Helper = field(default_factory=_Helper)


class _Branch(Struct):
    category: str = ""
    name: str = ""
    branches: tuple[_Branch, ...] = ()
    product: _Product | None = None


class _Relationship(Struct):
    product_reference: str
    full_product_name: _Product


class _Tree(Struct):
    branches: tuple[_Branch, ...] = ()
    full_product_names: tuple[_Product, ...] = ()
    relationships: tuple[_Relationship, ...] = ()


class _Csaf(Struct):
    document: _Document
    vulnerabilities: tuple[_Vulnerability, ...] = ()
    product_tree: _Tree = field(default_factory=_Tree)


class _Place(Struct, frozen=True):
    """What the branches above a product say of it."""

    vendor: str = ""
    product: str = ""
    version: str = ""
    range: str = ""


_CVSS_VERSION = re.compile(r"cvss-v([0-9]\.[0-9])")
_AFFECTED = ("known_affected", "first_affected", "last_affected")
_UNSURE = ("under_investigation", "unknown")


def read(value: Json) -> CatalogueRecord:
    """Return what a CSAF document says.

    Raises:
        Invalid: it does not fit the schema of its version; each fault has its pointer.

    """
    document = value.get("document")
    version = document.get("csaf_version") if isinstance(document, dict) else None
    if version not in {"2.0", "2.1"}:
        raise invalid("/document/csaf_version", "must be 2.0 or 2.1")
    _shape(version).hold(value)
    _hold_to_the_tests(value, version)
    csaf = convert(value, _Csaf)
    tracking, vulnerabilities = csaf.document.tracking, csaf.vulnerabilities
    cves = [v.cve for v in vulnerabilities if v.cve]
    notes = (*csaf.document.notes, *(n for v in vulnerabilities for n in v.notes))
    kinds = {"description": 0, "summary": 1, "general": 2}
    told = sorted(
        (n for n in notes if n.category in kinds), key=lambda n: kinds[n.category]
    )
    modified = instant(
        tracking.current_release_date, "/document/tracking/current_release_date"
    )
    return CatalogueRecord(
        source=Source.CSAF,
        id=name(tracking.id, "/document/tracking/id"),
        title=title(csaf.document.title, tracking.id),
        details=text("\n\n".join(dict.fromkeys(n.text for n in told))),
        aliases=tuple(dict.fromkeys(cves)),
        affected=tuple(_affected(csaf)),
        severities=tuple(_severities(csaf)),
        weaknesses=tuple(dict.fromkeys(_weaknesses(vulnerabilities))),
        references=links(
            r.url
            for r in (
                *csaf.document.references,
                *(r for v in vulnerabilities for r in v.references),
            )
        ),
        publisher=csaf.document.publisher.name,
        published=instant(
            tracking.initial_release_date, "/document/tracking/initial_release_date"
        ),
        modified=modified,
    )


def _hold_to_the_tests(value: Json, version: str) -> None:
    """Make sure that no mandatory test of the standard fails."""
    failed = islice(csaf_tests.run(value, _mandatory(version)), MAX_FAULTS)
    faults = [
        Violation(f"csaf-{one.test.id}", one.pointer, f"{one.message} ({one.test.id})")
        for one in failed
    ]
    if faults:
        raise Invalid("fails mandatory tests of CSAF", faults)


@lru_cache
def _mandatory(version: str) -> tuple[Test, ...]:
    every = csaf_tests.tests_of(version)
    return tuple(test for test in every if test.group is Group.MANDATORY)


def _elsewhere(address: str) -> Json:
    """Return the schema of what others define: anything of the right version fits."""
    version = _CVSS_VERSION.search(address)
    if version is None:
        return {}
    return {"required": ["version"], "properties": {"version": {"const": version[1]}}}


@lru_cache
def _shape(version: str) -> Shape:
    whole = schema(f"csaf-{version}")
    if version == "2.1":
        # Its own dialect only adds words for extensions; the rest is 2020-12.
        whole = {**whole, "$schema": "https://json-schema.org/draft/2020-12/schema"}
    return Shape(whole, retriever=_elsewhere)


def _severities(csaf: _Csaf) -> Iterator[Severity]:
    by = csaf.document.publisher.name
    found: dict[str, Severity] = {}
    for vulnerability in csaf.vulnerabilities:
        scores = (*vulnerability.scores, *(m.content for m in vulnerability.metrics))
        for score in scores:
            for cvss in (score.cvss_v4, score.cvss_v3, score.cvss_v2):
                vector = (cvss or {}).get("vectorString")
                base = (cvss or {}).get("baseScore")
                if isinstance(vector, str) and isinstance(base, int | float):
                    found.setdefault(vector, severity(vector, float(base), by))
    yield from found.values()


def _weaknesses(vulnerabilities: tuple[_Vulnerability, ...]) -> Iterator[str]:
    for vulnerability in vulnerabilities:
        if vulnerability.cwe:
            yield vulnerability.cwe.id
        yield from (cwe.id for cwe in vulnerability.cwes)


def _affected(csaf: _Csaf) -> Iterator[Affected]:
    """Return each product that is said to be affected by one of the vulnerabilities."""
    status: dict[str, Status] = {}
    for vulnerability in csaf.vulnerabilities:
        for names, one in ((_UNSURE, Status.UNKNOWN), (_AFFECTED, Status.AFFECTED)):
            for kind in names:
                status |= dict.fromkeys(vulnerability.product_status.get(kind, ()), one)
    whole: dict[str, str] = {
        r.full_product_name.product_id: r.product_reference
        for r in csaf.product_tree.relationships
    }
    wanted = {whole.get(name, name): given for name, given in status.items()}
    count = 0
    for place, product in _products(csaf.product_tree):
        given = wanted.get(product.product_id)
        if given is None:
            continue
        count += 1
        if count > MAX_PRODUCTS:
            raise invalid(
                "/product_tree", f"more than {MAX_PRODUCTS} products affected"
            )
        yield _one(place, product, given)


def _one(place: _Place, product: _Product, status: Status) -> Affected:
    helper = product.product_identification_helper
    purl = helper.purl or next(iter(helper.purls), "")
    spans: list[Span] = []
    if place.range:
        spans = list(_range(place.range, status))
    elif place.version:
        spans = [Span(place.version, through=place.version, status=status)]
    return Affected(
        purl=purl,
        vendor=place.vendor,
        product=place.product or product.name,
        cpes=(helper.cpe,) if helper.cpe else (),
        spans=tuple(spans),
        default=Status.UNAFFECTED if spans else status,
    )


def _range(written: str, status: Status) -> Iterator[Span]:
    """Read a range as vendors write them: `<1.2`, `<=1.2`, `>=1|<2`, `vers:generic/…`.

    What cannot be read becomes a span that nothing can be compared with, so that it is
    said to be unsure and never left out.
    """
    text = written.partition("/")[2] if written.startswith("vers:") else written
    first = below = through = ""
    for part in text.replace(",", "|").split("|"):
        sign = part.strip()
        if sign.startswith("<="):
            through = sign[2:].strip()
        elif sign.startswith("<"):
            below = sign[1:].strip()
        elif sign.startswith(">="):
            first = sign[2:].strip()
        elif sign in {"*", ""} or sign.lower() in {"vers:all/*", "all versions", "all"}:
            continue
        else:
            yield Span(written, through=written, status=status)
            return
    yield Span(first, below, through, status)


def _products(tree: _Tree) -> Iterator[tuple[_Place, _Product]]:
    """Return every product, with what the branches above say of it."""
    ahead: list[tuple[_Place, _Branch]] = [
        (_Place(), b) for b in reversed(tree.branches)
    ]
    while ahead:
        above, branch = ahead.pop()
        place = _below(above, branch)
        if branch.product is not None:
            yield place, branch.product
        ahead += [(place, inner) for inner in reversed(branch.branches)]
    for product in tree.full_product_names:
        yield _Place(), product


def _below(above: _Place, branch: _Branch) -> _Place:
    said: dict[str, Any] = {
        "vendor": {"vendor": branch.name},
        "product_name": {"product": branch.name},
        "product_version": {"version": branch.name, "range": ""},
        "product_version_range": {"range": branch.name, "version": ""},
    }.get(branch.category, {})
    if not said:
        return above
    values = {n: getattr(above, n) for n in ("vendor", "product", "version", "range")}
    return _Place(**(values | said))
