"""A claim: a member's time-boxed notice "we are scanning this target this way"; rules only.

It begins when it is granted, not before: a claim on later would keep others from the ground
while nobody digs. It ends by itself, at its instant or when its holder falls silent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from fairlead.base.ids import ClaimId, OrganisationId
from fairlead.base.instants import text
from fairlead.clearinghouse.claims.targets import Target
from fairlead.errors import Invalid, Refused, Violation
from fairlead.record.events import Event, Fact
from fairlead.record.subjects import Subject, name_of, unexpected


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a programme decides about claims."""

    longest: timedelta = timedelta(days=14)
    """A claim lasts at most so long at a time."""
    silence: timedelta = timedelta(hours=24)
    """After so long without a sign of its holder a claim ends."""
    extensions: int = 3
    line_lasts: timedelta = timedelta(days=7)
    """So long somebody waits in line."""
    late: timedelta = timedelta(days=30)
    """So long after its end what a claim covered may still be told."""
    budget: int = 200
    """How much a member may hold at a time; a whole organisation counts twenty."""
    waiting: int = 50
    """In so many lines a member may wait at a time."""
    fair_within: timedelta = timedelta(days=30)
    """Who held a target within this time stands behind those who did not."""
    evaluations: int = 500
    """So often a day a member may ask what blind claims answer."""
    clock: timedelta = timedelta(seconds=2)
    """A clock that is behind what is recorded by more than this is in doubt."""


COVERAGE_LASTS = timedelta(days=3 * 365)
"""Older coverage is worth nothing any more: it is not shown, and what the claim was on is
destroyed."""


class Visibility(StrEnum):
    """Who sees a claim; its holder chooses."""

    ALL = "all"
    """Every member sees target and holder."""
    SOMEONE = "someone"
    """Every member sees that someone is scanning the target, not who."""
    BLIND = "blind"
    """No member sees the target; who claims the same learns that someone is there."""


class State(StrEnum):
    """Where a claim stands."""

    WAITING = "waiting"
    """In line, behind another claim."""
    ACTIVE = "active"
    RELEASED = "released"
    """Its holder said what it covered."""
    EXPIRED = "expired"
    """Its time was over, its holder silent or gone."""
    WITHDRAWN = "withdrawn"
    """Its holder left the line."""


MOVES: dict[State, frozenset[State]] = {
    State.WAITING: frozenset({State.ACTIVE, State.WITHDRAWN, State.EXPIRED}),
    State.ACTIVE: frozenset({State.RELEASED, State.EXPIRED}),
    State.EXPIRED: frozenset({State.RELEASED}),
    State.RELEASED: frozenset(),
    State.WITHDRAWN: frozenset(),
}


class Depth(StrEnum):
    """How deep somebody looks."""

    SURFACE = "surface"
    """A pattern scanner as it comes, nothing triaged."""
    STANDARD = "standard"
    """Findings triaged, configuration fitted to the target."""
    DEEP = "deep"
    """Every entry point followed, fuzzing or a model with the code for days."""
    EXHAUSTIVE = "exhaustive"
    """As deep as the method goes, by several people or models."""


class Method(StrEnum):
    """How somebody looks."""

    STATIC = "static analysis"
    FUZZING = "fuzzing"
    MODEL = "model"
    MANUAL = "manual review"
    DYNAMIC = "dynamic testing"
    MIXED = "mixed"


class Outcome(StrEnum):
    """What came of it."""

    NOTHING = "nothing found"
    FOUND = "found"
    """Reports follow or were sent."""
    STOPPED = "stopped early"


class Why(StrEnum):
    """Why a claim ended by itself."""

    OVER = "its time was over"
    SILENT = "its holder was silent"
    LEFT = "its holder left"


Line = Annotated[str, Meta(max_length=200)]


