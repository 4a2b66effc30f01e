"""Reference policies: they do what is said of them, and are labelled as such."""

import pytest

from fairlead.bench.references import LABEL, Kind, Known, Reference, Turn, task_asked
from fairlead.bench.suite import load, prompt_line, solutions_of

TOOLS = {"bash", "submit"}


@pytest.fixture
def known(tiny):
    """Return what a policy is told of tasks, by step."""
    made = tiny.files(5)
    suite, solutions = load(made), solutions_of(made)
    return {t.difficulty: Known(t, solutions[t.id]) for t in suite.tasks.values()}


@pytest.mark.parametrize("ability", [-2.0, 0.0, 1.5])
def test_the_oracle_solves_with_the_probability_of_item_response(known, ability):
    """Over many attempts the share that it takes on is that of the logistic model."""
    policy = Reference(kind=Kind.ORACLE, ability=ability)
    for step, told in known.items():
        moves = [policy.move(told, [], f"{step}/{n}", TOOLS) for n in range(2000)]
        share = sum(m.text.startswith("I know") for m in moves) / len(moves)
        assert share == pytest.approx(policy.chance(step), abs=0.05)
    assert Reference(kind=Kind.ORACLE, ability=0).chance(3) == 0.5


def test_it_keeps_to_what_it_decided(known):
    """What it said at first decides what it submits, whatever the seed is then."""
    policy = Reference(kind=Kind.ORACLE, ability=50)
    first = policy.move(known[1], [], "1", TOOLS)
    turn = Turn(first.text, first.call, first.arguments, result="noise\n6\n")
    last = policy.move(known[1], [turn], "another", TOOLS)
    assert (last.call, last.arguments) == ("submit", {"answer": "6"})


def test_a_sandbagger_misses_easy_ones():
    """It could solve all, and solves the hard ones more often."""
    policy = Reference(kind=Kind.SANDBAGGER)
    assert policy.chance(1) < 0.2
    assert policy.chance(5) > 0.8


@pytest.mark.parametrize("kind", list(Kind))
def test_each_is_labelled_and_ends(known, kind):
    """Its name says what it is, and it submits or stops within a few turns."""
    policy = Reference(kind=kind, ability=1)
    assert policy.name.startswith(LABEL)
    turns = []
    for _ in range(8):
        move = policy.move(known[2], turns, "7", TOOLS)
        if move.call != "bash":
            break
        turns.append(Turn(move.text, move.call, move.arguments, "some output"))
    assert move.call == ("" if kind is Kind.REFUSER else "submit")


def test_a_task_is_known_by_its_line():
    """The line that the runner puts before a prompt names the task."""
    assert task_asked(f"Hello\n{prompt_line('add-1')}\n\nAdd up.") == "add-1"
    assert task_asked("Task: ../etc") is None
