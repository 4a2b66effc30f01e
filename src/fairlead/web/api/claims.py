"""Claims for programs: take, keep, give free, and look before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus
from typing import Annotated

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, HeaderParameter, JSONBody
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta, Struct

from fairlead.access.roles import Asker
from fairlead.base import instants
from fairlead.base.ids import ClaimId, OrganisationId
from fairlead.clearinghouse.claims import asking, keeping, seeing, taking
from fairlead.clearinghouse.claims.asking import Asked
from fairlead.clearinghouse.claims.claim import (
    Coverage,
    Depth,
    Method,
    State,
    Visibility,
    Why,
)
from fairlead.clearinghouse.claims.owners import Source, Word
from fairlead.clearinghouse.claims.seeing import Shown, Told
from fairlead.clearinghouse.claims.targets import Target
from fairlead.clearinghouse.ports import Page
from fairlead.errors import Conflict
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.openapi import PROBLEMS

CHECKS = 1000
"""Targets in one request."""
BATCH = 100
"""Claims in one request."""


class ClaimAnswer(Struct, frozen=True, kw_only=True):
    """A claim as the API shows it to one asker."""

    id: ClaimId
    state: State
    mine: bool
    organisation: OrganisationId | None
    """Nothing where the holder stays unnamed."""
    target: Target | None
    """Nothing of a blind claim."""
    exclusive: bool
    visibility: Visibility
    method: Method | None
    depth: Depth | None
    model: str
    tool: str
    contact: str
    taken_at: datetime
    begins_at: datetime | None
    until: datetime
    alive_until: datetime
    """Without a sign of its holder it ends then."""
    extensions: int
    against_owner: tuple[str, ...]
    """In what it goes against the owner's word."""
    coverage: Coverage | None
    late: bool
    why: Why | None

    @classmethod
    def of(cls, shown: Shown) -> ClaimAnswer:
        """Return what the API shows."""
        claim, scan = shown.claim, shown.scan
        return cls(
            id=claim.id,
            state=claim.state,
            mine=shown.mine,
            organisation=shown.organisation,
            target=scan.target if scan else None,
            exclusive=claim.exclusive,
            visibility=claim.visibility,
            method=scan.method if scan else None,
            depth=scan.depth if scan else None,
            model=scan.model if scan else "",
            tool=scan.tool if scan else "",
            contact=scan.contact if scan else "",
            taken_at=claim.taken_at,
            begins_at=claim.begins_at,
            until=claim.until,
            alive_until=claim.alive_until,
            extensions=claim.extensions,
            against_owner=claim.ignored,
            coverage=claim.coverage,
            late=claim.late,
            why=claim.why,
        )


class ClaimList(Struct, frozen=True, kw_only=True):
    """Claims, the newest first."""

    claims: Sequence[ClaimAnswer]


