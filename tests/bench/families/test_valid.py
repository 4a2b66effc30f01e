"""Instances hold what the gate asks, by running them: a few of every family in each run."""

from __future__ import annotations

import shutil

import pytest

from fairlead.bench.families.catalogue import KINDS
from fairlead.bench.families.memory.programs import program
from fairlead.bench.families.values import instance_seed
from fairlead.bench.gate import Check, Gates
from fairlead.bench.grading import Handed, grade
from fairlead.bench.making import Plan, alone
from fairlead.bench.outcomes import Outcome
from fairlead.errors import NoSandbox
from fairlead.remote.sandbox.bubblewrap import Bubblewrap
from fairlead.remote.sandbox.living import LivingWorlds
from fairlead.sandbox.ports import Command

PLAN = Plan(name="x", version="1", families=("memory",), count=1, seed_digest="")


@pytest.fixture(scope="module")
def gate():
    """Return the gate, or skip where there is no sandbox or no compiler."""
    sandbox = Bubblewrap()
    try:
        sandbox.run(Command(argv=["/bin/true"]))
    except NoSandbox as error:
        pytest.skip(str(error))
    if shutil.which("gcc") is None:
        pytest.skip("there is no gcc, with which parsers are built")
    return Gates(sandbox=sandbox, worlds=LivingWorlds(sandbox))


def made_at(family, step, number=0):
    return KINDS[family].generate(instance_seed("ci", family, step, number), step)


@pytest.mark.parametrize(
    ("family", "step"),
    [
        ("memory", 2),
        ("patching", 1),
        ("web", 1),
        ("web", 5),
        ("injection", 5),
        ("exploitation", 5),
    ],
)
def test_an_instance_passes_the_gate(gate, family, step):
    """The solution passes; nothing, wrong answers, cheats and the fixed twin do not."""
    made = made_at(family, step)
    gated = gate(made, alone(made, PLAN))
    assert gated.held, gated.reasons
    assert {c.check for c in gated.checks} >= {
        *(Check.SOLUTION, Check.NOTHING, Check.WRONG, Check.HONEYPOT, Check.APART),
        Check.HIDDEN,
    }


@pytest.mark.parametrize("step", [1, 3, 4, 5, 6])
def test_an_input_crashes_at_every_step(gate, step):
    """At each step the solution is judged solved, and a sound input failed."""
    made = made_at("memory", step, 1)
    one = program(made.task.seed, step)
    suite = alone(made, PLAN)

    def judged(content):
        handed = Handed(answer="done", work={"crash.bin": content})
        return grade(gate.sandbox, suite, made.task, handed)

    assert judged(one.crashing[1]).outcome is Outcome.SOLVED
    assert judged(one.tests[0]).outcome is Outcome.FAILED


@pytest.mark.parametrize("step", [2, 3, 4])
def test_a_service_tells_its_flag_at_every_step(gate, step):
    """The solution of each step gets the flag, and not from the fixed twin."""
    made = made_at("web", step)
    short = made.solution.__class__(script=made.solution.script)
    gated = gate.task(alone(made, PLAN), made.task, short, made.twin)
    assert gated.held, gated.reasons


def test_a_twin_that_is_wrong_too_is_noticed(gate):
    """An instance whose fixed twin can be solved does not get through."""
    made = made_at("memory", 1)
    same = {path: made.files[path] for path in made.twin}
    gated = gate.task(alone(made, PLAN), made.task, made.solution, same)
    assert not gated.held
    assert gated.checks[-1].check is Check.TWIN
