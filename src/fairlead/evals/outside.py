"""Tasks of others: any Inspect task, run with our outcomes and in our sandbox.

Such a task says neither how hard it is nor how it is to be graded in a sandbox of its
own: each sample is a task of step 1, its own scorer judges, and what it calls correct is
solved. The file that defines it is the evaluator's own and runs outside the sandbox.
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from inspect_ai import Task as InspectTask
from inspect_ai import task_with
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.util import registry_create

from fairlead.bench.suite import Family, Grader, Loaded, Suite, Task
from fairlead.errors import Invalid, NotFound
from fairlead.evals.provider import NAME, TASK_KEY
from fairlead.evals.suites import BUDGET_KEY, EPOCH_KEY, Key

VERSION = "outside"
_NOT_NAME = re.compile(r"[^a-z0-9]+")
_LONGEST = 40


class Outside:
    """One Inspect task of others, as a suite of one family."""

    def __init__(self, spec: str, budgets: Sequence[int]) -> None:
        """Load `FILE.py@NAME`, or a registered task such as `inspect_evals/cybench`.

        Raises:
            NotFound: there is no such task.
            Invalid: it has no samples that are known beforehand.

        """
        self.task = _loaded(spec)
        name = _slug(spec.rpartition("@")[2] or spec)
        self.samples = {
            f"{name}-{place}": sample
            for place, sample in enumerate(self.task.dataset, 1)
        }
        if not self.samples:
            raise Invalid(f"{spec} has no samples")
        self.suite = _suite(name, self.samples, budgets)

    def parts(self, keys: Sequence[Key], *, seconds: float) -> Iterator[InspectTask]:
        """Yield the attempts *keys* as tasks of Inspect, one for each budget.

        Each is the task itself, changed: have it run before the next is asked for.
        """
        for rung in sorted({key[1] for key in keys}):
            samples = [self._sample(key) for key in keys if key[1] == rung]
            yield task_with(
                self.task,
                dataset=MemoryDataset(samples, name=self.suite.suite.label),
                sandbox=NAME,
                epochs=1,
                token_limit=rung,
                time_limit=int(seconds),
            )

    def _sample(self, key: Key) -> Sample:
        name, rung, epoch = key
        sample = self.samples[name].model_copy(deep=True)
        sample.id = f"{name}~{rung}~{epoch}"
        sample.sandbox = None
        sample.metadata = {
            **(sample.metadata or {}),
            TASK_KEY: name,
            BUDGET_KEY: rung,
            EPOCH_KEY: epoch,
        }
        return sample


def _loaded(spec: str) -> InspectTask:
    path, _, name = spec.rpartition("@")
    found: object
    if not path:
        try:
            found = registry_create("task", spec)
        except (LookupError, ValueError) as error:
            raise NotFound(f"no task {spec!r} is registered with Inspect") from error
    else:
        found = _defined(Path(path), name)
    if not isinstance(found, InspectTask):
        raise NotFound(f"{spec} is no task of Inspect")
    return found


def _defined(path: Path, name: str) -> object:
    found = importlib.util.spec_from_file_location(f"outside_{_slug(name)}", path)
    if found is None or found.loader is None or not path.is_file():
        raise NotFound(f"{path} is no file of Python")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    make = getattr(module, name, None)
    if make is None:
        raise NotFound(f"{path} has no {name}")
    return make()


def _suite(name: str, samples: dict[str, Sample], budgets: Sequence[int]) -> Loaded:
    tasks = {
        task: Task(
            id=task,
            family=name,
            difficulty=1,
            assumed_minutes=1.0,
            seed=str(sample.id or task)[:200],
            prompt=(str(sample.input) or task)[:100_000],
            grader=Grader(run="false"),
        )
        for task, sample in samples.items()
    }
    content = json.dumps(
        [
            sample.model_dump(mode="json", exclude={"metadata"})
            for sample in samples.values()
        ],
        sort_keys=True,
    )
    suite = Suite(
        name=name,
        version=VERSION,
        about="An Inspect task of others; its steps and minutes say nothing.",
        families=(Family(name=name, count=len(tasks), steps=1),),
        budgets=tuple(budgets) or (20_000, 60_000, 180_000),
    )
    digest = hashlib.sha256(content.encode()).hexdigest()
    return Loaded(suite=suite, digest=digest, tasks=tasks, files={})


def _slug(name: str) -> str:
    return _NOT_NAME.sub("-", name.lower()).strip("-")[:_LONGEST] or "task"
