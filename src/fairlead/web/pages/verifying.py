"""Showing anew that it is the one who signed in, and going back to what was begun."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromQuery, URLEncodedBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_200_OK, HTTP_303_SEE_OTHER
from msgspec import Struct

from fairlead.access import challenges, membership, passkeys
from fairlead.access.ports import Purpose
from fairlead.access.sessions import SignedIn
from fairlead.errors import Error, Unauthenticated
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.pages.frame import page
from fairlead.web.problems import status_of


class Proof(Struct, frozen=True, kw_only=True):
    """What the form sends: one of the two, and where to go then."""

    answer: str = ""
    code: str = ""
    onward: str = "/account"


@get("/verify", sync_to_thread=True, include_in_schema=False)
def form(
    request: AnyRequest,
    context: NamedDependency[Context],
    onward: FromQuery[str] = "/account",
) -> Response[Any]:
    """Ask the person to show that it is the one."""
    with context.store.read() as unit:
        person = auth.person(unit, request, context)
    return ask(person, "/verify", {"onward": onward})


@post(
    "/verify/options",
    sync_to_thread=True,
    include_in_schema=False,
    status_code=HTTP_200_OK,
)
def options(request: AnyRequest, context: NamedDependency[Context]) -> Response[str]:
    """Say what a browser needs to show a passkey of this person."""
    with context.store.begin() as unit:
        person = auth.person(unit, request, context)
        challenge = challenges.challenge(
            unit,
            request.cookies[auth.SESSION],
            Purpose.VERIFY,
            at=context.clock(),
            randomness=context.randomness,
        )
    asked = context.passkeys.asks_for_one(challenge, person)
    return Response(asked, media_type="application/json")


@post("/verify", sync_to_thread=True, include_in_schema=False)
def verify(
    request: AnyRequest,
    data: URLEncodedBody[Proof],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Take the proof and go on."""
    try:
        proved(request, context, answer=data.answer, code=data.code)
    except Unauthenticated as error:
        with context.store.read() as unit:
            person = auth.person(unit, request, context)
        return ask(person, "/verify", {"onward": data.onward}, error=error)
    return Redirect(_here(data.onward), status_code=HTTP_303_SEE_OTHER)


def proved(request: AnyRequest, context: Context, *, answer: str, code: str) -> None:
    """Note that the person showed it is the one, by passkey or, having none, by code.

    Raises:
        Unauthenticated: it did not.
        TooMany: it was tried too often.

    """
    context.limits.sign_in.count(context.proxies.client(request))
    at = context.clock()
    challenge = auth.answered(request, context, Purpose.VERIFY) if answer else b""
    with context.store.begin() as unit:
        me = auth.person(unit, request, context)
        if answer:
            passkeys.verify(unit, context.passkeys, me, answer, challenge, at=at)
        else:
            membership.verify_by_code(unit, me, code, at=at)


def ask(
    person: SignedIn,
    action: str,
    typed: Mapping[str, str],
    *,
    error: Error | None = None,
    status_code: int = HTTPStatus.OK,
) -> Response[Any]:
    """Return the page that asks; *typed* is sent on to *action* with the proof."""
    return page(
        "verify.html",
        person,
        status_code=status_of(error) if error else status_code,
        action=action,
        typed=typed,
        error=str(error) if error else None,
    )


def ask_first(request: AnyRequest, context: Context, onward: str) -> Response[Any]:
    """Return the page that asks, in answer to what needs the proof; then *onward*."""
    with context.store.read() as unit:
        person = auth.person(unit, request, context)
    return ask(person, "/verify", {"onward": onward}, status_code=HTTPStatus.FORBIDDEN)


def _here(address: str) -> str:
    """Return *address* if it is a page of this server, so that none sends people off."""
    local = address.startswith("/") and not address.startswith(("//", "/\\"))
    return address if local and address.isprintable() else "/"


router = Router("/", route_handlers=[form, options, verify])
