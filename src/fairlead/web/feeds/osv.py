"""The OSV database: records by id, and queries by package and version."""

from __future__ import annotations

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK
from msgspec import Struct

from fairlead.clearinghouse import publishing
from fairlead.errors import Invalid, NotFound, Violation
from fairlead.formats import osv_query
from fairlead.formats.osv_query import Query
from fairlead.web.context import Context
from fairlead.web.feeds.answers import file
from fairlead.web.openapi import PROBLEMS

LIMIT = 1_000
"""Records in one answer, and queries in one batch."""
JSON = "application/json"


class Batch(Struct, frozen=True):
    """Several queries at once."""

    queries: tuple[Query, ...]


def _records(context: Context, query: Query) -> list[str]:
    asked = osv_query.package_of(query)
    if asked is None:  # a commit: no record here has ranges of commits
        return []
    with context.store.read() as unit:
        return publishing.affecting(unit, asked, LIMIT)


@post(
    "/query",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Ask which advisories affect a package",
    responses=PROBLEMS,
)
def query(data: JSONBody[Query], context: NamedDependency[Context]) -> Response[bytes]:
    """Return the OSV records of advisories that affect a version of a package.

    Without a version, of all that affect any. A version that cannot be compared counts as
    affected.
    """
    records = [msgspec.Raw(record.encode()) for record in _records(context, data)]
    return file(msgspec.json.encode({"vulns": records} if records else {}), JSON)


@post(
    "/querybatch",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Ask about several packages",
    responses=PROBLEMS,
)
def batch(data: JSONBody[Batch], context: NamedDependency[Context]) -> Response[bytes]:
    """Return, for each query, ids of records and when they changed."""
    if len(data.queries) > LIMIT:
        said = f"{len(data.queries)} queries; at most {LIMIT} at once"
        raise Invalid(said, [Violation("too_many", "queries", said)])
    results = []
    for one in data.queries:
        found = [msgspec.json.decode(record) for record in _records(context, one)]
        short = [{"id": r["id"], "modified": r["modified"]} for r in found]
        results.append({"vulns": short} if short else {})
    return file(msgspec.json.encode({"results": results}), JSON)


@get(
    "/vulns/{name:str}",
    sync_to_thread=True,
    summary="Get an OSV record",
    responses=PROBLEMS,
)
def record(name: FromPath[str], context: NamedDependency[Context]) -> Response[bytes]:
    """Return the OSV record with this id."""
    with context.store.read() as unit:
        found = publishing.find_by_osv_id(unit, name)
    if found.documents is None:
        raise NotFound(f"no record {name!r}")
    return file(found.documents.osv, JSON)


router = Router("/v1", route_handlers=[query, batch, record], tags=["osv"])
