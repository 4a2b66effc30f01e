"""Use cases of the broker: a call is let through, goes on, and is put on the record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from msgspec import UNSET, UnsetType

from fairlead.base.ids import EngagementId, PersonId
from fairlead.base.instants import text
from fairlead.errors import NotAllowed, NotFound
from fairlead.review import calling, entry, facts, granting
from fairlead.review.calling import Caller, CallNote
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
    name: str = ""
    """A fresh name for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """A call that was let through."""

    engagement: EngagementId
    visitor: Visitor
    wish: Wish
    clause: int
    connection: facts.Connection
    logs_content: bool
    call: str = ""
    """By what the call is named, where the other side counts it too."""
    second: Visitor | None = None
    """Another named person who takes part."""
    terms: str = ""
    """Digest of what both sides signed."""
    seconds: int = 0
    """For how long a note about it holds, where the developer runs the broker."""
    opens: datetime | None = None
    ends: datetime | None = None

    @property
    def relayed(self) -> bool:
        """Tell whether it goes to a broker that the developer runs."""
        return bool(self.connection.key)


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
    second = _second(unit, engagement, call)
    wish = Wish(
        action=Action.CALL,
        purpose=call.purpose or usual,
        asset=call.asset,
        second=second.person if second else None,
        more=more.get((engagement.id, call.asset), Used()),
    )
    decision = entry.decide(engagement, visitor, wish, now=now)
    asset = engagement.assets.get(call.asset)
    if not decision.allowed:
        raise NotOpen(decision.failed)
    if asset is None or asset.connection is None or decision.clause is None:
        raise NotFound(f"the developer has not made {call.asset!r} available")
    opens, ends = entry.grant(engagement, visitor) or (None, None)
    broker = engagement.terms.broker if engagement.terms else UNSET
    return Admission(
        engagement=engagement.id,
        visitor=visitor,
        wish=wish,
        clause=decision.clause,
        connection=asset.connection,
        logs_content=logs_content(decision),
        call=call.name if asset.connection.key else "",
        second=second,
        terms=engagement.digest or "",
        seconds=0 if isinstance(broker, UnsetType) else broker.seconds,
        opens=opens,
        ends=ends,
    )


def logs_content(decision: Decision) -> bool:
    """Tell whether what is said in a call is kept with it."""
    return any(duty.kind is DutyKind.LOG_CONTENT for duty in decision.duties)


def note(
    admission: Admission, method: str, path: str, body: bytes, *, at: datetime
) -> CallNote:
    """Return what the developer's broker is told of a call that was let through."""
    opens, ends = admission.opens, admission.ends
    assert opens is not None  # noqa: S101 - what is let through is open
    assert ends is not None  # noqa: S101 - and ends
    return CallNote(
        call=admission.call,
        engagement=admission.engagement,
        terms=admission.terms,
        caller=_caller(admission.visitor),
        second=_caller(admission.second) if admission.second else None,
        asset=admission.wish.asset,
        purpose=admission.wish.purpose,
        method=method,
        path=path,
        body=calling.body_digest(body),
        at=text(at),
        until=text(at + timedelta(seconds=admission.seconds)),
        opens=text(opens),
        ends=text(ends),
    )


def _caller(visitor: Visitor) -> Caller:
    return Caller(
        person=visitor.person,
        side=visitor.side,
        organisation=visitor.organisation,
        roles=tuple(sorted(visitor.roles)),
        attributes=tuple(sorted(visitor.attributes)),
        place=visitor.place,
    )


def recheck(
    unit: ReviewUnit,
    admissions: Iterable[Admission],
    more: Mapping[tuple[str, str], Used],
    *,
    now: datetime,
) -> list[Decision]:
    """Return, for each call that goes on, whether it still may.

    Each engagement and person is looked up once, and calls that are alike are decided
    once: hundreds of streams cost no more than a few.
    """
    known: dict[EngagementId, Engagement] = {}
    decided: dict[tuple[EngagementId, PersonId, Wish], Decision] = {}
    found: list[Decision] = []
    for admission in admissions:
        name, person = admission.engagement, admission.visitor.person
        wish = still(admission.wish, more.get((name, admission.wish.asset), Used()))
        decision = decided.get((name, person, wish))
        if decision is None:
            if name not in known:
                known[name] = unit.engagements.get(name)
            visitor = granting.current(unit, known[name], person)
            decision = (
                entry.decide(known[name], visitor, wish, now=now)
                if visitor
                else _gone()
            )
            decided[name, person, wish] = decision
        found.append(decision)
    return found


def still(wish: Wish, under_way: Used) -> Wish:
    """Return what a call that goes on still wishes.

    It was counted itself when it began, so it is not refused for being the last.
    """
    return Wish(
        action=wish.action,
        purpose=wish.purpose,
        asset=wish.asset,
        second=wish.second,
        more=Used(
            calls=under_way.calls - 1, tokens=under_way.tokens, cents=under_way.cents
        ),
    )


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
        relayed=sum(bool(use.call) for use in uses),
        # Of what was destroyed meanwhile, the sums alone are kept.
        body=None if engagement.destroyed else facts.Uses(calls=tuple(uses)),
    )
    unit.engagements.save(engagement, [fact], name=name, by=BROKER, at=at)


def compare(
    unit: ReviewUnit,
    name: EngagementId,
    counted: tuple[int, int],
    compared: facts.Compared,
    *,
    at: datetime,
) -> None:
    """Put on record what both sides counted of the same calls: how many, and differing.

    Of what was destroyed meanwhile nothing more is kept.
    """
    engagement = unit.engagements.get(name)
    calls, differing = counted
    fact = facts.UsageCompared(
        calls=calls,
        differing=differing,
        body=None if engagement.destroyed else compared,
    )
    unit.engagements.save(engagement, [fact], name=name, by=BROKER, at=at)


def _second(unit: ReviewUnit, engagement: Engagement, call: Call) -> Visitor | None:
    """Return who else takes part: shown by that person's own key, not by a name."""
    if not call.second_secret:
        return None
    other, visitor = granting.holder(unit, call.second_secret)
    if other.id != engagement.id:
        raise NotOpen([_stranger()])
    return visitor


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
