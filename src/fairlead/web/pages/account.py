"""One's own account: passkeys, linked logins, sessions."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER
from msgspec import Struct

from fairlead.access import challenges, credentials, logins, passkeys, sessions
from fairlead.access.credentials import PROXY
from fairlead.access.ports import How, Purpose
from fairlead.access.sessions import SignedIn
from fairlead.errors import (
    Error,
    Invalid,
    NotFound,
    NotVerified,
    Refused,
    Unauthenticated,
    Unavailable,
)
from fairlead.programme.unit import Unit
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.logins import LINKING, Provider
from fairlead.web.pages import zones
from fairlead.web.pages.frame import page
from fairlead.web.problems import status_of

HOW = {
    How.CODE: "one-time code",
    How.RECOVERY: "one-time code, to recover the account",
    How.PASSKEY: "passkey",
    How.LOGIN: "login elsewhere",
    How.PROXY: "proxy",
}


class NewPasskey(Struct, frozen=True, kw_only=True):
    """What the form for a passkey sends."""

    label: str = ""
    answer: str = ""


@get("/account", sync_to_thread=True, include_in_schema=False)
def account(request: AnyRequest, context: NamedDependency[Context]) -> Response[Any]:
    """Show what opens the account, and where it is open."""
    with context.store.read() as unit:
        me = auth.person(unit, request, context)
        return _show(unit, request, context, me)


@post(
    "/account/passkeys/options",
    sync_to_thread=True,
    include_in_schema=False,
    status_code=HTTP_200_OK,
)
def ask(request: AnyRequest, context: NamedDependency[Context]) -> Response[str]:
    """Say what a browser needs to make a passkey."""
    with context.store.begin() as unit:
        me = auth.person(unit, request, context)
        sessions.needs_trust(me, context.clock())
        challenge = challenges.challenge(
            unit,
            request.cookies[auth.SESSION],
            Purpose.ADD,
            at=context.clock(),
            randomness=context.randomness,
        )
    options = context.passkeys.asks_for_new(me, challenge)
    return Response(options, media_type="application/json")


@post("/account/passkeys", sync_to_thread=True, include_in_schema=False)
def add_passkey(
    request: AnyRequest,
    data: URLEncodedBody[NewPasskey],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Add a passkey."""

    def act(unit: Unit, me: SignedIn) -> None:
        passkeys.add(
            unit,
            me,
            context.passkeys.made(data.answer, challenge),
            data.label,
            at=context.clock(),
            randomness=context.randomness,
        )

    try:
        challenge = auth.answered(request, context, Purpose.ADD)
    except Unauthenticated as error:
        return _again(request, context, error)
    return _act(request, context, act)


