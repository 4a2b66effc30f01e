"""What time and knowledge do to a case: its two clocks, its ends, what puts them off.

Rules only: each function says what a decision or the passing of time means, as facts.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from msgspec import Struct

from fairlead.base.ids import PersonId
from fairlead.base.instants import text
from fairlead.clearinghouse import cases
from fairlead.clearinghouse.cases import Case, CaseMoved, Rules, State
from fairlead.clearinghouse.casework import embargo
from fairlead.clearinghouse.casework.embargo import LISTS, Kind, Start, Term
from fairlead.clearinghouse.casework.facts import (
    CaseEnded,
    CaseExposed,
    CaseExtended,
    CaseRated,
    CoordinatorNamed,
    DisclosureStarted,
    Exposure,
    FixAvailable,
    HoldingReached,
    HoldingSet,
    Limit,
    Ranges,
    RangesGiven,
    Rating,
)
from fairlead.clearinghouse.casework.severity import rate_all
from fairlead.clearinghouse.casework.words import explained
from fairlead.errors import Invalid, Refused, Violation
from fairlead.formats import version_ranges
from fairlead.record.events import Fact

LONGEST = 3650
"""Days of a rule, at most."""
RANGES = 50
"""Ranges of affected versions of one case, at most."""


class Known(Struct, frozen=True, kw_only=True):
    """Something that became known, and why somebody says so."""

    at: datetime
    reason: str


class Applies(Struct, frozen=True, kw_only=True):
    """A rule that applies to an embargo, as somebody says it does."""

    kind: Kind
    known_at: datetime
    days: int | None = None
    until: datetime | None = None
    cited: str = ""
    source: str = ""


class Clock(Struct, frozen=True, kw_only=True):
    """One clock of a case, as it is shown."""

    name: str
    began: datetime
    due: datetime
    rule: str
    stopped: datetime | None = None
    """When what it waits for came."""

    def late(self, now: datetime) -> bool:
        """Tell whether it ran out before what it waits for came."""
        return (self.stopped or now) > self.due


def clocks(case: Case) -> tuple[Clock, ...]:
    """Return the holding clock, and from delivery on the embargo's."""
    delivered = case.delivered_at
    holding = Clock(
        name="holding",
        began=case.opened_at,
        due=case.holding_until,
        rule=case.holding_rule,
        stopped=delivered,
    )
    if delivered is None and not case.disclosing and not case.exposed:
        return (holding,)
    return holding, Clock(
        name="embargo",
        began=delivered or case.opened_at,
        due=case.embargo_until,
        rule=case.embargo_rule,
        stopped=case.embargo_until if case.embargo_over else None,
    )


def finders_clocks(case: Case, received_at: datetime) -> tuple[Clock, ...]:
    """Return the clocks of *case* for a finder whose own report came at *received_at*.

    Holding counts from its own report. When an earlier one came is not told: being in
    one case with others discloses nothing of theirs (promise P6).
    """
    holding, *rest = clocks(case)
    length = holding.due - holding.began
    stopped = max(holding.stopped, received_at) if holding.stopped else None
    mine = Clock(
        name=holding.name,
        began=received_at,
        due=received_at + length,
        rule=holding.rule,
        stopped=stopped,
    )
    return mine, *(
        Clock(
            name=clock.name,
            began=max(clock.began, received_at),
            due=clock.due,
            rule=clock.rule,
            stopped=clock.stopped,
        )
        for clock in rest
    )


def named(case: Case, coordinator: PersonId) -> Sequence[Fact]:
    """Return what naming the coordinator who answers for *case* means."""
    cases.refuse_destroyed(case)
    if case.coordinator == coordinator:
        return []
    return [CoordinatorNamed(coordinator=coordinator)]


def held_too_long(case: Case, *, at: datetime) -> Sequence[Fact]:
    """Return what the passing of time means for what did not get to its owner."""
    due = case.holding_until
    if not case.held_back or case.holding_over or case.doubts(at) or at < due:
        return []
    return [HoldingReached(due=due, coordinator=case.coordinator)]


def ended(case: Case, *, at: datetime) -> Sequence[Fact]:
    """Return what the passing of time means for the case itself (promise P11)."""
    if case.state in cases.ENDED or case.doubts(at) or at < case.ends_at:
        return []
    return [*cases.embargo_ended(case, at=at), CaseEnded(due=case.ends_at)]


