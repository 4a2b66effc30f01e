"""Routings for programs: cases on their way to owners, and what owners answer."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta, Struct

from fairlead.base import instants
from fairlead.base.ids import CaseId, OwnerId, RoutingId
from fairlead.clearinghouse.casework.delivered import Answer
from fairlead.clearinghouse.owners import answering, sending
from fairlead.clearinghouse.owners.pacing import Urgency
from fairlead.clearinghouse.owners.routing import How, Routing, Stage
from fairlead.clearinghouse.owners.wishes import Wish
from fairlead.clearinghouse.ports import Page
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.openapi import PROBLEMS
from fairlead.web.parameters import After


class RoutingAnswer(Struct, frozen=True, kw_only=True):
    """One case on its way to one owner."""

    id: RoutingId
    case: CaseId
    owner: OwnerId
    stage: Stage
    urgency: Urgency
    queued_at: datetime
    wish: Wish | None
    how: How | None
    delivered_at: datetime | None
    reminded: int
    answer: Answer | None
    answered_at: datetime | None
    fix_planned: date | None
    unread: int

    @classmethod
    def of(cls, one: Routing) -> RoutingAnswer:
        """Return what the API shows."""
        return cls(
            id=one.id,
            case=one.case,
            owner=one.owner,
            stage=one.stage,
            urgency=one.urgency,
            queued_at=one.queued_at,
            wish=one.wish,
            how=one.how,
            delivered_at=one.delivered_at,
            reminded=one.reminded,
            answer=one.answer,
            answered_at=one.answered_at,
            fix_planned=one.fix_planned,
            unread=one.unread,
        )


class RoutingList(Struct, frozen=True, kw_only=True):
    """Routings."""

    routings: Sequence[RoutingAnswer]


class RoutingAsked(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which case goes to an owner; to which, and how urgently, where it is said."""

    case: CaseId
    owner: str = ""
    urgency: Urgency | None = None


class Releasing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why it goes all the same, or does not any more."""

    reason: Annotated[str, Meta(max_length=2000)]


class PuttingOff(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Until when an owner that was reached is waited for, and what was said."""

    until: Annotated[datetime, Meta(tz=True)]
    words: Annotated[str, Meta(max_length=2000)]


class Answering(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an owner says about a case."""

    answer: Answer
    words: Annotated[str, Meta(max_length=20000)] = ""
    fix_planned: date | None = None


@get("/", sync_to_thread=True, summary="List what to do", responses=PROBLEMS)
def to_do(
    request: AnyRequest, context: NamedDependency[Context], after: After = 0
) -> RoutingList:
    """Return the routings that a coordinator is to do something about, 50 at a time."""
    with context.store.read() as unit:
        asker = auth.asker(unit, request, context)
        found = sending.to_do(unit, asker, Page(after=after), context.moment)
    return RoutingList(routings=[RoutingAnswer.of(one) for one in found])


@post("/", sync_to_thread=True, summary="Route a case", responses=PROBLEMS)
def route(
    request: AnyRequest, data: JSONBody[RoutingAsked], context: NamedDependency[Context]
) -> RoutingAnswer:
    """Put a case into the queue of its owner."""
    with context.store.begin() as unit:
        one = sending.route(
            unit,
            auth.asker(unit, request, context),
            data.case,
            context.owners,
            owner=data.owner,
            urgency=data.urgency,
            at=context.clock(),
        )
    context.wake()
    return RoutingAnswer.of(one)


@post(
    "/{name:str}/release",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Send it all the same",
    responses=PROBLEMS,
)
def release(
    request: AnyRequest,
    name: FromPath[str],
    data: JSONBody[Releasing],
    context: NamedDependency[Context],
) -> RoutingAnswer:
    """Have a case go that is held back, or that came back."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        one = sending.release(unit, asker, name, reason=data.reason, at=context.clock())
    context.wake()
    return RoutingAnswer.of(one)


@post(
    "/{name:str}/patience",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Wait for an owner that was reached",
    responses=PROBLEMS,
)
def put_off(
    request: AnyRequest,
    name: FromPath[str],
    data: JSONBody[PuttingOff],
    context: NamedDependency[Context],
) -> RoutingAnswer:
    """Note that a coordinator reached the owner, and wait until an instant."""
    with context.store.begin() as unit:
        one = sending.put_off(
            unit,
            auth.asker(unit, request, context),
            name,
            instants.in_utc(data.until),
            words=data.words,
            at=context.clock(),
        )
    return RoutingAnswer.of(one)


@post(
    "/{name:str}/withdrawal",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Withdraw it",
    responses=PROBLEMS,
)
def withdraw(
    request: AnyRequest,
    name: FromPath[str],
    data: JSONBody[Releasing],
    context: NamedDependency[Context],
) -> RoutingAnswer:
    """Have a case not go to this owner any more."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        one = sending.withdraw(
            unit, asker, name, reason=data.reason, at=context.clock()
        )
    return RoutingAnswer.of(one)


@post(
    "/{name:str}/answers",
    sync_to_thread=True,
    summary="Answer as the owner",
    responses=PROBLEMS,
)
def answer(
    request: AnyRequest,
    name: FromPath[str],
    data: JSONBody[Answering],
    context: NamedDependency[Context],
) -> RoutingAnswer:
    """Say, for the owner that one's organisation is, what one thinks of a case."""
    with context.store.begin() as unit:
        one = answering.answer_own(
            unit,
            auth.asker(unit, request, context),
            name,
            data.answer,
            data.words,
            fix_planned=data.fix_planned,
            at=context.clock(),
        )
    return RoutingAnswer.of(one)


router = Router(
    "/v1/routings",
    route_handlers=[to_do, route, release, put_off, withdraw, answer],
    tags=["owners"],
)
