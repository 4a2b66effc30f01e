"""Applications as members and administrators see them, and one's own organisation."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from msgspec import Struct

from fairlead.access import joining, own
from fairlead.access.roles import Role, Scope
from fairlead.access.sessions import SignedIn
from fairlead.base.ids import ApplicationId, PersonId, TokenId
from fairlead.errors import Error, Invalid, NotAllowed, Refused, Violation
from fairlead.programme import leaving
from fairlead.programme.unit import Unit
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.pages.frame import page
from fairlead.web.problems import status_of

Act = Callable[[Unit, SignedIn], object]


class DeclineForm(Struct, frozen=True, kw_only=True):
    """What the form for declining sends."""

    reason: str = ""


class EnrolForm(Struct, frozen=True, kw_only=True):
    """What the form for a new person sends."""

    name: str = ""
    role: str = ""


class TokenForm(Struct, frozen=True, kw_only=True):
    """What the form for a new token sends."""

    label: str = ""
    days: int = 90


class LeaveForm(Struct, frozen=True, kw_only=True):
    """What the form for leaving sends."""

    typed: str = ""


@get("/applications", sync_to_thread=True, include_in_schema=False)
def listed(request: AnyRequest, context: NamedDependency[Context]) -> Response[Any]:
    """List applications, with what each lacks."""
    return _applications(request, context)


@post("/applications/{name:str}/vouch", sync_to_thread=True, include_in_schema=False)
def vouch(
    request: AnyRequest, name: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Vouch for an applicant."""
    return _decide(
        request,
        context,
        lambda unit, me: joining.vouch(
            unit, me.asker, ApplicationId(name), at=context.clock()
        ),
    )


