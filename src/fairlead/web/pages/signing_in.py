"""Signing in by one-time code, signing out, and the first page."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from litestar import Response, Router, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from msgspec import Struct

from fairlead.access import membership, sessions
from fairlead.clearinghouse import publishing
from fairlead.clearinghouse.ports import Page
from fairlead.errors import Unauthenticated
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.pages.frame import page, start_of


class SignIn(Struct, frozen=True, kw_only=True):
    """What the form sends."""

    code: str = ""


@get("/", sync_to_thread=True, include_in_schema=False)
def home(request: AnyRequest, context: NamedDependency[Context]) -> Response[Any]:
    """Show strangers what this is, and send others to their work."""
    with context.store.read() as unit:
        person = auth.visitor(unit, request, context)
        if person is not None:
            return Redirect(start_of(person))
        newest = publishing.list_advisories(unit, Page(size=10))
    return page("home.html", None, advisories=newest)


@get("/sign-in", sync_to_thread=False, include_in_schema=False)
def form() -> Response[Any]:
    """Show the form."""
    return page("sign_in.html", None, error=None)


@post("/sign-in", sync_to_thread=True, include_in_schema=False)
def sign_in(
    data: URLEncodedBody[SignIn],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Take a one-time code and begin a session."""
    try:
        with context.store.begin() as unit:
            session = membership.sign_in(
                unit, data.code, at=context.clock(), randomness=context.randomness
            )
            person = membership.whose_session(unit, session, at=context.clock())
    except Unauthenticated as error:
        return page(
            "sign_in.html",
            None,
            status_code=HTTPStatus.UNAUTHORIZED,
            error=str(error),
        )
    answer = Redirect(
        start_of(person) if person else "/", status_code=HTTP_303_SEE_OTHER
    )
    answer.set_cookie(
        _cookie(context, session, int(sessions.SESSION_LASTS.total_seconds()))
    )
    return answer


@post("/sign-out", sync_to_thread=True, include_in_schema=False)
def sign_out(request: AnyRequest, context: NamedDependency[Context]) -> Response[Any]:
    """End the session, here and everywhere."""
    secret = request.cookies.get(auth.SESSION)
    if secret is not None:
        with context.store.begin() as unit:
            membership.sign_out(unit, secret)
    answer = Redirect("/", status_code=HTTP_303_SEE_OTHER)
    answer.set_cookie(_cookie(context, "", 0))
    return answer


def _cookie(context: Context, value: str, lasts: int) -> Cookie:
    return Cookie(
        auth.SESSION,
        value=value,
        max_age=lasts,
        path="/",
        httponly=True,
        samesite="lax",
        secure=context.secure,
    )


router = Router("/", route_handlers=[home, form, sign_in, sign_out])
