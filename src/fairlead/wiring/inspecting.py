"""What Inspect finds of ours by its entry point: the sandbox `fairlead` and suites.

    inspect eval fairlead/suite -T folder=SUITE --model openai/NAME
    inspect eval anything.py --sandbox fairlead --model openai/NAME

Walls are put up when the first sandbox is asked for, at the level that the settings in
the environment require.
"""

import os
from pathlib import Path

from inspect_ai import Task, task

from fairlead.bench.escapes import Tried
from fairlead.evals import provider
from fairlead.evals.suites import keys_of, task_of
from fairlead.remote.sandbox.living import LivingWorlds
from fairlead.wiring.sandboxes import Sandboxes
from fairlead.wiring.settings import Settings
from fairlead.wiring.suites import suite_of


def put_up() -> None:
    """Put up walls as the settings say, unless a run has put up its own."""
    sandbox = Sandboxes(Settings.read(os.environ)).sandbox()

    def told(sample: str, tried: Tried) -> None:
        print(f"{sample}: tried to leave the sandbox: {tried.canary}")  # noqa: T201

    provider.put_up(
        provider.Walls(worlds=LivingWorlds(sandbox), grader=sandbox, told=told)
    )


provider.otherwise(put_up)


@task
def suite(folder: str, attempts: int = 1, budget: int = 0) -> Task:
    """Return the suite in *folder*, at its largest budget unless *budget* is given."""
    loaded = suite_of(Path(folder))
    tokens = budget or loaded.suite.budgets[-1]
    return task_of(loaded, keys_of(loaded, [tokens], attempts, 0))
