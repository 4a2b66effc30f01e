"""Use cases of coordinators: judge two findings, part a case, undo a merge.

A judgement is an event on the pair and goes before whatever the comparison said. What
follows from it is found as for a new finding: all that hangs together is grouped anew.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from fairlead.access.roles import Asker, Scope
from fairlead.access.traces import How, Moment, leave_trace, refuse_bulk
from fairlead.access.visibility import CASES as VISIBLE
from fairlead.access.visibility import holds
from fairlead.base.ids import CaseId, PairId, Receipt, pair_id, receipts_of
from fairlead.clearinghouse import coordinating, duplicates
from fairlead.clearinghouse.cases import CASES, Case, State
from fairlead.clearinghouse.findings import Finding
from fairlead.clearinghouse.pairs import JudgedPair, Judgement, PairJudged
from fairlead.clearinghouse.ports import ClearinghouseUnit, Page, Waiting
from fairlead.clearinghouse.reading import finding_in
from fairlead.clearinghouse.regrouping import Deed, regroup
from fairlead.clearinghouse.submissions import (
    SUBMISSIONS,
    Outcome,
    PairVerdict,
    Status,
    Submission,
    SubmissionAnswered,
)
from fairlead.clearinghouse.suggesting import quoted
from fairlead.errors import Invalid, NotFound, Refused, Violation

CUTS = 1_000
"""Pairs that one parting may tell apart; a case with more is not parted by hand."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One of the two findings of a pair."""

    submission: Submission
    case: Case
    finding: Finding | None
    """Nothing where the report cannot be read any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PairView:
    """Two findings side by side."""

    id: PairId
    older: Side
    newer: Side
    probability: float | None
    """What was said when the newer one came; nothing if they were not compared."""
    comparison: duplicates.Comparison | None
    """What is said now, with reasons and bars; nothing where one cannot be read."""
    judged: JudgedPair | None
    quotation: str = ""
    """The sentence that a second reader relies on."""

    @property
    def together(self) -> bool:
        """Tell whether they are in one case."""
        return self.older.case.id == self.newer.case.id


def waiting(
    unit: ClearinghouseUnit,
    asker: Asker,
    page: Page,
    moment: Moment,
    *,
    put_off: bool = False,
) -> Sequence[tuple[Waiting, Case, Case]]:
    """Return pairs to be judged, each with the cases of its older and newer finding.

    It leaves a trace on the cases, whose titles are shown.
    """
    _needs_coordinator(asker)
    found = []
    for pair in unit.pairs.waiting(page, put_off=put_off):
        older, newer = (_case_of(unit, r) for r in (pair.older, pair.newer))
        found.append((pair, older, newer))
    objects = [CASES.stream(case.id) for _, *both in found for case in both]
    leave_trace(unit, asker, objects, How.LISTED, moment)
    return found


def view(
    unit: ClearinghouseUnit, asker: Asker, pair: PairId, moment: Moment
) -> PairView:
    """Return two findings side by side; it leaves a trace on both, and their cases.

    Raises:
        NotFound: one of them does not exist, or *asker* may not know of it.
        NotAllowed: *asker* is no coordinator, or has opened so much that it is an export.

    """
    older, newer = _sides(unit, asker, pair)
    streams = [CASES.stream(side.case.id) for side in (older, newer)]
    for stream in streams:
        refuse_bulk(unit, asker, stream, Scope.CASE_READ_ALL, moment)
    streams += [SUBMISSIONS.stream(s.submission.id) for s in (older, newer)]
    leave_trace(unit, asker, streams, How.READ, moment)
    compared = unit.submissions.compared(pair)
    comparison = None
    if older.finding is not None and newer.finding is not None:
        comparison = duplicates.compare(
            *(duplicates.features_of(f) for f in (older.finding, newer.finding))
        )
    judged = unit.pairs.find(pair)
    return PairView(
        id=pair,
        older=older,
        newer=newer,
        probability=compared.probability if compared else None,
        comparison=comparison,
        judged=judged,
        quotation=quoted(unit, judged.suggestion)
        if judged and judged.suggestion
        else "",
    )


def judge(
    unit: ClearinghouseUnit,
    asker: Asker,
    pair: PairId,
    judgement: Judgement,
    deed: Deed,
) -> Collection[Receipt]:
    """Say whether two findings are one bug; return those that moved to another case.

    It can be said anew at any time, and the last word counts. Findings that went to
    different owners stay where they are.

    Raises:
        NotFound: one of them does not exist, or *asker* may not know of it.
        Refused: one of them was destroyed.

    """
    older, newer = _sides(unit, asker, pair)
    for side in (older, newer):
        if side.submission.destroyed:
            raise Refused(
                f"{side.submission.id} was destroyed; nothing can be compared"
            )
    both = older.submission.id, newer.submission.id
    _record(unit, [both], judgement, deed)
    moved = regroup(unit, both, deed)
    _answer(unit, {*moved, *both}, newer.submission.id, deed)
    return moved


def part(
    unit: ClearinghouseUnit,
    asker: Asker,
    case_id: CaseId,
    leaving: Collection[Receipt],
    deed: Deed,
) -> Collection[Receipt]:
    """Say that *leaving* are another bug than the rest of a case; return what moved.

    The case stays with the finding that opened it. Where the others had a case of their
    own, that one is restored; else one is opened.

    Raises:
        NotFound: there is no such case, or *asker* may not know of it.
        Invalid: none, or all, of its findings are named.

    """
    case = coordinating.find(unit, asker, case_id)
    asker.needs(Scope.CASE_MOVE)
    if case.destroyed:
        raise Refused(f"{case.id} was destroyed; nothing can be parted")
    filed = [s.id for s in unit.submissions.of_case(case.id)]
    out = [receipt for receipt in filed if receipt in set(leaving)]
    stay = [receipt for receipt in filed if receipt not in set(leaving)]
    if not out or not stay:
        raise Invalid(
            "name some of the findings, not all",
            [Violation("invalid_findings", "findings", "choose some, not all")],
        )
    _record(unit, _cuts(unit, out, stay), Judgement.DIFFERENT, deed)
    moved = regroup(unit, filed, deed)
    for receipt in sorted(moved):
        _answer(unit, [receipt], receipt, deed)
    return moved


def undo(
    unit: ClearinghouseUnit, asker: Asker, case_id: CaseId, deed: Deed
) -> Collection[Receipt]:
    """Undo that a case became part of another one; return the findings it has again.

    Raises:
        NotFound: there is no such case, or *asker* may not know of it.
        Refused: it is part of none, or was destroyed.

    """
    case = coordinating.find(unit, asker, case_id)
    asker.needs(Scope.CASE_MOVE)
    if case.state is not State.MERGED or case.destroyed:
        raise Refused(f"{case.id} is part of no other case")
    home = home_of(unit, asker, case.id)
    own = [
        submission.id
        for submission in unit.submissions.of_case(home)
        if case.id in {there for _, there in unit.submissions.stays(submission.id)}
    ]
    return part(unit, asker, home, own, deed)


def home_of(unit: ClearinghouseUnit, asker: Asker, case_id: CaseId) -> CaseId:
    """Return the case in which the findings of a case are filed.

    Raises:
        NotFound: there is no such case, or *asker* may not know of it.

    """
    case = coordinating.find(unit, asker, case_id)
    while case.merged_into is not None:
        case = unit.cases.get(case.merged_into)
    return case.id


def _needs_coordinator(asker: Asker) -> None:
    asker.needs(Scope.CASE_READ_ALL)
    asker.needs(Scope.CASE_MOVE)


def _sides(unit: ClearinghouseUnit, asker: Asker, pair: PairId) -> tuple[Side, Side]:
    """Return the older and the newer finding."""
    if len(set(receipts_of(pair))) == 1 or pair_id(*receipts_of(pair)) != pair:
        raise NotFound(f"no pair {pair}")
    sides = []
    for receipt in receipts_of(pair):
        submission = unit.submissions.get(receipt)
        case = _case_of(unit, receipt) if submission.case else None
        if case is None or not holds(VISIBLE.condition(asker), case):
            raise NotFound(f"no pair {pair}")
        sides.append(
            Side(submission=submission, case=case, finding=finding_in(unit, receipt))
        )
    asker.needs(Scope.CASE_MOVE)
    sides.sort(key=lambda side: (side.submission.received_at, side.submission.id))
    older, newer = sides
    return older, newer


def _case_of(unit: ClearinghouseUnit, receipt: Receipt) -> Case:
    case = unit.submissions.get(receipt).case
    if case is None:
        raise NotFound(f"{receipt} is in no case yet")
    return unit.cases.get(case)


def _cuts(
    unit: ClearinghouseUnit, out: Sequence[Receipt], stay: Sequence[Receipt]
) -> Sequence[tuple[Receipt, Receipt]]:
    """Return the pairs to tell apart: all that hold the sides together, and one more.

    That one keeps a later finding, the same as some on either side, from joining them.
    """
    left, right = set(out), set(stay)
    held = {link[:2] for link in unit.submissions.links(out)}
    held |= {
        pair.both
        for pair in unit.pairs.touching(out)
        if pair.judgement is Judgement.SAME
    }
    held.add((out[0], stay[0]))
    cuts = {
        (min(pair), max(pair))
        for pair in held
        if len(left & set(pair)) == 1 and len(right & set(pair)) == 1
    }
    if len(cuts) > CUTS:
        raise Refused(f"these are held together by {len(cuts)} pairs; part fewer")
    return sorted(cuts)


def _record(
    unit: ClearinghouseUnit,
    pairs: Sequence[tuple[Receipt, Receipt]],
    judgement: Judgement,
    deed: Deed,
) -> None:
    for both in pairs:
        name = pair_id(*both)
        first, second = receipts_of(name)
        compared = unit.submissions.compared(name)
        fact = PairJudged(
            first=first,
            second=second,
            judgement=judgement,
            probability=compared.probability if compared else None,
        )
        before = unit.pairs.find(name)
        unit.pairs.save(before, [fact], name=name, by=deed.by, at=deed.at)


def _answer(
    unit: ClearinghouseUnit, receipts: Collection[Receipt], newer: Receipt, deed: Deed
) -> None:
    """Let the senders know where the judgement changed what they were answered.

    One that was new stays so, unless it is the one that was judged.
    """
    for receipt in sorted(receipts):
        submission = unit.submissions.get(receipt)
        asked = submission.outcome in {Outcome.KNOWN, Outcome.IN_REVIEW}
        judged = submission.outcome is Outcome.NEW and receipt == newer
        if submission.status is not Status.DONE or not (asked or judged):
            continue
        outcome = _outcome(unit, submission)
        if outcome is not submission.outcome:
            fact = SubmissionAnswered(outcome=outcome)
            unit.submissions.save(
                submission, [fact], name=receipt, by=deed.by, at=deed.at
            )


def _outcome(unit: ClearinghouseUnit, submission: Submission) -> Outcome:
    mine = (submission.received_at, submission.id)
    mates = unit.submissions.filed_with([submission.id])
    if any((mate.received_at, mate.receipt) < mine for mate in mates):
        return Outcome.KNOWN
    settled = {pair.id for pair in unit.pairs.touching([submission.id]) if pair.settled}
    open_ = any(
        pair.verdict is PairVerdict.ASK
        and pair_id(submission.id, pair.other) not in settled
        for pair in submission.pairs
    )
    return Outcome.IN_REVIEW if open_ else Outcome.NEW
