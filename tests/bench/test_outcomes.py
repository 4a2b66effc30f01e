"""What is declared before a run and what became of each attempt, as files."""

from datetime import UTC, datetime

import msgspec
import pytest

from fairlead.bench.outcomes import (
    Attempt,
    Budgets,
    Outcome,
    Run,
    RunId,
    encode_attempt,
    encode_run,
    read_attempts,
    read_run,
)
from fairlead.errors import Damaged, Malformed
from fairlead.sandbox.levels import Level

AT = datetime(2026, 11, 25, 12, tzinfo=UTC)


def attempt(**changed):
    """Return an attempt."""
    made = Attempt(
        suite="tiny@1",
        task="add-1",
        family="adding",
        difficulty=1,
        assumed_minutes=2.0,
        seed="7",
        epoch=1,
        budget_tokens=1000,
        tokens=120,
        seconds=1.5,
        outcome=Outcome.SOLVED,
        log="0" * 64,
        ended=AT,
    )
    return msgspec.structs.replace(made, **changed)


def run(**changed):
    """Return what is declared of a run."""
    made = Run(
        id=RunId("run-abc"),
        suite="tiny",
        version="1",
        suite_digest="0" * 64,
        model="openai/some",
        scaffold="react",
        tools=("bash",),
        attempts=2,
        budgets=Budgets(tokens=(1000, 10_000, 100_000)),
        stopping="fixed",
        level=Level.L2,
        seed=1,
        declared=AT,
    )
    return msgspec.structs.replace(made, **changed)


def test_what_is_written_is_read_again():
    """A manifest and attempts come back as they were."""
    assert read_run(encode_run(run())) == run()
    lines = [attempt(), attempt(epoch=2), attempt(budget_tokens=10_000)]
    content = b"".join(encode_attempt(a) + b"\n" for a in lines)
    assert read_attempts(content) == lines


def test_an_attempt_twice_is_damage():
    """Two lines with the same task, budget and number contradict each other."""
    line = encode_attempt(attempt()) + b"\n"
    with pytest.raises(Damaged, match="line 2"):
        read_attempts(line + line)


@pytest.mark.parametrize(
    "line",
    [b"{", b"[]", b'{"suite":"a"}', encode_attempt(attempt())[:-1] + b',"more":1}'],
)
def test_a_line_that_is_no_attempt_is_named(line):
    """What is no attempt is refused with the number of its line."""
    with pytest.raises(Malformed, match="line 1"):
        read_attempts(line + b"\n")
