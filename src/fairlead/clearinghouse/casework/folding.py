"""The state of a case is a fold over its events."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from fairlead.base.ids import CaseId, PersonId
from fairlead.catalogue.priority.assessing import Given
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
    Part,
    ParticipantReadIn,
    ParticipantReadOut,
    Weighing,
)
from fairlead.clearinghouse.casework.delivered import (
    Answered,
    CaseDelivered,
    Delivery,
    OwnerAnswered,
)
from fairlead.clearinghouse.casework.embargo import (
    EmbargoEnded,
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
    Extension,
    FixAvailable,
    HoldingReached,
    HoldingSet,
    Limit,
    PublicationCalledOff,
    PublicationScheduled,
    RangesGiven,
)
from fairlead.clearinghouse.casework.states import State
from fairlead.record.events import Event, Upcast
from fairlead.record.subjects import Subject, name_of, unexpected


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