def extended(
    case: Case, limit: Limit, until: datetime, reason: str, *, at: datetime
) -> Sequence[Fact]:
    """Return what putting an end off means; it is counted publicly.

    Raises:
        Refused: the case is over, the end came already, or a rule binds that is never
            extended.
        Invalid: *until* is no later than the present end, or no reason is given.

    """
    _refuse_over(case)
    why = explained(reason)
    noted = CaseExtended(limit=limit, until=until, body=why)
    match limit:
        case Limit.EMBARGO:
            due = case.publication_due
            if due is not None and due < until:
                raise Refused(
                    f"its advisory goes out {text(due)} by itself; call that off first"
                )
            return [noted, *embargo.extended(case.embargo, until, reason)]
        case Limit.HOLDING:
            if not case.held_back:
                raise Refused(f"{case.id} is not held any more")
            _later(case.holding_until, until, at)
            if until > case.ends_at:
                raise Refused(f"{case.id} itself ends {text(case.ends_at)}")
            rule = "extended for a reason on record"
            return [noted, HoldingSet(until=until, rule=rule)]
        case Limit.END:
            _later(case.ends_at, until, at)
            return [noted]


def disclosing(
    case: Case, reason: str, rules: Rules, *, at: datetime
) -> Sequence[Fact]:
    """Return what starting disclosure without the owner means.

    Raises:
        Refused: the case was not triaged, is over, or disclosure began already.

    """
    _refuse_over(case)
    if case.state is State.OPEN or case.disclosing:
        raise Refused(f"{case.id} is {case.state}; disclosure follows triage, once")
    days = rules.disclosure.days
    term = Term(
        kind=Kind.DISCLOSURE,
        until=at + rules.disclosure,
        cited=f"no owner was reached: {days} days from that decision",
    )
    facts: list[Fact] = [DisclosureStarted(body=explained(reason))]
    if not case.embargo_over:
        facts += embargo.ruled(case.embargo, term, reason, counted_from=at)
    return facts


def exposed(
    case: Case, how: Exposure, known: Known, rules: Rules, *, at: datetime
) -> Sequence[Fact]:
    """Return what it means that the vulnerability is exploited or was leaked.

    From when that became known, guidance is out within `rules.exposed`.

    Raises:
        Refused: the case is over.
        Invalid: it became known later than now, or no reason is given.

    """
    _refuse_over(case)
    _refuse_ahead(known.at, at, "known_at")
    why = explained(known.reason)
    facts: list[Fact] = [CaseExposed(how=how, known_at=known.at, body=why)]
    if not case.embargo_over:
        term = Term(
            kind=Kind.EXPOSED,
            until=known.at + rules.exposed,
            cited=f"{how}: guidance within {rules.exposed.days} days",
        )
        facts += embargo.ruled(case.embargo, term, known.reason, counted_from=known.at)
    return facts


def ruled(
    case: Case, said: Applies, reason: str, rules: Rules, *, at: datetime
) -> Sequence[Fact]:
    """Return what it means that a rule applies to the embargo.

    What its time counts from stands in `embargo.RULES`: the delivery, when it became
    known, or nothing, where its end is named itself. A coordinating list counts its own
    cap, a collision the programme's; where a shorter time is said, that is taken.

    Raises:
        Refused: the case is over, was not delivered yet, or its kind has its own act.
        Invalid: what this kind needs is not given.

    """
    _refuse_over(case)
    if said.kind in OWN_ACTS:
        raise Refused(f"“{said.kind}” follows from an act of its own")
    _refuse_ahead(said.known_at, at, "known_at")
    until, counted_from = _end(case, said, rules)
    source = said.source.strip().lower()
    cited = said.cited.strip() or (f"{said.kind}: {source}" if source else said.kind)
    term = Term(kind=said.kind, until=until, cited=cited, source=source)
    return embargo.ruled(case.embargo, term, reason, counted_from=counted_from)


OWN_ACTS = frozenset({Kind.EXPOSED, Kind.DISCLOSURE, Kind.PROGRAMME})
"""Kinds that follow from something else that somebody does."""


