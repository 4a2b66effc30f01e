"""Use cases: make of what stands in the record the mail that an owner is sent."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fairlead.access.roles import Asker
from fairlead.access.traces import How as Reading
from fairlead.access.traces import Moment, leave_trace
from fairlead.base.ids import OwnerId, RoutingId
from fairlead.base.letters import Letter
from fairlead.clearinghouse.cases import CASES, Case
from fairlead.clearinghouse.casework.delivered import Answer
from fairlead.clearinghouse.owners import letters, routing
from fairlead.clearinghouse.owners.directory import Desk
from fairlead.clearinghouse.owners.letters import Filed, House
from fairlead.clearinghouse.owners.owner import Owner
from fairlead.clearinghouse.owners.ports import OwnersUnit
from fairlead.clearinghouse.owners.routing import How, Routing, Stage
from fairlead.clearinghouse.owners.tokens import About
from fairlead.clearinghouse.reading import finding_in
from fairlead.clearinghouse.submissions import SUBMISSIONS

LINK = "/owner/case/"
"""Where the link in a mail leads; what follows is its token."""


def challenge(unit: OwnersUnit, name: OwnerId, house: House) -> Letter | None:
    """Return the mail with the challenge; nothing once the owner was ended."""
    found = unit.owners.get(name)
    if not found.active or not found.contact.mail:
        return None
    return letters.challenge(found, _token(unit, found), house)


def about_case(
    unit: OwnersUnit,
    name: RoutingId,
    house: House,
    desk: Desk,
    *,
    moment: Moment,
) -> Letter | None:
    """Return the mail that is due about a case: itself, or a reminder; else nothing.

    What goes out with content leaves the trace of a reading by the owner.
    """
    one = unit.routings.get(name)
    found = unit.owners.get(one.owner)
    if not found.active or one.epoch != found.epoch:
        return None
    token = unit.owners.token(About.CASE, one.id, one.epoch).text
    if one.stage is Stage.DELIVERED and one.reminded:
        done = reversed(unit.routings.history(one.id))
        last = next(e for e in done if isinstance(e.fact, routing.OwnerReminded))
        late = routing.late(last.fact, last.at)
        return letters.reminder(found, one, house, desk.rules, token=token, late=late)
    if one.stage is not Stage.SENDING:
        return None
    case = unit.cases.get(one.case)
    filed: Sequence[Filed] = ()
    if one.how in {How.SEALED, How.PLAIN}:
        filed = filed_in(unit, found, case, moment)
    return letters.case_letter(
        found,
        one,
        case,
        filed,
        house,
        token=token,
        link=f"{house.address}{LINK}{link_token(unit, one)}",
        waiting=len(unit.routings.queue(found.id)),
    )


def answer_noted(unit: OwnersUnit, name: str) -> Letter | None:
    """Return the mail that says how an answer was understood."""
    one = unit.routings.maybe(name)
    if one is None:
        return None
    found = unit.owners.get(one.owner)
    if not found.active or one.epoch != found.epoch:
        return None
    token = unit.owners.token(About.CASE, one.id, one.epoch).text
    last = unit.routings.history(one.id)[-1].fact
    return letters.noted(found, one, _noted(last), token=token)


def standing(
    unit: OwnersUnit, name: OwnerId, desk: Desk, *, at: datetime
) -> Letter | None:
    """Return the mail that says how things stand with an owner."""
    found = unit.owners.get(name)
    if not found.active or not found.contact.mail:
        return None
    waiting = len(unit.routings.queue(found.id))
    return letters.standing(
        found, desk.rules, waiting, token=_token(unit, found), at=at
    )


def filed_in(
    unit: OwnersUnit, found: Owner, case: Case, moment: Moment
) -> Sequence[Filed]:
    """Return the reports of a case for its owner; it leaves a trace on each."""
    filed: list[Filed] = []
    objects = [CASES.stream(case.id)]
    for submission in unit.submissions.of_case(case.id):
        document = unit.submissions.report(submission.id)
        if document is None:
            continue
        finding = finding_in(unit, submission.id)
        said = finding.text if finding else ""
        filed.append(Filed(receipt=submission.id, text=said, report=document))
        objects.append(SUBMISSIONS.stream(submission.id))
    reader = Asker(actor=f"owner/{found.id}", organisation=found.organisation)
    leave_trace(unit, reader, objects, Reading.READ, moment)
    return filed


def link_token(unit: OwnersUnit, one: Routing) -> str:
    """Return what opens a case for its owner; it is good for a while after sending."""
    begun = one.turn_at.isoformat() if one.turn_at else ""
    return unit.owners.token(About.LINK, one.id, one.epoch, begun).text


def _token(unit: OwnersUnit, found: Owner) -> str:
    return unit.owners.token(About.OWNER, found.id, found.epoch).text


def _noted(fact: object) -> str:
    match fact:
        case routing.AnswerCame(answer=answer, fix_planned=planned):
            day = f", mended by {planned:%Y-%m-%d}" if planned else ""
            return f"Your answer was noted: {_SAID[answer]}{day}."
        case routing.WordsCame(why=why):
            return f"Your mail was passed on to the coordinators: {why}."
    return "Your mail was noted."


_SAID = {
    Answer.ACKNOWLEDGED: "you have it",
    Answer.ACCEPTED: "it is a vulnerability of yours",
    Answer.NOT_SECURITY: "it is no vulnerability",
    Answer.OUT_OF_SCOPE: "it is out of scope",
    Answer.NEEDS_MORE: "you need more to judge it",
}
