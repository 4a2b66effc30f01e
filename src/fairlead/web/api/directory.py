"""Owners for programs: who maintains what, what it wishes, what is in front of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from litestar import Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED
from msgspec import Meta, Struct

from fairlead.base.ids import OrganisationId, OwnerId
from fairlead.clearinghouse.claims.targets import Target
from fairlead.clearinghouse.owners import directory, planning, sending, verifying
from fairlead.clearinghouse.owners.directory import Desk
from fairlead.clearinghouse.owners.owner import Owner, Proof, lapses_at
from fairlead.clearinghouse.owners.planning import Expected, Forecast
from fairlead.clearinghouse.owners.wishes import Wishes
from fairlead.clearinghouse.ports import Page
from fairlead.web import auth
from fairlead.web.api.routings import RoutingAnswer, RoutingList
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.openapi import PROBLEMS
from fairlead.web.parameters import After

Reason = Annotated[str, Meta(max_length=500)]


class Entering(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who maintains what, and how it is reached."""

    name: Annotated[str, Meta(max_length=200)]
    mail: Annotated[str, Meta(max_length=320)]
    places: Annotated[tuple[Target, ...], Meta(min_length=1, max_length=500)]
    certificate: Annotated[str, Meta(max_length=65536)] = ""
    organisation: OrganisationId | None = None
    """The member that it is, where it is one; said by coordinators alone."""


