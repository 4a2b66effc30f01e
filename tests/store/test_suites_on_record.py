"""The digest of a seed is on the record before a suite is made, the seed after."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fairlead.access.roles import operator
from fairlead.bench import committing
from fairlead.bench.generated import Progress, suite_id
from fairlead.bench.making import Plan, digest_of
from fairlead.errors import Damaged, Refused

AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
ME = operator("test")
PLAN = Plan(
    name="made", version="1", families=("memory",), count=1, seed_digest=digest_of("s")
)


def commit(store):
    with store.begin() as unit:
        return committing.commit(unit, ME, PLAN, at=AT)


def made(store, digest="ab" * 32):
    with store.begin() as unit:
        return committing.made(
            unit, ME, PLAN, digest=digest, accepted=6, rejected=1, at=AT
        )


def reveal(store, digest="ab" * 32):
    with store.begin() as unit:
        return committing.reveal(unit, ME, "s", digest=digest, at=AT)


def test_a_seed_is_committed_then_used_then_told(store):
    """Each step is on the record once, however often the command is given."""
    assert commit(store) == commit(store)
    assert made(store) == made(store)
    told = reveal(store)
    assert reveal(store) == told
    assert (told.progress, told.seed, told.accepted) == (Progress.REVEALED, "s", 6)
    with store.read() as unit:
        assert unit.suites.get(suite_id(digest_of("s"))) == told


def test_nothing_is_revealed_before_it_was_used(store):
    """A seed that was told before cannot have been drawn before."""
    commit(store)
    with pytest.raises(Refused, match="not made yet"):
        reveal(store)


def test_one_seed_makes_one_suite(store):
    """Another suite from the same seed, and a seed that was told, are refused."""
    commit(store)
    made(store)
    with pytest.raises(Damaged, match="another suite"):
        made(store, "cd" * 32)
    with pytest.raises(Damaged, match="another suite"):
        reveal(store, "cd" * 32)
    reveal(store)
    with pytest.raises(Refused, match="was told"):
        commit(store)
