"""Use cases: route cases to owners, send what an owner can bear, and what follows silence.

A case counts as delivered when its mail left for a verified contact. Before that it waits
in the owner's queue; what goes when is `pacing`'s to say.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from fairlead.access.roles import Asker, Scope
from fairlead.access.traces import How as Reading
from fairlead.access.traces import Moment, leave_trace
from fairlead.base.agenda import Job, Timer
from fairlead.base.ids import CaseId, OwnerId, RoutingId, new_routing_id
from fairlead.base.pages import Page
from fairlead.catalogue.priority.assessing import EXPLOITATION
from fairlead.clearinghouse import cases as rules_of_cases
from fairlead.clearinghouse import coordinating
from fairlead.clearinghouse.cases import Case, Part, State
from fairlead.clearinghouse.casework import delivering
from fairlead.clearinghouse.casework.delivered import Channel
from fairlead.clearinghouse.casework.delivered import Delivery as Arrived
from fairlead.clearinghouse.claims.owners import Source
from fairlead.clearinghouse.claims.targets import Ground, Target
from fairlead.clearinghouse.evidence.ladder import Rung
from fairlead.clearinghouse.findings import AttachmentKind, Finding
from fairlead.clearinghouse.owners import directory, pacing, routing, wishes
from fairlead.clearinghouse.owners.directory import CHECKER, Desk, Match
from fairlead.clearinghouse.owners.owner import Owner
from fairlead.clearinghouse.owners.pacing import Plan, Urgency
from fairlead.clearinghouse.owners.ports import OwnersUnit
from fairlead.clearinghouse.owners.routing import (
    CaseQueued,
    How,
    Matter,
    Routing,
    Stage,
)
from fairlead.clearinghouse.owners.rules import WithoutKey
from fairlead.clearinghouse.owners.wishes import Wishes
from fairlead.clearinghouse.reading import finding_in
from fairlead.errors import Invalid, NotFound, Refused, Violation
from fairlead.record.events import Fact

WITHOUT = "the case went on without it"
OPEN_WITH_OWNER = frozenset({*delivering.DELIVERABLE, State.FIXED})
"""States of a case in which an owner is still waited for."""
BACK = pacing.WEEK * 13
"""How far back it is looked at what went: the longest gap between two batches."""
SIZE = 500
PULL = 50
"""Cases that an owner asks for at once, at most."""
_CRITICAL = frozenset({"critical"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a case is about, as far as routing goes."""

    grounds: dict[str, Ground]
    """By how the finding named it."""
    part: str
    reproducer: bool
    urgency: Urgency


def subject_of(unit: OwnersUnit, case: Case) -> Subject:
    """Return what the findings of *case* are about."""
    grounds: dict[str, Ground] = {}
    part, reproducer, severe = "", False, False
    for submission in unit.submissions.of_case(case.id):
        finding = finding_in(unit, submission.id)
        if finding is None:
            continue
        for target in targets_of(finding):
            try:
                grounds[target.name] = directory.ground_of(unit, target)
            except Invalid:
                continue  # What a finder wrote there names nothing that anybody owns.
        part = part or finding.file or finding.code_path or ""
        shown = submission.rung is not Rung.CLAIMED
        reproducer = reproducer or shown or has_reproducer(finding)
        severe = severe or (finding.severity or "").lower() in _CRITICAL
    return Subject(
        grounds=grounds,
        part=part[:500],
        reproducer=reproducer,
        urgency=urgency_of(case, severe=severe),
    )


def targets_of(finding: Finding) -> Sequence[Target]:
    """Return what *finding* names: its package, and the repository of its source."""
    named = []
    if finding.purl:
        named.append(Target(purl=finding.purl[:500]))
    if finding.repository:
        named.append(Target(repository=finding.repository[:500]))
    return named


def has_reproducer(finding: Finding) -> bool:
    """Tell whether a finder sent something that shows the fault."""
    kinds = {AttachmentKind.REPRODUCER, AttachmentKind.EXPLOIT}
    return any(one.kind in kinds for one in finding.attachments)


def urgency_of(case: Case, *, severe: bool) -> Urgency:
    """Return how urgent *case* is in a queue, by what was said of it."""
    said = case.given.get(EXPLOITATION)
    if said is not None and said.value == "A":
        return Urgency.EXPLOITED
    if severe:
        return Urgency.CRITICAL
    return Urgency.SOON if said is not None and said.value == "P" else Urgency.ROUTINE


