"""Use case of coordinators: let a crossing settle whether two findings are one bug."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from fairlead.access.roles import Asker, Scope
from fairlead.base.ids import CaseId, Receipt
from fairlead.clearinghouse import cases, coordinating, deciding, duplicates
from fairlead.clearinghouse.cases import Case
from fairlead.clearinghouse.evidence.attaching import LARGEST
from fairlead.clearinghouse.evidence.crossing import Crossing, verified
from fairlead.clearinghouse.evidence.ladder import Crossed, Sameness
from fairlead.clearinghouse.evidence.statements import read_statement
from fairlead.clearinghouse.ports import ClearinghouseUnit
from fairlead.clearinghouse.submissions import (
    Submission,
    SubmissionRefiled,
    crossed_with,
)
from fairlead.errors import Damaged, Invalid, NotFound, TooLarge, Violation
from fairlead.record.notes import Key


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """What a crossing led to."""

    sameness: Sameness
    case: CaseId
    """Where the first finding is filed now."""
    merged: bool


def settle(  # noqa: PLR0913, PLR0917 - one value a thing that must be said
    unit: ClearinghouseUnit,
    asker: Asker,
    case_id: CaseId,
    pair: tuple[Receipt, Receipt],
    note: str,
    keys: Sequence[Key],
    *,
    at: datetime,
) -> Settled:
    """Record a signed crossing of two findings, and decide about them anew.

    1. Both must be visible, the first filed in the case that is named.
    2. The recipes that were crossed must be those of evidence that the two have.
    3. What is proved goes before what the reports say. Where it proves one bug, their
       cases become one, unless one has gone to its owner.

    Raises:
        NotFound: there is no such case, or *asker* may not know of it or of the other.
        NotAllowed: *asker* may not decide about cases.
        Invalid: the findings are not what was crossed, or none of *keys* signed it.
        Refused: it is recorded already, or a report was destroyed.

    """
    case = coordinating.find(unit, asker, case_id)
    asker.needs(Scope.CASE_MOVE)
    first, second = (unit.submissions.get(name) for name in pair)
    if first.case != case.id or first.id == second.id:
        raise _invalid("finding", "name one of this case, and another one")
    if second.case is None:
        raise NotFound(f"no submission {second.id!r}")
    other = coordinating.find(unit, asker, second.case)
    crossing, key = _opened(note, keys)
    _refuse_others(unit, crossing, first, second)
    for one, counterpart in ((first, second), (second, first)):
        crossed = Crossed(
            other=counterpart.id,
            sameness=crossing.sameness,
            crossing=crossing.digest,
            level=crossing.walls.level,
            key=key,
        )
        facts = crossed_with(one, crossed, note)
        unit.submissions.save(one, facts, name=one.id, by=asker.actor, at=at)
    same = _decided(unit, crossing, first.id, second.id) is duplicates.Verdict.MERGE
    home = _united(unit, asker, case, other, at) if same else None
    return Settled(
        sameness=crossing.sameness,
        case=home.id if home else case.id,
        merged=home is not None,
    )


def _decided(
    unit: ClearinghouseUnit, crossing: Crossing, first: Receipt, second: Receipt
) -> duplicates.Verdict:
    """Decide as at intake, with what was proved besides."""
    found = [deciding.finding_in(unit, name) for name in (first, second)]
    features = [duplicates.features_of(finding) for finding in found if finding]
    if len(features) != len(found) or crossing.proof is None:
        return duplicates.Verdict.ASK
    comparison = duplicates.compare(features[0], features[1])
    return duplicates.decide(comparison, proof=crossing.proof)


def _united(
    unit: ClearinghouseUnit, asker: Asker, case: Case, other: Case, at: datetime
) -> Case | None:
    """Let one case absorb the other; nothing where both are with their owners."""
    if case.id == other.id:
        return None
    ordered = sorted((case, other), key=lambda one: (one.opened_at, one.id))
    home = next((one for one in ordered if not one.mergeable), ordered[0])
    gone = other if home.id == case.id else case
    if not gone.mergeable:
        return None
    for submission in unit.submissions.of_case(gone.id):
        unit.submissions.save(
            submission,
            [SubmissionRefiled(case=home.id)],
            name=submission.id,
            by=asker.actor,
            at=at,
        )
    merged = [cases.CaseMerged(into=home.id)]
    unit.cases.save(gone, merged, name=gone.id, by=asker.actor, at=at)
    absorbed = [cases.CaseAbsorbed(other=gone.id, findings=gone.findings)]
    return unit.cases.save(home, absorbed, name=home.id, by=asker.actor, at=at)


def _refuse_others(
    unit: ClearinghouseUnit, crossing: Crossing, first: Submission, second: Submission
) -> None:
    """Raise unless the recipes are those of evidence that the two findings have."""
    held = [
        {
            statement.recipe
            for note in unit.submissions.statements(one.id)
            if (statement := read_statement(note)) is not None
        }
        for one in (first, second)
    ]
    straight = crossing.a in held[0] and crossing.b in held[1]
    turned = crossing.b in held[0] and crossing.a in held[1]
    if not straight and not turned:
        raise _invalid(
            "crossing", "add to each finding the evidence of its own recipe first"
        )


def _opened(note: str, keys: Sequence[Key]) -> tuple[Crossing, str]:
    if len(note) > LARGEST:
        raise TooLarge(f"a crossing has at most {LARGEST} bytes")
    for key in keys:
        try:
            return verified(note, key), key.name
        except Damaged:
            continue
    raise _invalid(
        "crossing",
        "hand in what `fairlead evidence cross --out` wrote, signed by a machine whose"
        " key is in FAIRLEAD_SANDBOX_KEYS",
    )


def _invalid(field: str, reason: str) -> Invalid:
    return Invalid(f"{field}: {reason}", [Violation("invalid_evidence", field, reason)])
