"""Who read what, for those who watch the others."""

from __future__ import annotations

from typing import Any

from litestar import Response, Router, get
from litestar.di import NamedDependency

from fairlead.access.traces import list_traces
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.pages.frame import page
from fairlead.web.parameters import After

SIZE = 50


@get("/readings", sync_to_thread=True, include_in_schema=False)
def listed(
    request: AnyRequest, context: NamedDependency[Context], after: After = 0
) -> Response[Any]:
    """List every reading of what is not public, the newest first."""
    with context.store.read() as unit:
        person = auth.person(unit, request, context)
        found = list_traces(unit, person.asker, after=after, size=SIZE + 1)
        names = {o.id: o.name for o in unit.organisations.all()}
    return page(
        "readings.html",
        person,
        readings=found[:SIZE],
        names=names,
        newer=max(0, after - SIZE) if after else None,
        older=after + SIZE if len(found) > SIZE else None,
    )


router = Router("/", route_handlers=[listed])
