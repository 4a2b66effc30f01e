"""Introductions: two who overlap agree to share, learning no more than each allows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from msgspec import Struct

from fairlead.base.ids import ClaimId, IntroductionId, OrganisationId
from fairlead.errors import Refused
from fairlead.record.events import Event, Fact
from fairlead.record.subjects import Subject, name_of, unexpected


class Step(StrEnum):
    """How far it is."""

    ASKED = "asked"
    AGREED = "agreed"
    DECLINED = "declined"


class Told(Struct, frozen=True, kw_only=True):
    """What one side lets the other know."""

    words: str = ""
    contact: str = ""
    """Given to the other side once both agreed; empty keeps its giver unnamed."""


class IntroductionAsked(Fact, frozen=True, tag="introduction.asked@1"):
    """Whoever stands in line asked the holder to share."""

    by: OrganisationId
    to: OrganisationId
    claim: ClaimId
    """Of who asks."""
    other: ClaimId
    body: Told | None = None


class IntroductionAgreed(Fact, frozen=True, tag="introduction.agreed@1"):
    """The holder shares."""

    body: Told | None = None


class IntroductionDeclined(Fact, frozen=True, tag="introduction.declined@1"):
    """The holder does not share."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Introduction:
    """One question from one claim to another."""

    id: IntroductionId
    by: OrganisationId
    to: OrganisationId
    claim: ClaimId
    other: ClaimId
    asked_at: datetime
    asked: Told | None
    step: Step = Step.ASKED
    answered: Told | None = None
    version: int = 1

    @property
    def organisations(self) -> frozenset[OrganisationId]:
        """Who takes part; nobody else knows of it."""
        return frozenset({self.by, self.to})


def agreed(state: Introduction, told: Told) -> Sequence[Fact]:
    """Return what agreeing means."""
    _refuse_answered(state)
    return [IntroductionAgreed(body=told)]


def declined(state: Introduction) -> Sequence[Fact]:
    """Return what declining means."""
    _refuse_answered(state)
    return [IntroductionDeclined()]


def _refuse_answered(state: Introduction) -> None:
    if state.step is not Step.ASKED:
        raise Refused(f"{state.id} was answered: {state.step}")


def _evolve(state: Introduction | None, event: Event) -> Introduction:
    match state, event.fact:
        case None, IntroductionAsked() as fact:
            return Introduction(
                id=IntroductionId(name_of(event)),
                by=fact.by,
                to=fact.to,
                claim=fact.claim,
                other=fact.other,
                asked_at=event.at,
                asked=fact.body,
            )
        case Introduction(), IntroductionAgreed(body=body):
            return replace(
                state, step=Step.AGREED, answered=body, version=event.version
            )
        case Introduction(), IntroductionDeclined():
            return replace(state, step=Step.DECLINED, version=event.version)
    raise unexpected(event)


INTRODUCTIONS = Subject(
    "introduction",
    Introduction,
    (IntroductionAsked, IntroductionAgreed, IntroductionDeclined),
    _evolve,
)