def candidates(
    unit: OwnersUnit, asker: Asker, case_id: CaseId, desk: Desk, *, at: datetime
) -> Sequence[Match]:
    """Return who may be the owner of what a case is about, the best first."""
    case = coordinating.find(unit, asker, case_id)
    asker.needs(Scope.CASE_MOVE)
    return _candidates(unit, subject_of(unit, case), desk, at)


def route(  # noqa: PLR0913 - one value a thing that must be said
    unit: OwnersUnit,
    asker: Asker,
    case_id: CaseId,
    desk: Desk,
    *,
    owner: str = "",
    urgency: Urgency | None = None,
    at: datetime,
) -> Routing:
    """Put a case into the queue of its owner: the one named, or the best there is.

    Raises:
        NotFound: there is no such case, or no owner that is said to maintain it.
        Refused: the case was not triaged, or is on its way to this owner already.

    """
    asker.needs(Scope.CASE_MOVE)
    case = coordinating.find(unit, asker, case_id)
    _refuse_undeliverable(case)
    subject = subject_of(unit, case)
    found = [
        match
        for match in _candidates(unit, subject, desk, at)
        if not owner or match.owner.id == owner
    ]
    if not found:
        raise NotFound(
            f"nobody is written down who maintains what {case.id} is about; enter its"
            " owner first"
        )
    best = found[0]
    for earlier in unit.routings.of_case(case.id):
        if earlier.owner == best.owner.id and earlier.stage is not Stage.ENDED:
            raise Refused(f"{case.id} is on its way to {best.owner.id} already")
    fact = CaseQueued(
        case=case.id,
        owner=best.owner.id,
        urgency=subject.urgency if urgency is None else urgency,
        body=Matter(place=best.place, part=subject.part, reproducer=subject.reproducer),
    )
    name = new_routing_id(desk.randomness)
    queued = unit.routings.save(None, [fact], name=name, by=asker.actor, at=at)
    unit.agenda.enqueue(Job.OWNER_PACE, best.owner.id, at=at)
    return queued


def release(
    unit: OwnersUnit, asker: Asker, name: str, *, reason: str, at: datetime
) -> Routing:
    """Have a case go that is held back, or that came back; a coordinator says why."""
    found = find(unit, asker, name)
    asker.needs(Scope.CASE_MOVE)
    saved = _save(unit, found, routing.released(found, reason), asker, at)
    unit.agenda.cancel(Timer.ROUTING, found.id)
    unit.agenda.enqueue(Job.OWNER_PACE, found.owner, at=at)
    return saved


def put_off(  # noqa: PLR0913 - one value a thing that must be said
    unit: OwnersUnit,
    asker: Asker,
    name: str,
    until: datetime,
    *,
    words: str,
    at: datetime,
) -> Routing:
    """Note that a coordinator reached the owner, and wait until an instant."""
    found = find(unit, asker, name)
    asker.needs(Scope.CASE_MOVE)
    if not at < until <= at + timedelta(days=90):
        raise Invalid(
            "until: within 90 days from now",
            [Violation("invalid_instant", "until", "within 90 days from now")],
        )
    saved = _save(unit, found, routing.put_off(found, until, words), asker, at)
    unit.agenda.schedule(Timer.ROUTING, found.id, due=until)
    return saved


def withdraw(
    unit: OwnersUnit, asker: Asker, name: str, *, reason: str, at: datetime
) -> Routing:
    """Have a case not go to this owner any more; what it was sent, it has."""
    found = find(unit, asker, name)
    asker.needs(Scope.CASE_MOVE)
    return _end(unit, found, reason.strip() or "a coordinator withdrew it", asker, at)


def find(unit: OwnersUnit, asker: Asker, name: str) -> Routing:
    """Return a routing, to coordinators.

    Raises:
        NotFound: there is none, or *asker* may not know of it; which is not said.

    """
    found = unit.routings.maybe(name)
    if found is None or not asker.may(Scope.CASE_READ_ALL):
        raise NotFound(f"no routing {name!r}")
    return found


