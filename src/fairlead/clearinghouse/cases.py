"""Cases: all findings with the same root cause and the same fix; rules only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from fairlead.base.ids import AdvisoryId, CaseId, OrganisationId, PersonId, Receipt
from fairlead.base.instants import text
from fairlead.base.markings import Label
from fairlead.catalogue.priority import decisions as points
from fairlead.catalogue.priority.assessing import ASKED, Given
from fairlead.catalogue.records import MAX_NAME
from fairlead.clearinghouse.casework import embargo as closing
from fairlead.clearinghouse.casework.delivered import (
    Answered,
    CaseDelivered,
    Delivery,
    OwnerAnswered,
)
from fairlead.clearinghouse.casework.embargo import (
    Embargo,
    EmbargoEnded,
    Embargoes,
    EmbargoRuled,
    EmbargoSet,
    Kind,
    Term,
)
from fairlead.clearinghouse.casework.facts import (
    AdvisoryHeld,
    CaseEnded,
    CaseExposed,
    CaseExtended,
    CaseRated,
    CoordinatorNamed,
    DisclosureStarted,
    Exposure,
    Extension,
    FixAvailable,
    HoldingReached,
    HoldingSet,
    Limit,
    PublicationCalledOff,
    PublicationScheduled,
    RangesGiven,
)
from fairlead.clearinghouse.casework.words import Explained, Titled, explained
from fairlead.errors import Invalid, Refused, UnderEmbargo, Violation
from fairlead.record.events import Event, Fact, Upcast
from fairlead.record.subjects import Subject, name_of, unexpected


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What a programme decides about cases."""

    holding: timedelta = timedelta(days=45)
    """From intake to delivery to a verified owner; then a coordinator must decide."""
    holding_critical: timedelta = timedelta(days=7)
    """The same for what is critical."""
    embargo: timedelta = timedelta(days=90)
    """From delivery on, unless something binding says otherwise."""
    embargo_rule: str = "programme default: 90 days from delivery to the owner"
    """The rule as it is cited."""
    adoption: timedelta = timedelta(days=45)
    """From a fix that is out, for those who run the software to take it."""
    collision: timedelta = timedelta(days=21)
    """From when others are known to have found it too, at most."""
    exposed: timedelta = timedelta(days=7)
    """From when exploitation or a leak became known to guidance."""
    disclosure: timedelta = timedelta(days=21)
    """From the decision to disclose without an owner."""
    case_lasts: timedelta = timedelta(days=365)
    """Every case has an end (promise P11)."""
    marking: Label = Label.AMBER
    candidates: int = 40
    """How many earlier findings a new one is compared with, at most."""

    @property
    def embargoes(self) -> Embargoes:
        """What is decided about embargoes."""
        return Embargoes(
            default=self.embargo,
            cited=self.embargo_rule,
            adoption=self.adoption,
            collision=self.collision,
            exposed=self.exposed,
            disclosure=self.disclosure,
        )


class State(StrEnum):
    """Where a case stands."""

    OPEN = "open"
    TRIAGED = "triaged"
    WITH_OWNER = "with owner"
    FIXED = "fixed"
    PUBLISHED = "published"
    CLOSED = "closed"
    REJECTED = "rejected"
    MERGED = "merged"


MOVES: dict[State, frozenset[State]] = {
    State.OPEN: frozenset({State.TRIAGED, State.REJECTED, State.MERGED}),
    State.TRIAGED: frozenset(
        {State.WITH_OWNER, State.PUBLISHED, State.REJECTED, State.MERGED}
    ),
    State.WITH_OWNER: frozenset({State.FIXED, State.PUBLISHED, State.REJECTED}),
    State.FIXED: frozenset({State.PUBLISHED}),
    State.PUBLISHED: frozenset({State.CLOSED}),
    State.REJECTED: frozenset({State.TRIAGED}),
    State.CLOSED: frozenset(),
    State.MERGED: frozenset({State.OPEN, State.TRIAGED}),
}
"""What can follow what; the picture in the docs is drawn from this table."""

