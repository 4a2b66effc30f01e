"""Engagements for programs: list, read, and every act of a party."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED
from msgspec import Struct

from fairlead.access.roles import Asker
from fairlead.base.ids import EngagementId, OrganisationId
from fairlead.base.pages import Page
from fairlead.errors import Conflict, NotFound
from fairlead.formats.dsse import NoteSigner
from fairlead.programme.unit import Unit
from fairlead.review import certifying, concluding, parties
from fairlead.review.engagement import Engagement, State
from fairlead.review.parties import Party
from fairlead.terms.agreement import Terms
from fairlead.terms.clauses import AssetKind, Purpose, Side
from fairlead.web import auth, engagement_acts
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.engagement_acts import ACTS, At, Done
from fairlead.web.openapi import PROBLEMS
from fairlead.web.parameters import After

TRIES = 20
"""How often an act is tried again that another one was quicker than."""


class EngagementAnswer(Struct, frozen=True, kw_only=True):
    """An engagement as one party sees it; what it must not know is not there."""

    id: EngagementId
    state: State
    side: Side
    developer: OrganisationId
    model: str
    opens: datetime | None
    ends: datetime | None
    ended: str | None
    digest: str | None
    """SHA-256 of the terms that both sides signed, in hex."""
    terms: Terms | None
    offer: str | None
    """Digest of the terms on the table."""
    offered: Terms | None
    signed: tuple[Side, ...]
    """Who has signed what is on the table."""
    assets: dict[str, AssetKind]
    used: dict[str, tuple[int, int, int]]
    """Asset: calls, tokens, cents."""
    assessments: tuple[Any, ...]
    released: str | None
    withdrawn: bool
    destroyed: bool


class EngagementList(Struct, frozen=True, kw_only=True):
    """Engagements that the asker may know of, the newest first."""

    engagements: Sequence[EngagementId]


class Question(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a developer asks; it need not name its model."""

    text: str
    model: str = ""


class Acted(Struct, frozen=True, kw_only=True):
    """What an act led to."""

    state: State
    secret: str | None = None
    """A new key, which is shown this once."""


def purpose_of(party: Party) -> Purpose:
    """Return what somebody looks at results for."""
    if party.side is Side.PARTNER:
        return Purpose.DEFENCE
    roles = party.visitor.roles if party.visitor else frozenset()
    return Purpose.DETERMINATION if "official" in roles else Purpose.MEASUREMENT


def perform(  # noqa: PLR0913 - one value a thing that must be said
    context: Context,
    who: Any,  # noqa: ANN401 - unit to asker, and to the person where one signed in
    name: EngagementId,
    act: str,
    said: object,
    *,
    strict: bool,
    challenge: bytes = b"",
) -> tuple[Engagement, Done]:
    """Do an act of a party, again where somebody else was quicker.

    So nothing that others do meanwhile can keep a developer from withdrawing (P1).

    Raises:
        NotFound: no such act, or no such engagement for whoever asks.

    """
    if act not in ACTS:
        raise NotFound(f"no act {act!r}")
    form = engagement_acts.read(ACTS[act], said, strict=strict)
    for attempt in range(TRIES):
        try:
            with context.store.begin() as unit:
                asker, me = who(unit)
                party = parties.find(unit, asker, name)
                done = ACTS[act].do(At(unit, party, context, me, challenge), form)
                after = unit.engagements.get(name)
        except Conflict:
            if attempt == TRIES - 1:
                raise
            continue
        break
    context.wake()
    return after, done or Done()


def certified(
    context: Context, who: Callable[[Unit], Asker], name: EngagementId
) -> Response[bytes]:
    """Return the certificate of an engagement that was destroyed.

    Raises:
        Refused: it was not destroyed yet.

    """
    with context.store.read() as unit:
        party = parties.find(unit, who(unit), name)
        found = certifying.ended(unit, party, context.moment)
    written = certifying.certificate(
        found,
        context.programme,
        context.prove,
        NoteSigner(context.certificates),
        at=context.clock(),
    )
    return Response(
        written,
        media_type="application/json",
        headers={
            "Content-Disposition": f'attachment; filename="{name}-certificate.json"'
        },
    )


