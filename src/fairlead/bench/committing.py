"""Use cases: tell the digest of a seed, what was made from it, and then the seed."""

from __future__ import annotations

from datetime import datetime

from fairlead.access.roles import Asker, Scope
from fairlead.bench.generated import (
    GeneratedSuite,
    Progress,
    SeedCommitted,
    SeedRevealed,
    SuiteMade,
    suite_id,
)
from fairlead.bench.making import Plan, digest_of
from fairlead.bench.ports import BenchUnit
from fairlead.errors import Damaged, NotFound, Refused


def commit(
    unit: BenchUnit, asker: Asker, plan: Plan, *, at: datetime
) -> GeneratedSuite:
    """Put the digest of a seed on the record; one that is there stays as it is.

    Raises:
        Refused: its seed was told already, so that everybody can make the solutions.

    """
    asker.needs(Scope.PEOPLE_MANAGE)
    name = suite_id(plan.seed_digest)
    try:
        found = unit.suites.get(name)
    except NotFound:
        fact = SeedCommitted(
            label=f"{plan.name}@{plan.version}",
            seed_digest=plan.seed_digest,
            families=plan.families,
            steps=plan.steps,
            count=plan.count,
        )
        return unit.suites.save(None, [fact], name=name, by=asker.actor, at=at)
    if found.progress is Progress.REVEALED:
        raise Refused("this seed was told; a suite made from it measures nothing")
    return found


def made(  # noqa: PLR0913 - one value a thing that must be said
    unit: BenchUnit,
    asker: Asker,
    plan: Plan,
    *,
    digest: str,
    accepted: int,
    rejected: int,
    at: datetime,
) -> GeneratedSuite:
    """Put on the record what was made; saying the same again changes nothing.

    Raises:
        Damaged: another suite was made from this seed before.

    """
    asker.needs(Scope.PEOPLE_MANAGE)
    before = unit.suites.get(suite_id(plan.seed_digest))
    if before.progress is not Progress.COMMITTED:
        if before.digest != digest:
            raise Damaged("another suite was made from this seed, and is on the record")
        return before
    fact = SuiteMade(digest=digest, accepted=accepted, rejected=rejected)
    return unit.suites.save(before, [fact], name=before.id, by=asker.actor, at=at)


def reveal(
    unit: BenchUnit, asker: Asker, seed: str, *, digest: str, at: datetime
) -> GeneratedSuite:
    """Tell the seed of the suite with *digest*, which is used up from then on.

    Raises:
        NotFound: no suite was made from it on this record.
        Damaged: another suite was.

    """
    asker.needs(Scope.PEOPLE_MANAGE)
    before = unit.suites.get(suite_id(digest_of(seed)))
    if before.progress is Progress.COMMITTED:
        raise Refused("the suite is not made yet")
    if before.digest != digest:
        raise Damaged("another suite was made from this seed, and is on the record")
    if before.progress is Progress.REVEALED:
        return before
    fact = SeedRevealed(seed=seed)
    return unit.suites.save(before, [fact], name=before.id, by=asker.actor, at=at)
