"""Use cases: find claims anew, after a rebuild or when a project got one more name."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fairlead.access.roles import Asker, Scope
from fairlead.access.visibility import Always
from fairlead.base.ids import AliasId, ClaimId, new_alias_id
from fairlead.clearinghouse.claims import targets
from fairlead.clearinghouse.claims.claim import Claim, State
from fairlead.clearinghouse.claims.ports import ClaimsUnit, Desk, Keys
from fairlead.clearinghouse.claims.subjects import Alias, AliasSaid, AliasWithdrawn
from fairlead.clearinghouse.claims.targets import Target
from fairlead.clearinghouse.ports import Page
from fairlead.errors import Invalid, Refused, Violation

BATCH = 200


def keys_of(unit: ClaimsUnit, claim: Claim, desk: Desk) -> Keys:
    """Return under what *claim* is found by the names that hold now."""
    if claim.scan is None:
        return Keys(())
    if claim.scan.target is None:
        return unit.places.blind_keys(claim.scan.tokens)
    ground = targets.read(claim.scan.target, unit.aliases.of)
    tokens = claim.scan.tokens or desk.matching.tokens(
        [ground.place, *ground.containers]
    )
    return unit.places.keys(ground.place, ground.containers, tokens)


def place_all(unit: ClaimsUnit, desk: Desk) -> int:
    """Have every claim found anew; return how many there are."""
    unit.places.clear()
    count, page = 0, Page(size=BATCH)
    while found := unit.claims.seen(Always(), page, states=list(State)):
        unit.places.put_many([(claim, keys_of(unit, claim, desk)) for claim in found])
        count += len(found)
        page = Page(after=page.after + BATCH, size=BATCH)
    return count


def name(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClaimsUnit,
    asker: Asker,
    target: Target,
    into: Target,
    *,
    same: bool,
    desk: Desk,
    at: datetime,
) -> Alias:
    """Say that *target* is another name of *into*, or built from it.

    Claims on either are found by both from then on.

    Raises:
        Refused: it is said already, or would lead back to itself.

    """
    asker.needs(Scope.OWNER_VERIFY)
    place, goal = targets.place_of(target), targets.place_of(into)
    if place == goal:
        raise Invalid(
            "these are one place already",
            [Violation("same_place", "into", "name another place")],
        )
    ahead = targets.read(into, unit.aliases.of)
    if place in {ahead.place, *ahead.containers}:
        raise Refused(f"{place} already contains {goal}, or is the same")
    if place in unit.aliases.of([place]):
        raise Refused(f"something is said of {place} already; withdraw that first")
    fact = AliasSaid(place=place, into=goal, same=same)
    alias = unit.aliases.save(
        None, [fact], name=new_alias_id(desk.randomness), by=asker.actor, at=at
    )
    _place_anew(unit, [place, goal], desk)
    return alias


def forget_name(
    unit: ClaimsUnit, asker: Asker, alias: AliasId, desk: Desk, *, at: datetime
) -> Alias:
    """Say that it holds no more."""
    asker.needs(Scope.OWNER_VERIFY)
    found = unit.aliases.get(alias)
    if not found.active:
        raise Refused(f"{alias} was withdrawn already")
    facts = [AliasWithdrawn()]
    found = unit.aliases.save(found, facts, name=alias, by=asker.actor, at=at)
    _place_anew(unit, [found.place, found.into], desk)
    return found


def names(unit: ClaimsUnit, asker: Asker) -> Sequence[Alias]:
    """Return every name that is known."""
    asker.needs(Scope.CLAIM_READ)
    return unit.aliases.listed()


def _place_anew(unit: ClaimsUnit, places: Sequence[str], desk: Desk) -> None:
    keys = unit.places.keys(places[0], places[1:])
    names: dict[ClaimId, None] = {}
    for key in (*keys.own, *keys.containers):
        names |= dict.fromkeys(unit.places.on(key))
    claims = unit.claims.many(list(names))
    unit.places.drop(list(claims))
    unit.places.put_many([(c, keys_of(unit, c, desk)) for c in claims.values()])
