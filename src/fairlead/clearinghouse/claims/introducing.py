"""Use cases: whoever stands in line asks the holder to share, and learns not who it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from fairlead.access.roles import Asker, Scope
from fairlead.access.visibility import INTRODUCTIONS as VISIBLE
from fairlead.base.ids import ClaimId, IntroductionId, new_introduction_id
from fairlead.clearinghouse.claims import introductions
from fairlead.clearinghouse.claims.claim import ClaimAgreed, State
from fairlead.clearinghouse.claims.introductions import (
    Introduction,
    IntroductionAsked,
    Step,
    Told,
)
from fairlead.clearinghouse.claims.keeping import own
from fairlead.clearinghouse.claims.ports import ClaimsUnit, Desk
from fairlead.clearinghouse.claims.waiting import in_the_way
from fairlead.clearinghouse.ports import Job, Page
from fairlead.errors import NotFound, Refused


class Words(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one side tells the other."""

    words: Annotated[str, Meta(max_length=2000)] = ""
    contact: Annotated[str, Meta(max_length=200)] = ""

    @property
    def told(self) -> Told:
        """Return them as they are kept."""
        return Told(words=self.words, contact=self.contact)


def ask(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClaimsUnit,
    asker: Asker,
    name: ClaimId,
    words: Words,
    desk: Desk,
    *,
    at: datetime,
) -> Sequence[Introduction]:
    """Ask everyone who stands in the way of a claim in line to share.

    Raises:
        Refused: the claim does not wait, or nobody is in its way.

    """
    claim = own(unit, asker, name)
    if claim.state is not State.WAITING:
        raise Refused(f"{name} does not wait in line")
    hits = unit.places.hits(unit.places.keys_of(name), (State.ACTIVE,), after=at)
    others = [
        other
        for other in in_the_way(unit, claim, hits, at=at)
        if other.organisation != claim.organisation
    ]
    if not others:
        raise Refused(f"nobody else is in the way of {name}")
    asked = []
    for other in others:
        known = unit.introductions.between(claim.id, other.id)
        if known is not None:
            asked.append(known)
            continue
        fact = IntroductionAsked(
            by=claim.organisation,
            to=other.organisation,
            claim=claim.id,
            other=other.id,
            body=words.told,
        )
        called = new_introduction_id(desk.randomness)
        asked.append(
            unit.introductions.save(None, [fact], name=called, by=asker.actor, at=at)
        )
    return asked


def answer(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClaimsUnit,
    asker: Asker,
    name: IntroductionId,
    words: Words,
    *,
    agree: bool,
    at: datetime,
) -> Introduction:
    """Agree to share, or decline; only the one who was asked can.

    Agreeing lets both claims hold at a time; each side then sees the other's contact.
    """
    asker.needs(Scope.CLAIM_TAKE)
    found = unit.introductions.find(name, VISIBLE.condition(asker))
    if found.to != asker.organisation:
        raise Refused("the other side answers")
    if not agree:
        facts = introductions.declined(found)
        return unit.introductions.save(found, facts, name=name, by=asker.actor, at=at)
    facts = introductions.agreed(found, words.told)
    found = unit.introductions.save(found, facts, name=name, by=asker.actor, at=at)
    for one, other in ((found.claim, found.other), (found.other, found.claim)):
        claim = unit.claims.get(one)
        fact = ClaimAgreed(other=other)
        unit.claims.save(claim, [fact], name=one, by=asker.actor, at=at)
    unit.agenda.enqueue(Job.CLAIM_LINE, found.claim, at=at)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """An introduction as one side sees it."""

    introduction: Introduction
    claim: ClaimId
    """One's own."""
    asked_by_me: bool
    words: str
    """Of the other side."""
    contact: str
    """Of the other side, once both agreed."""


def listed(unit: ClaimsUnit, asker: Asker, page: Page) -> Sequence[Shown]:
    """Return the introductions in which one takes part, the newest first."""
    asker.needs(Scope.CLAIM_READ)
    found = unit.introductions.seen(VISIBLE.condition(asker), page)
    return [shown(one, asker) for one in found]


def shown(one: Introduction, asker: Asker) -> Shown:
    """Return what the asker's side may see: never who the other is unless it says so."""
    if asker.organisation not in one.organisations:
        raise NotFound(f"no introduction {one.id!r}")
    by_me = one.by == asker.organisation
    theirs = one.answered if by_me else one.asked
    agreed = one.step is Step.AGREED
    return Shown(
        introduction=one,
        claim=one.claim if by_me else one.other,
        asked_by_me=by_me,
        words=theirs.words if theirs else "",
        contact=theirs.contact if theirs and agreed else "",
    )
