"""Owners on pages: who maintains what, what waits for it, what it wishes and answers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time
from http import HTTPStatus
from typing import Any

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, URLEncodedBody
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER
from msgspec import Struct

from fairlead.access.members import Person
from fairlead.access.roles import Scope
from fairlead.base.ids import CaseId
from fairlead.clearinghouse.casework.delivered import Answer
from fairlead.clearinghouse.owners import (
    answering,
    directory,
    pacing,
    sending,
    verifying,
    wishes,
)
from fairlead.clearinghouse.owners.wishes import Wishes
from fairlead.clearinghouse.ports import Page
from fairlead.errors import (
    Error,
    Invalid,
    NotAllowed,
    NotFound,
    NotVerified,
    Refused,
    Violation,
)
from fairlead.programme.unit import Unit
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.pages import verifying as verifying_pages
from fairlead.web.pages.claims import target_of
from fairlead.web.pages.frame import page
from fairlead.web.parameters import After
from fairlead.web.problems import status_of

SHOWN = 50
Act = Callable[[Unit, Person], object]
_TOLD = (Invalid, Refused, NotAllowed)


class EnterForm(Struct, frozen=True, kw_only=True):
    """What the form for a new owner sends."""

    name: str = ""
    mail: str = ""
    places: str = ""
    certificate: str = ""


class RouteForm(Struct, frozen=True, kw_only=True):
    """Which case goes to its owner."""

    case: str = ""
    owner: str = ""


class WishForm(Struct, frozen=True, kw_only=True):
    """What an owner can bear."""

    a_week: str = ""
    every_days: str = ""
    batch: str = ""
    reproducer: str = ""
    not_parts: str = ""
    paused_until: str = ""


class ActForm(Struct, frozen=True, kw_only=True):
    """What the smaller forms of an owner's page send."""

    mail: str = ""
    certificate: str = ""
    target: str = ""
    number: str = ""
    how: str = ""
    count: str = "1"
    name: str = ""
    until: str = ""


class AnswerForm(Struct, frozen=True, kw_only=True):
    """What an owner says about a case."""

    answer: str = ""
    words: str = ""
    fix_planned: str = ""


@get("/owners", sync_to_thread=True, include_in_schema=False)
def listed(
    request: AnyRequest, context: NamedDependency[Context], after: After = 0
) -> Response[Any]:
    """Show owners: to coordinators all and what is to do, to a member its own."""
    return _listed(request, context, after=after)