class Many(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Several claims, answered one by one."""

    claims: Annotated[tuple[Asked, ...], Meta(max_length=BATCH)]


class Line(Struct, frozen=True, kw_only=True):
    """The answer to one of several."""

    claim: ClaimAnswer | None
    declined: str = ""
    """Why it was not granted."""


class Lines(Struct, frozen=True, kw_only=True):
    """Answers, in the order of what was asked."""

    answers: Sequence[Line]


class Extension(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Until when a claim is to last."""

    until: Annotated[datetime, Meta(tz=True)]


class Release(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a claim covered."""

    coverage: Coverage
    note: Annotated[str, Meta(max_length=2000)] = ""


class Checks(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Targets to look at before claiming."""

    targets: Annotated[tuple[Target, ...], Meta(max_length=CHECKS)]


class WordAnswer(Struct, frozen=True, kw_only=True):
    """What an owner says."""

    source: Source
    verified: bool
    name: str
    word: Word
    said_at: datetime


class SeenAnswer(Struct, frozen=True, kw_only=True):
    """What one method saw of a target."""

    method: Method
    depth: Depth
    last: datetime
    scans: int
    found: int
    worth: float


class CheckAnswer(Struct, frozen=True, kw_only=True):
    """What there is to know about one target."""

    target: Target
    claims: Sequence[ClaimAnswer]
    waiting: int
    worth: float
    """What scans have seen of it, from 0 to 1, less as they age."""
    seen: Sequence[SeenAnswer]
    owner: Sequence[WordAnswer]

    @classmethod
    def of(cls, told: Told) -> CheckAnswer:
        """Return what the API shows."""
        return cls(
            target=told.target,
            claims=[ClaimAnswer.of(one) for one in told.active],
            waiting=told.waiting,
            worth=round(told.picture.worth, 3),
            seen=[
                SeenAnswer(
                    method=seen.method,
                    depth=seen.depth,
                    last=seen.at,
                    scans=seen.scans,
                    found=seen.found,
                    worth=round(seen.worth, 3),
                )
                for seen in told.picture.by_method
            ],
            owner=[
                WordAnswer(
                    source=word.source,
                    verified=word.verified,
                    name=word.name,
                    word=word.word,
                    said_at=word.said_at,
                )
                for word in told.words
            ],
        )


class CheckList(Struct, frozen=True, kw_only=True):
    """Answers, in the order of the targets."""

    answers: Sequence[CheckAnswer]


class NextAnswer(Struct, frozen=True, kw_only=True):
    """One target worth looking at, and why."""

    purl: str
    score: float
    run_by: int
    critical: int
    published: int
    worth: float
    scanning: int
    why: str


class NextList(Struct, frozen=True, kw_only=True):
    """Targets, the first first."""

    targets: Sequence[NextAnswer]


IdempotencyKey = Annotated[
    str, HeaderParameter(name="Idempotency-Key", max_length=200, required=False)
]


@post(
    "/",
    sync_to_thread=True,
    summary="Claim a target",
    responses=PROBLEMS,
)
def take(
    request: AnyRequest,
    data: JSONBody[Asked],
    context: NamedDependency[Context],
    key: IdempotencyKey = "",
) -> Response[ClaimAnswer]:
    """Grant a claim (201), or put it in line (202); the same key gets the same answer.

    What stands in its way is told as far as each holder allows (409).
    """
    try:
        asker, answer = _take(request, context, data, key)
    except Conflict:
        # The same key came twice at one moment; now the first one's claim is there.
        asker, answer = _take(request, context, data, key)
    if answer.claim is None:
        raise taking.declined(answer, asker)
    waits = answer.claim.state is State.WAITING
    return Response(
        ClaimAnswer.of(seeing.shown(answer.claim, asker)),
        status_code=HTTPStatus.ACCEPTED if waits else HTTPStatus.CREATED,
    )


@post(
    "/batch",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Claim several targets",
    responses=PROBLEMS,
)
def take_many(
    request: AnyRequest, data: JSONBody[Many], context: NamedDependency[Context]
) -> Lines:
    """Grant what is free of several targets, in one step; each is answered for itself."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        answers = taking.take_many(
            unit, asker, data.claims, context.claims, at=context.clock()
        )
    return Lines(
        answers=[
            Line(
                claim=ClaimAnswer.of(seeing.shown(a.claim, asker)) if a.claim else None,
                declined="" if a.claim else a.said or str(taking.declined(a, asker)),
            )
            for a in answers
        ]
    )


@get("/", sync_to_thread=True, summary="List claims", responses=PROBLEMS)
def listed(
    request: AnyRequest,
    context: NamedDependency[Context],
    mine: FromQuery[bool] = False,  # noqa: FBT002 - a query parameter
    after: FromQuery[int] = 0,
) -> ClaimList:
    """Return claims that hold now, or one's own of any state, 50 at a time."""
    with context.store.read() as unit:
        asker = auth.asker(unit, request, context)
        page = Page(after=min(max(0, after), 2**31))
        if mine:
            found = seeing.mine(unit, asker, page)
        else:
            found = seeing.listed(unit, asker, page, context.moment)
        return ClaimList(claims=[ClaimAnswer.of(one) for one in found])


@get("/{claim_id:str}", sync_to_thread=True, summary="Read a claim", responses=PROBLEMS)
def read(
    request: AnyRequest, claim_id: FromPath[str], context: NamedDependency[Context]
) -> ClaimAnswer:
    """Return a claim, as far as the asker may see it."""
    with context.store.read() as unit:
        asker = auth.asker(unit, request, context)
        return ClaimAnswer.of(
            seeing.look(unit, asker, ClaimId(claim_id), context.moment)
        )


@post(
    "/{claim_id:str}/heartbeat",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Say that a scan goes on",
    responses=PROBLEMS,
)
def alive(
    request: AnyRequest, claim_id: FromPath[str], context: NamedDependency[Context]
) -> ClaimAnswer:
    """Keep a claim from ending for silence."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        claim = keeping.alive(
            unit, asker, ClaimId(claim_id), context.claims, at=context.clock()
        )
        return ClaimAnswer.of(seeing.shown(claim, asker))


@post(
    "/{claim_id:str}/extension",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Extend a claim",
    responses=PROBLEMS,
)
def extend(
    request: AnyRequest,
    claim_id: FromPath[str],
    data: JSONBody[Extension],
    context: NamedDependency[Context],
) -> ClaimAnswer:
    """Let a claim end later, unless others wait for the same ground."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        claim = keeping.extend(
            unit,
            asker,
            ClaimId(claim_id),
            instants.in_utc(data.until),
            context.claims,
            at=context.clock(),
        )
        return ClaimAnswer.of(seeing.shown(claim, asker))


@post(
    "/{claim_id:str}/release",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Release a claim",
    responses=PROBLEMS,
)
def release(
    request: AnyRequest,
    claim_id: FromPath[str],
    data: JSONBody[Release],
    context: NamedDependency[Context],
) -> ClaimAnswer:
    """Give a target free and say what was covered; that nothing was found counts."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        claim = keeping.release(
            unit,
            asker,
            ClaimId(claim_id),
            data.coverage,
            data.note,
            context.claims,
            at=context.clock(),
        )
        answer = ClaimAnswer.of(seeing.shown(claim, asker))
    context.wake()
    return answer


@post(
    "/{claim_id:str}/withdrawal",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Leave the line",
    responses=PROBLEMS,
)
def withdraw(
    request: AnyRequest, claim_id: FromPath[str], context: NamedDependency[Context]
) -> ClaimAnswer:
    """Wait no more."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        claim = keeping.withdraw(
            unit, asker, ClaimId(claim_id), context.claims, at=context.clock()
        )
        answer = ClaimAnswer.of(seeing.shown(claim, asker))
    context.wake()
    return answer


