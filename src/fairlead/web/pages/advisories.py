"""What is public: advisories, as pages and as the documents that went out."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from msgspec import Struct

from fairlead.access.members import Person
from fairlead.access.roles import Scope
from fairlead.base.ids import AdvisoryId
from fairlead.clearinghouse import publishing
from fairlead.clearinghouse.advisories import PublishedAdvisory
from fairlead.clearinghouse.ports import Page
from fairlead.errors import (
    Error,
    Invalid,
    NotFound,
    NotVerified,
    Refused,
    Unauthenticated,
    Violation,
)
from fairlead.formats import osv, reading
from fairlead.formats.advisory import Advisory
from fairlead.formats.csaf import csaf_file_name
from fairlead.formats.csaf_scores import scored
from fairlead.formats.rendering import FORMATS
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.openapi import PROBLEMS
from fairlead.web.pages import verifying
from fairlead.web.pages.drafts import (
    FIELDS,
    DraftForm,
    beyond_the_form,
    revised_draft,
    written_before,
)
from fairlead.web.pages.frame import page
from fairlead.web.problems import status_of


@get("/advisories", sync_to_thread=True, include_in_schema=False)
def listed(request: AnyRequest, context: NamedDependency[Context]) -> Response[Any]:
    """List published advisories, the newest first."""
    with context.store.read() as unit:
        person = auth.visitor(unit, request, context)
        newest = publishing.list_advisories(unit, Page(size=100))
    return page("advisories.html", person, advisories=newest)


@get(
    "/products/{ecosystem:str}/{name:path}",
    sync_to_thread=True,
    include_in_schema=False,
)
def product(
    request: AnyRequest,
    ecosystem: FromPath[str],
    name: FromPath[str],
    context: NamedDependency[Context],
) -> Response[Any]:
    """List the advisories about one package, the newest first."""
    package = str(name).removeprefix("/")
    with context.store.read() as unit:
        person = auth.visitor(unit, request, context)
        found = publishing.list_about(unit, ecosystem, package)
    return page(
        "product.html",
        person,
        advisories=found,
        ecosystem=ecosystem,
        package=package,
        address=context.address,
    )


@get("/feeds", sync_to_thread=True, include_in_schema=False)
def feeds(request: AnyRequest, context: NamedDependency[Context]) -> Response[Any]:
    """Say how programs get what is published."""
    with context.store.read() as unit:
        person = auth.visitor(unit, request, context)
    return page("feeds.html", person, address=context.address, signer=context.signer)


class WithdrawalForm(Struct, frozen=True, kw_only=True):
    """Why an advisory is taken back, as it was typed."""

    reason: str = ""


class RevisionForm(DraftForm, frozen=True, kw_only=True):
    """A new version of an advisory, as it was typed."""

    news: str = ""


class ProvedRevision(RevisionForm, frozen=True, kw_only=True):
    """The same, sent on with the proof that it is the one."""

    answer: str = ""
    code: str = ""


@get("/advisories/{name:str}", sync_to_thread=True, include_in_schema=False)
def read(
    request: AnyRequest, name: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Show one advisory."""
    with context.store.read() as unit:
        person = auth.visitor(unit, request, context)
        advisory = publishing.find_advisory(unit, AdvisoryId(name))
    return _show(context, person, advisory)


