"""Generated suites as subjects of the record: the seed's digest first, the seed last."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from fairlead.base.ids import SuiteId
from fairlead.record.events import Event, Fact
from fairlead.record.subjects import Subject, name_of, unexpected


class Progress(StrEnum):
    """How far a generated suite is."""

    COMMITTED = "committed"
    MADE = "made"
    REVEALED = "revealed"
    """It is used up: who knows the seed knows the solutions."""


class SeedCommitted(Fact, frozen=True, tag="suite.committed@1"):
    """Somebody is about to make a suite from a seed of this digest."""

    label: str
    """Name and version."""
    seed_digest: str
    families: tuple[str, ...]
    steps: tuple[int, ...]
    count: int
    """Of each family at each step."""


class SuiteMade(Fact, frozen=True, tag="suite.made@1"):
    """It is made."""

    digest: str
    """Of the suite, which names every byte of it."""
    accepted: int
    rejected: int
    """Instances that the gate did not let through."""


class SeedRevealed(Fact, frozen=True, tag="suite.revealed@1"):
    """The seed is told; the suite is not to be used any more."""

    seed: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GeneratedSuite:
    """One generated suite, as the record has it."""

    id: SuiteId
    label: str
    seed_digest: str
    committed: datetime
    progress: Progress = Progress.COMMITTED
    digest: str = ""
    accepted: int = 0
    rejected: int = 0
    seed: str = ""
    version: int = 1


def suite_id(seed_digest: str) -> SuiteId:
    """Return the name of the suite that is made from the seed of this digest."""
    return SuiteId(f"ste-{seed_digest[:24]}")


def _evolve(state: GeneratedSuite | None, event: Event) -> GeneratedSuite:
    match state, event.fact:
        case None, SeedCommitted() as fact:
            return GeneratedSuite(
                id=SuiteId(name_of(event)),
                label=fact.label,
                seed_digest=fact.seed_digest,
                committed=event.at,
            )
        case GeneratedSuite(progress=Progress.COMMITTED), SuiteMade() as fact:
            return replace(
                state,
                progress=Progress.MADE,
                digest=fact.digest,
                accepted=fact.accepted,
                rejected=fact.rejected,
                version=event.version,
            )
        case GeneratedSuite(progress=Progress.MADE), SeedRevealed(seed=seed):
            return replace(
                state, progress=Progress.REVEALED, seed=seed, version=event.version
            )
    raise unexpected(event)


SUITES = Subject(
    "suite", GeneratedSuite, (SeedCommitted, SuiteMade, SeedRevealed), _evolve
)
