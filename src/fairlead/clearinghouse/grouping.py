"""Which findings belong together, and in which case; pure.

What is decided about a pair depends on the two findings alone, and so does not depend on
the order in which reports come. What follows for all of them is decided here from the
set of these decisions, so it does not depend on that order either (promise P10).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from fairlead.base.ids import CaseId, Receipt


class Link(NamedTuple):
    """Two findings that are taken for one bug."""

    first: Receipt
    second: Receipt
    probability: float = 1.0
    by_person: bool = False


Apart = tuple[Receipt, Receipt]
"""Two findings that a person said are different bugs."""


def components(
    members: Iterable[Receipt], links: Iterable[Link], apart: Iterable[Apart]
) -> list[frozenset[Receipt]]:
    """Return the connected components of *members*; none holds two that are *apart*.

    Links are followed in one order, whatever order they are given in: those of people
    first, then the most probable, then by name. One that would bring together what is
    apart is left out.
    """
    groups: dict[Receipt, set[Receipt]] = {m: {m} for m in members}
    forbidden: dict[Receipt, set[Receipt]] = {m: set() for m in groups}
    for one, other in apart:
        if one in groups and other in groups:
            forbidden[one].add(other)
            forbidden[other].add(one)
    for link in sorted({_ordered(link) for link in links}, key=_precedence):
        mine, theirs = groups.get(link.first), groups.get(link.second)
        if mine is None or theirs is None or mine is theirs:
            continue
        small, large = sorted((mine, theirs), key=len)
        if any(not forbidden[member].isdisjoint(large) for member in small):
            continue
        large |= small
        for member in small:
            groups[member] = large
    distinct = {id(group): frozenset(group) for group in groups.values()}
    return sorted(distinct.values(), key=min)


def _ordered(link: Link) -> Link:
    first, second = sorted((link.first, link.second))
    return link._replace(first=first, second=second)


def _precedence(link: Link) -> tuple[bool, float, Receipt, Receipt]:
    return not link.by_person, -link.probability, link.first, link.second


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A case, as far as it matters for where findings belong."""

    id: CaseId
    anchor: Receipt
    """The finding that opened it."""
    opened_at: datetime
    settled: bool = False
    """Others rely on it, so it becomes part of no other one by itself."""
    merged: bool = False
    """It is part of another one at present."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filed:
    """A finding, and where it is filed."""

    receipt: Receipt
    case: CaseId | None
    """Nothing while it is being decided."""
    received_at: datetime


@dataclass(frozen=True, slots=True)
class Group:
    """A component, and the case in which its findings belong."""

    case: CaseId | None
    """Nothing: one has to be opened, for `anchor`."""
    anchor: Receipt
    moves: tuple[Receipt, ...]
    """Findings that are not filed there yet, the oldest first."""
    absorbs: tuple[CaseId, ...] = ()
    """Cases whose own finding is among them, and which end in this one."""
    restores: bool = False
    """The case is part of another one at present, and becomes one of its own."""


def place(
    together: Sequence[Collection[Receipt]],
    filed: Mapping[Receipt, Filed],
    cases: Iterable[Standing],
) -> list[Group]:
    """Say for each component in which case its findings belong.

    A case goes where the finding goes that opened it. Of several, one that is settled
    is taken, then the oldest that stands; a settled one that is not taken keeps what is
    filed in it, as far as that belongs to its component.
    """
    standing: dict[Receipt, list[Standing]] = {}
    for case in cases:
        standing.setdefault(case.anchor, []).append(case)
    return [_group(component, filed, standing) for component in together]


def _group(
    component: Collection[Receipt],
    filed: Mapping[Receipt, Filed],
    standing: Mapping[Receipt, Sequence[Standing]],
) -> Group:
    members = sorted(component, key=lambda r: (filed[r].received_at, r))
    mine = [case for receipt in members for case in standing.get(receipt, ())]
    mine.sort(key=lambda c: (c.merged, not c.settled, c.opened_at, c.id))
    if not mine:
        return Group(None, members[0], tuple(members))
    home, *rest = mine
    stay = {home.id} | {case.id for case in rest if case.settled}
    moves = tuple(r for r in members if filed[r].case not in stay)
    absorbs = tuple(c.id for c in rest if not c.settled and not c.merged)
    return Group(home.id, home.anchor, moves, absorbs, home.merged)
