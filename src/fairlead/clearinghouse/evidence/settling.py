"""Use case of coordinators: let a crossing settle whether two findings are one bug."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fairlead.access.roles import Asker, Scope
from fairlead.base.ids import CaseId, Receipt, pair_id
from fairlead.clearinghouse import coordinating, duplicates, judging
from fairlead.clearinghouse.evidence.attaching import LARGEST
from fairlead.clearinghouse.evidence.crossing import Crossing, verified
from fairlead.clearinghouse.evidence.ladder import Crossed, Sameness
from fairlead.clearinghouse.evidence.statements import read_statement
from fairlead.clearinghouse.pairs import Judgement
from fairlead.clearinghouse.ports import ClearinghouseUnit
from fairlead.clearinghouse.reading import finding_in
from fairlead.clearinghouse.regrouping import Deed
from fairlead.clearinghouse.submissions import (
    Submission,
    crossed_with,
)
from fairlead.errors import Damaged, Invalid, NotFound, TooLarge, Violation
from fairlead.record.notes import Key

_JUDGED = {
    duplicates.Verdict.MERGE: Judgement.SAME,
    duplicates.Verdict.NEW: Judgement.DIFFERENT,
}
"""What a crossing that proves something has a person say of the pair."""


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
    deed: Deed,
) -> Settled:
    """Record a signed crossing of two findings, and decide about them anew.

    1. Both must be visible, the first filed in the case that is named.
    2. The recipes that were crossed must be those of evidence that the two have.
    3. What is proved goes before what the reports say: it is recorded as the judgement of
       *asker* on the pair, so that it holds whatever comes later, until somebody judges
       the pair anew. One bug makes one case of two, unless both are with their owners;
       two bugs that are in one case are parted.

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
        unit.submissions.save(one, facts, name=one.id, by=deed.by, at=deed.at)
    judgement = _JUDGED.get(_decided(unit, crossing, first.id, second.id))
    if judgement is not None:
        judging.judge(unit, asker, pair_id(first.id, second.id), judgement, deed)
    ends = [unit.submissions.get(name).case for name in (first.id, second.id)]
    return Settled(
        sameness=crossing.sameness,
        case=ends[0] or case.id,
        merged=case.id != other.id and ends[0] == ends[1],
    )


def _decided(
    unit: ClearinghouseUnit, crossing: Crossing, first: Receipt, second: Receipt
) -> duplicates.Verdict:
    """Decide as at intake, with what was proved besides."""
    found = [finding_in(unit, name) for name in (first, second)]
    features = [duplicates.features_of(finding) for finding in found if finding]
    if len(features) != len(found) or crossing.proof is None:
        return duplicates.Verdict.ASK
    comparison = duplicates.compare(features[0], features[1])
    return duplicates.decide(comparison, proof=crossing.proof)


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
