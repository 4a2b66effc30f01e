"""Use case of the system itself: say whether a finding is new, known, or for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fairlead.access.roles import Asker
from fairlead.base.ids import CaseId, Receipt, new_case_id
from fairlead.base.ports import Randomness
from fairlead.clearinghouse import cases, duplicates
from fairlead.clearinghouse.cases import Case, Rules
from fairlead.clearinghouse.findings import Finding
from fairlead.clearinghouse.intake import finding_of, title_of
from fairlead.clearinghouse.ports import ClearinghouseUnit, Timer
from fairlead.clearinghouse.submissions import (
    Outcome,
    Pair,
    PairVerdict,
    Reasons,
    Status,
    Submission,
    SubmissionDecided,
    SubmissionRefiled,
)
from fairlead.errors import Invalid
from fairlead.formats import tap
from fairlead.record.events import Fact

MATCHER = Asker(actor="system/duplicates")


@dataclass(frozen=True, slots=True)
class _Compared:
    """What the comparison with earlier findings gave."""

    pairs: tuple[Pair, ...] = ()
    reasons: Reasons = field(default_factory=Reasons)

    def others(self, verdict: PairVerdict) -> Sequence[Receipt]:
        return [pair.other for pair in self.pairs if pair.verdict is verdict]


def decide(
    unit: ClearinghouseUnit,
    receipt: Receipt,
    rules: Rules,
    *,
    at: datetime,
    randomness: Randomness,
) -> Submission:
    """Compare a submission with earlier findings and file it in a case.

    1. What it says is read from the bytes as kept.
    2. Earlier findings that share a key with it are compared with it, pair by pair;
       each answer depends on the two findings alone, so their order does not matter.
    3. It joins the case of those that are the same bug, or opens one. Where they are in
       several cases, these become one, unless one of them has gone to its owner.

    Done twice it does nothing the second time.
    """
    submission = unit.submissions.get(receipt)
    if submission.status is Status.DONE or submission.destroyed:
        return submission
    finding = finding_in(unit, receipt)
    if finding is None:
        case = _open(unit, receipt, "Unreadable report", rules, at, randomness)
        return _file(unit, submission, Outcome.UNREADABLE, case.id, _Compared(), at)
    compared = _compare(unit, finding, rules)
    known = _cases_of(unit, compared.others(PairVerdict.SAME))
    if known:
        case = _join(unit, known, receipt, at)
        return _file(unit, submission, Outcome.KNOWN, case.id, compared, at)
    case = _open(unit, receipt, title_of(finding), rules, at, randomness)
    unsure = compared.others(PairVerdict.ASK)
    outcome = Outcome.IN_REVIEW if unsure else Outcome.NEW
    return _file(unit, submission, outcome, case.id, compared, at)


def finding_in(unit: ClearinghouseUnit, receipt: Receipt) -> Finding | None:
    """Return what a submission says; nothing if it cannot be read any more."""
    document = unit.submissions.report(receipt)
    if document is None:
        return None
    try:
        return finding_of(receipt, tap.decode(document))
    except Invalid:
        return None  # It was valid when it came; the rules have become stricter since.


def _compare(unit: ClearinghouseUnit, finding: Finding, rules: Rules) -> _Compared:
    features = duplicates.features_of(finding)
    pairs: list[Pair] = []
    reasons: dict[Receipt, tuple[str, ...]] = {}
    for candidate in unit.index.candidates(features, rules.candidates):
        comparison = duplicates.compare(features, candidate.features)
        verdict = duplicates.decide(comparison)
        if verdict is duplicates.Verdict.NEW:
            continue
        same = verdict is duplicates.Verdict.MERGE
        pairs.append(
            Pair(
                other=candidate.receipt,
                verdict=PairVerdict.SAME if same else PairVerdict.ASK,
                probability=round(comparison.probability, 4),
            )
        )
        reasons[candidate.receipt] = tuple(r.text for r in comparison.reasons)
    unit.index.add(finding.receipt, features)
    return _Compared(tuple(pairs), Reasons(by_pair=reasons))


def _cases_of(unit: ClearinghouseUnit, receipts: Sequence[Receipt]) -> list[Case]:
    """Return the cases that *receipts* are filed in, the oldest first."""
    names = {unit.submissions.get(receipt).case for receipt in receipts}
    found = [unit.cases.get(name) for name in names if name is not None]
    return sorted(found, key=lambda case: (case.opened_at, case.id))


def _join(
    unit: ClearinghouseUnit, known: Sequence[Case], receipt: Receipt, at: datetime
) -> Case:
    """File the finding in one of *known*, and let that one absorb the others."""
    home = next((case for case in known if not case.mergeable), known[0])
    facts: list[Fact] = [cases.FindingAdded(finding=receipt)]
    for other in known:
        if other.id != home.id and other.mergeable:
            _absorb(unit, other, home.id, at)
            facts.append(cases.CaseAbsorbed(other=other.id, findings=other.findings))
    return unit.cases.save(home, facts, name=home.id, by=MATCHER.actor, at=at)


def _absorb(unit: ClearinghouseUnit, other: Case, home: CaseId, at: datetime) -> None:
    for submission in unit.submissions.of_case(other.id):
        unit.submissions.save(
            submission,
            [SubmissionRefiled(case=home)],
            name=submission.id,
            by=MATCHER.actor,
            at=at,
        )
    unit.cases.save(
        other, [cases.CaseMerged(into=home)], name=other.id, by=MATCHER.actor, at=at
    )


def _open(  # noqa: PLR0913, PLR0917 - one value a thing that must be said
    unit: ClearinghouseUnit,
    receipt: Receipt,
    title: str,
    rules: Rules,
    at: datetime,
    randomness: Randomness,
) -> Case:
    fact = cases.opened(receipt, title, rules, at=at)
    name = new_case_id(randomness)
    case = unit.cases.save(None, [fact], name=name, by=MATCHER.actor, at=at)
    unit.agenda.schedule(Timer.EMBARGO, case.id, due=case.embargo_until)
    return case


def _file(  # noqa: PLR0913, PLR0917 - one value a thing that must be said
    unit: ClearinghouseUnit,
    submission: Submission,
    outcome: Outcome,
    case: CaseId,
    compared: _Compared,
    at: datetime,
) -> Submission:
    fact = SubmissionDecided(
        outcome=outcome, case=case, pairs=compared.pairs, body=compared.reasons
    )
    return unit.submissions.save(
        submission, [fact], name=submission.id, by=MATCHER.actor, at=at
    )