def pull(
    unit: OwnersUnit, found: Owner, count: int, desk: Desk, *, at: datetime
) -> Sequence[Routing]:
    """Send an owner the next *count* of its queue, because it asks for them."""
    ready = _ready(unit, found, desk, at)
    gone = {one.id for one in _gone(unit, ready)}
    waiting = {one.id: one for one in ready if one.id not in gone}
    names = pacing.pulled(
        [one.waiting for one in waiting.values()],
        wishes_of(unit, found),
        min(max(count, 1), PULL),
    )
    pulled = [waiting[RoutingId(name)] for name in names]
    return [
        _take_turn(unit, found, _in_line(unit, one, at), desk, at, pulled=True)
        for one in pulled
    ]


def pull_own(  # noqa: PLR0913 - one value a thing that must be said
    unit: OwnersUnit, asker: Asker, name: str, count: int, desk: Desk, *, at: datetime
) -> Sequence[Routing]:
    """Let a member that is the owner ask for the next ones of its own queue."""
    found = directory.find(unit, asker, name)
    if found.organisation is None or found.organisation != asker.organisation:
        asker.needs(Scope.CASE_MOVE)
    return pull(unit, found, count, desk, at=at)


def pace(unit: OwnersUnit, name: OwnerId, desk: Desk, *, at: datetime) -> int:
    """Send what an owner can bear now, and see when more can go; return how many went.

    Whatever is overdue goes once; how late that is does not make more of it.
    """
    found = unit.owners.get(name)
    unit.agenda.cancel(Timer.OWNER_PACE, name)
    ready = {one.id: one for one in _ready(unit, found, desk, at)}
    made = _plan(unit, found, list(ready.values()), desk, at)
    while gone := _gone(unit, [ready[RoutingId(s.name)] for s in made.due(at)]):
        for one in gone:
            del ready[one.id]
            _end(unit, one, WITHOUT, CHECKER, at)
        made = _plan(unit, found, list(ready.values()), desk, at)
    held = {RoutingId(one): wish for one, wish in made.held}
    for one in list(ready.values()):
        if one.id in held:
            _save(unit, one, routing.held(one, held[one.id]), CHECKER, at)
        elif one.stage is Stage.HELD:
            ready[one.id] = _save(unit, one, routing.wanted(one), CHECKER, at)
    due = made.due(at)
    for slot in due:
        _take_turn(unit, found, ready[RoutingId(slot.name)], desk, at, pulled=False)
    following = made.next_after(at)
    if following is not None:
        unit.agenda.schedule(Timer.OWNER_PACE, name, due=following)
    return len(due)


def left(
    unit: OwnersUnit,
    name: RoutingId,
    rules: rules_of_cases.Rules,
    desk: Desk,
    *,
    at: datetime,
) -> Routing:
    """Note that the mail with a case left for its owner: from now on the owner has it.

    Its embargo counts from now, and silence begins.
    """
    found = unit.routings.get(name)
    facts = routing.sent(found)
    if not facts:
        return found
    saved = _save(unit, found, facts, CHECKER, at)
    owner = unit.owners.get(found.owner)
    case = unit.cases.get(found.case)
    if case.state in delivering.DELIVERABLE and not case.destroyed:
        _arrive(unit, owner, saved, case, rules, at)
    _wait(unit, saved, desk)
    return saved


def not_sent(unit: OwnersUnit, name: RoutingId, *, at: datetime) -> None:
    """Put a case back into the queue whose contact changed before its mail left."""
    found = unit.routings.get(name)
    owner = unit.owners.get(found.owner)
    if found.epoch != owner.epoch or not owner.active:
        _save(unit, found, routing.back_in_line(found), CHECKER, at)
        unit.agenda.enqueue(Job.OWNER_PACE, found.owner, at=at)


def ring(unit: OwnersUnit, name: RoutingId, desk: Desk, *, at: datetime) -> Routing:
    """Do the one thing that follows from an owner's silence, if its time has come."""
    found = unit.routings.get(name)
    if found.stage is not Stage.DELIVERED and found.stage is not Stage.PERSON:
        return found
    case = unit.cases.get(found.case)
    if case.destroyed or case.state not in OPEN_WITH_OWNER:
        return _end(unit, found, WITHOUT, CHECKER, at)
    owner = unit.owners.get(found.owner)
    if found.epoch == owner.epoch and owner.active:
        facts = routing.silent(found, desk.rules, _how(owner, desk), at=at)
    else:
        facts = routing.moved_on(found, at=at) or routing.silent(
            found, desk.rules, _how(owner, desk), at=at
        )
    saved = _save(unit, found, facts, CHECKER, at)
    if any(isinstance(fact, routing.OwnerReminded) for fact in facts):
        unit.agenda.enqueue(Job.CASE_LETTER, found.id, at=at)
    _wait(unit, saved, desk)
    return saved


