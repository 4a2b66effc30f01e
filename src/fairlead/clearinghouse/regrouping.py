"""Bring findings into the cases where they belong, after something was decided.

The same for a new finding, a person's judgement, and a parting: everything that hangs
together with the findings concerned is looked at, grouped anew, and what is filed
elsewhere moves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from fairlead.base.ids import CaseId, Receipt, new_case_id
from fairlead.base.ports import Randomness
from fairlead.clearinghouse import cases, grouping
from fairlead.clearinghouse.cases import Case, Rules
from fairlead.clearinghouse.casework import colliding
from fairlead.clearinghouse.casework.dues import keep_time
from fairlead.clearinghouse.grouping import Filed, Group, Link, Standing
from fairlead.clearinghouse.intake import title_of
from fairlead.clearinghouse.pairs import JudgedPair, Judgement
from fairlead.clearinghouse.ports import ClearinghouseUnit
from fairlead.clearinghouse.reading import finding_in
from fairlead.clearinghouse.submissions import SubmissionRefiled
from fairlead.record.events import Fact


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """In whose name something is filed, when, and by which rules."""

    by: str
    at: datetime
    rules: Rules
    randomness: Randomness


@dataclass(slots=True)
class _Scene:
    """Everything that hangs together."""

    filed: dict[Receipt, Filed] = field(default_factory=dict)
    links: set[Link] = field(default_factory=set)
    judged: dict[str, JudgedPair] = field(default_factory=dict)

    def groups(self, standing: Sequence[Case]) -> list[Group]:
        """Return where each finding belongs."""
        agreed = [
            Link(p.first, p.second, by_person=True)
            for p in self.judged.values()
            if p.judgement is Judgement.SAME
        ]
        apart = [
            p.both for p in self.judged.values() if p.judgement is Judgement.DIFFERENT
        ]
        together = grouping.components(self.filed, [*self.links, *agreed], apart)
        return grouping.place(
            together,
            self.filed,
            [
                Standing(
                    id=case.id,
                    anchor=case.opened_for,
                    opened_at=case.opened_at,
                    settled=case.settled,
                    merged=case.merged_into is not None,
                )
                for case in standing
            ],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Arriving:
    """A finding that is being decided."""

    receipt: Receipt
    received_at: datetime
    links: Sequence[Link]
    title: str
    """What a case opened for it is called."""


def regroup(
    unit: ClearinghouseUnit,
    receipts: Collection[Receipt],
    deed: Deed,
    *,
    arriving: Arriving | None = None,
) -> dict[Receipt, CaseId]:
    """File what hangs together with *receipts* where it belongs.

    Return the cases of the findings that moved. That of the one *arriving* is among
    them; what is said of it in its own stream is left to the caller.
    """
    scene = _gather(unit, receipts, arriving)
    standing = unit.cases.opened_for(list(scene.filed))
    groups = [g for g in scene.groups(standing) if g.moves or g.absorbs]
    return _Carrying(unit, scene, deed, arriving).out(groups)


def _gather(
    unit: ClearinghouseUnit,
    receipts: Collection[Receipt],
    arriving: Arriving | None,
) -> _Scene:
    scene = _Scene()
    seen = set(receipts)
    if arriving is not None:
        name = arriving.receipt
        scene.filed[name] = Filed(
            receipt=name, case=None, received_at=arriving.received_at
        )
        scene.links |= set(arriving.links)
        seen.add(name)
    ahead = set(receipts) - scene.filed.keys()
    while ahead:
        found = unit.submissions.filed_with(sorted(ahead))
        fresh = [f.receipt for f in found if f.receipt not in scene.filed]
        scene.filed |= {f.receipt: f for f in found if f.receipt not in scene.filed}
        links = unit.submissions.links(fresh)
        judged = unit.pairs.touching(fresh)
        scene.links |= set(links)
        scene.judged |= {pair.id: pair for pair in judged}
        reached = {end for link in links for end in link[:2]}
        reached |= {
            end
            for pair in judged
            if pair.judgement is Judgement.SAME
            for end in pair.both
        }
        ahead = reached - scene.filed.keys() - seen
        seen |= ahead
    return scene


@dataclass(frozen=True, slots=True)
class _Carrying:
    """Carries out what was found."""

    unit: ClearinghouseUnit
    scene: _Scene
    deed: Deed
    arriving: Arriving | None

    def out(self, groups: Sequence[Group]) -> dict[Receipt, CaseId]:
        """Record every move; findings leave before anything comes in.

        A case that both loses a finding and ends in another one so counts rightly.
        """
        homes = [group.case or self._open(group.anchor) for group in groups]
        for group, home in zip(groups, homes, strict=True):
            self._part(group, home)
        for group, home in zip(groups, homes, strict=True):
            self._join(group, home)
        moved: dict[Receipt, CaseId] = {}
        for group, home in zip(groups, homes, strict=True):
            for receipt in group.moves:
                self._refile(receipt, home)
                moved[receipt] = home
        return moved

    def _open(self, anchor: Receipt) -> CaseId:
        if self.arriving is not None and self.arriving.receipt == anchor:
            title = self.arriving.title
        else:
            finding = finding_in(self.unit, anchor)
            title = title_of(finding) if finding else UNREADABLE
        return open_case(self.unit, anchor, title, self.deed).id

    def _part(self, group: Group, home: CaseId) -> None:
        leaving: dict[CaseId, list[Fact]] = {}
        for receipt in group.moves:
            case = self.scene.filed[receipt].case
            if case is not None and case not in group.absorbs:
                fact = cases.FindingParted(finding=receipt, to=home)
                leaving.setdefault(case, []).append(fact)
        for name, facts in leaving.items():
            self._save(name, facts)

    def _join(self, group: Group, home: CaseId) -> None:
        facts: list[Fact] = [cases.CaseRestored()] if group.restores else []
        came = Counter(self.scene.filed[receipt].case for receipt in group.moves)
        for other in group.absorbs:
            self._save(other, [cases.CaseMerged(into=home)])
            facts.append(cases.CaseAbsorbed(other=other, findings=came[other]))
        facts += [
            cases.FindingAdded(finding=receipt)
            for receipt in group.moves
            if self.scene.filed[receipt].case not in group.absorbs
            and not (group.case is None and receipt == group.anchor)
        ]
        if facts:
            case = self._save(home, facts)
            deed = self.deed
            colliding.notice(
                self.unit,
                case,
                group.moves,
                by=deed.by,
                at=deed.at,
                randomness=deed.randomness,
            )

    def _refile(self, receipt: Receipt, home: CaseId) -> None:
        if self.arriving is not None and receipt == self.arriving.receipt:
            return
        submission = self.unit.submissions.get(receipt)
        fact = SubmissionRefiled(case=home)
        self.unit.submissions.save(
            submission, [fact], name=receipt, by=self.deed.by, at=self.deed.at
        )

    def _save(self, name: CaseId, facts: Sequence[Fact]) -> Case:
        before = self.unit.cases.get(name)
        case = self.unit.cases.save(
            before, facts, name=name, by=self.deed.by, at=self.deed.at
        )
        if case.state is not before.state:
            keep_time(self.unit, case)
        return case


UNREADABLE = "Unreadable report"
"""What a case is called whose report cannot be read."""


def open_case(
    unit: ClearinghouseUnit, receipt: Receipt, title: str, deed: Deed
) -> Case:
    """Open a case for a finding."""
    fact = cases.opened(receipt, title, deed.rules, at=deed.at)
    name = new_case_id(deed.randomness)
    case = unit.cases.save(None, [fact], name=name, by=deed.by, at=deed.at)
    keep_time(unit, case)
    return case