DESTROYABLE = frozenset({State.CLOSED, State.REJECTED, State.MERGED})
"""States in which what is confidential about a case can be destroyed."""

ENDED = frozenset({State.CLOSED, State.REJECTED, State.MERGED})
"""States in which nobody works on a case; from any other one its end closes it."""

DOUBT = timedelta(seconds=2)
"""A clock that shows so much less than what was recorded last is not believed."""

BY_OWN_COMMAND = frozenset({State.PUBLISHED, State.MERGED})
"""States reached by publishing and by merging, not by moving; undoing a merge leaves
the latter."""


class CaseOpened(Fact, frozen=True, tag="case.opened@2"):
    """A finding like no other opened a case."""

    finding: Receipt
    marking: Label
    embargo_until: datetime
    """At the latest: it counts from delivery to the owner, which is still to come."""
    embargo_rule: str
    ends_at: datetime
    holding_until: datetime | None
    """By when it is delivered, or somebody decides; unknown to what was recorded first."""
    holding_rule: str
    body: Titled | None = None


class FindingAdded(Fact, frozen=True, tag="case.finding_added@1"):
    """Another finding of the same bug joined the case."""

    finding: Receipt


class CaseAbsorbed(Fact, frozen=True, tag="case.absorbed@1"):
    """The findings of another case joined this one."""

    other: CaseId
    findings: int


class CaseMerged(Fact, frozen=True, tag="case.merged@1"):
    """All findings of this case went to another one."""

    into: CaseId


class FindingParted(Fact, frozen=True, tag="case.finding_parted@1"):
    """A finding turned out to be another bug, and left the case."""

    finding: Receipt
    to: CaseId


class CaseRestored(Fact, frozen=True, tag="case.restored@1"):
    """A merge was undone: the case is one of its own again, as it was before.

    Its findings join one by one.
    """


class CaseMoved(Fact, frozen=True, tag="case.moved@1"):
    """Somebody moved the case."""

    to: State
    body: Explained | None = None


class Part(StrEnum):
    """As what an organisation takes part in a case."""

    OWNER = "owner"
    """It maintains the software; the verdict is its own."""
    FINDER = "finder"
    """It found the vulnerability, or conveyed who did."""
    MEMBER = "member"
    """It helps: with evidence, a fix, or those who run the software."""


class ParticipantReadIn(Fact, frozen=True, tag="case.participant_read_in@2"):
    """An organisation may see the case from now on."""

    organisation: OrganisationId
    part: Part


class ParticipantReadOut(Fact, frozen=True, tag="case.participant_read_out@1"):
    """An organisation may not see the case any more."""

    organisation: OrganisationId


class AdvisoryPublished(Fact, frozen=True, tag="case.advisory_published@2"):
    """The case is public, as this advisory."""

    advisory: AdvisoryId
    due: datetime | None
    """For when it was scheduled; nothing where somebody published it there and then."""


class Weighing(Struct, frozen=True, kw_only=True):
    """What somebody said of a case's urgency; as confidential as its findings."""

    values: dict[str, str]
    """By decision point: its value; an empty one takes back what was said."""
    names: tuple[str, ...]
    """CVEs and other identifiers by which it is looked up in the catalogue."""
    reason: str


class CaseWeighed(Fact, frozen=True, tag="case.weighed@1"):
    """Somebody gave inputs by which the urgency of the case is evaluated."""

    body: Weighing | None = None


class Ground(StrEnum):
    """Why a case was destroyed; in words of a list, since it outlives the case."""

    END = "its time was over"
    REQUEST = "those concerned asked for it"
    LAW = "the law asks for it"
    MISTAKE = "it should not have been kept"


