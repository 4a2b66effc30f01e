"""Who stands in the way of a claim, and who may come after it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fairlead.base.ids import ClaimId
from fairlead.clearinghouse.claims import targets
from fairlead.clearinghouse.claims.claim import Claim, State
from fairlead.clearinghouse.claims.ports import ClaimsUnit, Desk, Hit
from fairlead.clearinghouse.claims.sites import keeps_off, same_ground
from fairlead.clearinghouse.ports import Job


def in_the_way(
    unit: ClaimsUnit, claim: Claim, hits: Sequence[Hit], *, at: datetime
) -> Sequence[Claim]:
    """Return which of *hits* keep *claim* off."""
    ground = (
        targets.read(claim.scan.target) if claim.scan and claim.scan.target else None
    )
    others = unit.claims.many([h.claim for h in hits if h.claim != claim.id])
    return [
        others[h.claim]
        for h in hits
        if h.claim in others
        and keeps_off(others[h.claim], claim.exclusive, at)
        and h.claim not in claim.agreed
        and same_ground(ground, others[h.claim], same=h.same)
    ]


def enqueue_line(
    unit: ClaimsUnit, freed: Claim, desk: Desk, *, at: datetime
) -> Sequence[ClaimId]:
    """Have those tried who wait for ground that is free now, in fair order.

    Who held the same within the last weeks stands behind who did not; then the first
    comes first.
    """
    keys = unit.places.keys_of(freed.id)
    hits = unit.places.hits(keys, (State.WAITING,), after=at)
    waiting = list(unit.claims.many([hit.claim for hit in hits]).values())
    if not waiting:
        return []
    since = at - desk.rules.fair_within
    states = (State.RELEASED, State.EXPIRED, State.ACTIVE)
    past = unit.places.hits(keys, states, after=since)
    holders = [
        c.organisation for c in unit.claims.many([h.claim for h in past]).values()
    ]
    waiting.sort(key=lambda c: (holders.count(c.organisation), c.taken_at, c.id))
    for claim in waiting:
        unit.agenda.enqueue(Job.CLAIM_LINE, claim.id, at=at)
    return [claim.id for claim in waiting]