class Reaching(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another contact."""

    mail: Annotated[str, Meta(max_length=320)]
    certificate: Annotated[str, Meta(max_length=65536)] = ""


class Placing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Something more that an owner maintains."""

    target: Target


class Saying(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Why."""

    reason: Reason


class Asking(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How many of the queue are asked for."""

    count: Annotated[int, Meta(ge=1, le=50)] = 1


class Planning(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A batch that might be handed in."""

    reports: Annotated[tuple[Expected, ...], Meta(max_length=planning.MOST)]


class PlaceAnswer(Struct, frozen=True, kw_only=True):
    """One thing that an owner is said to maintain."""

    number: int
    target: Target | None
    verified: bool
    proof: Proof | None
    proved_at: datetime | None
    lapses_at: datetime | None
    ways: tuple[str, ...]
    """What would show it."""


class OwnerAnswer(Struct, frozen=True, kw_only=True):
    """An owner as the API shows it."""

    id: OwnerId
    name: str
    organisation: OrganisationId | None
    mail: str
    fingerprint: str
    confirmed: bool
    challenge: str
    places: Sequence[PlaceAnswer]
    wishes: Wishes
    active: bool

    @classmethod
    def of(cls, found: Owner, desk: Desk, at: datetime) -> OwnerAnswer:
        """Return what the API shows."""
        return cls(
            id=found.id,
            name=found.name,
            organisation=found.organisation,
            mail=found.contact.mail,
            fingerprint=found.contact.fingerprint,
            confirmed=found.confirmed,
            challenge=found.challenge,
            places=[
                PlaceAnswer(
                    number=one.number,
                    target=one.target,
                    verified=found.verified(one, desk.rules, at),
                    proof=one.proof if found.proved(one, desk.rules, at) else None,
                    proved_at=one.proved_at,
                    lapses_at=lapses_at(one, desk.rules),
                    ways=tuple(verifying.instructions(one.target))
                    if one.target
                    else (),
                )
                for one in found.held
            ],
            wishes=found.wishes,
            active=found.active,
        )


class OwnerList(Struct, frozen=True, kw_only=True):
    """Owners, the one entered last first."""

    owners: Sequence[OwnerAnswer]


class QueueAnswer(Struct, frozen=True, kw_only=True):
    """What is in front of an owner."""

    waiting: int
    held: int
    unanswered: int
    dates: Sequence[datetime]
    """When those that wait come, if nothing changes."""
    routings: Sequence[RoutingAnswer]
    """Which they are; to coordinators alone."""


@get("/", sync_to_thread=True, summary="List owners", responses=PROBLEMS)
def listed(
    request: AnyRequest, context: NamedDependency[Context], after: After = 0
) -> OwnerList:
    """Return owners: to coordinators all, 50 at a time; to a member those that it is."""
    with context.store.read() as unit:
        asker = auth.asker(unit, request, context)
        found = directory.listed(unit, asker, Page(after=after))
    at = context.clock()
    return OwnerList(owners=[OwnerAnswer.of(o, context.owners, at) for o in found])


@post("/", sync_to_thread=True, summary="Enter an owner", responses=PROBLEMS)
def enter(
    request: AnyRequest, data: JSONBody[Entering], context: NamedDependency[Context]
) -> OwnerAnswer:
    """Write down who maintains what; it is mailed what it must show."""
    with context.store.begin() as unit:
        found = directory.enter(
            unit,
            auth.asker(unit, request, context),
            data.name,
            data.mail,
            data.places,
            context.owners,
            certificate=data.certificate,
            organisation=data.organisation,
            at=context.clock(),
        )
    return _changed(context, found)


@post(
    "/plan",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Forecast a batch",
    responses=PROBLEMS,
)
def plan(
    request: AnyRequest, data: JSONBody[Planning], context: NamedDependency[Context]
) -> Forecast:
    """Return when each owner would get its part of a batch; nothing is kept."""
    with context.store.read() as unit:
        asker = auth.asker(unit, request, context)
        return planning.forecast(
            unit, asker, data.reports, context.owners, at=context.clock()
        )


@get("/{name:str}", sync_to_thread=True, summary="Read an owner", responses=PROBLEMS)
def read(
    request: AnyRequest, name: FromPath[str], context: NamedDependency[Context]
) -> OwnerAnswer:
    """Return an owner with what it maintains and wishes."""
    with context.store.read() as unit:
        asker = auth.asker(unit, request, context)
        found = directory.find(unit, asker, name)
    return OwnerAnswer.of(found, context.owners, context.clock())


@post(
    "/{name:str}/contact",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Change an owner's contact",
    responses=PROBLEMS,
)
def change_contact(
    request: AnyRequest,
    name: FromPath[str],
    data: JSONBody[Reaching],
    context: NamedDependency[Context],
) -> OwnerAnswer:
    """Reach an owner another way; everything is to be shown again."""
    with context.store.begin() as unit:
        found = directory.change_contact(
            unit,
            auth.asker(unit, request, context),
            name,
            data.mail,
            context.owners,
            certificate=data.certificate,
            at=context.clock(),
        )
    return _changed(context, found)


@post(
    "/{name:str}/places",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Add a place",
    responses=PROBLEMS,
)
def add_place(
    request: AnyRequest,
    name: FromPath[str],
    data: JSONBody[Placing],
    context: NamedDependency[Context],
) -> OwnerAnswer:
    """Say that an owner maintains something more."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        found = directory.add_place(unit, asker, name, data.target, at=context.clock())
    return _changed(context, found)


@post(
    "/{name:str}/places/{number:int}/removal",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Remove a place",
    responses=PROBLEMS,
)
def drop_place(
    request: AnyRequest,
    name: FromPath[str],
    number: FromPath[int],
    data: JSONBody[Saying],
    context: NamedDependency[Context],
) -> OwnerAnswer:
    """Say that an owner maintains something no more, or never did."""
    with context.store.begin() as unit:
        found = directory.drop_place(
            unit,
            auth.asker(unit, request, context),
            name,
            number,
            reason=data.reason,
            at=context.clock(),
        )
    return _changed(context, found)


@post(
    "/{name:str}/verification",
    sync_to_thread=True,
    status_code=HTTP_202_ACCEPTED,
    summary="Look for the challenge",
    responses=PROBLEMS,
)
def check(
    request: AnyRequest, name: FromPath[str], context: NamedDependency[Context]
) -> OwnerAnswer:
    """Have it looked for wherever the challenge may stand; read the owner again soon."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        found = directory.ask_to_check(unit, asker, name, at=context.clock())
    return _changed(context, found)


@put(
    "/{name:str}/wishes", sync_to_thread=True, summary="Say wishes", responses=PROBLEMS
)
def wish(
    request: AnyRequest,
    name: FromPath[str],
    data: JSONBody[Wishes],
    context: NamedDependency[Context],
) -> OwnerAnswer:
    """Say what an owner wishes of deliveries; it counts at once."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        found = directory.say_wishes(unit, asker, name, data, at=context.clock())
    return _changed(context, found)


@get(
    "/{name:str}/queue", sync_to_thread=True, summary="Read a queue", responses=PROBLEMS
)
def queue(
    request: AnyRequest, name: FromPath[str], context: NamedDependency[Context]
) -> QueueAnswer:
    """Return what is in front of an owner: to itself counts and dates."""
    with context.store.read() as unit:
        asker = auth.asker(unit, request, context)
        line = sending.line(unit, asker, name, context.owners, context.moment)
    return QueueAnswer(
        waiting=line.waiting,
        held=line.held,
        unanswered=line.now,
        dates=line.dates,
        routings=[RoutingAnswer.of(one) for one in line.routings],
    )


@get(
    "/{name:str}/cases",
    sync_to_thread=True,
    summary="List its cases",
    responses=PROBLEMS,
)
def has(
    request: AnyRequest,
    name: FromPath[str],
    context: NamedDependency[Context],
    after: After = 0,
) -> RoutingList:
    """Return what an owner was sent, the last first, 50 at a time."""
    with context.store.read() as unit:
        asker = auth.asker(unit, request, context)
        page = Page(after=after)
        found = sending.has(unit, asker, name, page, context.moment)
    return RoutingList(routings=[RoutingAnswer.of(one) for one in found])


@post(
    "/{name:str}/next",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Ask for the next ones",
    responses=PROBLEMS,
)
def pull(
    request: AnyRequest,
    name: FromPath[str],
    data: JSONBody[Asking],
    context: NamedDependency[Context],
) -> RoutingList:
    """Have the next of an owner's queue sent before their turn."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        sent = sending.pull_own(
            unit, asker, name, data.count, context.owners, at=context.clock()
        )
    context.wake()
    return RoutingList(routings=[RoutingAnswer.of(one) for one in sent])


@post(
    "/{name:str}/end",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="End an owner",
    responses=PROBLEMS,
)
def end(
    request: AnyRequest,
    name: FromPath[str],
    data: JSONBody[Saying],
    context: NamedDependency[Context],
) -> OwnerAnswer:
    """Deliver nothing to an owner any more."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        found = directory.end(unit, asker, name, reason=data.reason, at=context.clock())
    return _changed(context, found)


def _changed(context: Context, found: Owner) -> OwnerAnswer:
    context.wake()
    return OwnerAnswer.of(found, context.owners, context.clock())


router = Router(
    "/v1/owners",
    route_handlers=[
        listed,
        enter,
        plan,
        read,
        change_contact,
        add_place,
        drop_place,
        check,
        wish,
        queue,
        has,
        pull,
        end,
    ],
    tags=["owners"],
)
