"""In which zone a person reads instants, beside UTC; their browser keeps it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from jinja2 import pass_context
from jinja2.runtime import Context as Shown
from litestar import Response, Router, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import URLEncodedBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from markupsafe import Markup
from msgspec import Struct

from fairlead.base import instants, zones
from fairlead.errors import Invalid, Violation
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.pages.happenings import minute

COOKIE = "fairlead_zone"
LASTS = timedelta(days=400)


class ZoneForm(Struct, frozen=True, kw_only=True):
    """What the form for the zone sends."""

    zone: str = ""


@post("/account/zone", sync_to_thread=True, include_in_schema=False)
def choose(
    request: AnyRequest,
    data: URLEncodedBody[ZoneForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Have instants shown in a zone beside UTC, or in UTC alone."""
    with context.store.read() as unit:
        auth.person(unit, request, context)
    name = data.zone.strip()
    if name and zones.find(name) is None:
        raise Invalid(
            f"{name[:64]!r} is no zone; write such as Europe/Berlin",
            [Violation("unknown_zone", "zone", "write such as Europe/Berlin")],
        )
    cookie = Cookie(
        COOKIE,
        value=name,
        max_age=int(LASTS.total_seconds()) if name else 0,
        path="/",
        httponly=True,
        samesite="lax",
        secure=context.secure,
    )
    return Redirect("/account", status_code=HTTP_303_SEE_OTHER, cookies=[cookie])


def chosen(cookies: Mapping[str, str]) -> str:
    """Return the zone that the reader chose; nothing where that is none."""
    name = cookies.get(COOKIE, "")
    return name if zones.find(name) else ""


@pass_context
def instant(shown: Shown, at: datetime) -> Markup:
    """Show an instant to the minute in UTC, and as clocks of the reader's zone show it."""
    request = shown.get("request")
    zone = zones.find(chosen(request.cookies)) if request is not None else None
    there = f" ({zones.local(at, zone)})" if zone is not None else ""
    return Markup('<time datetime="{}">{}{}</time>').format(
        instants.text(at), minute(at), there
    )


router = Router("/", route_handlers=[choose])
