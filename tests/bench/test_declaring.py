"""What must be declared before a run, and what refuses one."""

from datetime import UTC, datetime

import pytest
from msgspec.structs import replace

from fairlead.bench.declaring import (
    is_reference,
    judge_budgets,
    needed_level,
    refuse_below,
    refuse_changed,
)
from fairlead.bench.outcomes import Budgets, Run, RunId
from fairlead.bench.suite import load
from fairlead.errors import Invalid, Refused
from fairlead.sandbox.levels import Level

AT = datetime(2026, 11, 25, 12, tzinfo=UTC)


def test_the_level_is_the_suites_or_a_tasks(tiny):
    """A stronger demand of one task counts for all; reference policies need the first."""
    suite = load(tiny.files(2, level="L2"))
    tasks = [*suite.tasks.values()]
    assert needed_level(suite.suite, tasks, reference=False) is Level.L2
    tasks[0] = replace(tasks[0], minimum_level=Level.L3)
    assert needed_level(suite.suite, tasks, reference=False) is Level.L3
    assert needed_level(suite.suite, tasks, reference=True) is Level.L1
    with pytest.raises(Refused, match="L3 or stronger"):
        refuse_below(Level.L2, suite.suite, tasks, reference=False)
    refuse_below(Level.L1, suite.suite, tasks, reference=True)
    with pytest.raises(Refused):
        refuse_below(Level.NONE, suite.suite, tasks, reference=True)


@pytest.mark.parametrize(
    "tokens", [(1000,), (1000, 2000), (3, 2, 1), (10, 100, 10_000)]
)
def test_budgets_that_give_no_curve_are_refused(tokens):
    """Three at least, ascending, evenly spaced on a log scale."""
    with pytest.raises(Invalid):
        judge_budgets(tokens, reference=False)


def test_budgets_that_give_a_curve():
    """Evenly spaced ones are taken; a reference policy may be tried at one."""
    judge_budgets((20_000, 60_000, 200_000), reference=False)
    judge_budgets((1000,), reference=True)


def test_a_run_goes_on_only_as_declared():
    """Whatever was declared and is another now is named."""
    run = Run(
        id=RunId("run-a"),
        suite="s",
        version="1",
        suite_digest="0" * 64,
        model="openai/some",
        scaffold="react-1",
        tools=("bash",),
        attempts=2,
        budgets=Budgets(tokens=(1, 2, 3)),
        stopping="fixed",
        level=Level.L2,
        seed=1,
        declared=AT,
    )
    refuse_changed(run, replace(run, id=RunId("run-b"), harness="newer"))
    with pytest.raises(Refused, match="attempts, seed"):
        refuse_changed(run, replace(run, attempts=3, seed=2))


def test_names_of_reference_policies():
    """They are known by their name, with whatever provider it is called."""
    assert is_reference("openai/fairlead-reference-oracle+1")
    assert not is_reference("openai/gpt-reference")