@post(
    "/account/passkeys/{name:str}/remove", sync_to_thread=True, include_in_schema=False
)
def remove_passkey(
    request: AnyRequest, name: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Remove a passkey."""
    return _act(
        request,
        context,
        lambda unit, me: passkeys.remove(unit, me, name, at=context.clock()),
    )


@post("/account/logins", sync_to_thread=True, include_in_schema=False)
def link(request: AnyRequest, context: NamedDependency[Context]) -> Response[Any]:
    """Send the browser to the provider, to link the login that it comes back with.

    It goes by a page of ours: the pages' policy lets no form lead elsewhere.
    """
    if context.provider is None:
        raise NotFound
    address = ""

    def act(unit: Unit, me: SignedIn) -> None:
        sessions.needs_trust(me, context.clock())
        secret = request.cookies[auth.SESSION]
        challenges.keep(unit, secret, Purpose.LINK, kept, at=context.clock())

    address, kept = context.provider.begin(context.randomness, prefix=LINKING)
    answer = _act(request, context, act)
    if isinstance(answer, Redirect) and answer.url == "/account":
        with context.store.read() as unit:
            me = auth.person(unit, request, context)
        return page("onward.html", me, address=address, place=context.provider.name)
    return answer


@post("/account/logins/proxy", sync_to_thread=True, include_in_schema=False)
def link_proxied(
    request: AnyRequest, context: NamedDependency[Context]
) -> Response[Any]:
    """Link who the trusted proxy says is asking."""
    named = auth.proxied(request)
    if named is None:
        raise NotFound

    def act(unit: Unit, me: SignedIn) -> None:
        at, randomness = context.clock(), context.randomness
        logins.link(unit, me, PROXY, named, at=at, randomness=randomness)

    return _act(request, context, act)


@post("/account/logins/{name:str}/remove", sync_to_thread=True, include_in_schema=False)
def unlink(
    request: AnyRequest, name: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Make a login open nothing any more."""
    return _act(
        request,
        context,
        lambda unit, me: logins.unlink(unit, me, name, at=context.clock()),
    )


@post("/account/sessions/{name:str}/end", sync_to_thread=True, include_in_schema=False)
def end_session(
    request: AnyRequest, name: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """End one session."""
    return _act(request, context, lambda unit, me: sessions.end(unit, me, name))


@post("/account/sessions/end", sync_to_thread=True, include_in_schema=False)
def end_sessions(
    request: AnyRequest, context: NamedDependency[Context]
) -> Response[Any]:
    """Sign out everywhere, here too."""
    return _act(request, context, sessions.end_all, onward="/sign-in")


def linked(
    request: AnyRequest, context: Context, provider: Provider, *, code: str, state: str
) -> Response[Any]:
    """Link the login that the provider vouches for to whoever has signed in."""

    def act(unit: Unit, me: SignedIn) -> None:
        at, randomness = context.clock(), context.randomness
        logins.link(unit, me, provider.issuer, subject, at=at, randomness=randomness)

    try:
        kept = auth.answered(request, context, Purpose.LINK)
        subject = provider.finish(kept, code=code, state=state)
    except (Unauthenticated, Unavailable) as error:
        return _again(request, context, error)
    return _act(request, context, act)


def _act(
    request: AnyRequest,
    context: Context,
    act: Callable[[Unit, SignedIn], object],
    *,
    onward: str = "/account",
) -> Response[Any]:
    """Do *act*; where it is refused, say so on the page."""
    try:
        with context.store.begin() as unit:
            act(unit, auth.person(unit, request, context))
    except NotVerified:
        return Redirect("/verify?onward=/account", status_code=HTTP_303_SEE_OTHER)
    except (Invalid, Refused, Unauthenticated) as error:
        return _again(request, context, error)
    return Redirect(onward, status_code=HTTP_303_SEE_OTHER)


def _again(request: AnyRequest, context: Context, error: Error) -> Response[Any]:
    with context.store.read() as unit:
        # Whoever is not signed in gets no page, but the way to sign in.
        me = auth.person(unit, request, context)
        return _show(unit, request, context, me, error=error)


def _show(
    unit: Unit,
    request: AnyRequest,
    context: Context,
    me: SignedIn,
    *,
    error: Error | None = None,
) -> Response[Any]:
    lasting = sessions.of_person(unit, me.id, at=context.clock())
    digests = {
        key.id: credentials.credential_digest(key.credential or "")
        for key in me.passkeys
    }
    proxied = auth.proxied(request)
    linked = {(login.issuer, login.subject) for login in me.logins}
    return page(
        "account.html",
        me,
        status_code=status_of(error) if error else HTTPStatus.OK,
        error=str(error) if error else None,
        used={name: unit.sign_counts.used_at(d) for name, d in digests.items()},
        sessions=[(sessions.handle(s), s, HOW[s.how]) for s in lasting],
        provider=context.provider.name if context.provider else None,
        issuers=_issuers(context.provider),
        zone=zones.chosen(request.cookies),
        proxied=proxied if (PROXY, proxied) not in linked else None,
    )


def _issuers(provider: Provider | None) -> dict[str, str]:
    """Return what people call those who issue logins."""
    named = {provider.issuer: provider.name} if provider else {}
    return {**named, PROXY: "the proxy in front of this server"}


router = Router(
    "/",
    route_handlers=[
        account,
        ask,
        add_passkey,
        remove_passkey,
        link,
        link_proxied,
        unlink,
        end_session,
        end_sessions,
    ],
)
