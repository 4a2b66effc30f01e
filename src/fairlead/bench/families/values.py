"""What a generator returns: one instance, as values; nothing is read or run here."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from fairlead.bench.suite import Solution, Task
from fairlead.sandbox.levels import Level

Files = Mapping[str, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One task with all that is needed to judge it before any model sees it."""

    task: Task
    files: Files
    """By path in the folder of the task: `files/…`, `services/NAME/…`, `grader/…`."""
    solution: Solution
    twin: Files = field(default_factory=dict)
    """What takes the place of *files* where what is wrong was put right; the solution
    must fail there."""


Generate = Callable[[str, int], Instance]
"""Seed of the instance and step of difficulty → the instance, always the same."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One family: how its instances are made, and its ladder of difficulty."""

    name: str
    about: str
    generate: Generate
    minutes: tuple[float, ...]
    """What an expert is assumed to need, by step."""
    level: Level = Level.L2
    """Of the sandbox below which a model is not let at it."""
    reaches: str
    """What changes from step to step, for the docs."""

    @property
    def steps(self) -> int:
        """Return how many steps of difficulty there are."""
        return len(self.minutes)


def drawn(seed: str, purpose: str) -> random.Random:
    """Return a source of draws that depends on *seed* and *purpose* alone."""
    digest = hashlib.sha256(f"{purpose}\0{seed}".encode()).digest()
    return random.Random(int.from_bytes(digest, "big"))  # noqa: S311 - made to be repeated


def instance_seed(seed: str, family: str, step: int, number: int) -> str:
    """Return the seed of one instance of a suite, from that of the suite.

    Whoever is told one of them learns nothing of the others.
    """
    said = f"fairlead-task-v1\0{seed}\0{family}\0{step}\0{number}"
    return hashlib.sha256(said.encode()).hexdigest()[:32]


def task_id(family: str, step: int, seed: str) -> str:
    """Return the name of a task, which says nothing of how it is solved."""
    name = hashlib.sha256(f"task-name\0{family}\0{seed}".encode()).hexdigest()[:10]
    return f"{family}-{step}-{name}"
