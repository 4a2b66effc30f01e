"""Use cases: record that a case got to its verified owner, and what the owner said.

Whoever calls these has verified the owner, and decided that the asker may deliver or may
speak for the owner: a coordinator, a mail whose sender was proved, a program of the owner.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fairlead.base.ids import CaseId
from fairlead.clearinghouse import cases
from fairlead.clearinghouse.cases import Case, CaseMoved, Rules, State
from fairlead.clearinghouse.casework import embargo
from fairlead.clearinghouse.casework.delivered import (
    Answer,
    CaseDelivered,
    Channel,
    Delivery,
    OwnerAnswered,
)
from fairlead.clearinghouse.casework.dues import keep_time
from fairlead.clearinghouse.casework.words import Explained, Words
from fairlead.clearinghouse.ports import ClearinghouseUnit
from fairlead.errors import Invalid, Refused, Violation
from fairlead.record.events import Fact

DELIVERABLE = frozenset({State.TRIAGED, State.WITH_OWNER})
"""States in which a case goes to an owner; the second time to another, or a new contact."""

ON_DELIVERY = "it got to its verified owner"


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What an owner says, as it comes in."""

    owner: str
    channel: Channel
    answer: Answer
    fix_planned: datetime | None = None
    text: str = ""


def delivered(
    case: Case, delivery: Delivery, rules: Rules, *, at: datetime
) -> Sequence[Fact]:
    """Return what *delivery* means: it is noted, the embargo's clock runs from it.

    The embargo counts from the first delivery: another one does not begin it anew.

    Raises:
        Refused: the case was destroyed, or is in no state in which it is delivered.
        Invalid: it is said to have got there before the case was opened, or later than now.

    """
    cases.refuse_destroyed(case)
    if case.state not in DELIVERABLE:
        raise Refused(f"{case.id} is {case.state}; what is delivered was triaged first")
    if not case.opened_at <= delivery.at <= at:
        raise Invalid(
            "a delivery lies between the opening of the case and now",
            [
                Violation(
                    "invalid_instant", "at", "must lie after the opening, not ahead"
                )
            ],
        )
    facts: list[Fact] = [
        CaseDelivered(
            owner=delivery.owner,
            delivered_at=delivery.at,
            channel=delivery.channel,
            proof=delivery.proof,
            organisation=delivery.organisation,
        )
    ]
    if case.state is State.TRIAGED:
        facts.append(CaseMoved(to=State.WITH_OWNER, body=Explained(reason=ON_DELIVERY)))
    if not case.deliveries and not case.embargo_over:
        facts += embargo.begun(case.embargo, delivery.at, rules.embargoes)
    return facts


def deliver(
    unit: ClearinghouseUnit,
    case_id: CaseId,
    delivery: Delivery,
    rules: Rules,
    *,
    at: datetime,
) -> Case:
    """Record a delivery by `delivery.by`; the holding clock stops, the embargo's runs."""
    case = unit.cases.get(case_id)
    facts = delivered(case, delivery, rules, at=at)
    case = unit.cases.save(case, facts, name=case.id, by=delivery.by, at=at)
    keep_time(unit, case)
    return case


def answered(case: Case, said: Said) -> Sequence[Fact]:
    """Return what an owner's answer means; its verdict moves nothing by itself.

    Raises:
        Refused: the case was destroyed, or was never delivered to this owner.

    """
    cases.refuse_destroyed(case)
    if said.owner not in {delivery.owner for delivery in case.deliveries}:
        raise Refused(f"{case.id} was not delivered to {said.owner}")
    words = said.text.strip()
    return [
        OwnerAnswered(
            owner=said.owner,
            channel=said.channel,
            answer=said.answer,
            fix_planned=said.fix_planned,
            body=Words(text=words) if words else None,
        )
    ]


def owner_answers(
    unit: ClearinghouseUnit, case_id: CaseId, said: Said, *, by: str, at: datetime
) -> Case:
    """Record what an owner said: acknowledged, a verdict, a date by which it fixes."""
    case = unit.cases.get(case_id)
    facts = answered(case, said)
    return unit.cases.save(case, facts, name=case.id, by=by, at=at)
