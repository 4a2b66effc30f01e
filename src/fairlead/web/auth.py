"""Who is asking: programs by token, people by session; and where they ask from."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from litestar import Request
from litestar.exceptions import HTTPException

from fairlead.access import membership
from fairlead.access.members import Person
from fairlead.access.ports import AccessUnit
from fairlead.access.roles import Asker
from fairlead.errors import Unauthenticated
from fairlead.web.context import Context

AnyRequest = Request[Any, Any, Any]

SESSION = "fairlead_session"
"""The cookie in which a browser keeps its session."""

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


def program(unit: AccessUnit, request: AnyRequest, context: Context) -> Asker:
    """Return the program that is asking.

    Raises:
        Unauthenticated: no token, or one that opens nothing.

    """
    token = token_of(request)
    if token is None:
        raise Unauthenticated("the token is missing, unknown, expired or revoked")
    return membership.whose_token(unit, token, at=context.clock())


def visitor(unit: AccessUnit, request: AnyRequest, context: Context) -> Person | None:
    """Return the person who is asking, if one has signed in."""
    secret = request.cookies.get(SESSION)
    if secret is None:
        return None
    return membership.whose_session(unit, secret, at=context.clock())


def person(unit: AccessUnit, request: AnyRequest, context: Context) -> Person:
    """Return the person who is asking.

    Raises:
        Unauthenticated: nobody has signed in.

    """
    found = visitor(unit, request, context)
    if found is None:
        raise Unauthenticated("sign in first")
    return found


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
