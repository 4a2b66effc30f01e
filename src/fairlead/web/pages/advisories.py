"""What is public: advisories, as pages and as the documents that went out."""

from __future__ import annotations

from typing import Any

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from fairlead.base.ids import AdvisoryId
from fairlead.clearinghouse import publishing
from fairlead.clearinghouse.advisories import PublishedAdvisory
from fairlead.clearinghouse.ports import Page
from fairlead.errors import NotFound
from fairlead.formats import reading
from fairlead.formats.advisory import Advisory
from fairlead.formats.csaf import csaf_file_name
from fairlead.formats.csaf_scores import scored
from fairlead.formats.rendering import FORMATS
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


@get("/feeds", sync_to_thread=True, include_in_schema=False)
def feeds(request: AnyRequest, context: NamedDependency[Context]) -> Response[Any]:
    """Say how programs get what is published."""
    with context.store.read() as unit:
        person = auth.visitor(unit, request, context)
    return page("feeds.html", person, address=context.address, signer=context.signer)


@get("/advisories/{name:str}", sync_to_thread=True, include_in_schema=False)
def read(
    request: AnyRequest, name: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Show one advisory."""
    with context.store.read() as unit:
        person = auth.visitor(unit, request, context)
        advisory = publishing.find_advisory(unit, AdvisoryId(name))
    content = _content(advisory, context)
    documents = advisory.documents
    formats = [(kind, f) for kind, f in FORMATS.items() if documents.find(kind)]  # type: ignore[union-attr]
    return page(
        "advisory.html",
        person,
        advisory=advisory,
        content=content,
        scores=[scored(vector) for vector in content.severities],
        formats=formats,
        not_carried=documents.not_carried if documents else {},
        address=context.address,
        signed=context.signer is not None,
        file=csaf_file_name(advisory.id),
    )


def _content(advisory: PublishedAdvisory, context: Context) -> Advisory:
    """Return what an advisory says; of the first version, as its document says it."""
    documents = advisory.documents
    if documents is None:
        raise NotFound(f"{advisory.id} was destroyed")
    if documents.content is not None:
        return documents.content
    return reading.read(documents.csaf.encode(), context.publisher)[0].advisory


@get(
    "/advisories/{name:str}/{kind:str}",
    sync_to_thread=True,
    tags=["advisories"],
    responses=PROBLEMS,
)
def document(
    name: FromPath[str], kind: FromPath[str], context: NamedDependency[Context]
) -> Response[str]:
    """Return the advisory in a format: csaf, csaf-2.1, osv, cve or openvex."""
    with context.store.read() as unit:
        advisory = publishing.find_advisory(unit, AdvisoryId(name))
    found = advisory.documents.find(kind) if advisory.documents else None
    if found is None:
        raise NotFound(f"{name} is not published as {kind!r}")
    stem = csaf_file_name(name).removesuffix("json")
    return _file(found, stem + FORMATS[kind].suffix)


def _file(content: str, name: str) -> Response[str]:
    return Response(
        content,
        media_type="application/json",
        headers={
            "Content-Disposition": f'inline; filename="{name}"',
            "Cache-Control": "public, max-age=60",
        },
    )


router = Router("/", route_handlers=[listed, feeds, read, document])