@post("/advisories/{name:str}/withdrawal", sync_to_thread=True, include_in_schema=False)
def withdraw(
    request: AnyRequest,
    name: FromPath[str],
    data: URLEncodedBody[WithdrawalForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Take an advisory back."""
    advisory = AdvisoryId(name)
    try:
        with context.store.begin() as unit:
            asker = auth.person(unit, request, context).asker
            publishing.withdraw(
                unit, asker, advisory, data.reason, context.press, at=context.clock()
            )
    except NotVerified:
        return verifying.ask_first(request, context, f"/advisories/{name}")
    except (Invalid, Refused) as error:
        with context.store.read() as unit:
            person = auth.person(unit, request, context)
            found = publishing.find_advisory(unit, advisory)
        return _show(context, person, found, form="withdrawal", error=error)
    return Redirect(f"/advisories/{name}", status_code=HTTP_303_SEE_OTHER)


@post("/advisories/{name:str}/revisions", sync_to_thread=True, include_in_schema=False)
def revise(
    request: AnyRequest,
    name: FromPath[str],
    data: URLEncodedBody[RevisionForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Publish a new version of an advisory."""
    try:
        with context.store.begin() as unit:
            asker = auth.person(unit, request, context).asker
            asker.needs(Scope.ADVISORY_PUBLISH)
            _need_news(data)
            found = publishing.find_advisory(unit, AdvisoryId(name))
            publishing.revise(
                unit,
                asker,
                found.id,
                revised_draft(data, _content(found, context)),
                context.press,
                summary=data.news,
                at=context.clock(),
            )
    except NotVerified:
        return _ask(request, context, name, data)
    except (Invalid, Refused) as error:
        return _typed(request, context, name, data, error=error)
    return Redirect(f"/advisories/{name}", status_code=HTTP_303_SEE_OTHER)


def _need_news(data: RevisionForm) -> None:
    if not data.news.strip():
        fault = Violation(
            "missing_field", "news", "say it in words; everybody reads it"
        )
        raise Invalid("say what is new", [fault])


@post(
    "/advisories/{name:str}/revisions/draft",
    sync_to_thread=True,
    include_in_schema=False,
    status_code=HTTPStatus.OK,
)
def redraft(
    request: AnyRequest,
    name: FromPath[str],
    data: URLEncodedBody[ProvedRevision],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Verify the person, and show the form with what was typed before."""
    try:
        verifying.proved(request, context, answer=data.answer, code=data.code)
    except Unauthenticated as error:
        return _ask(request, context, name, data, error=error)
    return _typed(request, context, name, data)


def _ask(
    request: AnyRequest,
    context: Context,
    name: str,
    typed: RevisionForm,
    *,
    error: Error | None = None,
) -> Response[Any]:
    """Ask the person to show that it is the one; what it typed is kept meanwhile."""
    with context.store.read() as unit:
        me = auth.person(unit, request, context)
        found = publishing.find_advisory(unit, AdvisoryId(name))
    return verifying.ask(
        me,
        f"/advisories/{found.id}/revisions/draft",
        {field: getattr(typed, field) for field in RevisionForm.__struct_fields__},
        error=error,
        status_code=HTTPStatus.FORBIDDEN,
    )


def _typed(
    request: AnyRequest,
    context: Context,
    name: str,
    typed: RevisionForm,
    *,
    error: Error | None = None,
) -> Response[Any]:
    """Show an advisory with the form that was filled in."""
    with context.store.read() as unit:
        person = auth.person(unit, request, context)
        found = publishing.find_advisory(unit, AdvisoryId(name))
    return _show(context, person, found, form="revision", typed=typed, error=error)


def _show(  # noqa: PLR0913 - one value a thing that must be said
    context: Context,
    person: Person | None,
    advisory: PublishedAdvisory,
    *,
    form: str = "",
    typed: RevisionForm | None = None,
    error: Error | None = None,
) -> Response[Any]:
    content = _content(advisory, context)
    violations = error.violations if isinstance(error, Invalid) else ()
    documents = advisory.documents
    formats = {
        kind: format_
        for kind, format_ in FORMATS.items()
        if documents is not None and documents.find(kind) is not None
    }
    may_publish = person is not None and person.asker.may(Scope.ADVISORY_PUBLISH)
    return page(
        "advisory.html",
        person,
        status_code=status_of(error) if error else HTTPStatus.OK,
        advisory=advisory,
        content=content,
        scores=[scored(vector) for vector in content.severities],
        packages=[osv.package_of(affected) for affected in content.affected],
        formats=formats,
        not_carried=documents.not_carried if documents else {},
        address=context.address,
        signed=context.signer is not None,
        file=csaf_file_name(advisory.id),
        may_withdraw=may_publish and advisory.withdrawn_at is None,
        form=form,
        draft=typed or written_before(content),
        news=typed.news if typed else "",
        beyond=beyond_the_form(content),
        error=str(error) if error else None,
        wrong={FIELDS.get(v.field, v.field): v.reason for v in violations},
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


router = Router(
    "/",
    route_handlers=[
        listed,
        product,
        feeds,
        read,
        withdraw,
        revise,
        redraft,
        document,
    ],
)
