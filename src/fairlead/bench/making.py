"""Making a suite: instances from a seed, each through the gate, until there are enough.

The seed's digest is told before, the seed after: then anyone makes the same instances and
compares them byte for byte. Which of them were let through was decided by running them.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Protocol

from msgspec import Meta, Struct

from fairlead.bench.families.catalogue import KINDS
from fairlead.bench.families.values import Instance, instance_seed
from fairlead.bench.gate import Gated
from fairlead.bench.suite import Family, Loaded, Name, Suite
from fairlead.bench.writing import instance_files, sealed_by_sums
from fairlead.errors import Damaged, NotFound, Unavailable
from fairlead.sandbox.levels import Level

CANDIDATES = 4
"""Instances that are tried for each that is wanted, before it is given up."""


class Plan(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is to be made."""

    name: Name
    version: str
    families: tuple[str, ...]
    steps: tuple[int, ...] = ()
    """All that a family has, where none are named."""
    count: Annotated[int, Meta(ge=1, le=10_000)]
    """Of each family at each step."""
    seed_digest: str
    minimum_level: Level = Level.L2


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where an instance belongs: the *number*th candidate of a family at a step."""

    family: str
    step: int
    number: int

    @property
    def label(self) -> str:
        """Return it as it is written in the journal."""
        return f"{self.family}/{self.step}/{self.number}"


class Decided(Struct, frozen=True, kw_only=True):
    """One line of the journal."""

    place: str
    gated: Gated


class Folder(Protocol):
    """Where a suite is made, and what was decided so far."""

    def decided(self) -> Mapping[str, Gated]:
        """Return what was decided, by label of the place."""

    def keep(self, place: str, gated: Gated, files: Mapping[str, bytes]) -> None:
        """Keep the files of one instance, all or none, and then what was decided."""

    def files(self) -> Mapping[str, bytes]:
        """Return all files of the suite so far."""

    def finish(self, files: Mapping[str, bytes]) -> None:
        """Write what makes it a suite."""


def digest_of(seed: str) -> str:
    """Return what is told of a seed before: its SHA-256."""
    return hashlib.sha256(seed.encode()).hexdigest()


def steps_of(plan: Plan, family: str) -> Sequence[int]:
    """Return the steps at which instances of *family* are made.

    Raises:
        NotFound: there is no such family, or no such step.

    """
    if family not in KINDS:
        known = ", ".join(sorted(KINDS))
        raise NotFound(f"no family {family!r}; there are {known}")
    steps = plan.steps or tuple(range(1, KINDS[family].steps + 1))
    if wrong := [step for step in steps if not 1 <= step <= KINDS[family].steps]:
        raise NotFound(f"{family} has {KINDS[family].steps} steps, and no {wrong[0]}")
    return steps


def instance(seed: str, place: Place) -> Instance:
    """Return the instance of *place*, from the seed of the suite."""
    made_from = instance_seed(seed, place.family, place.step, place.number)
    return KINDS[place.family].generate(made_from, place.step)


def alone(made: Instance, plan: Plan) -> Loaded:
    """Return *made* as the only task of a suite, for the gate."""
    start = f"tasks/{made.task.id}/"
    family = Family(name=made.task.family, count=1)
    return Loaded(
        suite=Suite(name=plan.name, version=plan.version, families=(family,)),
        digest="",
        tasks={made.task.id: made.task},
        files={start + path: content for path, content in made.files.items()},
    )


def make(
    plan: Plan,
    seed: str,
    folder: Folder,
    gate: Callable[[Instance, Loaded], Gated],
) -> Iterator[tuple[Place, Gated]]:
    """Make what *plan* says in *folder*, saying what became of each candidate.

    What was decided before is not done again, so it goes on where it was stopped.

    Raises:
        Unavailable: too few are let through; what was made stays.

    """
    before = folder.decided()
    for family in plan.families:
        for step in steps_of(plan, family):
            held, number = 0, 0
            while held < plan.count:
                place = Place(family, step, number)
                gated = before.get(place.label)
                if gated is None:
                    gated = _candidate(plan, seed, place, folder, gate)
                held += gated.held
                number += 1
                yield place, gated
                if number >= CANDIDATES * plan.count and held < plan.count:
                    raise Unavailable(
                        f"{family}, step {step}: of {number} instances the gate let"
                        f" {held} through; the last: {'; '.join(gated.reasons)}"
                    )
    folder.finish(_finished(plan, folder))


def _candidate(
    plan: Plan,
    seed: str,
    place: Place,
    folder: Folder,
    gate: Callable[[Instance, Loaded], Gated],
) -> Gated:
    made = instance(seed, place)
    gated = gate(made, alone(made, plan))
    folder.keep(place.label, gated, instance_files(made) if gated.held else {})
    return gated


def _finished(plan: Plan, folder: Folder) -> Mapping[str, bytes]:
    decided = folder.decided()
    families = []
    for name in plan.families:
        of = [gated for gated in decided.values() if gated.family == name]
        families.append(
            Family(
                name=name,
                count=sum(gated.held for gated in of),
                steps=KINDS[name].steps,
                rejected=sum(not gated.held for gated in of),
            )
        )
    suite = Suite(
        name=plan.name,
        version=plan.version,
        minimum_level=plan.minimum_level,
        families=tuple(families),
        seed_digest=plan.seed_digest,
    )
    return sealed_by_sums(suite, folder.files())


def compare(suite: Loaded, seed: str) -> int:
    """Make every task of *suite* anew from *seed*; return how many there are.

    Raises:
        Damaged: the seed is another one, or a task is not what it makes.

    """
    if suite.suite.seed_digest != digest_of(seed):
        raise Damaged("this is not the seed whose digest the suite names")
    by_seed = {
        instance_seed(seed, family.name, step, number): Place(family.name, step, number)
        for family in suite.suite.families
        for step in range(1, family.steps + 1)
        for number in range(family.count + family.rejected)
    }
    for task in suite.tasks.values():
        place = by_seed.get(task.seed)
        if place is None:
            raise Damaged(f"{task.id} was not made from this seed")
        start = f"tasks/{task.id}/"
        wanted = {
            path: content
            for path, content in instance_files(instance(seed, place)).items()
            if path.startswith("tasks/")
        }
        there = {p: c for p, c in suite.files.items() if p.startswith(start)}
        for path in sorted(wanted.keys() | there.keys()):
            if wanted.get(path) != there.get(path):
                raise Damaged(f"{path} is not what the seed makes")
    return len(suite.tasks)


def yields(decided: Mapping[str, Gated]) -> Mapping[tuple[str, int], tuple[int, int]]:
    """Return how many were let through and how many tried, by family and step."""
    found: dict[tuple[str, int], tuple[int, int]] = {}
    for gated in decided.values():
        key = (gated.family, gated.difficulty)
        held, tried = found.get(key, (0, 0))
        found[key] = (held + gated.held, tried + 1)
    return dict(sorted(found.items()))