def resume(unit: OwnersUnit, desk: Desk, *, at: datetime) -> None:
    """Have everything go on that was under way; after a rebuild of everything else."""
    owners: dict[OwnerId, None] = {}
    for one in unit.routings.live():
        if one.stage in {Stage.QUEUED, Stage.HELD}:
            owners.setdefault(one.owner)
        elif one.stage is Stage.SENDING:
            unit.agenda.enqueue(Job.CASE_LETTER, one.id, at=at)
        else:
            _wait(unit, one, desk)
    for name in owners:
        unit.agenda.enqueue(Job.OWNER_PACE, name, at=at)
    page = Page(size=SIZE)
    while some := unit.owners.listed(page):
        for one_owner in some:
            if one_owner.active:
                unit.agenda.schedule(Timer.OWNER_CHECK, one_owner.id, due=at)
        page = Page(after=page.after + SIZE, size=SIZE)


def to_do(
    unit: OwnersUnit, asker: Asker, page: Page, moment: Moment
) -> Sequence[Routing]:
    """Return the routings that a coordinator is to do something about."""
    asker.needs(Scope.CASE_READ_ALL)
    stages = [Stage.HELD, Stage.PERSON, Stage.UNMAINTAINED]
    found = unit.routings.staged(stages, page)
    _listed(unit, asker, found, moment)
    return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """What is in front of an owner."""

    waiting: int
    held: int
    now: int
    """How many it has and has not answered."""
    dates: Sequence[datetime]
    """When those that wait come, if nothing changes, the first first."""
    routings: Sequence[Routing] = ()
    """Which they are; to coordinators alone."""


def line(unit: OwnersUnit, asker: Asker, name: str, desk: Desk, moment: Moment) -> Line:
    """Return the queue in front of an owner: to itself as counts and dates."""
    found = directory.find(unit, asker, name)
    waiting = unit.routings.queue(found.id)
    ready = _ready(unit, found, desk, moment.at)
    made = _plan(unit, found, ready, desk, moment.at)
    counts = unit.routings.counts(found.id)
    shown: Sequence[Routing] = ()
    if asker.may(Scope.CASE_READ_ALL):
        shown = waiting
        _listed(unit, asker, shown, moment)
    held = len(made.held)
    return Line(
        waiting=len(waiting) - held,
        held=held,
        now=counts.get(Stage.DELIVERED, 0) + counts.get(Stage.PERSON, 0),
        dates=[slot.at for slot in made.slots],
        routings=shown,
    )


def has(
    unit: OwnersUnit, asker: Asker, name: str, page: Page, moment: Moment
) -> Sequence[Routing]:
    """Return what an owner was sent, the last first; it sees the cases themselves too."""
    found = directory.find(unit, asker, name)
    sent = unit.routings.of_owner(found.id, page)
    _listed(unit, asker, sent, moment)
    return sent


def _listed(
    unit: OwnersUnit, asker: Asker, shown: Sequence[Routing], moment: Moment
) -> None:
    objects = [rules_of_cases.CASES.stream(one.case) for one in shown]
    leave_trace(unit, asker, objects, Reading.LISTED, moment)


def wishes_of(unit: OwnersUnit, found: Owner) -> Wishes:
    """Return what an owner wishes, with what its organisation said about scanning."""
    if found.organisation is None:
        return found.wishes
    places = {one.place for one in found.held}
    said = [
        word.word
        for word in unit.owner_words.of(found.organisation)
        if word.source is Source.SAID and word.place in places
    ]
    return wishes.joined(
        found.wishes,
        tuple(part for word in said for part in word.not_parts),
        reproducer=any(word.only_with_reproducer for word in said),
    )


def _candidates(
    unit: OwnersUnit, subject: Subject, desk: Desk, at: datetime
) -> Sequence[Match]:
    matched = directory.owners_of(unit, subject.grounds, desk.rules, at=at)
    best: dict[OwnerId, Match] = {}
    for name in subject.grounds:
        for match in matched[name]:
            known = best.get(match.owner.id)
            if known is None or (match.verified and not known.verified):
                best[match.owner.id] = match
    return sorted(best.values(), key=lambda match: not match.verified)