@get(
    "/{claim_id:str}/certificate",
    sync_to_thread=True,
    summary="Certify a claim",
    responses=PROBLEMS,
)
def certify(
    request: AnyRequest,
    claim_id: FromPath[str],
    context: NamedDependency[Context],
    audience: FromQuery[str] = "",
) -> Response[bytes]:
    """Return a certificate of one's own claim, to be shown to one audience.

    `fairlead claim verify` verifies it offline, with the key and what was disclosed.
    """
    with context.store.read() as unit:
        asker = auth.asker(unit, request, context)
        issued = context.certifier.issue(
            unit,
            asker,
            ClaimId(claim_id),
            audience,
            at=context.clock(),
            randomness=context.randomness,
        )
    return Response(msgspec.json.encode(issued), media_type="application/json")


@post(
    "/checks",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Look before claiming",
    responses=PROBLEMS,
)
def check(
    request: AnyRequest, data: JSONBody[Checks], context: NamedDependency[Context]
) -> CheckList:
    """Return who scans what, what was covered, and what owners say, for many targets."""
    with context.store.read() as unit:
        asker = auth.asker(unit, request, context)
        found = seeing.check(unit, asker, data.targets, context.moment)
        return CheckList(answers=[CheckAnswer.of(one) for one in found])


@get("/next", sync_to_thread=True, summary="Where to look next", responses=PROBLEMS)
def look_next(
    request: AnyRequest, context: NamedDependency[Context], size: FromQuery[int] = 20
) -> NextList:
    """Return what many run and few have looked at, each with its reason."""
    with context.store.read() as unit:
        found = seeing.look_next(
            unit,
            auth.asker(unit, request, context),
            context.published,
            context.moment,
            size=min(max(1, size), 200),
        )
        return NextList(
            targets=[
                NextAnswer(
                    purl=one.purl,
                    score=round(one.score, 3),
                    run_by=one.run_by,
                    critical=one.critical,
                    published=one.published,
                    worth=round(one.worth, 3),
                    scanning=one.scanning,
                    why=one.why,
                )
                for one in found
            ]
        )


def _take(
    request: AnyRequest, context: Context, data: Asked, key: str
) -> tuple[Asker, asking.Answer]:
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        return asker, taking.take(
            unit, asker, data, context.claims, at=context.clock(), request=key
        )


router = Router(
    "/v1/claims",
    route_handlers=[
        take,
        take_many,
        listed,
        check,
        look_next,
        read,
        alive,
        extend,
        release,
        withdraw,
        certify,
    ],
    tags=["claims"],
)