def _end(case: Case, said: Applies, rules: Rules) -> tuple[datetime, datetime | None]:
    """Return when a rule ends, and from when it counts."""
    match embargo.RULES[said.kind].start:
        case Start.NAMED:
            if said.until is None:
                raise _missing("until", "name the instant at which it ends")
            return said.until, None
        case Start.KNOWN:
            begun = said.known_at
        case Start.DELIVERY:
            if case.delivered_at is None:
                raise Refused(
                    f"{case.id} was not delivered yet, from which this counts"
                )
            begun = case.delivered_at
    return begun + _span(said, rules), begun


def fix_out(
    case: Case, since: datetime, reason: str, rules: Rules, *, at: datetime
) -> Sequence[Fact]:
    """Return what it means that a fix is out since *since*.

    Raises:
        Refused: the case is over, or was not with its owner.
        Invalid: it is out later than now, or before the case was opened.

    """
    _refuse_over(case)
    _refuse_ahead(since, at, "since")
    if case.state not in {State.WITH_OWNER, State.FIXED}:
        raise Refused(f"{case.id} is {case.state}; an owner fixes what is with it")
    why = explained(reason)
    facts: list[Fact] = [FixAvailable(since=since, body=why)]
    if case.state is State.WITH_OWNER:
        facts.append(CaseMoved(to=State.FIXED, body=why))
    return [*facts, *embargo.fixed(case.embargo, since, rules.embargoes)]


def rated(
    case: Case, vectors: Sequence[str], reason: str, rules: Rules
) -> Sequence[Fact]:
    """Return what rating the severity means; what is critical is held for less long.

    Raises:
        Refused: the case was destroyed.
        Invalid: a vector is none, or no reason is given.

    """
    cases.refuse_destroyed(case)
    severities = rate_all([vector.strip() for vector in vectors if vector.strip()])
    body = Rating(
        vectors=tuple(one.vector for one in severities), reason=explained(reason).reason
    )
    facts: list[Fact] = [CaseRated(body=body)]
    due = case.opened_at + rules.holding_critical
    critical = severities and severities[0].critical
    if critical and case.held_back and due < case.holding_until:
        days = rules.holding_critical.days
        rule = f"critical: {days} days from the report to its owner"
        facts.append(HoldingSet(until=due, rule=rule))
    return facts


def ranged(case: Case, ranges: Sequence[str], reason: str) -> Sequence[Fact]:
    """Return what saying which versions are affected means.

    Raises:
        Refused: the case was destroyed.
        Invalid: one is no range in VERS, or no reason is given.

    """
    cases.refuse_destroyed(case)
    if len(ranges) > RANGES:
        raise _missing("ranges", f"at most {RANGES} ranges")
    read = [version_ranges.canonical(one.strip()) for one in ranges if one.strip()]
    body = Ranges(vers=tuple(dict.fromkeys(read)), reason=explained(reason).reason)
    return [RangesGiven(body=body)]


def _span(said: Applies, rules: Rules) -> timedelta:
    """Return how long a rule lasts: what is said, at most what caps its kind."""
    cap: timedelta | None = None
    if said.kind is Kind.LIST:
        cap = LISTS.get(said.source.strip().lower())
    if said.kind is Kind.COLLISION:
        cap = rules.collision
    if said.days is None:
        if cap is None:
            raise _missing("days", "say how many days it lasts")
        return cap
    if not 0 <= said.days <= LONGEST:
        raise _missing("days", f"must be 0 to {LONGEST}")
    return min(timedelta(days=said.days), cap or timedelta.max)


def _later(before: datetime, until: datetime, at: datetime) -> None:
    if until <= max(before, at):
        raise Invalid(
            f"it ends {text(before)} already",
            [Violation("invalid_instant", "until", "must be later than it ends now")],
        )


def _refuse_ahead(when: datetime, at: datetime, field: str) -> None:
    if when > at:
        raise Invalid(
            f"{field}: {text(when)} is ahead",
            [Violation("invalid_instant", field, "must not lie ahead")],
        )


def _refuse_over(case: Case) -> None:
    cases.refuse_destroyed(case)
    if case.state in cases.ENDED or case.state is State.PUBLISHED:
        raise Refused(f"{case.id} is {case.state}; its clocks do not run any more")


def _missing(field: str, why: str) -> Invalid:
    return Invalid(f"{field}: {why}", [Violation("invalid_field", field, why)])
