"""The catalogue for programs: search with facets, a vulnerability, a product."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated

from litestar import Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter
from msgspec import Struct

from fairlead.catalogue.ports import Facets, Found, Listed, Probability, Query
from fairlead.catalogue.records import (
    Affected,
    Band,
    CatalogueRecord,
    Exploited,
    Severity,
    Source,
    Ssvc,
    Status,
    affected_by,
    keys_of,
)
from fairlead.errors import Invalid, NotFound, Violation
from fairlead.web.context import Context
from fairlead.web.openapi import PROBLEMS

MOST = 100
"""Records of one page."""
SIZE = 25
AT = len("2026-08-18T14:03:21.000000Z")
DEEPEST = 10_000
"""So many ranked records can be paged through."""


class Choices(Struct, frozen=True, kw_only=True):
    """How many records each choice of a facet leaves, whatever the words."""

    records: int
    sources: dict[str, int]
    bands: dict[str, int]
    ecosystems: dict[str, int]
    exploited: int

    @classmethod
    def of(cls, facets: Facets) -> Choices:
        """Return what the API shows of *facets*."""
        return cls(
            records=facets.count,
            sources=facets.sources,
            bands=facets.bands,
            ecosystems=facets.ecosystems,
            exploited=facets.exploited,
        )


class SearchAnswer(Struct, frozen=True, kw_only=True):
    """One page of a search."""

    records: tuple[Listed, ...]
    onward: str | None
    """What to give as `onward` for the next page; nothing on the last."""
    matching: int | None
    """How many match the words and facets; nothing where no words were given."""
    capped: bool
    """More matched the words than were ranked: only the newest 10,000 are."""
    facets: Choices


class Range(Struct, frozen=True, kw_only=True):
    """Versions from one to another, and what is said of them."""

    first: str
    """Empty for the very beginning."""
    below: str
    """Ends before this version…"""
    through: str
    """…or with this one; where neither is given, it does not end."""
    status: Status


class AffectedAnswer(Struct, frozen=True, kw_only=True):
    """Something that a record is about."""

    keys: tuple[str, ...]
    """By what it is found; see `/v1/catalogue/products`."""
    ecosystem: str
    name: str
    purl: str
    vendor: str
    product: str
    versions: tuple[str, ...]
    """Affected versions, one by one."""
    ranges: tuple[Range, ...]
    otherwise: Status
    """What is said of every other version."""
    said: tuple[str, ...]
    """The same in words."""

    @classmethod
    def of(cls, one: Affected) -> AffectedAnswer:
        """Return what the API shows of something affected."""
        return cls(
            keys=keys_of(one),
            ecosystem=one.ecosystem,
            name=one.name,
            purl=one.purl,
            vendor=one.vendor,
            product=one.product,
            versions=one.versions,
            ranges=tuple(
                Range(first=s.first, below=s.below, through=s.through, status=s.status)
                for s in one.spans
            ),
            otherwise=one.default,
            said=tuple(affected_by(one)),
        )


class RecordAnswer(Struct, frozen=True, kw_only=True):
    """A record of the catalogue as the API shows it."""

    source: Source
    id: str
    title: str
    details: str
    """Cut after 4,000 characters; the references lead to the whole."""
    aliases: tuple[str, ...]
    affected: tuple[AffectedAnswer, ...]
    severities: tuple[Severity, ...]
    score: float | None
    band: Band
    weaknesses: tuple[str, ...]
    references: tuple[str, ...]
    ssvc: tuple[Ssvc, ...]
    exploited: Exploited | None
    publisher: str
    published: datetime | None
    modified: datetime | None
    withdrawn: datetime | None

    @classmethod
    def of(cls, record: CatalogueRecord) -> RecordAnswer:
        """Return what the API shows of *record*."""
        same = {
            name: getattr(record, name)
            for name in cls.__struct_fields__
            if name != "affected"
        }
        return cls(**same, affected=tuple(map(AffectedAnswer.of, record.affected)))


class Named(Struct, frozen=True, kw_only=True):
    """Everything that is published under a name."""

    records: tuple[RecordAnswer, ...]
    probability: Probability | None
    """The newest EPSS score."""


class Product(Struct, frozen=True, kw_only=True):
    """What is published about a product or package."""

    key: str
    records: tuple[RecordAnswer, ...]


@get(
    "/records",
    sync_to_thread=True,
    summary="Search the catalogue",
    responses=PROBLEMS,
)
def search(  # noqa: PLR0913, PLR0917 - one value a facet
    context: NamedDependency[Context],
    words: FromQuery[str] = "",
    source: FromQuery[str] = "",
    band: FromQuery[str] = "",
    ecosystem: FromQuery[str] = "",
    exploited: FromQuery[bool] = False,  # noqa: FBT002 - a value of a query
    size: Annotated[int, QueryParameter(ge=1, le=MOST)] = SIZE,
    onward: FromQuery[str] = "",
) -> SearchAnswer:
    """Search what others have published: the newest first, or by words the best first.

    The facets are those of the page: *source* (cve, osv, csaf, kev), *band* (critical,
    high, medium, low, none, unscored), *ecosystem* as OSV writes it, *exploited*.
    """
    query = Query(
        words=_short(words, "words", 300),
        source=_one_of(source, "source", [s.value for s in Source]),
        band=_one_of(band, "band", [b.value for b in Band]),
        ecosystem=_short(ecosystem, "ecosystem", 80),
        exploited=exploited,
        size=size,
    )
    query = _onward(query, onward) if onward else query
    with context.catalogue.read() as reading:
        found = reading.search(query)
        facets = reading.facets(query)
    return SearchAnswer(
        records=found.listed,
        onward=_next(query, found),
        matching=found.matching,
        capped=found.capped,
        facets=Choices.of(facets),
    )


def _next(query: Query, found: Found) -> str | None:
    """Return where the next page begins: a rank, or the date of the last record."""
    if found.after is None or found.before is None:
        return None
    if query.words.strip():
        return str(found.after) if found.after <= DEEPEST else None
    return f"{found.before[0]},{found.before[1]}"


def _onward(query: Query, given: str) -> Query:
    """Return *query* of the page that begins where the answer before said."""
    at, comma, number = given.rpartition(",")
    plain = number.isascii() and number.isdecimal() and len(number) <= len(str(10**9))
    if plain and query.words.strip() and not comma and int(number) <= DEEPEST:
        return replace(query, after=int(number))
    if plain and not query.words.strip() and comma and len(at) <= AT:
        return replace(query, before=(at, int(number)))
    raise _invalid("onward", "give what the answer before said, for the same search")


def _one_of(given: str, field: str, known: list[str]) -> str:
    if given and given not in known:
        raise _invalid(field, f"give one of {', '.join(known)}")
    return given


def _short(given: str, field: str, most: int) -> str:
    if len(given) > most:
        raise _invalid(field, f"at most {most} characters")
    return given


def _invalid(field: str, said: str) -> Invalid:
    return Invalid(f"{field}: {said}", [Violation("invalid_query", field, said)])


@get(
    "/records/{name:path}",
    sync_to_thread=True,
    summary="Get what is published under a name",
    responses=PROBLEMS,
)
def named(name: FromPath[str], context: NamedDependency[Context]) -> Named:
    """Return every record with this identifier or alias, such as CVE-2021-25287."""
    wanted = str(name).lstrip("/")
    with context.catalogue.read() as reading:
        records = tuple(reading.named([wanted]))
        if not records:
            raise NotFound(f"nothing is published under {wanted!r}")
        cves = list(dict.fromkeys(cve for record in records for cve in record.cves))
        scores = reading.probabilities(cves) if len(cves) == 1 else {}
    shown = tuple(map(RecordAnswer.of, records))
    return Named(records=shown, probability=next(iter(scores.values()), None))


@get(
    "/products",
    sync_to_thread=True,
    summary="Get what is published about a product",
    responses=PROBLEMS,
)
def product(
    context: NamedDependency[Context],
    key: FromQuery[str],
    size: Annotated[int, QueryParameter(ge=1, le=MOST)] = SIZE,
) -> Product:
    """Return the newest records about a package (`pkg:pypi/pillow`) or product.

    A product is named as `cpe:vendor:product`, or as `name:product`.
    """
    with context.catalogue.read() as reading:
        records = tuple(reading.product(_short(key, "key", 300), size))
    if not records:
        raise NotFound(f"nothing is published about {key!r}")
    return Product(key=key, records=tuple(map(RecordAnswer.of, records)))


router = Router(
    "/v1/catalogue", route_handlers=[search, named, product], tags=["catalogue"]
)
"""Nobody need sign in: it is what others have published."""