@post("/owners", sync_to_thread=True, include_in_schema=False)
def enter(
    request: AnyRequest,
    data: URLEncodedBody[EnterForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Write down who maintains what."""

    def act(unit: Unit, me: Person) -> object:
        return directory.enter(
            unit,
            me.asker,
            data.name,
            data.mail,
            [target_of(line) for line in data.places.splitlines() if line.strip()],
            context.owners,
            certificate=data.certificate[:65536],
            at=context.clock(),
        )

    return _on_list(request, context, act, typed=data)


@post("/owners/routings", sync_to_thread=True, include_in_schema=False)
def route(
    request: AnyRequest,
    data: URLEncodedBody[RouteForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Put a case into the queue of its owner."""

    def act(unit: Unit, me: Person) -> object:
        me.asker.needs(Scope.CASE_MOVE)
        try:
            return sending.route(
                unit,
                me.asker,
                CaseId(data.case.strip()),
                context.owners,
                owner=data.owner.strip(),
                at=context.clock(),
            )
        except NotFound as error:
            raise Refused(str(error)) from error

    return _on_list(request, context, act)


@post(
    "/owners/routings/{name:str}/{deed:str}",
    sync_to_thread=True,
    include_in_schema=False,
)
def routed(
    request: AnyRequest,
    name: FromPath[str],
    deed: FromPath[str],
    data: URLEncodedBody[ActForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Do what a coordinator decided about a case that stopped on its way."""

    def act(unit: Unit, me: Person) -> object:
        at = context.clock()
        match deed:
            case "release":
                return sending.release(unit, me.asker, name, reason=data.how, at=at)
            case "patience":
                until = datetime.combine(_day(data.until, "until"), time(), UTC)
                return sending.put_off(
                    unit, me.asker, name, until, words=data.how, at=at
                )
            case "withdrawal":
                return sending.withdraw(unit, me.asker, name, reason=data.how, at=at)
        raise NotFound(f"no routing {name!r}")

    return _on_list(request, context, act)


@get("/owners/{name:str}", sync_to_thread=True, include_in_schema=False)
def shown(
    request: AnyRequest, name: FromPath[str], context: NamedDependency[Context]
) -> Response[Any]:
    """Show an owner: what it maintains, wishes, has, and what is in front of it."""
    return _shown(request, context, name)


@post("/owners/{name:str}/wishes", sync_to_thread=True, include_in_schema=False)
def wish(
    request: AnyRequest,
    name: FromPath[str],
    data: URLEncodedBody[WishForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Say what an owner can bear."""

    def act(unit: Unit, me: Person) -> object:
        directory.find(unit, me.asker, name)
        return directory.say_wishes(
            unit, me.asker, name, _wishes(data), at=context.clock()
        )

    return _on_owner(request, context, name, act, wished=data)


@post(
    "/owners/{name:str}/acts/{deed:str}", sync_to_thread=True, include_in_schema=False
)
def do(
    request: AnyRequest,
    name: FromPath[str],
    deed: FromPath[str],
    data: URLEncodedBody[ActForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Do one of the smaller things on an owner's page."""
    return _on_owner(
        request,
        context,
        name,
        lambda unit, me: _do(unit, me, name, deed, data, context),
    )


def _do(  # noqa: PLR0911, PLR0913, PLR0917 - one a deed; one value a thing that is known
    unit: Unit, me: Person, name: str, deed: str, data: ActForm, context: Context
) -> object:
    at, desk, asker = context.clock(), context.owners, me.asker
    directory.find(unit, asker, name)
    match deed:
        case "contact":
            return directory.change_contact(
                unit,
                asker,
                name,
                data.mail,
                desk,
                certificate=data.certificate[:65536],
                at=at,
            )
        case "place":
            return directory.add_place(unit, asker, name, target_of(data.target), at=at)
        case "removal":
            number = _number(data.number, "number", 1, 10_000)
            return directory.drop_place(
                unit, asker, name, number, reason=data.how, at=at
            )
        case "vouch":
            number = _number(data.number, "number", 1, 10_000)
            return directory.vouch(unit, asker, name, number, how=data.how, at=at)
        case "check":
            return directory.ask_to_check(unit, asker, name, at=at)
        case "next":
            count = _number(data.count, "count", 1, sending.PULL)
            return sending.pull_own(unit, asker, name, count, desk, at=at)
        case "end":
            return directory.end(unit, asker, name, reason=data.how, at=at)
    raise NotFound(f"no owner {name!r}")


@post(
    "/owners/{name:str}/cases/{routing:str}",
    sync_to_thread=True,
    include_in_schema=False,
)
def answer(
    request: AnyRequest,
    name: FromPath[str],
    routing: FromPath[str],
    data: URLEncodedBody[AnswerForm],
    context: NamedDependency[Context],
) -> Response[Any]:
    """Answer, for the owner that one's organisation is."""

    def act(unit: Unit, me: Person) -> object:
        return answering.answer_own(
            unit,
            me.asker,
            routing,
            answer_of(data),
            data.words[:20_000],
            fix_planned=maybe_day_of(data.fix_planned, "fix_planned"),
            at=context.clock(),
        )

    return _on_owner(request, context, name, act)


def _on_list(
    request: AnyRequest,
    context: Context,
    act: Act,
    *,
    typed: EnterForm | None = None,
) -> Response[Any]:
    try:
        with context.store.begin() as unit:
            act(unit, auth.person(unit, request, context))
    except _TOLD as error:
        return _listed(request, context, error=error, typed=typed)
    context.wake()
    return Redirect("/owners", status_code=HTTP_303_SEE_OTHER)


def _on_owner(
    request: AnyRequest,
    context: Context,
    name: str,
    act: Act,
    *,
    wished: WishForm | None = None,
) -> Response[Any]:
    try:
        with context.store.begin() as unit:
            act(unit, auth.person(unit, request, context))
    except NotVerified:
        return verifying_pages.ask_first(request, context, f"/owners/{name}")
    except _TOLD as error:
        return _shown(request, context, name, error=error, wished=wished)
    context.wake()
    return Redirect(f"/owners/{name}", status_code=HTTP_303_SEE_OTHER)


def _listed(
    request: AnyRequest,
    context: Context,
    *,
    after: int = 0,
    error: Error | None = None,
    typed: EnterForm | None = None,
) -> Response[Any]:
    at, desk = context.clock(), context.owners
    with context.store.read() as unit:
        me = auth.person(unit, request, context)
        found = directory.listed(unit, me.asker, Page(after=after, size=SHOWN + 1))
        coordinates = me.asker.may(Scope.CASE_READ_ALL)
        ahead = (
            sending.to_do(unit, me.asker, Page(size=SHOWN), context.moment)
            if coordinates
            else ()
        )
        counts = {one.id: unit.routings.counts(one.id) for one in found[:SHOWN]}
        names = unit.owners.many(sorted({one.owner for one in ahead}))
    return page(
        "owners.html",
        me,
        status_code=status_of(error) if error else HTTPStatus.OK,
        owners=found[:SHOWN],
        counts=counts,
        verified={o.id: len(o.verified_places(desk.rules, at)) for o in found},
        newer=max(0, after - SHOWN) if after else None,
        older=after + SHOWN if len(found) > SHOWN else None,
        ahead=ahead,
        names=names,
        coordinates=coordinates,
        rules=desk.rules,
        typed=typed or EnterForm(),
        error=str(error) if error else None,
        wrong=_wrong_of(error),
    )


def _shown(
    request: AnyRequest,
    context: Context,
    name: str,
    *,
    error: Error | None = None,
    wished: WishForm | None = None,
) -> Response[Any]:
    at, desk = context.clock(), context.owners
    with context.store.read() as unit:
        me = auth.person(unit, request, context)
        found = directory.find(unit, me.asker, name)
        line = sending.line(unit, me.asker, name, desk, context.moment)
        cases = sending.has(unit, me.asker, name, Page(size=SHOWN), context.moment)
        history = unit.owners.history(found.id)
    mine = (
        found.organisation is not None and found.organisation == me.asker.organisation
    )
    return page(
        "owner.html",
        me,
        status_code=status_of(error) if error else HTTPStatus.OK,
        owner=found,
        line=line,
        cases=cases,
        history=history,
        places=[
            (
                one,
                found.verified(one, desk.rules, at),
                verifying.instructions(one.target) if one.target else (),
            )
            for one in found.held
        ],
        rules=desk.rules,
        answers=list(Answer),
        mine=mine,
        coordinates=me.asker.may(Scope.OWNER_VERIFY),
        most=pacing.WEEK.days,
        typed=wished or _written(found.wishes),
        error=str(error) if error else None,
        wrong=_wrong_of(error),
    )


def _written(said: Wishes) -> WishForm:
    return WishForm(
        a_week=str(said.a_week or ""),
        every_days=str(said.every_days or ""),
        batch=str(said.batch or ""),
        reproducer="yes" if said.only_with_reproducer else "",
        not_parts="\n".join(said.not_parts),
        paused_until=said.paused_until.date().isoformat() if said.paused_until else "",
    )


def _wishes(form: WishForm) -> Wishes:
    """Return what was typed.

    Raises:
        Invalid: a number or day is none.

    """
    paused = maybe_day_of(form.paused_until, "paused_until")
    parts = [line.strip()[:500] for line in form.not_parts.splitlines()]
    return Wishes(
        a_week=_maybe(form.a_week, "a_week", 1, wishes.MOST),
        every_days=_maybe(form.every_days, "every_days", 0, 90) or 0,
        batch=_maybe(form.batch, "batch", 1, wishes.MOST),
        only_with_reproducer=bool(form.reproducer),
        not_parts=tuple(filter(None, parts))[:100],
        paused_until=datetime.combine(paused, time(), UTC) if paused else None,
    )


def answer_of(form: AnswerForm) -> Answer:
    """Return the answer that was chosen, or raise `Invalid`."""
    try:
        return Answer(form.answer)
    except ValueError as error:
        raise _wrong("answer", "choose one") from error


def _maybe(written: str, field: str, least: int, most: int) -> int | None:
    return _number(written, field, least, most) if written.strip() else None


def _number(written: str, field: str, least: int, most: int) -> int:
    text = written.strip()
    if not (text.isascii() and text.isdigit() and least <= int(text[:6]) <= most):
        raise _wrong(field, f"from {least} to {most}")
    return int(text[:6])


def maybe_day_of(written: str, field: str) -> date | None:
    """Return the day that was typed, if one was; or raise `Invalid`."""
    return _day(written, field) if written.strip() else None


def _day(written: str, field: str) -> date:
    try:
        return date.fromisoformat(written.strip())
    except ValueError as error:
        raise _wrong(field, "a day such as 2026-10-01") from error


def _wrong(field: str, reason: str) -> Invalid:
    return Invalid(f"{field}: {reason}", [Violation("invalid_field", field, reason)])


def _wrong_of(error: Error | None) -> dict[str, str]:
    violations = error.violations if isinstance(error, Invalid) else ()
    return {v.field: v.reason for v in violations}


router = Router(
    "/", route_handlers=[listed, enter, route, routed, shown, wish, do, answer]
)
