"""What is public: advisories, as pages and as the documents that went out."""

from __future__ import annotations

import json
from typing import Any

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from fairlead.base.ids import AdvisoryId
from fairlead.clearinghouse import publishing
from fairlead.clearinghouse.advisories import Documents, PublishedAdvisory
from fairlead.clearinghouse.ports import Page
from fairlead.errors import NotFound
from fairlead.formats.csaf import csaf_file_name
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.openapi import PROBLEMS
from fairlead.web.pages.frame import page


@get("/advisories", sync_to_thread=True, include_in_schema=False)
def listed(request: AnyRequest, context: NamedDependency[Context]) -> Response[Any]:
    """List published advisories, the newest first."""
    with context.store.read() as unit:
        person = auth.visitor(unit, request, context)
        newest = publishing.list_advisories(unit, Page(size=100))
    return page("advisories.html", person, advisories=newest)


@get("/advisories/{name:str}", sync_to_thread=True, include_in_schema=False)
def read(
    request: AnyRequest, name: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Show one advisory."""
    with context.store.read() as unit:
        person = auth.visitor(unit, request, context)
        advisory = publishing.find_advisory(unit, AdvisoryId(name))
    content = json.loads(_documents(advisory).csaf)
    return page("advisory.html", person, advisory=advisory, content=content)


@get(
    "/advisories/{name:str}/csaf",
    sync_to_thread=True,
    tags=["advisories"],
    responses=PROBLEMS,
)
def csaf(name: FromPath[str], context: NamedDependency[Context]) -> Response[str]:
    """Return the advisory as a CSAF 2.0 document."""
    return _file(_find(context, name).csaf, csaf_file_name(name))


@get(
    "/advisories/{name:str}/osv",
    sync_to_thread=True,
    tags=["advisories"],
    responses=PROBLEMS,
)
def osv(name: FromPath[str], context: NamedDependency[Context]) -> Response[str]:
    """Return the advisory as an OSV record."""
    return _file(_find(context, name).osv, f"{name}.osv.json")


def _find(context: Context, name: str) -> Documents:
    with context.store.read() as unit:
        return _documents(publishing.find_advisory(unit, AdvisoryId(name)))


def _documents(advisory: PublishedAdvisory) -> Documents:
    if advisory.documents is None:
        raise NotFound(f"{advisory.id} was destroyed")
    return advisory.documents


def _file(document: str, name: str) -> Response[str]:
    return Response(
        document,
        media_type="application/json",
        headers={
            "Content-Disposition": f'inline; filename="{name}"',
            "Cache-Control": "public, max-age=60",
        },
    )


router = Router("/", route_handlers=[listed, read, csaf, osv])
