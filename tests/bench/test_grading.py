"""An attempt is judged in a sandbox that nothing else has seen."""

import pytest

from fairlead.bench.grading import Handed, grade
from fairlead.bench.outcomes import Outcome
from fairlead.bench.suite import SUMS, load, sums_of


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        ("6", Outcome.SOLVED),
        ("7", Outcome.FAILED),
        ("", Outcome.FAILED),
        ("trap", Outcome.CHEATED),
        ("6" * (1 << 21), Outcome.FAILED),
        ("\ud800", Outcome.FAILED),
    ],
)
def test_the_exit_code_decides(tiny, bubblewrap, answer, outcome):
    """Solved, failed and cheated are what the grader's exit code says."""
    suite = load(tiny.files(1))
    judged = grade(bubblewrap, suite, suite.tasks["add-1"], Handed(answer=answer))
    assert judged.outcome is outcome


@pytest.mark.parametrize("broken", ["exit 7", "kill -SEGV $$", "sleep 9", "nonesuch"])
def test_a_grader_that_breaks_says_nothing_about_the_model(tiny, bubblewrap, broken):
    """A crash, a hang or a missing program is invalid, never failed or solved."""
    made = tiny.files(1, grader=broken)
    path = "tasks/add-1/task.toml"
    made[path] += b"limits = { wall = 1.0 }\n"
    suite = load(made | {SUMS: sums_of(made)})
    judged = grade(bubblewrap, suite, suite.tasks["add-1"], Handed(answer="6"))
    assert judged.outcome is Outcome.INVALID
    assert "grader ended by" in judged.said


def test_it_sees_the_flag_and_the_work(tiny, bubblewrap):
    """What was drawn and what was collected lie in its folder."""
    suite = load(tiny.files(1, grader='[ "$(cat flag)" = "$(cat work/a/b)" ]'))
    task = suite.tasks["add-1"]
    handed = Handed(flag="FLAG{x}", work={"a/b": b"FLAG{x}"})
    assert grade(bubblewrap, suite, task, handed).outcome is Outcome.SOLVED
    handed = Handed(flag="FLAG{x}", work={"a/b": b"FLAG{y}"})
    assert grade(bubblewrap, suite, task, handed).outcome is Outcome.FAILED


def test_what_it_says_steers_no_terminal(tiny, bubblewrap):
    """Its words are kept as text."""
    suite = load(tiny.files(1, grader=r"printf '\\033[2Jgone' >&2; exit 1"))
    judged = grade(bubblewrap, suite, suite.tasks["add-1"], Handed(answer="6"))
    assert judged.said.endswith("[2Jgone")
    assert "\x1b" not in judged.said
