"""Exports: asked for by one coordinator, agreed to by another, then taken."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from msgspec import Struct

from fairlead.access.members import Person
from fairlead.base.ids import ExportId, Receipt
from fairlead.clearinghouse import exporting
from fairlead.clearinghouse.cases import State
from fairlead.clearinghouse.exporting import Taken
from fairlead.clearinghouse.ports import Page
from fairlead.errors import Error, Invalid, NotAllowed, Refused
from fairlead.programme.unit import Unit
from fairlead.web import auth
from fairlead.web.api.cases import CaseAnswer
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.pages.frame import page
from fairlead.web.problems import status_of

SHOWN = 50


class AskForm(Struct, frozen=True, kw_only=True):
    """What the form for a new export sends."""

    state: str = ""
    q: str = ""
    reason: str = ""


class ExportedReport(Struct, frozen=True, kw_only=True):
    """One report in an export."""

    receipt: Receipt
    report: str | None
    """Exactly as sent; nothing where it was destroyed."""


class ExportedCase(Struct, frozen=True, kw_only=True):
    """One line of an export."""

    case: CaseAnswer
    reports: tuple[ExportedReport, ...]

    @classmethod
    def of(cls, taken: Taken) -> ExportedCase:
        """Return the line for *taken*."""
        return cls(
            case=CaseAnswer.of(taken.case),
            reports=tuple(
                ExportedReport(
                    receipt=receipt,
                    report=None if sent is None else sent.decode("utf-8", "replace"),
                )
                for receipt, sent in taken.reports.items()
            ),
        )


@get("/exports", sync_to_thread=True, include_in_schema=False)
def listed(request: AnyRequest, context: NamedDependency[Context]) -> Response[Any]:
    """List exports, and offer to ask for one."""
    with context.store.read() as unit:
        return _show(unit, auth.person(unit, request, context), context)


@post("/exports", sync_to_thread=True, include_in_schema=False)
def ask(
    request: AnyRequest,
    data: URLEncodedBody[AskForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Ask for an export of the cases that match."""

    def act(unit: Unit, person: Person) -> None:
        states = [state for state in State if state.value == data.state]
        exporting.ask(
            unit,
            person.asker,
            exporting.matching(unit, person.asker, states=states, words=data.q),
            reason=data.reason,
            at=context.clock(),
            randomness=context.randomness,
        )

    return _act(request, context, act, typed=data)


@post("/exports/{name:str}/approval", sync_to_thread=True, include_in_schema=False)
def approve(
    request: AnyRequest, name: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Agree to what another coordinator asked for."""

    def act(unit: Unit, person: Person) -> None:
        exporting.approve(unit, person.asker, ExportId(name), at=context.clock())

    return _act(request, context, act)


@post("/exports/{name:str}/content", sync_to_thread=True, include_in_schema=False)
def take(
    request: AnyRequest, name: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Return what was agreed to, as a file with one case a line."""
    try:
        with context.store.begin() as unit:
            person = auth.person(unit, request, context)
            taken = exporting.take(unit, person.asker, ExportId(name), context.moment)
    except (NotAllowed, Refused) as error:
        with context.store.read() as unit:
            person = auth.person(unit, request, context)
            return _show(unit, person, context, error=error)
    lines = [msgspec.json.encode(ExportedCase.of(case)) + b"\n" for case in taken]
    return Response(
        b"".join(lines),
        media_type="application/x-ndjson",
        headers={"Content-Disposition": f'attachment; filename="{name}.ndjson"'},
        status_code=HTTPStatus.OK,
    )


def _act(
    request: AnyRequest,
    context: Context,
    act: Callable[[Unit, Person], None],
    *,
    typed: AskForm | None = None,
) -> Response[Any]:
    """Do *act*; where it is refused, show the page again with what was typed."""
    try:
        with context.store.begin() as unit:
            act(unit, auth.person(unit, request, context))
    except (Invalid, Refused, NotAllowed) as error:
        with context.store.read() as unit:
            person = auth.person(unit, request, context)
            return _show(unit, person, context, typed=typed, error=error)
    return Redirect("/exports", status_code=HTTP_303_SEE_OTHER)


def _show(
    unit: Unit,
    person: Person,
    context: Context,
    *,
    typed: AskForm | None = None,
    error: Error | None = None,
) -> Response[Any]:
    found = exporting.listed(unit, person.asker, Page(size=SHOWN))
    violations = error.violations if isinstance(error, Invalid) else ()
    return page(
        "exports.html",
        person,
        status_code=status_of(error) if error else HTTPStatus.OK,
        exports=found,
        me=person.asker.actor,
        now=context.clock(),
        states=list(State),
        typed=typed or AskForm(),
        error=str(error) if error else None,
        wrong={v.field: v.reason for v in violations},
    )


router = Router("/", route_handlers=[listed, ask, approve, take])
