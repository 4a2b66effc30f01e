"""Use cases: keep a claim, give it free, and what happens when its time is over."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fairlead.access.roles import Asker
from fairlead.access.visibility import Always
from fairlead.base.ids import ClaimId, OrganisationId
from fairlead.clearinghouse.claims import claim as rules_of
from fairlead.clearinghouse.claims import targets
from fairlead.clearinghouse.claims.asking import member
from fairlead.clearinghouse.claims.claim import Claim, Coverage, State
from fairlead.clearinghouse.claims.ports import ClaimsUnit, Desk
from fairlead.clearinghouse.claims.waiting import enqueue_line, in_the_way
from fairlead.clearinghouse.ports import Page, Timer
from fairlead.errors import NotFound
from fairlead.record.events import Fact

SYSTEM = "system/claims"
BATCH = 200


def own(unit: ClaimsUnit, asker: Asker, name: ClaimId) -> Claim:
    """Return a claim of the asker's organisation; others are as if there were none."""
    home = member(asker)
    found = unit.claims.get(name)
    if found.organisation != home:
        raise NotFound(f"no claim {name!r}")
    return found


def alive(
    unit: ClaimsUnit, asker: Asker, name: ClaimId, desk: Desk, *, at: datetime
) -> Claim:
    """Give a sign that the scan goes on."""
    claim = own(unit, asker, name)
    return _save(
        unit, claim, rules_of.alive(claim, desk.rules, at=at), asker.actor, desk, at
    )


def extend(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClaimsUnit,
    asker: Asker,
    name: ClaimId,
    until: datetime,
    desk: Desk,
    *,
    at: datetime,
) -> Claim:
    """Let a claim end later, as long as nobody waits for the same ground."""
    claim = own(unit, asker, name)
    keys = unit.places.keys_of(claim.id)
    unit.places.lock(keys)
    hits = unit.places.hits(keys, (State.WAITING,), after=at)
    others = bool(in_the_way(unit, claim, hits, at=at))
    facts = rules_of.extended(claim, until, desk.rules, others_wait=others, at=at)
    return _save(unit, claim, facts, asker.actor, desk, at)


def release(  # noqa: PLR0913, PLR0917 - one value a thing that must be said
    unit: ClaimsUnit,
    asker: Asker,
    name: ClaimId,
    coverage: Coverage,
    note: str,
    desk: Desk,
    *,
    at: datetime,
) -> Claim:
    """Give a claim free and say what it covered; the same said twice changes nothing.

    A claim that ended a moment before is released late: what it covered counts, but not
    that it held until now.
    """
    claim = own(unit, asker, name)
    if claim.state is State.RELEASED and claim.coverage == coverage:
        return claim
    facts = rules_of.released(claim, coverage, note, desk.rules, at=at)
    freed = claim.state is State.ACTIVE
    claim = _save(unit, claim, facts, asker.actor, desk, at)
    if freed:
        enqueue_line(unit, claim, desk, at=at)
    return claim


def withdraw(
    unit: ClaimsUnit, asker: Asker, name: ClaimId, desk: Desk, *, at: datetime
) -> Claim:
    """Leave the line."""
    claim = own(unit, asker, name)
    if claim.state is State.WITHDRAWN:
        return claim
    claim = _save(unit, claim, rules_of.withdrawn(claim), asker.actor, desk, at)
    enqueue_line(unit, claim, desk, at=at)
    return claim


# --- By itself ---------------------------------------------------------------------------


def end(unit: ClaimsUnit, name: ClaimId, desk: Desk, *, at: datetime) -> Claim:
    """End a claim whose time is over; where a sign came meanwhile, look again later.

    Of one that ended, destroy what it was on once nobody needs to know it any more.
    """
    claim = unit.claims.get(name)
    if not claim.open:
        return _destroy(unit, claim, desk, at)
    facts = rules_of.expired(claim, at=at)
    if not facts:
        _look_again(unit, claim, desk)
        return claim
    claim = _save(unit, claim, facts, SYSTEM, desk, at)
    enqueue_line(unit, claim, desk, at=at)
    return claim


def _destroy(unit: ClaimsUnit, claim: Claim, desk: Desk, at: datetime) -> Claim:
    """Destroy what a claim was on; its key follows by a job."""
    facts = rules_of.destroyed(claim, desk.rules, at=at)
    if not facts:
        _look_again(unit, claim, desk)
        return claim
    unit.places.drop([claim.id])
    unit.claims.save(claim, facts, name=claim.id, by=SYSTEM, at=at)
    unit.claims.destroy(claim.id, at=at)
    return unit.claims.get(claim.id)


def _look_again(unit: ClaimsUnit, claim: Claim, desk: Desk) -> None:
    """Have a timer ring when time changes something about the claim next."""
    if claim.open:
        unit.agenda.schedule(Timer.CLAIM, claim.id, due=claim.ends_at)
    elif not claim.destroyed:
        due = claim.kept_until(desk.rules)
        unit.agenda.schedule(Timer.CLAIM, claim.id, due=due)


def grant(unit: ClaimsUnit, name: ClaimId, desk: Desk, *, at: datetime) -> Claim:
    """Grant a claim that waits, if its way is free now."""
    claim = unit.claims.get(name)
    if claim.state is not State.WAITING or at >= claim.until:
        return claim
    keys = unit.places.keys_of(claim.id)
    unit.places.lock(keys)
    hits = unit.places.hits(keys, (State.ACTIVE,), after=at)
    if in_the_way(unit, claim, hits, at=at) or _too_many(unit, claim, len(hits)):
        return claim
    return _save(
        unit, claim, rules_of.granted(claim, desk.rules, at=at), SYSTEM, desk, at
    )


def leave(
    unit: ClaimsUnit, organisation: OrganisationId, desk: Desk, *, by: str, at: datetime
) -> int:
    """End every claim of an organisation that takes part no more; return how many."""
    count = 0
    page = Page(size=BATCH)
    states = (State.ACTIVE, State.WAITING)
    while held := unit.claims.of(organisation, page, states=states):
        for claim in held:
            ended = _save(unit, claim, rules_of.left(claim), by, desk, at)
            enqueue_line(unit, ended, desk, at=at)
            count += 1
    return count


def resume(unit: ClaimsUnit, desk: Desk) -> None:
    """Schedule again when claims end; after a rebuild, their timers are gone."""
    page = Page(size=BATCH)
    while found := unit.claims.seen(Always(), page, states=list(State)):
        for claim in found:
            _look_again(unit, claim, desk)
        page = Page(after=page.after + BATCH, size=BATCH)


def _too_many(unit: ClaimsUnit, claim: Claim, others: int) -> bool:
    """Tell whether the owner's number of scanners is reached; of blind claims none is."""
    if claim.scan is None or claim.scan.target is None or not others:
        return False
    ground = targets.read(claim.scan.target, unit.aliases.of)
    words = unit.owner_words.about([ground.place, *ground.containers])
    limits = [
        w.word.at_most
        for w in words
        if w.binds and w.word.at_most and w.organisation != claim.organisation
    ]
    return bool(limits) and others >= min(limits)


def _save(  # noqa: PLR0913, PLR0917 - one value a thing that must be said
    unit: ClaimsUnit,
    claim: Claim,
    facts: Sequence[Fact],
    by: str,
    desk: Desk,
    at: datetime,
) -> Claim:
    if not facts:
        return claim
    claim = unit.claims.save(claim, facts, name=claim.id, by=by, at=at)
    unit.places.move(claim)
    _look_again(unit, claim, desk)
    return claim
