"""The work queue: filters, search, orders, saved views, and what tells that it changed."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Annotated, Any
from urllib.parse import urlencode

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, QueryParameter, URLEncodedBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from msgspec import Struct

from fairlead.access.members import Person
from fairlead.access.roles import Scope, scopes_of
from fairlead.access.traces import How, leave_trace
from fairlead.base.ids import CaseId, ViewId
from fairlead.clearinghouse import coordinating, queueing, viewing
from fairlead.clearinghouse.cases import CASES, State
from fairlead.clearinghouse.queues import (
    Answer,
    Due,
    Order,
    Place,
    Severity,
    Sheet,
    Wanted,
    next_due,
)
from fairlead.errors import Invalid, Refused
from fairlead.programme.unit import Unit
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.pages.frame import page
from fairlead.web.problems import status_of

SIZE = 50

StateName = Annotated[str, QueryParameter(name="state")]
Start = Annotated[str, QueryParameter(name="from")]


class ViewForm(Struct, frozen=True, kw_only=True):
    """What the form for saving a view sends: its name, and the filters as they are."""

    name: str = ""
    state: str = ""
    q: str = ""
    project: str = ""
    severity: str = ""
    answer: str = ""
    due: str = ""
    coordinator: str = ""
    order: str = ""


def wanted_of(  # noqa: PLR0913, PLR0917 - one value a filter
    state: str,
    q: str,
    project: str,
    severity: str,
    answer: str,
    due: str,
    coordinator: str,
    order: str,
) -> Wanted:
    """Return what the filters ask for; a value that there is not narrows nothing."""
    return Wanted(
        states=tuple(s for s in State if s.value == state),
        words=q.strip(),
        project=project.strip(),
        severity=next((s for s in Severity if s.value == severity), None),
        answer=next((a for a in Answer if a.value == answer), None),
        due=next((d for d in Due if d.value == due), None),
        coordinator=coordinator.strip()[:40],
        order=next((o for o in Order if o.value == order), Order.NEWEST),
    )


def query_of(wanted: Wanted, **more: str) -> str:
    """Return the filters as they stand in an address, and nothing that is not asked."""
    asked = {
        "state": wanted.states[0].value if wanted.states else "",
        "q": wanted.words,
        "project": wanted.project,
        "severity": wanted.severity or "",
        "answer": wanted.answer or "",
        "due": wanted.due or "",
        "coordinator": wanted.coordinator,
        "order": "" if wanted.order is Order.NEWEST else wanted.order.value,
        **more,
    }
    return urlencode({name: value for name, value in asked.items() if value})


@get("/cases", sync_to_thread=True, include_in_schema=False)
def queue(  # noqa: PLR0913, PLR0917 - one value a filter
    request: AnyRequest,
    context: NamedDependency[Context],
    in_state: StateName = "",
    q: FromQuery[str] = "",
    project: FromQuery[str] = "",
    severity: FromQuery[str] = "",
    answer: FromQuery[str] = "",
    due: FromQuery[str] = "",
    coordinator: FromQuery[str] = "",
    order: FromQuery[str] = "",
    start: Start = "",
) -> Response[Any]:
    """List the cases that the person may see, as its filters say."""
    wanted = wanted_of(in_state, q, project, severity, answer, due, coordinator, order)
    with context.store.read() as unit:
        person = auth.person(unit, request, context)
        return _show(unit, person, context, wanted, start)


@get("/cases/version", sync_to_thread=True, include_in_schema=False)
def version(  # noqa: PLR0913, PLR0917 - one value a filter
    request: AnyRequest,
    context: NamedDependency[Context],
    in_state: StateName = "",
    q: FromQuery[str] = "",
    project: FromQuery[str] = "",
    severity: FromQuery[str] = "",
    answer: FromQuery[str] = "",
    due: FromQuery[str] = "",
    coordinator: FromQuery[str] = "",
    order: FromQuery[str] = "",
    start: Start = "",
) -> dict[str, str]:
    """Tell by what a page of the queue is known to be the same as before."""
    wanted = wanted_of(in_state, q, project, severity, answer, due, coordinator, order)
    with context.store.read() as unit:
        person = auth.person(unit, request, context)
        return {"version": _version(_sheet(unit, person, context, wanted, start))}


@get("/cases/{case_id:str}/version", sync_to_thread=True, include_in_schema=False)
def case_version(
    request: AnyRequest, case_id: FromPath[str], context: NamedDependency[Context]
) -> dict[str, str]:
    """Tell by what a case is known to be the same as before, to who may see it."""
    with context.store.read() as unit:
        person = auth.person(unit, request, context)
        case = coordinating.find(unit, person.asker, CaseId(case_id))
        leave_trace(
            unit, person.asker, [CASES.stream(case.id)], How.LISTED, context.moment
        )
        return {"version": str(case.version)}


@post("/views", sync_to_thread=True, include_in_schema=False)
def save(
    request: AnyRequest,
    data: URLEncodedBody[ViewForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Save what the filters say under a name."""
    wanted = wanted_of(
        data.state,
        data.q,
        data.project,
        data.severity,
        data.answer,
        data.due,
        data.coordinator,
        data.order,
    )
    try:
        with context.store.begin() as unit:
            person = auth.person(unit, request, context)
            view = viewing.save_view(
                unit,
                person.asker,
                data.name,
                wanted,
                at=context.clock(),
                randomness=context.randomness,
            )
    except (Invalid, Refused) as error:
        with context.store.read() as unit:
            person = auth.person(unit, request, context)
            return _show(unit, person, context, wanted, "", typed=data, error=error)
    return _to(wanted, view=view.id)