class CaseDestroyed(Fact, frozen=True, tag="case.destroyed@1"):
    """Everything confidential about the case was destroyed."""

    ground: Ground


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One vulnerability under coordination."""

    id: CaseId
    title: str | None
    """Nothing once it was erased."""
    state: State = State.OPEN
    marking: Label
    opened_at: datetime
    moved_at: datetime
    embargo_until: datetime
    embargo_rule: str
    embargo_over: bool = False
    embargo_terms: tuple[Term, ...] = ()
    """Every rule that was found to apply; the tightest that binds is the embargo."""
    holding_until: datetime
    """By when it is delivered to a verified owner, or a coordinator decides."""
    holding_rule: str
    deliveries: tuple[Delivery, ...] = ()
    """To which verified owners it got, the first first."""
    answers: dict[str, Answered] = field(default_factory=dict)
    """The last word of each owner, by the owner's name."""
    coordinator: PersonId | None = None
    """Who answers for it: who was named, else who first moved it."""
    holding_over: bool = False
    """Its ceiling came before it got to its owner."""
    extensions: tuple[Extension, ...] = ()
    """Every end that somebody put off."""
    exposed: Exposure | None = None
    """It is exploited or was leaked."""
    disclosing: bool = False
    """It is being disclosed without its owner."""
    fixed_at: datetime | None = None
    """Since when a fix is out."""
    vectors: tuple[str, ...] = ()
    """Its severity in CVSS, the newest version first."""
    ranges: tuple[str, ...] = ()
    """Affected versions, each as VERS."""
    held: int | None = None
    """The event that holds the advisory that is ready to go out."""
    publication_due: datetime | None = None
    """When that one goes out by itself."""
    touched_at: datetime
    """When something last happened to it; a clock that shows less is doubtful."""
    ends_at: datetime
    findings: int = 1
    opened_for: Receipt
    """The finding that opened it, which it goes with when findings part."""
    participants: dict[OrganisationId, Part] = field(default_factory=dict)
    """Who may see it besides the coordinators, and as what."""
    merged_into: CaseId | None = None
    before_merge: State | None = None
    """Where it stood when it became part of another one."""
    advisory: AdvisoryId | None = None
    destroyed: bool = False
    given: dict[str, Given] = field(default_factory=dict)
    """By decision point: what was said of its urgency."""
    names: tuple[str, ...] = ()
    """What the vulnerability is called where others publish."""
    version: int = 1

    @property
    def embargo(self) -> Embargo:
        """Return what is decided about its embargo."""
        return Embargo(
            case=self.id,
            until=self.embargo_until,
            rule=self.embargo_rule,
            over=self.embargo_over,
            terms=self.embargo_terms,
            latest=self.ends_at,
        )

    @property
    def delivered_at(self) -> datetime | None:
        """When it first got to a verified owner, if it did."""
        return self.deliveries[0].at if self.deliveries else None

    @property
    def mergeable(self) -> bool:
        """Tell whether the case may still become part of another one by itself."""
        return State.MERGED in MOVES[self.state]

    @property
    def next_states(self) -> tuple[State, ...]:
        """Return where a person can move the case, in the order of `State`."""
        if self.state is State.MERGED:
            return ()
        ahead = MOVES[self.state] - BY_OWN_COMMAND
        return tuple(state for state in State if state in ahead)

    @property
    def settled(self) -> bool:
        """Tell whether others rely on it: with its owner, or past that."""
        return self.state is not State.MERGED and not self.mergeable

    @property
    def destroyable(self) -> bool:
        """Tell whether nobody works on the case any more."""
        return self.state in DESTROYABLE and not self.destroyed

    @property
    def publishable(self) -> bool:
        """Tell whether an advisory may follow, embargo aside."""
        way = self.state is not State.TRIAGED or self.disclosing or bool(self.exposed)
        return way and State.PUBLISHED in MOVES[self.state]

    @property
    def held_back(self) -> bool:
        """Tell whether its holding clock runs: nobody decided yet how it goes on."""
        done = self.deliveries or self.disclosing or self.exposed
        return (
            not done and self.state not in ENDED and self.state is not State.PUBLISHED
        )

    def doubts(self, at: datetime) -> bool:
        """Tell whether a clock that shows *at* is not to be believed (promise P2)."""
        return at < self.touched_at - DOUBT


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


