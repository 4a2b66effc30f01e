"""The OSV database: records by id, and queries by package and version."""

from __future__ import annotations

from typing import Any

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
from fairlead.web.feeds.answers import HEADERS
from fairlead.web.openapi import PROBLEMS

LIMIT = 1_000
"""Records in one answer, and queries in one batch."""
Json = dict[str, Any]


class Answer(Struct, frozen=True, omit_defaults=True):
    """OSV records; nothing at all where there are none, as osv.dev answers."""

    vulns: tuple[Json, ...] = ()


class Short(Struct, frozen=True):
    """Which record, and when it changed."""

    id: str
    modified: str


class Result(Struct, frozen=True, omit_defaults=True):
    """What was found for one query of a batch."""

    vulns: tuple[Short, ...] = ()


class Results(Struct, frozen=True):
    """What was found, in the order of the queries."""

    results: tuple[Result, ...]


class Batch(Struct, frozen=True):
    """Several queries at once."""

    queries: tuple[Query, ...]


def _records(context: Context, query: Query) -> tuple[Json, ...]:
    asked = osv_query.package_of(query)
    if asked is None:  # a commit: no record here has ranges of commits
        return ()
    with context.store.read() as unit:
        found = publishing.affecting(unit, asked, LIMIT)
    return tuple(msgspec.json.decode(record) for record in found)


@post(
    "/query",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Ask which advisories affect a package",
    responses=PROBLEMS,
)
def query(data: JSONBody[Query], context: NamedDependency[Context]) -> Response[Answer]:
    """Return the OSV records of advisories that affect a version of a package.

    Without a version, of all that affect any. A version that cannot be compared counts as
    affected.
    """
    return Response(Answer(_records(context, data)), headers=HEADERS)


@post(
    "/querybatch",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Ask about several packages",
    responses=PROBLEMS,
)
def batch(
    data: JSONBody[Batch], context: NamedDependency[Context]
) -> Response[Results]:
    """Return, for each query, ids of records and when they changed."""
    if len(data.queries) > LIMIT:
        said = f"{len(data.queries)} queries; at most {LIMIT} at once"
        raise Invalid(said, [Violation("too_many", "queries", said)])
    results = tuple(
        Result(tuple(Short(r["id"], r["modified"]) for r in _records(context, one)))
        for one in data.queries
    )
    return Response(Results(results), headers=HEADERS)


@get(
    "/vulns/{name:str}",
    sync_to_thread=True,
    summary="Get an OSV record",
    responses=PROBLEMS,
)
def record(name: FromPath[str], context: NamedDependency[Context]) -> Response[Json]:
    """Return the OSV record with this id."""
    with context.store.read() as unit:
        found = publishing.find_by_osv_id(unit, name)
    if found.documents is None:
        raise NotFound(f"no record {name!r}")
    content: Json = msgspec.json.decode(found.documents.osv)
    return Response(content, headers=HEADERS)


router = Router("/v1", route_handlers=[query, batch, record], tags=["osv"])