@get("/views/{view:str}", sync_to_thread=True, include_in_schema=False)
def open_view(
    request: AnyRequest, view: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Show the queue as a saved view says."""
    with context.store.read() as unit:
        person = auth.person(unit, request, context)
        found = viewing.open_view(unit, person.asker, ViewId(view))
    return _to(found.wanted, view=found.id)


@post("/views/{view:str}/remove", sync_to_thread=True, include_in_schema=False)
def remove(
    request: AnyRequest, view: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Remove a saved view."""
    with context.store.begin() as unit:
        person = auth.person(unit, request, context)
        viewing.drop_view(unit, person.asker, ViewId(view))
    return _to(Wanted())


def _to(wanted: Wanted, **more: str) -> Redirect:
    asked = query_of(wanted, **more)
    path = f"/cases?{asked}" if asked else "/cases"
    return Redirect(path, status_code=HTTP_303_SEE_OTHER)


def _sheet(
    unit: Unit, person: Person, context: Context, wanted: Wanted, start: str
) -> Sheet:
    # No more than is shown is asked for: whatever is returned leaves a trace.
    return queueing.sheet(
        unit,
        person.asker,
        wanted,
        context.moment,
        start=Place.parse(start),
        size=SIZE,
    )


def _version(sheet: Sheet) -> str:
    """Return what changes whenever a row of the page does."""
    rows = [
        f"{case.id} {case.version} {sheet.severities.get(case.id)}"
        f" {sheet.answers.get(case.id)}"
        for case in sheet.cases
    ]
    return hashlib.sha256("\n".join(rows).encode()).hexdigest()[:32]


def _show(  # noqa: PLR0913 - one value a thing that must be said
    unit: Unit,
    person: Person,
    context: Context,
    wanted: Wanted,
    start: str,
    *,
    typed: ViewForm | None = None,
    error: Invalid | Refused | None = None,
) -> Response[Any]:
    sheet = _sheet(unit, person, context, wanted, start)
    counts = queueing.counts(unit, person.asker)
    asked = query_of(wanted, **({"from": start} if start else {}))
    return page(
        "queue.html",
        person,
        status_code=status_of(error) if error else 200,
        sheet=sheet,
        counts=counts,
        total=sum(count.known for count in counts.values()),
        more=any(count.more for count in counts.values()),
        wanted=wanted,
        narrowed=wanted != Wanted(),
        states=list(State),
        severities=list(Severity),
        answers=list(Answer),
        dues=list(Due),
        orders=list(Order),
        coordinators=_coordinators(unit, person),
        next_due=next_due,
        views=viewing.views_of(unit, person.asker),
        asked=query_of(wanted),
        by_state={s: query_of(_in_state(wanted, s)) for s in State},
        any_state=query_of(_in_state(wanted, None)),
        query_of=query_of,
        start=start,
        following=None
        if sheet.following is None
        else query_of(wanted, **{"from": str(sheet.following)}),
        now=context.clock(),
        live=None if error else f"/cases/version?{asked}",
        version=_version(sheet),
        typed=typed,
        error=str(error) if error else None,
    )


def _coordinators(unit: Unit, person: Person) -> list[tuple[str, str]]:
    """Return who may answer for a case, to those who may name one: id and name."""
    if not person.asker.may(Scope.CASE_MOVE):
        return []
    return [
        (one.id, one.name or one.id)
        for one in unit.people.all()
        if one.active
        and one.organisation == person.organisation
        and Scope.CASE_MOVE in scopes_of(frozenset(one.roles))
    ]


def _in_state(wanted: Wanted, state: State | None) -> Wanted:
    return replace(wanted, states=() if state is None else (state,))


router = Router(
    "/", route_handlers=[queue, version, case_version, save, open_view, remove]
)