def _evolve(state: Case | None, event: Event) -> Case:  # noqa: C901, PLR0911, PLR0912 - one a fact
    if state is None:
        return _first(event)
    touched = max(state.touched_at, event.at)
    state = replace(state, version=event.version, touched_at=touched)
    match event.fact:
        case FindingAdded():
            return replace(state, findings=state.findings + 1)
        case CaseAbsorbed(findings=findings):
            return replace(state, findings=state.findings + findings)
        case CaseMerged(into=into):
            return replace(
                state,
                state=State.MERGED,
                merged_into=into,
                before_merge=state.state,
                findings=0,
                moved_at=event.at,
            )
        case FindingParted():
            return replace(state, findings=state.findings - 1)
        case CaseRestored():
            return replace(
                state,
                state=state.before_merge or State.OPEN,
                merged_into=None,
                before_merge=None,
                moved_at=event.at,
            )
        case CaseMoved(to=to):
            who = state.coordinator or _person(event.actor)
            return replace(state, state=to, moved_at=event.at, coordinator=who)
        case EmbargoSet() as fact:
            return _set(state, fact)
        case EmbargoRuled(kind=kind, until=until, cited=cited, source=source):
            term = Term(kind=kind, until=until, cited=cited, source=source)
            terms = closing.replaced(state.embargo_terms, term)
            return replace(state, embargo_terms=terms)
        case CaseDelivered() as fact:
            return _deliver(state, fact, event.actor)
        case OwnerAnswered() as fact:
            return _answer(state, fact, event.at)
        case EmbargoEnded():
            return replace(state, embargo_over=True)
        case ParticipantReadIn(organisation=organisation, part=part):
            return replace(
                state, participants=state.participants | {organisation: part}
            )
        case ParticipantReadOut(organisation=organisation):
            left = {o: p for o, p in state.participants.items() if o != organisation}
            return replace(state, participants=left)
        case AdvisoryPublished(advisory=advisory):
            return replace(
                state,
                state=State.PUBLISHED,
                advisory=advisory,
                publication_due=None,
                moved_at=event.at,
            )
        case CaseDestroyed():
            return replace(
                state,
                title=None,
                destroyed=True,
                given={},
                names=(),
                vectors=(),
                ranges=(),
                held=None,
            )
        case CaseWeighed(body=body):
            return state if body is None else _weigh(state, body, event)
    return _worked_on(state, event)


def _worked_on(state: Case, event: Event) -> Case:  # noqa: C901, PLR0911, PLR0912 - one a fact
    match event.fact:
        case CoordinatorNamed(coordinator=coordinator):
            return replace(state, coordinator=coordinator)
        case CaseExtended(limit=limit, until=until):
            extension = Extension(limit=limit, until=until, by=event.actor, at=event.at)
            ends_at = until if limit is Limit.END else state.ends_at
            extensions = (*state.extensions, extension)
            return replace(state, extensions=extensions, ends_at=ends_at)
        case HoldingSet(until=until, rule=rule):
            return replace(
                state, holding_until=until, holding_rule=rule, holding_over=False
            )
        case HoldingReached():
            return replace(state, holding_over=True)
        case DisclosureStarted():
            return replace(state, disclosing=True)
        case CaseExposed(how=how):
            return replace(state, exposed=how)
        case FixAvailable(since=since):
            return replace(state, fixed_at=since)
        case CaseRated(body=body):
            return replace(state, vectors=body.vectors if body else ())
        case RangesGiven(body=given):
            return replace(state, ranges=given.vers if given else ())
        case AdvisoryHeld(body=held):
            return replace(state, held=event.version if held else None)
        case PublicationScheduled(due=due):
            return replace(state, publication_due=due)
        case PublicationCalledOff():
            return replace(state, publication_due=None)
        case CaseEnded():
            return replace(
                state,
                state=State.CLOSED,
                embargo_over=True,
                publication_due=None,
                moved_at=event.at,
            )
    raise unexpected(event)


def _person(actor: str) -> PersonId | None:
    kind, _, name = actor.partition("/")
    return PersonId(name) if kind == "person" else None


