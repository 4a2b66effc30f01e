"""Signing in, signing out, and the first page."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Annotated, Any

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, QueryParameter, URLEncodedBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER
from msgspec import Struct

from fairlead.access import challenges, logins, membership, passkeys, secrets
from fairlead.access.credentials import PROXY
from fairlead.access.ports import How, Purpose
from fairlead.clearinghouse import publishing
from fairlead.clearinghouse.ports import Page
from fairlead.errors import Error, NotFound, Unauthenticated, Unavailable
from fairlead.programme.unit import Unit
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.logins import DONE, LINKING
from fairlead.web.pages import account
from fairlead.web.pages.frame import page, start_of
from fairlead.web.problems import status_of


class SignIn(Struct, frozen=True, kw_only=True):
    """What the form sends."""

    code: str = ""


class Shown(Struct, frozen=True, kw_only=True):
    """What a browser answers for a passkey, as JSON."""

    answer: str = ""


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
def form(request: AnyRequest, context: NamedDependency[Context]) -> Response[Any]:
    """Show the ways in."""
    return _form(request, context)


@post("/sign-in", sync_to_thread=True, include_in_schema=False)
def sign_in(
    request: AnyRequest,
    data: URLEncodedBody[SignIn],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Take a one-time code and begin a session."""

    def enter(unit: Unit) -> str:
        return membership.sign_in(
            unit,
            data.code,
            at=context.clock(),
            randomness=context.randomness,
            agent=auth.agent(request),
        )

    return _enter(request, context, enter, field="code")


@post(
    "/sign-in/passkey/options",
    sync_to_thread=True,
    include_in_schema=False,
    status_code=HTTP_200_OK,
)
def ask(request: AnyRequest, context: NamedDependency[Context]) -> Response[str]:
    """Say what a browser needs to show a passkey, of whomever."""
    context.limits.sign_in.count(context.proxies.client(request))
    trip = secrets.new_session(context.randomness)
    with context.store.begin() as unit:
        challenge = challenges.challenge(
            unit,
            trip,
            Purpose.SIGN_IN,
            at=context.clock(),
            randomness=context.randomness,
        )
    options = context.passkeys.asks_for_one(challenge)
    answer = Response(options, media_type="application/json")
    answer.set_cookie(auth.trip_cookie(context, trip))
    return answer


@post("/sign-in/passkey", sync_to_thread=True, include_in_schema=False)
def sign_in_by_passkey(
    request: AnyRequest,
    data: URLEncodedBody[Shown],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Take what a passkey answered and begin a session."""

    def enter(unit: Unit) -> str:
        return passkeys.sign_in(
            unit,
            context.passkeys,
            data.answer,
            challenge,
            at=context.clock(),
            randomness=context.randomness,
            agent=auth.agent(request),
        )

    try:
        challenge = _returned(request, context, Purpose.SIGN_IN)
    except Unauthenticated as error:
        return _form(request, context, error=error)
    return _enter(request, context, enter)


@get("/sign-in/provider", sync_to_thread=True, include_in_schema=False)
def leave_for_provider(
    request: AnyRequest, context: NamedDependency[Context]
) -> Response[Any]:
    """Send the browser to the provider of logins."""
    if context.provider is None:
        raise NotFound
    context.limits.sign_in.count(context.proxies.client(request))
    try:
        address, kept = context.provider.begin(context.randomness)
    except Unavailable as error:
        return _form(request, context, error=error)
    trip = secrets.new_session(context.randomness)
    with context.store.begin() as unit:
        challenges.keep(unit, trip, Purpose.LOGIN, kept, at=context.clock())
    answer = Redirect(address, status_code=HTTP_303_SEE_OTHER)
    answer.set_cookie(auth.trip_cookie(context, trip))
    return answer


@get(DONE, sync_to_thread=True, include_in_schema=False)
def return_from_provider(
    request: AnyRequest,
    context: NamedDependency[Context],
    code: FromQuery[str] = "",
    given: Annotated[str, QueryParameter(name="state")] = "",
) -> Response[Any]:
    """Take what the provider answered; begin a session, or link the login."""
    if context.provider is None:
        raise NotFound
    provider = context.provider
    context.limits.sign_in.count(context.proxies.client(request))
    if given.startswith(LINKING):
        return account.linked(request, context, provider, code=code, state=given)

    def enter(unit: Unit) -> str:
        return logins.sign_in(
            unit,
            provider.issuer,
            subject,
            How.LOGIN,
            at=context.clock(),
            randomness=context.randomness,
            agent=auth.agent(request),
        )

    try:
        kept = _returned(request, context, Purpose.LOGIN)
        subject = provider.finish(kept, code=code, state=given)
    except (Unauthenticated, Unavailable) as error:
        return _form(request, context, error=error)
    return _enter(request, context, enter, counted=True)


@post("/sign-in/proxy", sync_to_thread=True, include_in_schema=False)
def sign_in_by_proxy(
    request: AnyRequest, context: NamedDependency[Context]
) -> Response[Any]:
    """Begin a session of whoever the trusted proxy says is asking."""

    def enter(unit: Unit) -> str:
        return logins.sign_in(
            unit,
            PROXY,
            auth.proxied(request) or "",
            How.PROXY,
            at=context.clock(),
            randomness=context.randomness,
            agent=auth.agent(request),
        )

    return _enter(request, context, enter)


@post("/sign-out", sync_to_thread=True, include_in_schema=False)
def sign_out(request: AnyRequest, context: NamedDependency[Context]) -> Response[Any]:
    """End the session."""
    secret = request.cookies.get(auth.SESSION)
    if secret is not None:
        with context.store.begin() as unit:
            membership.sign_out(unit, secret)
    answer = Redirect("/", status_code=HTTP_303_SEE_OTHER)
    answer.set_cookie(auth.session_cookie(context, ""))
    return answer


def _enter(
    request: AnyRequest,
    context: Context,
    enter: Callable[[Unit], str],
    *,
    field: str = "",
    counted: bool = False,
) -> Response[Any]:
    """Begin the session whose secret *enter* returns, or show the form again."""
    if not counted:
        context.limits.sign_in.count(context.proxies.client(request))
    try:
        with context.store.begin() as unit:
            secret = enter(unit)
            person = membership.whose_session(unit, secret, at=context.clock())
    except Unauthenticated as error:
        return _form(request, context, error=error, field=field)
    answer = Redirect(
        start_of(person) if person else "/", status_code=HTTP_303_SEE_OTHER
    )
    answer.set_cookie(auth.session_cookie(context, secret))
    answer.set_cookie(auth.trip_cookie(context, ""))
    return answer


def _returned(request: AnyRequest, context: Context, purpose: Purpose) -> bytes:
    """Take what this browser was sent away with."""
    with context.store.begin() as unit:
        return challenges.answered(
            unit, request.cookies.get(auth.TRIP, ""), purpose, at=context.clock()
        )


def _form(
    request: AnyRequest,
    context: Context,
    *,
    error: Error | None = None,
    field: str = "",
) -> Response[Any]:
    return page(
        "sign_in.html",
        None,
        status_code=status_of(error) if error else HTTPStatus.OK,
        error=str(error) if error else None,
        field=field,
        provider=context.provider.name if context.provider else None,
        proxied=auth.proxied(request),
    )


router = Router(
    "/",
    route_handlers=[
        home,
        form,
        sign_in,
        ask,
        sign_in_by_passkey,
        leave_for_provider,
        return_from_provider,
        sign_in_by_proxy,
        sign_out,
    ],
)
