"""Who is asking: programs by token, people by session; and where they ask from."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from litestar import Request
from litestar.datastructures import Cookie
from litestar.exceptions import HTTPException

from fairlead.access import challenges, membership
from fairlead.access.challenges import CHALLENGE_LASTS
from fairlead.access.ports import AccessUnit, Purpose
from fairlead.access.roles import Asker
from fairlead.access.sessions import SESSION_LASTS, SignedIn
from fairlead.errors import Unauthenticated
from fairlead.web.context import Context

AnyRequest = Request[Any, Any, Any]

SESSION = "fairlead_session"
"""The cookie in which a browser keeps its session."""

TRIP = "fairlead_trip"
"""The cookie of a browser that is about to sign in."""

_PROXIED = "fairlead_proxied"
_COUNTED = "fairlead_counted"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_OLD_HEADER = "tap-submission-token"


def token_of(request: AnyRequest) -> str | None:
    """Return the token that *request* carries (TAP Intake API, Submission token).

    Raises:
        HTTPException: 400, the two headers that may carry it carry different ones.

    """
    scheme, _, bearer = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        bearer = ""
    bearer = bearer.strip()
    old = request.headers.get(_OLD_HEADER, "").strip()
    if bearer and old and bearer != old:
        raise HTTPException(
            status_code=400,
            detail="Authorization and TAP-SUBMISSION-TOKEN carry different tokens",
        )
    return bearer or old or None


def asker(unit: AccessUnit, request: AnyRequest, context: Context) -> Asker:
    """Return who is asking: a program by its token, else whoever has signed in.

    Raises:
        Unauthenticated: neither, or a token that opens nothing.
        TooMany: too many requests with this token, or too many wrong ones from there.

    """
    found = anyone(unit, request, context)
    if found is None:
        raise Unauthenticated("the token is missing, unknown, expired or revoked")
    return found


def anyone(unit: AccessUnit, request: AnyRequest, context: Context) -> Asker | None:
    """Return who is asking, or nobody where neither token nor session says so.

    Raises:
        Unauthenticated: a token that opens nothing.
        TooMany: too many requests with this token, or too many wrong ones from there.

    """
    token = token_of(request)
    if token is not None:
        return _program(unit, request, context, token)
    found = visitor(unit, request, context)
    return found.asker if found else None


def _program(
    unit: AccessUnit, request: AnyRequest, context: Context, token: str
) -> Asker:
    whence = context.proxies.client(request)
    context.limits.failed.check(whence)
    try:
        found = membership.whose_token(unit, token, at=context.clock())
    except Unauthenticated:
        context.limits.failed.count(whence)
        raise
    # A handler may ask twice who it is, and counts once all the same.
    if request.scope["state"].get(_COUNTED) is None:
        request.scope["state"][_COUNTED] = True
        context.limits.requests.count(found.actor)
    return found


def visitor(unit: AccessUnit, request: AnyRequest, context: Context) -> SignedIn | None:
    """Return the person who is asking, if one has signed in."""
    secret = request.cookies.get(SESSION)
    if secret is None:
        return None
    return membership.whose_session(unit, secret, at=context.clock())


def person(unit: AccessUnit, request: AnyRequest, context: Context) -> SignedIn:
    """Return the person who is asking.

    Raises:
        Unauthenticated: nobody has signed in.

    """
    found = visitor(unit, request, context)
    if found is None:
        raise Unauthenticated("sign in first")
    return found


def answered(request: AnyRequest, context: Context, purpose: Purpose) -> bytes:
    """Take the challenge that this session was sent; see `challenges.answered`."""
    with context.store.begin() as unit:
        secret = request.cookies.get(SESSION, "")
        return challenges.answered(unit, secret, purpose, at=context.clock())


def proxied(request: AnyRequest) -> str | None:
    """Return who the trusted proxy says is asking; that alone opens nothing yet."""
    found: str | None = request.scope["state"].get(_PROXIED)
    return found


def note_proxied(request: AnyRequest, context: Context) -> None:
    """Look once a request at what the proxy says; a pretender is logged."""
    request.scope["state"][_PROXIED] = context.proxies.user(request)


def agent(request: AnyRequest) -> str:
    """Return what the browser calls itself, for the list of sessions."""
    return request.headers.get("user-agent", "")


def session_cookie(context: Context, value: str) -> Cookie:
    """Return the cookie that keeps a session; an empty *value* takes it away."""
    return _cookie(context, SESSION, value, SESSION_LASTS if value else timedelta())


def trip_cookie(context: Context, value: str) -> Cookie:
    """Return the cookie by which an answer is known to come from the same browser."""
    return _cookie(context, TRIP, value, CHALLENGE_LASTS if value else timedelta())


def _cookie(context: Context, name: str, value: str, lasts: timedelta) -> Cookie:
    return Cookie(
        name,
        value=value,
        max_age=int(lasts.total_seconds()),
        path="/",
        httponly=True,
        samesite="lax",
        secure=context.secure,
    )


def refuse_foreign(request: AnyRequest) -> None:
    """Refuse a request that another site made a browser send, before its body is read.

    Browsers say where a request comes from; programs say nothing and are let through.

    Raises:
        HTTPException: 403.

    """
    if request.method in _SAFE:
        return
    site = request.headers.get("sec-fetch-site")
    origin = request.headers.get("origin")
    foreign = origin is not None and urlsplit(origin).netloc != request.headers.get(
        "host"
    )
    if foreign or site not in {None, "same-origin", "none"}:
        raise HTTPException(
            status_code=403, detail="a browser sent this from another site"
        )
