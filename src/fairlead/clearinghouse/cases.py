"""Cases: all findings with the same root cause and the same fix; rules only.

What a case is stands in `casework`; here is what people do to one, and its names.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fairlead.base.ids import AdvisoryId, Receipt
from fairlead.base.instants import text
from fairlead.catalogue.priority import decisions as points
from fairlead.catalogue.priority.assessing import ASKED
from fairlead.catalogue.records import MAX_NAME
from fairlead.clearinghouse.casework import embargo as closing
from fairlead.clearinghouse.casework.case import Case
from fairlead.clearinghouse.casework.case_facts import (
    AdvisoryPublished,
    CaseAbsorbed,
    CaseDestroyed,
    CaseMerged,
    CaseMoved,
    CaseOpened,
    CaseRestored,
    CaseWeighed,
    FindingAdded,
    FindingParted,
    Ground,
    Part,
    ParticipantReadIn,
    ParticipantReadOut,
    Weighing,
)
from fairlead.clearinghouse.casework.embargo import EmbargoEnded, EmbargoSet
from fairlead.clearinghouse.casework.folding import CASES
from fairlead.clearinghouse.casework.states import (
    BY_OWN_COMMAND,
    DESTROYABLE,
    DOUBT,
    ENDED,
    MOVES,
    Rules,
    State,
)
from fairlead.clearinghouse.casework.words import Explained, Titled, explained
from fairlead.errors import Invalid, Refused, UnderEmbargo, Violation
from fairlead.record.events import Fact

__all__ = [
    "BY_OWN_COMMAND",
    "CASES",
    "DESTROYABLE",
    "DOUBT",
    "ENDED",
    "MOVES",
    "AdvisoryPublished",
    "Case",
    "CaseAbsorbed",
    "CaseDestroyed",
    "CaseMerged",
    "CaseMoved",
    "CaseOpened",
    "CaseRestored",
    "CaseWeighed",
    "Explained",
    "FindingAdded",
    "FindingParted",
    "Ground",
    "Part",
    "ParticipantReadIn",
    "ParticipantReadOut",
    "Rules",
    "State",
    "Titled",
    "Weighing",
    "destroyed",
    "embargo_ended",
    "embargo_set",
    "moved",
    "opened",
    "published",
    "refuse_destroyed",
    "weighed",
]


def opened(finding: Receipt, title: str, rules: Rules, *, at: datetime) -> CaseOpened:
    """Return what opening a case for *finding* means under *rules*."""
    longest = rules.holding + rules.embargo
    ends_at = at + rules.case_lasts
    return CaseOpened(
        finding=finding,
        marking=rules.marking,
        embargo_until=min(at + longest, ends_at),
        embargo_rule=f"{rules.embargo_rule}, {longest.days} from the report at the latest",
        holding_until=min(at + rules.holding, ends_at),
        holding_rule=f"{rules.holding.days} days from the report to its owner",
        ends_at=ends_at,
        body=Titled(title=title),
    )


def moved(case: Case, to: State, reason: str) -> Sequence[Fact]:
    """Return what moving *case* means.

    Raises:
        Refused: *to* cannot follow the present state, or has a command of its own.

    """
    refuse_destroyed(case)
    if to not in case.next_states:
        ahead = ", ".join(case.next_states) or "nothing"
        raise Refused(f"{case.id} is {case.state}; what can follow: {ahead}")
    return [CaseMoved(to=to, body=explained(reason))]


def embargo_set(case: Case, until: datetime, rule: str, reason: str) -> Sequence[Fact]:
    """Return what a shorter embargo means; one is never made longer here.

    Raises:
        Refused: the embargo is over, or *until* is later than it ends now.

    """
    if case.embargo_over:
        raise Refused(f"the embargo of {case.id} is over")
    if until > case.embargo_until:
        raise Refused(
            f"the embargo of {case.id} ends {text(case.embargo_until)};"
            " it can be shortened, not extended"
        )
    return [EmbargoSet(until=until, rule=rule, body=explained(reason))]


def embargo_ended(case: Case, *, at: datetime) -> Sequence[Fact]:
    """Return what the passing of time means for the embargo, by a clock not in doubt."""
    return [] if case.doubts(at) else closing.ended(case.embargo, at=at)


def published(
    case: Case, advisory: AdvisoryId, *, at: datetime, due: datetime | None = None
) -> Sequence[Fact]:
    """Return what publishing *advisory*, scheduled for *due*, means for *case*.

    What is exploited or was leaked is published before its embargo ends.

    Raises:
        Refused: the case was not with its owner yet, or is public already.
        UnderEmbargo: its embargo has not ended at *at*, or the clock is doubtful.

    """
    if not case.publishable:
        raise Refused(
            f"{case.id} is {case.state}; publish what is with its owner or fixed, what"
            " is being disclosed without one, or what is out already"
        )
    if case.doubts(at):
        raise UnderEmbargo(
            f"{case.id} last changed {text(case.touched_at)}, later than the clock shows;"
            " set the clock, then publish"
        )
    facts: list[Fact] = []
    if at < case.embargo_until:
        if not case.exposed:
            raise UnderEmbargo(
                f"{case.id} is closed until {text(case.embargo_until)}"
                f" ({case.embargo_rule}); shorten the embargo first if its owner agrees"
            )
        facts = [EmbargoSet(until=at, rule=f"{case.exposed}"), EmbargoEnded(due=at)]
    elif not case.embargo_over:
        facts = [EmbargoEnded(due=case.embargo_until)]
    return [*facts, AdvisoryPublished(advisory=advisory, due=due)]


def weighed(
    case: Case, values: dict[str, str], names: Sequence[str], reason: str
) -> Sequence[Fact]:
    """Return what giving inputs of its urgency means; nothing if nothing changes.

    Raises:
        Refused: the case was destroyed.
        Invalid: there is no reason, or a name or value that makes no sense.

    """
    refuse_destroyed(case)
    known = {point: one.value for point, one in case.given.items()}
    changed = {p: v for p, v in values.items() if known.get(p, "") != v}
    called = tuple(dict.fromkeys(n.strip().upper() for n in names if n.strip()))
    if not changed and called == case.names:
        return []
    faults = [
        Violation("invalid_field", f"values.{point}", "no value of this decision point")
        for point, value in changed.items()
        if point not in ASKED or (value and value not in points.point(point).values)
    ]
    faults += [
        Violation("invalid_field", "names", f"{name[:40]!r} is no identifier")
        for name in called
        if len(name) > MAX_NAME or not name.isprintable() or " " in name
    ]
    if faults:
        raise Invalid("this cannot be evaluated", faults)
    body = Weighing(values=changed, names=called, reason=explained(reason).reason)
    return [CaseWeighed(body=body)]


def destroyed(case: Case, ground: Ground) -> Sequence[Fact]:
    """Return what destroying *case* means.

    Raises:
        Refused: somebody may still work on it, or it was destroyed already.

    """
    if case.destroyed:
        raise Refused(f"{case.id} was destroyed already")
    if not case.destroyable:
        raise Refused(f"{case.id} is {case.state}; close or reject it first")
    return [CaseDestroyed(ground=ground)]


def refuse_destroyed(case: Case) -> None:
    """Raise `Refused` where nothing is left that anybody could work on."""
    if case.destroyed:
        raise Refused(f"{case.id} was destroyed; nothing more can be done with it")