def answer(party: Party, context: Context) -> EngagementAnswer:
    """Return the engagement as *party* sees it."""
    engagement = party.engagement
    keeps, offer = party.keeps, engagement.offer
    purpose = purpose_of(party)
    shown = concluding.assessments(party, purpose, now=context.clock())
    return EngagementAnswer(
        id=engagement.id,
        state=engagement.state,
        side=party.side,
        developer=engagement.developer,
        model=engagement.terms.model if engagement.terms else engagement.model,
        opens=engagement.opens,
        ends=engagement.ends,
        ended=engagement.ended,
        digest=engagement.digest,
        terms=engagement.terms,
        offer=offer.digest if offer and keeps else None,
        offered=offer.terms if offer and keeps else None,
        signed=tuple(sorted(offer.signed)) if offer and keeps else (),
        assets={name: asset.kind for name, asset in engagement.assets.items()},
        used=engagement.used if keeps else {},
        assessments=tuple(
            {
                "id": one.id,
                "title": one.assessment.measured.title
                if one.assessment.measured
                else None,
                "parts": {str(d): text for d, text in one.parts.items()},
                "withheld": {str(d): why for d, why in one.withheld.items()},
                "answer": one.assessment.answer,
            }
            for one in shown
        ),
        released=engagement.released,
        withdrawn=engagement.withdrawn_at is not None,
        destroyed=engagement.destroyed,
    )


@get("/", sync_to_thread=True, summary="List engagements", responses=PROBLEMS)
def listed(
    request: AnyRequest, context: NamedDependency[Context], after: After = 0
) -> EngagementList:
    """Return the engagements that the asker takes part in, the newest first."""
    with context.store.read() as unit:
        asker = auth.asker(unit, request, context)
        found = parties.listed(unit, asker, Page(after=after), context.moment)
    return EngagementList(engagements=[engagement.id for engagement in found])


@post(
    "/",
    sync_to_thread=True,
    summary="Ask whether a model is covered",
    status_code=HTTP_201_CREATED,
    responses=PROBLEMS,
)
def ask(
    request: AnyRequest,
    data: JSONBody[Question],
    context: NamedDependency[Context],
) -> EngagementList:
    """Begin an engagement as a developer; this commits to nothing."""
    with context.store.begin() as unit:
        begun = parties.ask(
            unit,
            auth.asker(unit, request, context),
            data.text,
            data.model,
            at=context.clock(),
            randomness=context.randomness,
        )
    return EngagementList(engagements=[begun.id])


@get("/{engagement:str}", sync_to_thread=True, summary="Read one", responses=PROBLEMS)
def read(
    request: AnyRequest, engagement: FromPath[str], context: NamedDependency[Context]
) -> EngagementAnswer:
    """Return one engagement as the asker sees it; it leaves a trace."""
    with context.store.read() as unit:
        asker = auth.asker(unit, request, context)
        party, _ = parties.read(unit, asker, EngagementId(engagement), context.moment)
        return answer(party, context)


@get(
    "/{engagement:str}/certificate",
    sync_to_thread=True,
    summary="Take the certificate of destruction",
    responses=PROBLEMS,
)
def certificate(
    request: AnyRequest, engagement: FromPath[str], context: NamedDependency[Context]
) -> Response[bytes]:
    """Return the certificate (in-toto, DSSE), once everything was destroyed.

    `fairlead verify` checks it offline, with the keys of record and certificates.
    """

    def who(unit: Unit) -> Asker:
        return auth.asker(unit, request, context)

    return certified(context, who, EngagementId(engagement))


@post(
    "/{engagement:str}/{act:str}",
    sync_to_thread=True,
    summary="Act as a party",
    status_code=HTTP_200_OK,
    responses=PROBLEMS,
)
def do(
    request: AnyRequest,
    engagement: FromPath[str],
    act: FromPath[str],
    data: JSONBody[dict[str, Any]],
    context: NamedDependency[Context],
) -> Response[Acted]:
    """Do one act: `withdrawal`, `release`, `offer`, `narrowing` and so on.

    The forms are those of the page; the user guide lists them.
    """

    def who(unit: Unit) -> tuple[Asker, None]:
        return auth.asker(unit, request, context), None

    with context.store.read() as unit:
        who(unit)
    after, done = perform(
        context, who, EngagementId(engagement), act, data, strict=True
    )
    acted = Acted(state=after.state, secret=done.secret or None)
    return Response(msgspec.to_builtins(acted))


router = Router(
    "/v1/engagements",
    route_handlers=[listed, ask, read, certificate, do],
    tags=["Engagements"],
)
