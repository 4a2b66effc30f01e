"""Use cases of the broker: a call is let through, goes on, and is put on the record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from fairlead.base.ids import EngagementId, PersonId
from fairlead.errors import NotAllowed, NotFound
from fairlead.review import entry, facts, granting
from fairlead.review.engagement import Engagement
from fairlead.review.entry import Visitor, Wish
from fairlead.review.ports import ReviewUnit
from fairlead.terms.clauses import Action, DutyKind, Purpose, Side
from fairlead.terms.decide import Decision, Failed, Ground, Used

BROKER = "system/broker"


class NotOpen(NotAllowed):
    """The terms do not open this now; every obstacle is told with its remedy."""

    code = "not-open"

    def __init__(self, failed: Sequence[Failed]) -> None:
        """Say everything that stands in the way."""
        super().__init__("; ".join(_told(one) for one in failed))
        self.failed = tuple(failed)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What somebody wants to do through the broker."""

    secret: str
    asset: str = "endpoint"
    purpose: Purpose | None = None
    """None: the usual one of the side, measurement or defence."""
    second_secret: str = ""
    """The key of a second named person, where two are needed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A call that was let through."""

    engagement: EngagementId
    visitor: Visitor
    wish: Wish
    clause: int
    connection: facts.Connection
    logs_content: bool


def admit(
    unit: ReviewUnit, call: Call, more: Mapping[tuple[str, str], Used], *, now: datetime
) -> Admission:
    """Let a call through, or say everything that stands in the way.

    *more* is what is under way and not on the record yet, by engagement and asset.

    Raises:
        Unauthenticated: the key opens nothing.
        NotOpen: the terms do not open this now.

    """
    engagement, visitor = granting.holder(unit, call.secret)
    usual = Purpose.DEFENCE if visitor.side is Side.PARTNER else Purpose.MEASUREMENT
    wish = Wish(
        action=Action.CALL,
        purpose=call.purpose or usual,
        asset=call.asset,
        second=_second(unit, engagement, call),
        more=more.get((engagement.id, call.asset), Used()),
    )
    decision = entry.decide(engagement, visitor, wish, now=now)
    asset = engagement.assets.get(call.asset)
    if not decision.allowed:
        raise NotOpen(decision.failed)
    if asset is None or asset.connection is None or decision.clause is None:
        raise NotFound(f"the developer has not made {call.asset!r} available")
    return Admission(
        engagement=engagement.id,
        visitor=visitor,
        wish=wish,
        clause=decision.clause,
        connection=asset.connection,
        logs_content=any(d.kind is DutyKind.LOG_CONTENT for d in decision.duties),
    )


def recheck(
    unit: ReviewUnit,
    admissions: Iterable[Admission],
    more: Mapping[tuple[str, str], Used],
    *,
    now: datetime,
) -> list[Decision]:
    """Return, for each call that goes on, whether it still may."""
    known: dict[EngagementId, Engagement] = {}
    people: dict[tuple[EngagementId, PersonId], Visitor | None] = {}
    found: list[Decision] = []
    for admission in admissions:
        name, person = admission.engagement, admission.visitor.person
        if name not in known:
            known[name] = unit.engagements.get(name)
        engagement = known[name]
        if (name, person) not in people:
            people[name, person] = granting.current(unit, engagement, person)
        visitor = people[name, person]
        wish = admission.wish
        if visitor is None:
            found.append(_gone())
            continue
        # The call itself was counted when it began; it is not refused for being the last.
        under_way = more.get((name, wish.asset), Used())
        still = Wish(
            action=wish.action,
            purpose=wish.purpose,
            asset=wish.asset,
            second=wish.second,
            more=Used(
                calls=under_way.calls - 1,
                tokens=under_way.tokens,
                cents=under_way.cents,
            ),
        )
        found.append(entry.decide(engagement, visitor, still, now=now))
    return found


def record(
    unit: ReviewUnit,
    name: EngagementId,
    uses: Sequence[facts.Use],
    *,
    at: datetime,
) -> None:
    """Put calls that ended on the record of their engagement."""
    engagement = unit.engagements.get(name)
    by_asset: dict[str, tuple[int, int, int]] = {}
    for use in uses:
        calls, tokens, cents = by_asset.get(use.asset, (0, 0, 0))
        by_asset[use.asset] = (
            calls + 1,
            tokens + use.tokens_in + use.tokens_out,
            cents + use.cents,
        )
    fact = facts.AccessUsed(
        calls=len(uses),
        tokens=sum(tokens for _, tokens, _ in by_asset.values()),
        cents=sum(cents for _, _, cents in by_asset.values()),
        by_asset=by_asset,
        # Of what was destroyed meanwhile, the sums alone are kept.
        body=None if engagement.destroyed else facts.Uses(calls=tuple(uses)),
    )
    unit.engagements.save(engagement, [fact], name=name, by=BROKER, at=at)


def _second(unit: ReviewUnit, engagement: Engagement, call: Call) -> PersonId | None:
    """Return who else takes part: shown by that person's own key, not by a name."""
    if not call.second_secret:
        return None
    other, visitor = granting.holder(unit, call.second_secret)
    if other.id != engagement.id:
        raise NotOpen([_stranger()])
    return visitor.person


def _stranger() -> Failed:
    return Failed(
        None,
        Ground.SECOND_PERSON,
        "the second key is of another engagement",
        "use the key of a second named person of this engagement",
    )


def _gone() -> Decision:
    failed = Failed(
        None, Ground.WHO, "the person acts here no more", "have the programme name it"
    )
    return Decision(None, (), (failed,))


def _told(failed: Failed) -> str:
    where = f"clause {failed.clause}: " if failed.clause else ""
    return f"{where}{failed.what} (remedy: {failed.remedy})"