def _ready(
    unit: OwnersUnit, found: Owner, desk: Desk, at: datetime
) -> Sequence[Routing]:
    """Return what waits for an owner about places that are verified to be its own."""
    verified = set(found.verified_places(desk.rules, at))
    return [one for one in unit.routings.queue(found.id) if one.place in verified]


def _gone(unit: OwnersUnit, due: Sequence[Routing]) -> Sequence[Routing]:
    """Return those of *due* whose case went on without the owner."""
    return [one for one in due if not _still_deliverable(unit.cases.get(one.case))]


def _plan(
    unit: OwnersUnit,
    found: Owner,
    ready: Sequence[Routing],
    desk: Desk,
    at: datetime,
) -> Plan:
    sent = unit.routings.sent([found.id], at - BACK).get(found.id, ())
    return pacing.plan(
        [one.waiting for one in ready],
        wishes_of(unit, found),
        sent,
        a_week=desk.rules.a_week,
        at=at,
    )


def _in_line(unit: OwnersUnit, one: Routing, at: datetime) -> Routing:
    """Return it as it waits, though it was held back by a wish that is no more."""
    return _save(unit, one, routing.wanted(one), CHECKER, at)


def _take_turn(  # noqa: PLR0913 - one value a thing that must be said
    unit: OwnersUnit,
    found: Owner,
    one: Routing,
    desk: Desk,
    at: datetime,
    *,
    pulled: bool,
) -> Routing:
    facts = routing.turn(one, found.epoch, _how(found, desk), pulled=pulled)
    saved = _save(unit, one, facts, CHECKER, at)
    unit.agenda.enqueue(Job.CASE_LETTER, one.id, at=at)
    return saved


def _arrive(  # noqa: PLR0913, PLR0917 - one value a thing that must be said
    unit: OwnersUnit,
    owner: Owner,
    one: Routing,
    case: Case,
    rules: rules_of_cases.Rules,
    at: datetime,
) -> None:
    """Put on the case's own record that it got to its owner, and read the owner in."""
    shown = next((h for h in owner.holdings if h.place == one.place), None)
    proof = str(shown.proof) if shown is not None and shown.proof else "directory"
    arrived = Arrived(
        owner=owner.id,
        at=at,
        channel=Channel.MAIL,
        proof=proof,
        organisation=owner.organisation,
        by=CHECKER.actor,
    )
    case = delivering.deliver(unit, case.id, arrived, rules, at=at)
    home = owner.organisation
    if home is not None and home not in case.participants:
        fact = rules_of_cases.ParticipantReadIn(organisation=home, part=Part.OWNER)
        unit.cases.save(case, [fact], name=case.id, by=CHECKER.actor, at=at)


def _wait(unit: OwnersUnit, one: Routing, desk: Desk) -> None:
    step = routing.next_step(one, desk.rules)
    if step is None:
        unit.agenda.cancel(Timer.ROUTING, one.id)
    else:
        unit.agenda.schedule(Timer.ROUTING, one.id, due=step[1])


def _how(found: Owner, desk: Desk) -> How:
    if found.contact.certificate:
        return How.SEALED
    return {
        WithoutKey.NOTICE: How.NOTICE,
        WithoutKey.LINK: How.LINK,
        WithoutKey.FULL: How.PLAIN,
    }[desk.rules.without_key]


def _still_deliverable(case: Case) -> bool:
    """Tell whether the case may still go to an owner."""
    return case.state in delivering.DELIVERABLE and not case.destroyed


def _refuse_undeliverable(case: Case) -> None:
    rules_of_cases.refuse_destroyed(case)
    if case.state not in delivering.DELIVERABLE:
        raise Refused(f"{case.id} is {case.state}; what is delivered was triaged first")


def _end(unit: OwnersUnit, one: Routing, why: str, by: Asker, at: datetime) -> Routing:
    unit.agenda.cancel(Timer.ROUTING, one.id)
    return _save(unit, one, routing.ended(one, why), by, at)


def _save(
    unit: OwnersUnit, one: Routing, facts: Sequence[Fact], by: Asker, at: datetime
) -> Routing:
    if not facts:
        return one
    return unit.routings.save(one, facts, name=one.id, by=by.actor, at=at)
