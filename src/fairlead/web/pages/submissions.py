"""What became of my reports."""

from __future__ import annotations

from typing import Any

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from fairlead.access.roles import Scope
from fairlead.base.ids import Receipt
from fairlead.clearinghouse import following, reporting
from fairlead.clearinghouse.ports import Page
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.pages.frame import page
from fairlead.web.parameters import After

SIZE = 50


@get("/submissions", sync_to_thread=True, include_in_schema=False)
def listed(
    request: AnyRequest, context: NamedDependency[Context], after: After = 0
) -> Response[Any]:
    """List the submissions that the person may see, the newest first."""
    with context.store.read() as unit:
        person = auth.person(unit, request, context)
        wanted = Page(after=after, size=SIZE + 1)
        found = following.follow(unit, person.asker, wanted, context.moment)
        names = {o.id: o.name for o in unit.organisations.all()}
    everyones = person.asker.may(Scope.REPORT_READ_ALL)
    return page(
        "submissions.html",
        person,
        followed=found[:SIZE],
        names=names if everyones else {},
        now=context.clock(),
        newer=max(0, after - SIZE) if after else None,
        older=after + SIZE if len(found) > SIZE else None,
    )


@get("/submissions/{receipt:str}", sync_to_thread=True, include_in_schema=False)
def read(
    request: AnyRequest, receipt: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Show one report as it was sent, and how it was answered."""
    with context.store.read() as unit:
        person = auth.person(unit, request, context)
        view = reporting.read_report(
            unit, person.asker, Receipt(receipt), context.moment
        )
        names = {o.id: o.name for o in unit.organisations.all()}
        clocks = reporting.clocks(unit, view.submission)
    document = view.document
    return page(
        "submission.html",
        person,
        submission=view.submission,
        readings=view.readings,
        clocks=clocks,
        now=context.clock(),
        names=names,
        document=None if document is None else document.decode("utf-8", "replace"),
    )


router = Router("/", route_handlers=[listed, read])