class Scan(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is confidential about a claim."""

    target: Target | None = None
    """Nothing of a blind claim."""
    tokens: tuple[str, ...] = ()
    """Of a blind claim: its place and containers as the OPRF gave them, in hexadecimal."""
    method: Method
    depth: Depth
    model: Line = ""
    tool: Line = ""
    contact: Line = ""
    reproducer: bool = False
    """Whether its holder promises a reproducer with every report."""


class Coverage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a claim covered; that nothing was found counts as much."""

    outcome: Outcome
    depth: Depth
    share: Annotated[int, Meta(ge=0, le=100)] = 100
    """Of the target, in percent."""


class Noted(Struct, frozen=True, kw_only=True):
    """Words about what was covered."""

    note: str = ""


# --- Facts -----------------------------------------------------------------------------


class ClaimTaken(Fact, frozen=True, tag="claim.taken@1"):
    """A member claimed a target; it is granted, or waits in line."""

    organisation: OrganisationId
    exclusive: bool
    visibility: Visibility
    lasts: int
    """Seconds."""
    waits: bool
    breadth: int
    until: datetime
    """When it ends, or when it leaves the line."""
    alive_until: datetime
    ignored: tuple[str, ...] = ()
    """What of the owner's word it goes against."""
    request: str = ""
    """By what the same request is recognised."""
    body: Scan | None = None


class ClaimGranted(Fact, frozen=True, tag="claim.granted@1"):
    """What a claim waited for became free."""

    until: datetime
    alive_until: datetime


class HolderAlive(Fact, frozen=True, tag="claim.holder_alive@1"):
    """The holder gave a sign."""

    alive_until: datetime


class ClaimExtended(Fact, frozen=True, tag="claim.extended@1"):
    """The claim ends later."""

    until: datetime
    alive_until: datetime


class ClaimReleased(Fact, frozen=True, tag="claim.released@1"):
    """The holder gave the target free and said what was covered."""

    coverage: Coverage
    late: bool
    """Whether the claim had ended before."""
    body: Noted | None = None


class ClaimWithdrawn(Fact, frozen=True, tag="claim.withdrawn@1"):
    """The holder left the line."""


class ClaimExpired(Fact, frozen=True, tag="claim.expired@1"):
    """The claim ended by itself."""

    why: Why


class ClaimDestroyed(Fact, frozen=True, tag="claim.destroyed@1"):
    """What the claim was on is worth nothing any more, and was destroyed."""


class ClaimAgreed(Fact, frozen=True, tag="claim.agreed@1"):
    """Two holders agreed to share: neither claim stands in the other's way."""

    other: ClaimId


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """One claim."""

    id: ClaimId
    organisation: OrganisationId
    exclusive: bool
    visibility: Visibility
    state: State
    taken_at: datetime
    begins_at: datetime | None
    """When it was granted."""
    lasts: int
    until: datetime
    """When it ends at the latest, or leaves the line."""
    alive_until: datetime
    breadth: int = 1
    extensions: int = 0
    ignored: tuple[str, ...] = ()
    request: str = ""
    agreed: tuple[ClaimId, ...] = ()
    scan: Scan | None = None
    coverage: Coverage | None = None
    late: bool = False
    ended_at: datetime | None = None
    why: Why | None = None
    destroyed: bool = False
    version: int = 1

    @property
    def ends_at(self) -> datetime:
        """Return when it ends unless its holder gives a sign."""
        return (
            self.until
            if self.state is State.WAITING
            else min(self.until, self.alive_until)
        )

    def holds(self, at: datetime) -> bool:
        """Tell whether it keeps others off at *at*; no timer needs to have rung."""
        return self.state is State.ACTIVE and at < self.ends_at

    def kept_until(self, rules: Rules) -> datetime:
        """Return until when what it is on is needed: while it holds, and while it counts.

        Of what covered nothing that is as long as its holder may still tell.
        """
        ended = self.ended_at or self.ends_at
        return ended + (rules.late if self.coverage is None else COVERAGE_LASTS)

    @property
    def open(self) -> bool:
        """Tell whether it still counts against its holder's budget."""
        return self.state in {State.ACTIVE, State.WAITING}


# --- What follows from what -----------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What a member asks for, already read."""

    organisation: OrganisationId
    scan: Scan
    exclusive: bool
    visibility: Visibility
    lasts: timedelta
    breadth: int
    ignored: tuple[str, ...] = ()
    request: str = ""


def taken(wanted: Wanted, rules: Rules, *, waits: bool, at: datetime) -> ClaimTaken:
    """Return what claiming means; the way is free, or *waits* says that it is not.

    Raises:
        Invalid: it would last too long, or no time at all.

    """
    if not timedelta(minutes=1) <= wanted.lasts <= rules.longest:
        days = rules.longest.days
        raise Invalid(
            f"a claim lasts from a minute to {days} days at a time",
            [Violation("invalid_duration", "hours", f"at most {days * 24} hours")],
        )
    ends = at + (rules.line_lasts if waits else wanted.lasts)
    return ClaimTaken(
        organisation=wanted.organisation,
        exclusive=wanted.exclusive,
        visibility=wanted.visibility,
        lasts=int(wanted.lasts.total_seconds()),
        waits=waits,
        breadth=wanted.breadth,
        until=ends,
        alive_until=ends if waits else min(ends, at + rules.silence),
        ignored=wanted.ignored,
        request=wanted.request,
        body=wanted.scan,
    )


def granted(claim: Claim, rules: Rules, *, at: datetime) -> Sequence[Fact]:
    """Return what it means that the way is free for a *claim* that waited."""
    _refuse_move(claim, State.ACTIVE)
    until = at + timedelta(seconds=claim.lasts)
    return [ClaimGranted(until=until, alive_until=min(until, at + rules.silence))]


def alive(claim: Claim, rules: Rules, *, at: datetime) -> Sequence[Fact]:
    """Return what a sign of its holder means; nothing where one came just before.

    Raises:
        Refused: the claim does not hold any more.

    """
    _refuse_unless_held(claim, at)
    later = min(claim.until, at + rules.silence)
    # A sign every minute would fill the record and tell nothing.
    if later - claim.alive_until < rules.silence / 48 and later < claim.until:
        return []
    return [] if later <= claim.alive_until else [HolderAlive(alive_until=later)]


def extended(
    claim: Claim, until: datetime, rules: Rules, *, others_wait: bool, at: datetime
) -> Sequence[Fact]:
    """Return what ending at *until* means; asking for the same again changes nothing.

    Raises:
        Refused: it does not hold any more, was extended often enough, or others wait.
        Invalid: *until* is too far away, or earlier than it ends now.

    """
    _refuse_unless_held(claim, at)
    if until == claim.until:
        return []
    if claim.extensions >= rules.extensions:
        raise Refused(
            f"{claim.id} was extended {rules.extensions} times; claim it anew"
        )
    if others_wait:
        raise Refused(f"{claim.id}: others wait in line; it ends {text(claim.until)}")
    if not claim.until < until <= at + rules.longest:
        raise Invalid(
            f"until: later than {text(claim.until)}, at most {rules.longest.days} days from"
            " now",
            [Violation("invalid_duration", "until", "too early or too late")],
        )
    return [ClaimExtended(until=until, alive_until=min(until, at + rules.silence))]


def released(
    claim: Claim, coverage: Coverage, note: str, rules: Rules, *, at: datetime
) -> Sequence[Fact]:
    """Return what giving free means; what a claim that ended covered counts as late.

    Raises:
        Refused: it waits in line, was released, or ended too long ago.

    """
    if claim.state is State.WAITING:
        raise Refused(f"{claim.id} waits in line; withdraw it")
    _refuse_move(claim, State.RELEASED)
    fact = ClaimReleased(
        coverage=coverage,
        late=not claim.holds(at),
        body=Noted(note=note[:2000]) if note else None,
    )
    if claim.state is State.EXPIRED:
        if claim.ended_at is not None and at - claim.ended_at > rules.late:
            raise Refused(f"{claim.id} ended more than {rules.late.days} days ago")
        return [fact]
    return [*expired(claim, at=at), fact]


def withdrawn(claim: Claim) -> Sequence[Fact]:
    """Return what leaving the line means."""
    _refuse_move(claim, State.WITHDRAWN)
    return [ClaimWithdrawn()]


def expired(claim: Claim, *, at: datetime) -> Sequence[Fact]:
    """Return what the passing of time means."""
    if not claim.open or at < claim.ends_at:
        return []
    silent = claim.state is State.ACTIVE and claim.alive_until < claim.until
    return [ClaimExpired(why=Why.SILENT if silent else Why.OVER)]


def destroyed(claim: Claim, rules: Rules, *, at: datetime) -> Sequence[Fact]:
    """Return what it means that nobody needs any more to know what *claim* was on."""
    if claim.open or claim.destroyed or at < claim.kept_until(rules):
        return []
    return [ClaimDestroyed()]


def left(claim: Claim) -> Sequence[Fact]:
    """Return what it means that the holder takes part no more."""
    return [ClaimExpired(why=Why.LEFT)] if claim.open else []


def _refuse_move(claim: Claim, to: State) -> None:
    if to not in MOVES[claim.state]:
        raise Refused(f"{claim.id} is {claim.state}; it cannot become {to}")


def _refuse_unless_held(claim: Claim, at: datetime) -> None:
    if claim.state is State.WAITING:
        raise Refused(f"{claim.id} waits in line")
    if not claim.holds(at):
        raise Refused(f"{claim.id} ended; claim it anew")


def _evolve(state: Claim | None, event: Event) -> Claim:  # noqa: PLR0911 - one a fact
    if state is None:
        return _first(event)
    state = replace(state, version=event.version)
    match event.fact:
        case ClaimGranted(until=until, alive_until=alive_until):
            return replace(
                state,
                state=State.ACTIVE,
                begins_at=event.at,
                until=until,
                alive_until=alive_until,
            )
        case HolderAlive(alive_until=alive_until):
            return replace(state, alive_until=alive_until)
        case ClaimExtended(until=until, alive_until=alive_until):
            return replace(
                state,
                until=until,
                alive_until=alive_until,
                extensions=state.extensions + 1,
            )
        case ClaimReleased(coverage=coverage, late=late):
            ended = state.ended_at or event.at
            return replace(
                state,
                state=State.RELEASED,
                coverage=coverage,
                late=late,
                ended_at=ended,
            )
        case ClaimWithdrawn():
            return replace(state, state=State.WITHDRAWN, ended_at=event.at)
        case ClaimExpired(why=why):
            return replace(state, state=State.EXPIRED, why=why, ended_at=event.at)
        case ClaimDestroyed():
            return replace(state, destroyed=True, scan=None)
        case ClaimAgreed(other=other):
            return replace(state, agreed=(*state.agreed, other))
    raise unexpected(event)


def _first(event: Event) -> Claim:
    if not isinstance(event.fact, ClaimTaken):
        raise unexpected(event)
    return begun(ClaimId(name_of(event)), event.fact, at=event.at)


def begun(name: ClaimId, fact: ClaimTaken, *, at: datetime) -> Claim:
    """Return the claim that *fact* begins."""
    return Claim(
        id=name,
        organisation=fact.organisation,
        exclusive=fact.exclusive,
        visibility=fact.visibility,
        state=State.WAITING if fact.waits else State.ACTIVE,
        taken_at=at,
        begins_at=None if fact.waits else at,
        lasts=fact.lasts,
        until=fact.until,
        alive_until=fact.alive_until,
        breadth=fact.breadth,
        ignored=fact.ignored,
        request=fact.request,
        scan=fact.body,
    )


CLAIMS = Subject(
    "claim",
    Claim,
    (
        ClaimTaken,
        ClaimGranted,
        HolderAlive,
        ClaimExtended,
        ClaimReleased,
        ClaimWithdrawn,
        ClaimExpired,
        ClaimDestroyed,
        ClaimAgreed,
    ),
    _evolve,
)
