"""Figures and consents as the record has them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from fairlead.base.ids import OrganisationId
from fairlead.programme.bands import Month, Shown
from fairlead.record.events import Event, Fact
from fairlead.record.subjects import Subject, name_of, unexpected


class FiguresPublished(Fact, frozen=True, tag="figures.published@1"):
    """The figures of a month were published; nothing can follow."""

    asked: Shown
    used: Shown


@dataclass(frozen=True, slots=True, kw_only=True)
class PublishedMonth:
    """What is published about one month."""

    id: str
    """`2026-08`."""
    shown: Month
    at: datetime
    version: int = 1


def _month(state: PublishedMonth | None, event: Event) -> PublishedMonth:
    match state, event.fact:
        case None, FiguresPublished(asked=asked, used=used):
            shown = Month(asked=asked, used=used)
            return PublishedMonth(id=name_of(event), shown=shown, at=event.at)
    raise unexpected(event)


FIGURES = Subject("figures", PublishedMonth, (FiguresPublished,), _month)


class ConsentGiven(Fact, frozen=True, tag="consent.given@1"):
    """An organisation consents to exact figures in which it is counted."""


class ConsentTakenBack(Fact, frozen=True, tag="consent.taken_back@1"):
    """It does not any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """What an organisation says about exact figures."""

    id: OrganisationId
    given: bool
    version: int = 1


def _consent(state: Consent | None, event: Event) -> Consent:
    given = isinstance(event.fact, ConsentGiven)
    if not given and not isinstance(event.fact, ConsentTakenBack):
        raise unexpected(event)
    if state is None:
        return Consent(id=OrganisationId(name_of(event)), given=given)
    return replace(state, given=given, version=event.version)


CONSENTS = Subject("consent", Consent, (ConsentGiven, ConsentTakenBack), _consent)
