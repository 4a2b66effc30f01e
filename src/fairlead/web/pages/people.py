"""People, as administrators see them: who is locked, and who lost a passkey."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from fairlead.access import membership, recovery
from fairlead.access.sessions import SignedIn
from fairlead.base.ids import PersonId
from fairlead.errors import Error, NotAllowed, Refused
from fairlead.programme.unit import Unit
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.pages.frame import page
from fairlead.web.problems import status_of


@get("/people", sync_to_thread=True, include_in_schema=False)
def listed(request: AnyRequest, context: NamedDependency[Context]) -> Response[Any]:
    """List people, with what can be done about their accounts."""
    return _show(request, context)


@post("/people/{name:str}/lock", sync_to_thread=True, include_in_schema=False)
def lock(
    request: AnyRequest, name: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Lock a person out."""
    return _act(
        request,
        context,
        lambda unit, me: recovery.lock(
            unit, me.asker, PersonId(name), at=context.clock()
        ),
    )


@post("/people/{name:str}/unlock", sync_to_thread=True, include_in_schema=False)
def unlock(
    request: AnyRequest, name: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Let a person in again."""
    return _act(
        request,
        context,
        lambda unit, me: recovery.unlock(
            unit, me.asker, PersonId(name), at=context.clock()
        ),
    )


@post("/people/{name:str}/recovery", sync_to_thread=True, include_in_schema=False)
def propose(
    request: AnyRequest, name: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Say that a person lost its passkeys."""
    return _act(
        request,
        context,
        lambda unit, me: recovery.propose(
            unit, me.asker, PersonId(name), at=context.clock()
        ),
    )


@post(
    "/people/{name:str}/recovery/confirm", sync_to_thread=True, include_in_schema=False
)
def confirm(
    request: AnyRequest, name: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Agree to a recovery, and show the code this once."""
    try:
        with context.store.begin() as unit:
            me = auth.person(unit, request, context)
            code = recovery.confirm(
                unit,
                me.asker,
                PersonId(name),
                at=context.clock(),
                randomness=context.randomness,
            )
    except (NotAllowed, Refused) as error:
        return _show(request, context, error=error)
    return page("code.html", me, code=code, whose=name)


def _act(
    request: AnyRequest, context: Context, act: Callable[[Unit, SignedIn], object]
) -> Response[Any]:
    try:
        with context.store.begin() as unit:
            act(unit, auth.person(unit, request, context))
    except (NotAllowed, Refused) as error:
        return _show(request, context, error=error)
    return Redirect("/people", status_code=HTTP_303_SEE_OTHER)


def _show(
    request: AnyRequest, context: Context, *, error: Error | None = None
) -> Response[Any]:
    at = context.clock()
    with context.store.read() as unit:
        me = auth.person(unit, request, context)
        people = membership.list_people(unit, me.asker)
        names = {o.id: o.name for o in unit.organisations.all()}
    return page(
        "people.html",
        me,
        status_code=status_of(error) if error else HTTPStatus.OK,
        error=str(error) if error else None,
        people=[p for p in people if p.active],
        names=names,
        proposed={
            p.id: p.recovery for p in people if p.recovery and p.recovery.open(at)
        },
        me=me.asker.actor,
    )


router = Router("/", route_handlers=[listed, lock, unlock, propose, confirm])