def _set(state: Case, fact: EmbargoSet) -> Case:
    """Return the state with another end; one that no rule said was agreed on."""
    terms = state.embargo_terms
    if fact.until not in {term.until for term in terms}:
        agreed = Term(kind=Kind.NEGOTIATED, until=fact.until, cited=fact.rule)
        terms = closing.replaced(terms, agreed)
    return replace(
        state, embargo_until=fact.until, embargo_rule=fact.rule, embargo_terms=terms
    )


def _deliver(state: Case, fact: CaseDelivered, by: str) -> Case:
    delivery = Delivery(
        owner=fact.owner,
        at=fact.delivered_at,
        channel=fact.channel,
        proof=fact.proof,
        organisation=fact.organisation,
        by=by,
    )
    return replace(state, deliveries=(*state.deliveries, delivery))


def _answer(state: Case, fact: OwnerAnswered, at: datetime) -> Case:
    """Return the state with what the owner said last; a date stands until another."""
    before = state.answers.get(fact.owner)
    planned = fact.fix_planned or (before.fix_planned if before else None)
    said = Answered(
        owner=fact.owner,
        answer=fact.answer,
        at=at,
        channel=fact.channel,
        fix_planned=planned,
    )
    return replace(state, answers=state.answers | {fact.owner: said})


def _weigh(state: Case, body: Weighing, event: Event) -> Case:
    given = dict(state.given)
    for point, value in body.values.items():
        given.pop(point, None)
        if value:
            given[point] = Given(value=value, by=event.actor, at=event.at)
    return replace(state, given=given, names=body.names)


def _first(event: Event) -> Case:
    if not isinstance(event.fact, CaseOpened):
        raise unexpected(event)
    fact = event.fact
    return Case(
        id=CaseId(name_of(event)),
        title=fact.body.title if fact.body else None,
        marking=fact.marking,
        opened_at=event.at,
        moved_at=event.at,
        embargo_until=fact.embargo_until,
        embargo_rule=fact.embargo_rule,
        embargo_terms=(
            Term(
                kind=Kind.PROGRAMME,
                until=fact.embargo_until,
                cited=fact.embargo_rule,
            ),
        ),
        # What was opened before there was this clock is held until its embargo ends.
        holding_until=fact.holding_until or fact.embargo_until,
        holding_rule=fact.holding_rule,
        touched_at=event.at,
        ends_at=fact.ends_at,
        opened_for=fact.finding,
    )


CASES = Subject(
    "case",
    Case,
    (
        CaseOpened,
        FindingAdded,
        CaseAbsorbed,
        CaseMerged,
        FindingParted,
        CaseRestored,
        CaseMoved,
        EmbargoRuled,
        EmbargoSet,
        EmbargoEnded,
        CaseDelivered,
        OwnerAnswered,
        ParticipantReadIn,
        ParticipantReadOut,
        AdvisoryPublished,
        CaseWeighed,
        CaseDestroyed,
        CoordinatorNamed,
        CaseExtended,
        HoldingSet,
        HoldingReached,
        DisclosureStarted,
        CaseExposed,
        FixAvailable,
        CaseRated,
        RangesGiven,
        AdvisoryHeld,
        PublicationScheduled,
        PublicationCalledOff,
        CaseEnded,
    ),
    _evolve,
    (
        Upcast(
            old="case.participant_read_in@1",
            new="case.participant_read_in@2",
            # The first version did not ask as what.
            change=lambda data: {**data, "part": Part.MEMBER.value},
        ),
        Upcast(
            old="case.opened@1",
            new="case.opened@2",
            change=lambda data: {
                **data,
                "holding_until": None,
                "holding_rule": "opened before there was a rule for it",
            },
        ),
        Upcast(
            old="case.advisory_published@1",
            new="case.advisory_published@2",
            change=lambda data: {**data, "due": None},
        ),
        Upcast(
            old="case.embargo_ended@1",
            new="case.embargo_ended@2",
            change=lambda data: {**data, "due": None},
        ),
    ),
)
