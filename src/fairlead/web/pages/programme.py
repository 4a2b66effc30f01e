"""The programme to the public, without signing in; and what a liaison keeps of it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC
from http import HTTPStatus
from typing import Any

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from msgspec import Struct

from fairlead.access.members import Person
from fairlead.access.roles import Role, Scope
from fairlead.base.ids import MilestoneId
from fairlead.clearinghouse.casework import counting
from fairlead.errors import Error, Invalid, Refused
from fairlead.programme import capacity, figures, milestones, pictures
from fairlead.programme.milestones import Entry
from fairlead.programme.registered import Kind
from fairlead.programme.unit import Unit
from fairlead.terms import prose, standard
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.pages.frame import page
from fairlead.web.problems import status_of

AFTERWARDS = "/programme/milestones"


class PublishedForm(Struct, frozen=True, kw_only=True):
    """When something was published, and where."""

    on: str = ""
    link: str = ""


class NoteForm(Struct, frozen=True, kw_only=True):
    """Something to know about a milestone."""

    text: str = ""
    link: str = ""


class ConsentForm(Struct, frozen=True, kw_only=True):
    """Whether an organisation consents to exact figures."""

    given: str = ""


@get("/programme", sync_to_thread=True, include_in_schema=False)
def shown(request: AnyRequest, context: NamedDependency[Context]) -> Response[Any]:
    """Show the programme to anybody."""
    with context.store.read() as unit:
        person = auth.visitor(unit, request, context)
        register = milestones.register(unit, context.profile)
        months = figures.published(unit)
        put_off = counting.put_off(unit, at=context.clock())
    answer = page(
        "programme.html",
        person,
        profile=context.profile,
        called={role: name for role, name in context.profile.roles.items() if name},
        picture=pictures.process_svg(),
        states=pictures.process_rows(),
        clauses=_clauses(),
        register=[m for m in register if m.kind is Kind.DUTY],
        others=[
            (kind, [m for m in register if m.kind is kind])
            for kind in Kind
            if kind is not Kind.DUTY
        ],
        late=lambda m: milestones.days_late(m, _today(context)),
        months=months,
        put_off=put_off,
        keeps=person is not None and _keeps(person),
        roles=Role,
    )
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@get("/programme/milestones", sync_to_thread=True, include_in_schema=False)
def edited(request: AnyRequest, context: NamedDependency[Context]) -> Response[Any]:
    """Show the register to whoever keeps it."""
    with context.store.read() as unit:
        return _edit(unit, auth.person(unit, request, context), context)


@post("/programme/milestones", sync_to_thread=True, include_in_schema=False)
def add(
    request: AnyRequest,
    data: URLEncodedBody[Entry],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Put a milestone into the register."""

    def act(unit: Unit, person: Person) -> None:
        milestones.add(
            unit,
            person.asker,
            data,
            at=context.clock(),
            randomness=context.randomness,
        )

    return _act(request, context, act, typed=data)


