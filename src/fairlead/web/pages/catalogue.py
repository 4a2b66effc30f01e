"""The catalogue: search, one vulnerability, one product, and what affects an SBOM."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Response, Router, get, post
from litestar.datastructures import UploadFile
from litestar.di import NamedDependency
from litestar.enums import RequestEncodingType
from litestar.params import Body, FromPath, FromQuery

from fairlead.catalogue.matching import Matched, match
from fairlead.catalogue.ports import Query
from fairlead.catalogue.priority.assessing import assess
from fairlead.catalogue.records import (
    Affected,
    Band,
    CatalogueRecord,
    Source,
    affected_by,
    keys_of,
)
from fairlead.errors import Error, Invalid, NotFound
from fairlead.formats import inventories
from fairlead.web import auth
from fairlead.web.api.catalogue import MOST_COMPARED, SBOM_BODY
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.pages.frame import page
from fairlead.web.problems import status_of

SIZE = 25
MOST_RECORDS = 200
"""Records of one product that are shown."""
MOST_AFFECTED = 100
"""Products of one record that are shown."""
MOST_MATCHES = 500

SOURCES = {
    Source.CVE: "CVE records",
    Source.OSV: "OSV records",
    Source.CSAF: "CSAF advisories",
    Source.KEV: "Known exploited (CISA KEV)",
}


@get("/catalogue", sync_to_thread=True, include_in_schema=False)
def search(  # noqa: PLR0913, PLR0917 - one value a facet
    request: AnyRequest,
    context: NamedDependency[Context],
    q: FromQuery[str] = "",
    source: FromQuery[str] = "",
    band: FromQuery[str] = "",
    ecosystem: FromQuery[str] = "",
    exploited: FromQuery[str] = "",
    before: FromQuery[str] = "",
    after: FromQuery[int] = 0,
) -> Response[Any]:
    """Search what others have published."""
    at, _, number = before.rpartition(",")
    query = Query(
        words=q[:300],
        source=source if source in set(Source) else "",
        band=band if band in set(Band) else "",
        ecosystem=ecosystem[:80],
        exploited=bool(exploited),
        size=SIZE,
        before=(at, int(number)) if number.isdecimal() and len(number) < 10 else None,  # noqa: PLR2004 - a row number
        after=min(max(0, after), 10_000),
    )
    with context.store.read() as unit:
        person = auth.visitor(unit, request, context)
    with context.catalogue.read() as reading:
        found = reading.search(query)
        facets = reading.facets(query)
    older = None
    if found.after is not None or found.before is not None:
        where = {"after": found.after} if query.words.strip() else {}
        if found.before and not where:
            where = {"before": f"{found.before[0]},{found.before[1]}"}  # type: ignore[dict-item]
        older = _address(query, **where)
    return page(
        "catalogue.html",
        person,
        query=query,
        found=found,
        facets=facets,
        sources=SOURCES,
        bands=list(Band),
        narrowed=_narrowed(query),
        older=older,
        first=not (query.before or query.after),
        start=_address(query),
    )


def _address(query: Query, **more: object) -> str:
    values = {
        "q": query.words,
        "source": query.source,
        "band": query.band,
        "ecosystem": query.ecosystem,
        "exploited": "1" if query.exploited else "",
        **more,
    }
    return "/catalogue?" + urlencode({n: v for n, v in values.items() if v})


def _narrowed(query: Query) -> list[tuple[str, str]]:
    """Return each facet that narrows the search, and the address without it."""
    chosen = {
        "source": query.source,
        "band": query.band,
        "ecosystem": query.ecosystem,
        "exploited": "known exploited" if query.exploited else "",
    }
    return [
        (shown, _address(query, **{name: ""}))
        for name, shown in chosen.items()
        if shown
    ]


@get(
    "/catalogue/records/{name:path}",
    sync_to_thread=True,
    include_in_schema=False,
)
def read(
    request: AnyRequest, name: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Show everything that was published under one name."""
    name = str(name).lstrip("/")
    with context.store.read() as unit:
        person = auth.visitor(unit, request, context)
    with context.catalogue.read() as reading:
        records = reading.named([name])
        if not records:
            raise NotFound(f"nothing is published under {name}")
        urgency = assess(reading, _names(name, records), {}, at=context.clock())
    return page(
        "catalogue_record.html",
        person,
        called=name,
        records=records,
        title=records[0].title,
        sources=SOURCES,
        urgency=urgency,
        affected={(r.source, r.id): _shown(r) for r in records},
        most=MOST_AFFECTED,
    )


