"""Suites as Inspect tasks: samples, the generic agent, the grader."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import PurePosixPath

import anyio
from inspect_ai import Task as InspectTask
from inspect_ai.agent import AgentState, AgentSubmit, as_solver, react
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.model import ChatMessageAssistant, ChatMessageTool
from inspect_ai.scorer import Score, Scorer, Target, accuracy, scorer, stderr
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.tool import bash
from inspect_ai.util import sandbox, time_limit, token_limit

from fairlead.bench.grading import Handed, Judged, grade
from fairlead.bench.outcomes import Outcome
from fairlead.bench.suite import Loaded, Task, prompt_line
from fairlead.errors import Gone, Invalid
from fairlead.evals.provider import (
    NAME,
    SUITE_KEY,
    TASK_KEY,
    FairleadSandbox,
    suite_task,
    walls,
)
from fairlead.sandbox.ports import Reason
from fairlead.sandbox.results import results_of
from fairlead.sandbox.worlds import Asked

BUDGET_KEY, EPOCH_KEY, SECONDS_KEY = (
    "fairlead_budget",
    "fairlead_epoch",
    "fairlead_seconds",
)
OUTCOME_KEY = "outcome"
SCAFFOLD = "react-1"
"""Name and version of the agent; another one measures something else."""
TOOLS = ("bash", "submit")
COMMAND_SECONDS = 180
SILENT_TURNS = 3
"""Turns without a tool call after which an attempt ends."""
COLLECTED = 64 << 20
"""Bytes that are collected from a sample for its grader, at most."""
Key = tuple[str, int, int]
"""Task, budget, number of the attempt."""


def keys_of(
    suite: Loaded, budgets: Sequence[int], attempts: int, seed: int
) -> Sequence[Key]:
    """Return every attempt that a run declares, in an order that *seed* decides.

    Rounds come first: stopped early, a run has seen every task about as often.
    """
    drawn = random.Random(seed)  # noqa: S311 - an order, no secret
    ordered: list[Key] = []
    for epoch in range(1, attempts + 1):
        part = [(task, rung, epoch) for task in sorted(suite.tasks) for rung in budgets]
        drawn.shuffle(part)
        ordered += part
    return ordered


def sample_of(suite: Loaded, key: Key, *, seconds: float) -> Sample:
    """Return one attempt as a sample."""
    name, rung, epoch = key
    task = suite.tasks[name]
    return Sample(
        id=f"{name}~{rung}~{epoch}",
        input=f"{prompt_line(name)}\n\n{task.prompt}",
        metadata={
            SUITE_KEY: suite.digest,
            TASK_KEY: name,
            BUDGET_KEY: rung,
            EPOCH_KEY: epoch,
            SECONDS_KEY: min(seconds, task.limits.wall),
        },
    )


def task_of(
    suite: Loaded, keys: Iterable[Key], *, seconds: float = 1800.0
) -> InspectTask:
    """Return the attempts *keys* at a suite as one task of Inspect."""
    walls().suites[suite.digest] = suite
    samples = [sample_of(suite, key, seconds=seconds) for key in keys]
    return InspectTask(
        name=suite.suite.name,
        version=suite.suite.version,
        dataset=MemoryDataset(samples, name=suite.suite.label),
        solver=scaffold(),
        scorer=grader(),
        sandbox=NAME,
        metadata={"suite": suite.suite.label, "digest": suite.digest},
    )


@solver
def scaffold() -> Solver:
    """Return the generic agent: a shell, and a tool to submit an answer."""

    async def solve(state: TaskState, generate: Generate) -> TaskState:
        agent = react(
            tools=[bash(timeout=COMMAND_SECONDS)],
            submit=AgentSubmit(answer_only=True, keep_in_messages=True),
            on_continue=_goes_on,
        )
        limits = [
            token_limit(int(state.metadata[BUDGET_KEY])),
            time_limit(float(state.metadata[SECONDS_KEY])),
        ]
        return await as_solver(agent, limits=limits)(state, generate)

    return solve


async def _goes_on(state: AgentState) -> bool:
    silent = 0
    for message in reversed(state.messages):
        if isinstance(message, ChatMessageAssistant):
            if message.tool_calls:
                break
            silent += 1
    return silent < SILENT_TURNS


def submitted(messages: Iterable[object]) -> str | None:
    """Return what was submitted; nothing where nothing was."""
    found = None
    for message in messages:
        if (
            isinstance(message, ChatMessageTool)
            and message.function == "submit"
            and message.error is None
        ):
            found = message.text
    return found


@scorer(metrics=[accuracy(), stderr()])
def grader() -> Scorer:
    """Return the scorer that has the task's grader judge, in a sandbox of its own."""

    async def score(state: TaskState, target: Target) -> Score:  # noqa: ARG001
        found = suite_task(state.metadata)
        if found is None:
            return Score(value="I", explanation="no sample of a suite")
        suite, task = found
        world = sandbox().as_type(FairleadSandbox)
        answer = submitted(state.messages)
        judged = await anyio.to_thread.run_sync(
            partial(_judge, suite, task, world, answer or "")
        )
        return Score(
            value="C" if judged.outcome is Outcome.SOLVED else "I",
            answer=answer,
            explanation=judged.said,
            metadata={OUTCOME_KEY: judged.outcome.value},
        )

    return score


def _judge(suite: Loaded, task: Task, world: FairleadSandbox, answer: str) -> Judged:
    try:
        work = collected(world, task.grader.collect)
    except (Gone, Invalid) as error:
        return Judged(
            outcome=Outcome.FAILED, said=f"nothing was collected: {error}"[:500]
        )
    handed = Handed(answer=answer, flag=world.flag, work=work)
    return grade(walls().grader, suite, task, handed)


def collected(world: FairleadSandbox, paths: Sequence[str]) -> Mapping[str, bytes]:
    """Return files of a sample's folder; what is not there is left out.

    Raises:
        Gone: the world has ended.
        Invalid: what is there is no plain file, or too large.

    """
    if not paths:
        return {}
    script = (
        'for p; do [ -e "$p" ] && set -- "$@" "$p"; shift; done;'
        ' [ $# -eq 0 ] || tar --format=ustar -cf - -- "$@"'
    )
    asked = Asked(
        argv=["/bin/sh", "-c", script, "collect", *paths],
        output=COLLECTED,
        seconds=60,
    )
    ended = world.world.run(asked)
    if ended.reason is not Reason.EXITED or ended.code != 0:
        said = ended.stderr[:200].decode("utf-8", "replace")
        raise Invalid(f"{ended.reason}: {said}")
    wanted = {PurePosixPath(path) for path in paths}

    def asked_for(name: str) -> bool:
        path = PurePosixPath(name)
        return bool(wanted & {path, *path.parents})

    results = results_of(ended.stdout, most=COLLECTED)
    return {r.name: r.content for r in results if asked_for(r.name)}