@post(
    "/programme/milestones/{name:str}/published",
    sync_to_thread=True,
    include_in_schema=False,
)
def published(
    request: AnyRequest,
    name: FromPath[str],
    data: URLEncodedBody[PublishedForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Record that a milestone was published."""

    def act(unit: Unit, person: Person) -> None:
        milestones.published(
            unit,
            person.asker,
            context.profile,
            MilestoneId(name),
            on=data.on,
            link=data.link,
            at=context.clock(),
        )

    return _act(request, context, act)


@post(
    "/programme/milestones/{name:str}/notes",
    sync_to_thread=True,
    include_in_schema=False,
)
def note(
    request: AnyRequest,
    name: FromPath[str],
    data: URLEncodedBody[NoteForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Add a note to a milestone."""

    def act(unit: Unit, person: Person) -> None:
        milestones.noted(
            unit,
            person.asker,
            context.profile,
            MilestoneId(name),
            text=data.text,
            link=data.link,
            at=context.clock(),
        )

    return _act(request, context, act)


@post("/programme/figures", sync_to_thread=True, include_in_schema=False)
def publish(request: AnyRequest, context: NamedDependency[Context]) -> Response[Any]:
    """Publish the figures of every month that is over."""

    def act(unit: Unit, person: Person) -> None:
        figures.publish(unit, person.asker, at=context.clock())

    return _act(request, context, act)


@get("/programme/consent", sync_to_thread=True, include_in_schema=False)
def asked(request: AnyRequest, context: NamedDependency[Context]) -> Response[Any]:
    """Show a developer whether it may be counted exactly."""
    with context.store.read() as unit:
        return _consent(unit, auth.person(unit, request, context))


@post("/programme/consent", sync_to_thread=True, include_in_schema=False)
def consent(
    request: AnyRequest,
    data: URLEncodedBody[ConsentForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Consent to exact figures, or take that back."""
    given = data.given == "yes"
    try:
        with context.store.begin() as unit:
            person = auth.person(unit, request, context)
            figures.consent(unit, person.asker, given=given, at=context.clock())
    except Refused as error:
        with context.store.read() as unit:
            return _consent(unit, auth.person(unit, request, context), error)
    return Redirect("/programme/consent", status_code=HTTP_303_SEE_OTHER)


def _act(
    request: AnyRequest,
    context: Context,
    act: Callable[[Unit, Person], None],
    *,
    typed: Entry | None = None,
) -> Response[Any]:
    """Do *act*; where it is refused, show the page again with what was typed."""
    try:
        with context.store.begin() as unit:
            act(unit, auth.person(unit, request, context))
    except (Invalid, Refused) as error:
        with context.store.read() as unit:
            person = auth.person(unit, request, context)
            return _edit(unit, person, context, typed=typed, error=error)
    return Redirect(AFTERWARDS, status_code=HTTP_303_SEE_OTHER)


def _edit(
    unit: Unit,
    person: Person,
    context: Context,
    *,
    typed: Entry | None = None,
    error: Error | None = None,
) -> Response[Any]:
    milestones.needs_keeper(person.asker)
    now = context.clock()
    crowd = (
        capacity.capacity(unit, person.asker, context.moment)
        if person.asker.may(Scope.ENGAGEMENT_KEEP)
        else None
    )
    violations = error.violations if isinstance(error, Invalid) else ()
    return page(
        "milestones.html",
        person,
        status_code=status_of(error) if error else HTTPStatus.OK,
        register=milestones.register(unit, context.profile),
        late=lambda m: milestones.days_late(m, _today(context)),
        months=figures.published(unit),
        kinds=list(Kind),
        crowd=crowd,
        picture=pictures.capacity_svg(crowd.weeks, crowd.evaluators, now)
        if crowd
        else None,
        typed=typed or Entry(),
        error=str(error) if error else None,
        wrong={v.field: v.reason for v in violations} if typed else {},
    )


def _consent(unit: Unit, person: Person, error: Error | None = None) -> Response[Any]:
    person.asker.needs(Scope.ENGAGEMENT_OWN)
    found = figures.consented(unit, person.organisation)
    return page(
        "consent.html",
        person,
        status_code=status_of(error) if error else HTTPStatus.OK,
        given=found is not None and found.given,
        error=str(error) if error else None,
    )


def _keeps(person: Person) -> bool:
    scopes = person.asker.scopes
    return bool(scopes & {Scope.ENGAGEMENT_KEEP, Scope.PEOPLE_MANAGE})


def _today(context: Context) -> Any:  # noqa: ANN401 - a date
    return context.clock().astimezone(UTC).date()


def _clauses() -> list[tuple[str, str]]:
    """Return the standard clauses: title, and what each says."""
    return [
        (clause.title, prose.sentence(clause)) for clause in standard.LIBRARY.values()
    ]


router = Router(
    "/",
    route_handlers=[
        shown,
        edited,
        add,
        published,
        note,
        publish,
        asked,
        consent,
    ],
)
