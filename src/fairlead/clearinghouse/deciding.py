"""Use case of the system itself: say whether a finding is new, known, or for a person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fairlead.access.roles import Asker
from fairlead.base.ids import CaseId, Receipt
from fairlead.base.ports import Randomness
from fairlead.clearinghouse import duplicates, public
from fairlead.clearinghouse.cases import FindingAdded, Rules
from fairlead.clearinghouse.casework import colliding
from fairlead.clearinghouse.duplicates import Features
from fairlead.clearinghouse.grouping import Link
from fairlead.clearinghouse.intake import title_of
from fairlead.clearinghouse.ports import ClearinghouseUnit
from fairlead.clearinghouse.public import NothingPublished, PublicMatch, Published
from fairlead.clearinghouse.queues import facets_of
from fairlead.clearinghouse.reading import finding_in
from fairlead.clearinghouse.regrouping import (
    UNREADABLE,
    Arriving,
    Deed,
    open_case,
    regroup,
)
from fairlead.clearinghouse.submissions import (
    Outcome,
    Pair,
    PairVerdict,
    PublicMatches,
    Reasons,
    Status,
    Submission,
    SubmissionDecided,
    SubmissionFoundPublic,
)
from fairlead.record.events import Fact

NOTHING = NothingPublished()
MATCHER = Asker(actor="system/duplicates")


@dataclass(frozen=True, slots=True)
class _Compared:
    """What the comparison with earlier findings gave."""

    pairs: tuple[Pair, ...] = ()
    reasons: Reasons = field(default_factory=Reasons)
    public: tuple[PublicMatch, ...] = ()

    def others(self, verdict: PairVerdict) -> Sequence[Receipt]:
        return [pair.other for pair in self.pairs if pair.verdict is verdict]


def decide(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClearinghouseUnit,
    receipt: Receipt,
    rules: Rules,
    *,
    at: datetime,
    randomness: Randomness,
    published: Published = NOTHING,
) -> Submission:
    """Compare a submission with earlier findings and file it in a case.

    1. What it says is read from the bytes as kept.
    2. Earlier findings that share a key with it are compared with it, pair by pair;
       each answer depends on the two findings alone, so their order does not matter.
    3. All that hangs together with it is grouped anew (`regrouping`): it joins the case
       of those that are the same bug, or opens one; cases that turn out to be one become
       one, unless people said otherwise or they have gone to their owners.
    4. It is compared with what is public in the same way; its sender is told.

    Done twice it does nothing the second time.
    """
    submission = unit.submissions.get(receipt)
    if submission.status is Status.DONE or submission.destroyed:
        return submission
    deed = Deed(by=MATCHER.actor, at=at, rules=rules, randomness=randomness)
    finding = finding_in(unit, receipt)
    if finding is None:
        case = open_case(unit, receipt, UNREADABLE, deed).id
        return _file(unit, submission, Outcome.UNREADABLE, case, _Compared(), at)
    unit.queue.keep({receipt: facets_of(finding)})
    features = duplicates.features_of(finding)
    compared = _compare(unit, receipt, features, rules, published)
    title = title_of(finding)
    if not compared.others(PairVerdict.SAME):
        case = open_case(unit, receipt, title, deed).id
        unsure = compared.others(PairVerdict.ASK)
        outcome = Outcome.IN_REVIEW if unsure else Outcome.NEW
        return _file(unit, submission, outcome, case, compared, at)
    case = _join(unit, submission, compared, title, deed)
    # People may have told apart what it is the same as; then it is with some of them.
    alone = unit.cases.get(case).findings == 1
    outcome = Outcome.IN_REVIEW if alone else Outcome.KNOWN
    return _file(unit, submission, outcome, case, compared, at)


def _join(
    unit: ClearinghouseUnit,
    submission: Submission,
    compared: _Compared,
    title: str,
    deed: Deed,
) -> CaseId:
    links = [
        Link(submission.id, pair.other, pair.probability)
        for pair in compared.pairs
        if pair.verdict is PairVerdict.SAME
    ]
    others = [link.second for link in links]
    standing = unit.submissions.standing_case(others)
    if standing is not None:
        # What hangs together is grouped already, and it joins all that it hangs on.
        case = unit.cases.get(standing)
        added = [FindingAdded(finding=submission.id)]
        case = unit.cases.save(case, added, name=standing, by=deed.by, at=deed.at)
        colliding.notice(
            unit,
            case,
            [submission.id],
            by=deed.by,
            at=deed.at,
            randomness=deed.randomness,
        )
        return standing
    arriving = Arriving(
        receipt=submission.id,
        received_at=submission.received_at,
        links=links,
        title=title,
    )
    moved = regroup(unit, others, deed, arriving=arriving)
    return moved[submission.id]


def _compare(
    unit: ClearinghouseUnit,
    receipt: Receipt,
    features: Features,
    rules: Rules,
    published: Published,
) -> _Compared:
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
    unit.index.add(receipt, features)
    known = public.matches(features, published)
    return _Compared(tuple(pairs), Reasons(by_pair=reasons), known)


def _file(  # noqa: PLR0913, PLR0917 - one value a thing that must be said
    unit: ClearinghouseUnit,
    submission: Submission,
    outcome: Outcome,
    case: CaseId,
    compared: _Compared,
    at: datetime,
) -> Submission:
    facts: list[Fact] = [
        SubmissionDecided(
            outcome=outcome, case=case, pairs=compared.pairs, body=compared.reasons
        )
    ]
    if compared.public:
        body = PublicMatches(matches=compared.public)
        facts.append(SubmissionFoundPublic(count=len(compared.public), body=body))
    return unit.submissions.save(
        submission, facts, name=submission.id, by=MATCHER.actor, at=at
    )