@post("/applications/{name:str}/admit", sync_to_thread=True, include_in_schema=False)
def admit(
    request: AnyRequest, name: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Make an applicant a member."""
    return _decide(
        request,
        context,
        lambda unit, me: joining.admit(
            unit,
            me.asker,
            ApplicationId(name),
            context.criteria,
            at=context.clock(),
            randomness=context.randomness,
        ),
    )


@post("/applications/{name:str}/decline", sync_to_thread=True, include_in_schema=False)
def decline(
    request: AnyRequest,
    name: FromPath[str],
    data: URLEncodedBody[DeclineForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Not make an applicant a member."""
    return _decide(
        request,
        context,
        lambda unit, me: joining.decline(
            unit, me.asker, ApplicationId(name), data.reason, at=context.clock()
        ),
    )


@get("/organisation", sync_to_thread=True, include_in_schema=False)
def home(request: AnyRequest, context: NamedDependency[Context]) -> Response[Any]:
    """Show one's own organisation."""
    return _home(request, context)


@post("/organisation/people", sync_to_thread=True, include_in_schema=False)
def enrol(
    request: AnyRequest,
    data: URLEncodedBody[EnrolForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Let a person act for one's organisation, and show its code this once."""

    def act(unit: Unit, me: SignedIn) -> str:
        me.asker.needs(Scope.PEOPLE_MANAGE_OWN)
        if data.role not in set(own.ROLES):
            raise Invalid(
                "choose a role", [Violation("missing_field", "role", "choose")]
            )
        return own.enrol(
            unit,
            me.asker,
            data.name,
            Role(data.role),
            at=context.clock(),
            randomness=context.randomness,
        )

    return _keep(request, context, act, shown=f"Code for {data.name}")


@post(
    "/organisation/people/{name:str}/end", sync_to_thread=True, include_in_schema=False
)
def end_person(
    request: AnyRequest, name: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """End what a person may do."""
    return _keep(
        request,
        context,
        lambda unit, me: own.end_person(
            unit, me.asker, PersonId(name), at=context.clock()
        ),
    )


@post("/organisation/tokens", sync_to_thread=True, include_in_schema=False)
def issue(
    request: AnyRequest,
    data: URLEncodedBody[TokenForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Hand out a token, and show it this once."""
    return _keep(
        request,
        context,
        lambda unit, me: (
            own.issue_token(
                unit,
                me.asker,
                data.label,
                data.days,
                at=context.clock(),
                randomness=context.randomness,
            ).secret
        ),
        shown=f"Token {data.label}",
    )


@post(
    "/organisation/tokens/{name:str}/revoke",
    sync_to_thread=True,
    include_in_schema=False,
)
def revoke(
    request: AnyRequest, name: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Make a token open nothing any more."""
    return _keep(
        request,
        context,
        lambda unit, me: own.revoke_token(
            unit, me.asker, TokenId(name), at=context.clock()
        ),
    )


@post("/organisation/leave", sync_to_thread=True, include_in_schema=False)
def leave(
    request: AnyRequest,
    data: URLEncodedBody[LeaveForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Leave, with everyone and every token, at once."""

    def act(unit: Unit, me: SignedIn) -> None:
        me.asker.needs(Scope.PEOPLE_MANAGE_OWN)
        if data.typed.strip() != "leave":
            raise Invalid(
                "type the word leave to confirm",
                [Violation("not_confirmed", "typed", "type leave")],
            )
        leaving.leave(unit, me.asker, context.claims, at=context.clock())

    answer = _keep(request, context, act)
    left = answer.status_code == HTTP_303_SEE_OTHER
    return Redirect("/", status_code=HTTP_303_SEE_OTHER) if left else answer


def _decide(request: AnyRequest, context: Context, act: Act) -> Response[Any]:
    try:
        with context.store.begin() as unit:
            act(unit, auth.person(unit, request, context))
    except (Invalid, NotAllowed, Refused) as error:
        return _applications(request, context, error=error)
    return Redirect("/applications", status_code=HTTP_303_SEE_OTHER)


def _keep(
    request: AnyRequest, context: Context, act: Act, *, shown: str = ""
) -> Response[Any]:
    try:
        with context.store.begin() as unit:
            done = act(unit, auth.person(unit, request, context))
    except (Invalid, NotAllowed, Refused) as error:
        return _home(request, context, error=error)
    if isinstance(done, str):
        return _home(request, context, once=(shown, done))
    return Redirect("/organisation", status_code=HTTP_303_SEE_OTHER)


def _applications(
    request: AnyRequest, context: Context, *, error: Error | None = None
) -> Response[Any]:
    with context.store.read() as unit:
        me = auth.person(unit, request, context)
        found = joining.list_applications(unit, me.asker)
        names = {o.id: o.name for o in unit.organisations.all()}
    return page(
        "applications.html",
        me,
        status_code=status_of(error) if error else HTTPStatus.OK,
        applications=[(one, one.lacks(context.criteria)) for one in found],
        names=names,
        may_admit=me.asker.may(Scope.PEOPLE_MANAGE),
        may_vouch=me.asker.may(Scope.MEMBER_VOUCH),
        mine=me.organisation,
        error=str(error) if error else None,
    )


def _home(
    request: AnyRequest,
    context: Context,
    *,
    error: Error | None = None,
    once: tuple[str, str] | None = None,
) -> Response[Any]:
    with context.store.read() as unit:
        me = auth.person(unit, request, context)
        found = own.look(unit, me.asker, at=context.clock())
    violations = error.violations if isinstance(error, Invalid) else ()
    return page(
        "organisation.html",
        me,
        status_code=status_of(error) if error else HTTPStatus.OK,
        home=found,
        roles=own.ROLES,
        now=context.clock(),
        once=once,
        error=str(error) if error else None,
        wrong={v.field: v.reason for v in violations},
    )


router = Router(
    "/",
    route_handlers=[
        listed,
        vouch,
        admit,
        decline,
        home,
        enrol,
        end_person,
        issue,
        revoke,
        leave,
    ],
)
