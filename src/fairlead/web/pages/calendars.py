"""Calendars of engagements: an address is made, shown once, and read by programs."""

from __future__ import annotations

from typing import Any

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from msgspec import Struct

from fairlead.base.ids import EngagementId
from fairlead.formats import ical
from fairlead.programme import calendars
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.pages.frame import page


class FollowForm(Struct, frozen=True, kw_only=True):
    """Which engagement somebody wants in a calendar."""

    engagement: str = ""


@post("/calendars", sync_to_thread=True, include_in_schema=False)
def follow(
    request: AnyRequest,
    data: URLEncodedBody[FollowForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Make the address of a calendar, in place of an earlier one, and show it once."""
    name = EngagementId(data.engagement)
    with context.store.begin() as unit:
        person = auth.person(unit, request, context)
        secret = calendars.follow(unit, person.asker, name, context.moment)
    address = f"{context.address}/calendars/{secret}.ics"
    return page("calendar.html", person, engagement=name, address=address)


@post("/calendars/end", sync_to_thread=True, include_in_schema=False)
def end(
    request: AnyRequest,
    data: URLEncodedBody[FollowForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Have the address lead nowhere."""
    with context.store.begin() as unit:
        person = auth.person(unit, request, context)
        calendars.leave(unit, person.asker, EngagementId(data.engagement))
    return Redirect("/", status_code=HTTP_303_SEE_OTHER)


@get("/calendars/{secret:str}", sync_to_thread=True, include_in_schema=False)
def read(
    request: AnyRequest, secret: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Return the calendar behind a secret, to whatever program asks."""
    context.limits.status.count(context.proxies.client(request))
    with context.store.read() as unit:
        written = calendars.read(
            unit, secret.removesuffix(".ics"), context.address, context.moment
        )
    return Response(
        written,
        media_type=ical.CONTENT_TYPE,
        headers={
            "Content-Disposition": 'inline; filename="engagement.ics"',
            "Cache-Control": "private, no-store",
        },
    )


router = Router("/", route_handlers=[follow, end, read])