def _names(name: str, records: Any) -> list[str]:  # noqa: ANN401 - a sequence of records
    """Return the CVEs that a record is about, if it is about one only."""
    cves = {cve for record in records for cve in record.cves}
    return [name] if name.upper().startswith("CVE-") or len(cves) != 1 else [*cves]


def _shown(record: CatalogueRecord) -> list[tuple[str, str, list[str]]]:
    """Return what a record affects: its name, the key of its page, its versions."""
    return [
        (_called(a), next(iter(keys_of(a)), ""), affected_by(a))
        for a in record.affected[:MOST_AFFECTED]
    ]


def _called(affected: Affected) -> str:
    package = f"{affected.ecosystem} {affected.name}".strip()
    return package or f"{affected.vendor} {affected.product}".strip() or affected.purl


@get("/catalogue/products", sync_to_thread=True, include_in_schema=False)
def product(
    request: AnyRequest,
    context: NamedDependency[Context],
    key: FromQuery[str] = "",
) -> Response[Any]:
    """Show what was published about one product or package, the newest first."""
    with context.store.read() as unit:
        person = auth.visitor(unit, request, context)
    with context.catalogue.read() as reading:
        records = reading.product(key[:300], MOST_RECORDS)
        if not records:
            raise NotFound(f"nothing is published about {key}")
    rows = [(record, _about(record, key)) for record in records]
    return page(
        "catalogue_product.html",
        person,
        key=key,
        called=_product_name(key),
        rows=rows,
        most=MOST_RECORDS,
    )


def _about(record: CatalogueRecord, key: str) -> list[str]:
    """Return the versions of one product that a record speaks of."""
    said = [
        line for a in record.affected if key in keys_of(a) for line in affected_by(a)
    ]
    return list(dict.fromkeys(said))[:20]


def _product_name(key: str) -> str:
    kind, _, rest = key.partition(":")
    if kind == "cpe":
        vendor, _, called = rest.partition(":")
        return f"{called} of {vendor}".replace("_", " ")
    return rest


@get("/catalogue/match", sync_to_thread=True, include_in_schema=False)
def ask(request: AnyRequest, context: NamedDependency[Context]) -> Response[Any]:
    """Offer to say what affects an SBOM."""
    with context.store.read() as unit:
        person = auth.person(unit, request, context)
    return page("catalogue_match.html", person, read=inventories.READ, found=None)


@post(
    "/catalogue/match",
    sync_to_thread=True,
    include_in_schema=False,
    status_code=200,
    request_max_body_size=SBOM_BODY,
)
def matched(
    request: AnyRequest,
    data: Annotated[
        dict[str, UploadFile], Body(media_type=RequestEncodingType.MULTI_PART)
    ],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Say what affects an SBOM; nothing of it is kept."""
    with context.store.read() as unit:
        person = auth.person(unit, request, context)
    sent = data.get("sbom")
    error: Error | None = None
    found = None
    try:
        found = _match(sent, context)
    except Invalid as refused:
        error = refused
    return page(
        "catalogue_match.html",
        person,
        status_code=status_of(error) if error else 200,
        read=inventories.READ,
        found=found,
        error=str(error) if error else None,
        called=sent.filename if sent else "",
        most=MOST_MATCHES,
    )


def _match(sent: UploadFile | None, context: Context) -> Matched:
    if sent is None:
        raise Invalid("choose a file")
    body = sent.file.read(SBOM_BODY + 1)
    inventory = inventories.read(sent.filename, body, max_bytes=SBOM_BODY)
    with context.catalogue.read() as reading:
        return match(reading, inventory, context.clock(), most=MOST_COMPARED)


router = Router("/", route_handlers=[search, read, product, ask, matched])
