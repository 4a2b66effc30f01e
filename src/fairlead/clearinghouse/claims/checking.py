"""Use case: find out what there is to know about targets before claiming them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fairlead.access.roles import Asker, Scope
from fairlead.clearinghouse.claims import owners, targets
from fairlead.clearinghouse.claims.claim import COVERAGE_LASTS, Claim, State, Visibility
from fairlead.clearinghouse.claims.owners import OwnerWord
from fairlead.clearinghouse.claims.ports import ClaimsUnit
from fairlead.clearinghouse.claims.sites import known_names, same_ground
from fairlead.clearinghouse.claims.targets import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What there is to know about a target before claiming it."""

    target: Target
    active: Sequence[Claim] = ()
    """Claims that overlap, but for blind ones."""
    waiting: int = 0
    covered: Sequence[Claim] = ()
    """What was scanned before, the newest first."""
    words: Sequence[OwnerWord] = ()


def check(
    unit: ClaimsUnit, asker: Asker, asked: Sequence[Target], *, at: datetime
) -> Sequence[Found]:
    """Return what there is to know about many targets, with few statements.

    Nothing is said of blind claims here: asking about them is counted (`blind.ask`).
    """
    asker.needs(Scope.CLAIM_READ)
    names = known_names(unit, [targets.place_of(target) for target in asked])
    grounds = [targets.read(target, names) for target in asked]
    keys = [unit.places.keys(g.place, g.containers) for g in grounds]
    open_states = (State.ACTIVE, State.WAITING)
    now = unit.places.hits_of_many(keys, open_states, after=at)
    epoch = at - COVERAGE_LASTS
    before = unit.places.hits_of_many(keys, (State.RELEASED,), after=epoch)
    named = {hit.claim for hits in (*now, *before) for hit in hits}
    claims = unit.claims.many(sorted(named))
    every = sorted({p for g in grounds for p in (g.place, *g.containers)})
    words = unit.owner_words.about(every) if every else ()
    found = []
    for target, ground, hits, past in zip(asked, grounds, now, before, strict=True):
        there = [
            claims[h.claim]
            for h in hits
            if same_ground(ground, claims[h.claim], same=h.same)
        ]
        there = [c for c in there if c.visibility is not Visibility.BLIND]
        seen = [claims[h.claim] for h in past if h.same]
        seen = [c for c in seen if c.visibility is not Visibility.BLIND]
        found.append(
            Found(
                target=target,
                active=[c for c in there if c.holds(at)],
                waiting=sum(c.state is State.WAITING for c in there),
                covered=sorted(seen, key=_ended, reverse=True),
                words=[w for w in words if owners.applies(w, ground)],
            )
        )
    return found


def _ended(claim: Claim) -> datetime:
    return claim.ended_at or claim.taken_at
