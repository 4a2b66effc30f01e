"""Figures in three cuts: over time, by ecosystem and owner, by finder's organisation."""

from __future__ import annotations

from typing import Any

from litestar import Response, Router, get
from litestar.di import NamedDependency

from fairlead.clearinghouse import tallying
from fairlead.clearinghouse.tallying import Kind
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.pages.frame import page


@get("/figures", sync_to_thread=True, include_in_schema=False)
def shown(request: AnyRequest, context: NamedDependency[Context]) -> Response[Any]:
    """Show figures over what the person may see."""
    with context.store.read() as unit:
        person = auth.person(unit, request, context)
        figures = tallying.figures(unit, person.asker, at=context.clock())
    return page(
        "figures.html",
        person,
        figures=figures,
        kinds=list(Kind),
        any=any(row.total for row in (*figures.months, *figures.finders)),
        at=context.clock(),
    )


router = Router("/", route_handlers=[shown])
