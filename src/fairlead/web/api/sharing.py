"""Blind claims and introductions, for programs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

from litestar import Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK
from msgspec import Meta, Struct

from fairlead.base.ids import ClaimId, IntroductionId
from fairlead.clearinghouse.claims import blind, introducing
from fairlead.clearinghouse.claims.introducing import Shown, Words
from fairlead.clearinghouse.claims.introductions import Step
from fairlead.clearinghouse.ports import Page
from fairlead.web import auth
from fairlead.web.auth import AnyRequest
from fairlead.web.context import Context
from fairlead.web.openapi import PROBLEMS

Hex = Annotated[str, Meta(pattern="^[0-9a-f]{64,66}$")]


class Offer(Struct, frozen=True, kw_only=True):
    """Who holds the key of blind claims."""

    holders: Sequence[str]
    """Addresses; none where blind claims are not offered."""
    operator_could_guess: bool
    """Whether the one holder could try names of packages by itself."""
    questions_a_day: int


class Elements(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Blinded elements (RFC 9497), in hexadecimal."""

    elements: Annotated[tuple[Hex, ...], Meta(min_length=1, max_length=64)]


class Question(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tokens of a place and of what contains it."""

    tokens: Annotated[tuple[Hex, ...], Meta(min_length=1, max_length=8)]


class Presence(Struct, frozen=True, kw_only=True):
    """Whether someone is there."""

    someone: bool


class IntroductionAnswer(Struct, frozen=True, kw_only=True):
    """An introduction as one side sees it."""

    id: IntroductionId
    claim: ClaimId
    """One's own."""
    asked_by_me: bool
    asked_at: datetime
    step: Step
    words: str
    contact: str
    """Of the other side, once both agreed."""

    @classmethod
    def of(cls, shown: Shown) -> IntroductionAnswer:
        """Return what the API shows."""
        return cls(
            id=shown.introduction.id,
            claim=shown.claim,
            asked_by_me=shown.asked_by_me,
            asked_at=shown.introduction.asked_at,
            step=shown.introduction.step,
            words=shown.words,
            contact=shown.contact,
        )


class IntroductionList(Struct, frozen=True, kw_only=True):
    """Introductions, the newest first."""

    introductions: Sequence[IntroductionAnswer]


class Reply(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The answer of whoever was asked."""

    agree: bool
    words: Annotated[str, Meta(max_length=2000)] = ""
    contact: Annotated[str, Meta(max_length=200)] = ""


@get("/blind", sync_to_thread=True, summary="How blind claims work", responses=PROBLEMS)
def offer(request: AnyRequest, context: NamedDependency[Context]) -> Offer:
    """Return who holds the key, and what that means."""
    with context.store.read() as unit:
        auth.asker(unit, request, context)
    holders = context.claims.matching.holders
    return Offer(
        holders=holders,
        operator_could_guess=len(holders) == 1,
        questions_a_day=context.claims.rules.evaluations,
    )


@post(
    "/blind",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Evaluate blinded names",
    responses=PROBLEMS,
)
def evaluate(
    request: AnyRequest, data: JSONBody[Elements], context: NamedDependency[Context]
) -> Elements:
    """Return what this holder's key makes of blinded names; each is counted."""
    with context.store.begin() as unit:
        found = blind.evaluate(
            unit,
            auth.asker(unit, request, context),
            [bytes.fromhex(element) for element in data.elements],
            context.claims,
            at=context.clock(),
        )
    return Elements(elements=tuple(answer.hex() for answer in found))


@post(
    "/blind/presence",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Ask whether someone is there",
    responses=PROBLEMS,
)
def presence(
    request: AnyRequest, data: JSONBody[Question], context: NamedDependency[Context]
) -> Presence:
    """Tell whether someone, blind or not, scans what has these tokens; it is counted."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        found = blind.ask(unit, asker, data.tokens, context.claims, at=context.clock())
    return Presence(someone=found)


@post(
    "/{claim_id:str}/introductions",
    sync_to_thread=True,
    summary="Ask to share",
    responses=PROBLEMS,
)
def introduce(
    request: AnyRequest,
    claim_id: FromPath[str],
    data: JSONBody[Words],
    context: NamedDependency[Context],
) -> IntroductionList:
    """Ask whoever is in the way of a claim in line to share, without learning who it is."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        found = introducing.ask(
            unit, asker, ClaimId(claim_id), data, context.claims, at=context.clock()
        )
        shown = [introducing.shown(one, asker) for one in found]
    return IntroductionList(introductions=[IntroductionAnswer.of(one) for one in shown])


@get(
    "/introductions",
    sync_to_thread=True,
    summary="List introductions",
    responses=PROBLEMS,
)
def introductions(
    request: AnyRequest, context: NamedDependency[Context]
) -> IntroductionList:
    """Return the introductions in which one takes part, the newest first."""
    with context.store.read() as unit:
        asker = auth.asker(unit, request, context)
        found = introducing.listed(unit, asker, Page(size=200))
        return IntroductionList(
            introductions=[IntroductionAnswer.of(one) for one in found]
        )


@post(
    "/introductions/{name:str}/answer",
    sync_to_thread=True,
    status_code=HTTP_200_OK,
    summary="Agree to share, or decline",
    responses=PROBLEMS,
)
def answer(
    request: AnyRequest,
    name: FromPath[str],
    data: JSONBody[Reply],
    context: NamedDependency[Context],
) -> IntroductionAnswer:
    """Answer whoever asked to share."""
    with context.store.begin() as unit:
        asker = auth.asker(unit, request, context)
        found = introducing.answer(
            unit,
            asker,
            IntroductionId(name),
            Words(words=data.words, contact=data.contact),
            agree=data.agree,
            at=context.clock(),
        )
        shown = introducing.shown(found, asker)
    context.wake()
    return IntroductionAnswer.of(shown)


router = Router(
    "/v1/claims",
    route_handlers=[
        offer,
        evaluate,
        presence,
        introduce,
        introductions,
        answer,
    ],
    tags=["claims"],
)
