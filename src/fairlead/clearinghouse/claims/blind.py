"""Blind claims: what may be learned of them, and how often it may be asked.

A member never tells what it scans: it asks the holders of a key for what an oblivious
pseudorandom function (RFC 9497) makes of the name, without showing the name, and claims
under that token. Who claims the same gets the same token, and learns that someone is there.

Names of packages can be enumerated: whoever may ask often enough can try them all. So each
question is counted on the record, per member and day; and where one server holds the whole
key, that server can try them without asking anybody (docs/threat-model.md).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from fairlead.access.roles import Asker, Scope
from fairlead.clearinghouse.claims.claim import State
from fairlead.clearinghouse.claims.ports import ClaimsUnit, Desk
from fairlead.clearinghouse.claims.subjects import AllowanceUsed
from fairlead.errors import NotAllowed, Refused, TooMany


def evaluate(
    unit: ClaimsUnit,
    asker: Asker,
    elements: Sequence[bytes],
    desk: Desk,
    *,
    at: datetime,
) -> Sequence[bytes]:
    """Return this holder's answer to blinded names, and count them.

    Raises:
        Refused: blind claims are not offered here.
        TooMany: the member asked as often as it may today.
        Invalid: an element is none of the group.

    """
    asker.needs(Scope.CLAIM_TAKE)
    if not desk.matching.holders:
        raise Refused("blind claims are not offered here")
    answers = desk.matching.evaluate(elements)
    spend(unit, asker, len(elements), desk, at=at)
    return answers


def ask(
    unit: ClaimsUnit,
    asker: Asker,
    tokens: Sequence[str],
    desk: Desk,
    *,
    at: datetime,
) -> bool:
    """Tell whether someone is on this ground; one question of the day's is used up.

    *tokens* are those of the place and of what contains it.
    """
    spend(unit, asker, 1, desk, at=at)
    keys = unit.places.blind_keys(tokens)
    hits = unit.places.hits(keys, (State.ACTIVE,), after=at)
    return any(c.holds(at) for c in unit.claims.many([h.claim for h in hits]).values())


def spend(
    unit: ClaimsUnit, asker: Asker, count: int, desk: Desk, *, at: datetime
) -> None:
    """Count *count* questions of the asker's organisation, on the record.

    Raises:
        TooMany: that would be more than a day's.

    """
    asker.needs(Scope.CLAIM_TAKE)
    if asker.organisation is None:
        raise NotAllowed("only members ask")
    before = unit.allowances.maybe(asker.organisation)
    day = at.date().isoformat()
    used = before.used if before and before.day == day else 0
    if used + count > desk.rules.evaluations:
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        left = midnight + timedelta(days=1) - at
        raise TooMany(
            f"your organisation asked {used} of {desk.rules.evaluations} questions about"
            " blind claims today; more tomorrow (UTC)",
            retry_after=int(left.total_seconds()) + 1,
        )
    fact = AllowanceUsed(day=day, count=count)
    unit.allowances.save(before, [fact], name=asker.organisation, by=asker.actor, at=at)
