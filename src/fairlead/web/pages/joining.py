"""Asking to join: the criteria, the form, and what is still to be shown."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from msgspec import Struct, structs

from fairlead.access import applications, joining
from fairlead.access.applications import Application
from fairlead.errors import Error, Invalid, Refused, Unavailable
from fairlead.programme.unit import Unit
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.pages.frame import page
from fairlead.web.problems import status_of


class ApplyForm(Struct, frozen=True, kw_only=True):
    """What the form for an application sends."""

    name: str = ""
    domain: str = ""
    mail: str = ""
    contact: str = ""
    purpose: str = ""


class CodeForm(Struct, frozen=True, kw_only=True):
    """What the form for a mailed code sends."""

    code: str = ""


@get("/join", sync_to_thread=False, include_in_schema=False)
def form(context: NamedDependency[Context]) -> Response[Any]:
    """Show the criteria, and the form."""
    return _form(context, ApplyForm(), None)


@post("/join", sync_to_thread=True, include_in_schema=False)
def apply(
    request: AnyRequest,
    data: URLEncodedBody[ApplyForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Take an application, and send the applicant to the page that follows it."""
    context.limits.sign_in.count(context.proxies.client(request))
    try:
        applicant = applications.applicant(**structs.asdict(data))
        with context.store.begin() as unit:
            applied = joining.apply(
                unit,
                applicant,
                context.criteria,
                at=context.clock(),
                randomness=context.randomness,
            )
    except (Invalid, Unavailable) as error:
        return _form(context, data, error)
    context.wake()
    return Redirect(f"/join/{applied.secret}", status_code=HTTP_303_SEE_OTHER)


@get("/join/{secret:str}", sync_to_thread=True, include_in_schema=False)
def follow(secret: FromPath[str], context: NamedDependency[Context]) -> Response[Any]:
    """Show how far an application is, to whoever holds its secret."""
    return _show(context, secret)


@post("/join/{secret:str}/domain", sync_to_thread=True, include_in_schema=False)
def prove_domain(
    request: AnyRequest, secret: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Look for the DNS record now."""
    context.limits.sign_in.count(context.proxies.client(request))
    with context.store.read() as unit:
        said = joining.follow(unit, secret).applicant
    try:
        # Asked while no transaction waits for the answer.
        name = applications.challenge_name(said.domain) if said else ""
        records = context.text_records(name) if said else ()
    except Unavailable as error:
        return _show(context, secret, error=error)
    return _act(
        context,
        secret,
        lambda unit, a: joining.prove_domain(unit, a, records, at=context.clock()),
    )


@post("/join/{secret:str}/mail", sync_to_thread=True, include_in_schema=False)
def prove_mail(
    request: AnyRequest,
    secret: FromPath[str],
    data: URLEncodedBody[CodeForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Take the code that was mailed."""
    context.limits.sign_in.count(context.proxies.client(request))
    return _act(
        context,
        secret,
        lambda unit, a: joining.prove_mail(unit, a, data.code, at=context.clock()),
    )


@post("/join/{secret:str}/withdraw", sync_to_thread=True, include_in_schema=False)
def withdraw(secret: FromPath[str], context: NamedDependency[Context]) -> Response[Any]:
    """Not want to any more."""
    return _act(
        context, secret, lambda unit, a: joining.withdraw(unit, a, at=context.clock())
    )


@post("/join/{secret:str}/enter", sync_to_thread=True, include_in_schema=False)
def enter(secret: FromPath[str], context: NamedDependency[Context]) -> Response[Any]:
    """Hand the first person of a new member a code to sign in with."""
    try:
        with context.store.begin() as unit:
            code = joining.enter(
                unit,
                joining.follow(unit, secret),
                at=context.clock(),
                randomness=context.randomness,
            )
    except Refused as error:
        return _show(context, secret, error=error)
    return page("enter.html", None, code=code)


def _act(
    context: Context, secret: str, act: Callable[[Unit, Application], object]
) -> Response[Any]:
    try:
        with context.store.begin() as unit:
            act(unit, joining.follow(unit, secret))
    except (Invalid, Refused) as error:
        return _show(context, secret, error=error)
    return Redirect(f"/join/{secret}", status_code=HTTP_303_SEE_OTHER)


def _form(context: Context, typed: ApplyForm, error: Error | None) -> Response[Any]:
    violations = error.violations if isinstance(error, Invalid) else ()
    return page(
        "join.html",
        None,
        status_code=status_of(error) if error else HTTPStatus.OK,
        criteria=context.criteria,
        typed=typed,
        error=str(error) if error else None,
        wrong={v.field: v.reason for v in violations},
    )


def _show(
    context: Context, secret: str, *, error: Error | None = None
) -> Response[Any]:
    with context.store.read() as unit:
        application = joining.follow(unit, secret)
    said = application.applicant
    return page(
        "application.html",
        None,
        status_code=status_of(error) if error else HTTPStatus.OK,
        application=application,
        lacking=application.lacks(context.criteria),
        record=applications.challenge_name(said.domain) if said else "",
        ends_at=application.received_at + applications.LASTS,
        secret=secret,
        error=str(error) if error else None,
    )


router = Router(
    "/",
    route_handlers=[form, apply, follow, prove_domain, prove_mail, withdraw, enter],
)
