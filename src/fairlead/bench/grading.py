"""Judging an attempt, in a fresh sandbox that nothing else has seen.

The model's world is gone or stays away; only what the task collects comes here. What a
grader says is what a program said that may have run what the model wrote: its exit code
is taken, its text is kept as text.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from fairlead.bench.outcomes import Outcome
from fairlead.bench.packing import UNPACK, packed
from fairlead.bench.suite import CHEATED, FAILED, GRADER, SOLVED, Loaded, Task
from fairlead.errors import Invalid
from fairlead.sandbox.ports import Command, Reason, Sandbox
from fairlead.sandbox.showing import shown

MOST = 1 << 20
"""Bytes of an answer; a longer one is cut, and cannot be right."""
_SAID = 500
_OUTCOMES = {
    SOLVED: Outcome.SOLVED,
    FAILED: Outcome.FAILED,
    CHEATED: Outcome.CHEATED,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """What an attempt left to be judged."""

    answer: str = ""
    flag: str | None = None
    """What was drawn for this attempt, where the task has a flag."""
    work: Mapping[str, bytes] | None = None
    """Files collected from the sample's folder, by path."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What a grader said."""

    outcome: Outcome
    said: str
    """For people; without anything that steers a terminal."""
    seconds: float = 0.0


def grade(sandbox: Sandbox, suite: Loaded, task: Task, handed: Handed) -> Judged:
    """Judge one attempt in *sandbox*.

    What the model made larger than the grader takes counts as failed, a grader that
    does not end as it must as invalid.

    Raises:
        NoSandbox: a layer is missing, so that nothing was run.

    """
    files = dict(suite.below(task.id, GRADER))
    files["answer"] = handed.answer.encode("utf-8", "replace")[:MOST]
    if handed.flag is not None:
        files["flag"] = handed.flag.encode()
    for path, content in (handed.work or {}).items():
        files[f"work/{path}"] = content
    try:
        command = Command(
            argv=["/bin/sh", "-c", f"{UNPACK} && {{\n{task.grader.run}\n}}"],
            files={"world.tar": packed(files)},
            limits=task.grader.limits,
            loopback=True,
        )
        ended = sandbox.run(command)
    except Invalid as error:
        return Judged(outcome=Outcome.FAILED, said=f"not taken: {error}"[:_SAID])
    said = shown(ended.stderr.strip(), _SAID)
    outcome = Outcome.INVALID
    if ended.reason is Reason.EXITED and ended.code is not None:
        outcome = _OUTCOMES.get(ended.code, Outcome.INVALID)
    if outcome is Outcome.INVALID:
        how = f"{ended.reason} {ended.code if ended.code is not None else ''}".strip()
        said = f"the grader ended by {how}: {said}"[:_SAID]
    return Judged(outcome=outcome, said=said, seconds=ended.seconds)
