"""What a run costs over bare Inspect, for the same attempts in the same sandbox.

python benchmarks/bench.py [--json] [--attempts 40] [--rounds 5]

Bare Inspect evaluates the same task with its own log only; Fairlead also keeps each
attempt on stable storage with its transcript, looks for marks, and puts the run on the
record. Attempts are the shortest there are (two turns, one command), so that the share is
the largest there is. Both in turns, in this process; processor time of this process and
its children is compared, as wall time is that of the sandbox and the endpoint.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

os.environ.setdefault("INSPECT_DISPLAY", "none")

from inspect_ai import eval_async
from inspect_ai.util import display_type

from fairlead.bench.outcomes import Budgets, Run, RunId
from fairlead.bench.suite import SUMS, Loaded, load, sums_of
from fairlead.evals.keeping import Keeper
from fairlead.evals.provider import Walls, put_up
from fairlead.evals.running import Endpoint, Runner
from fairlead.evals.suites import keys_of, task_of
from fairlead.remote.sandbox.living import LivingWorlds
from fairlead.sandbox.levels import Level
from fairlead.wiring import Sandboxes, Settings, System
from fairlead.wiring.run_record import RunRecord

WANTED = 0.05
"""Overhead at most."""
MODEL = "openai/fairlead-reference-oracle+20"
TASK = b"""id = "add-1"
family = "adding"
difficulty = 1
assumed_minutes = 1.0
seed = "1"
prompt = "Add up the numbers in the file numbers, and submit the sum."
[grader]
run = '[ "$(cat answer)" = 6 ]'
"""
SUITE = b"""name = "trivial"
version = "1"
minimum_level = "L1"
budgets = [4000]
[[families]]
name = "adding"
count = 1
"""


def main() -> None:
    """Measure, and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--attempts", type=int, default=40)
    parser.add_argument("--rounds", type=int, default=5)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fairlead-bench-") as name:
        folder = Path(name)
        figures = measure(folder, given.attempts, given.rounds)
    if given.json:
        print(json.dumps(figures, indent=2))
        return
    for name, value in figures.items():
        print(f"{name:28} {value:10.4f}")


def measure(folder: Path, attempts: int, rounds: int) -> dict[str, float]:
    """Return processor and wall seconds an attempt, of both, and the share more."""
    suite = make_suite(folder / "suite")
    sandbox = Sandboxes(Settings(home=folder / "home")).sandbox("L1")
    put_up(
        Walls(
            worlds=LivingWorlds(sandbox),
            grader=sandbox,
            told=lambda _sample, _tried: None,
        )
    )
    display_type()
    fixed: list[float] = []
    cpu: dict[str, list[float]] = {"bare": [], "fairlead": []}
    wall: dict[str, list[float]] = {"bare": [], "fairlead": []}
    opened = System(Settings(home=folder / "home"), create=True)
    with serving(folder / "suite") as url:
        bare(suite, url, folder / "warm", 2)
        for number in range(rounds):
            work: dict[str, Callable[[], tuple[float, float]]] = {
                "bare": lambda n=number: bare(
                    suite, url, folder / f"bare-{n}", attempts
                ),
                "fairlead": lambda n=number: ours(
                    suite, url, folder / f"ours-{n}", attempts, opened
                ),
            }
            for name in sorted(work, reverse=bool(number % 2)):
                began, spent = time.monotonic(), processor()
                # What is done once a run, however long it is, is told apart.
                fixed_wall, fixed_cpu = work[name]()
                cpu[name].append((processor() - spent - fixed_cpu) / attempts)
                wall[name].append((time.monotonic() - began - fixed_wall) / attempts)
                if name == "fairlead":
                    fixed.append(fixed_wall)
    opened.close()
    shares = [f / b - 1 for f, b in zip(cpu["fairlead"], cpu["bare"], strict=True)]
    walls = [f / b - 1 for f, b in zip(wall["fairlead"], wall["bare"], strict=True)]
    return {
        "cpu_s_bare": median(cpu["bare"]),
        "cpu_s_fairlead": median(cpu["fairlead"]),
        "wall_s_bare": median(wall["bare"]),
        "wall_s_fairlead": median(wall["fairlead"]),
        "fixed_wall_s_a_run": median(fixed),
        "overhead_cpu": median(shares),
        "overhead_wall": median(walls),
        "wanted_at_most": WANTED,
    }


def make_suite(folder: Path) -> Loaded:
    """Write a suite of one trivial task."""
    files = {
        "suite.toml": SUITE,
        "tasks/add-1/task.toml": TASK,
        "tasks/add-1/files/numbers": b"1\n2\n3\n",
        "solutions/add-1.toml": b'script = "echo 6"\n',
    }
    files[SUMS] = sums_of(files)
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return load(files)


@contextmanager
def serving(suite: Path) -> Iterator[str]:
    """Serve the reference policies in a process of their own."""
    command = ["-m", "fairlead", "bench", "reference", "serve", str(suite)]
    with subprocess.Popen(  # noqa: S603 - ourselves
        [sys.executable, *command, "--port", "0", "--json"],
        stdout=subprocess.PIPE,
        text=True,
    ) as served:
        said = ""
        while not said.rstrip().endswith("}") and served.stdout is not None:
            said += served.stdout.readline()
        try:
            yield json.loads(said)["url"]
        finally:
            served.terminate()


def bare(suite: Loaded, url: str, folder: Path, attempts: int) -> tuple[float, float]:
    """Have Inspect evaluate, and nothing else."""

    async def evaluate() -> None:
        async with Endpoint(model=MODEL, base_url=url).open() as model:
            await eval_async(
                task_of(suite, keys_of(suite, [4000], attempts, 0)),
                model=model,
                log_dir=str(folder),
                log_format="eval",
                log_level="error",
                log_realtime=False,
                fail_on_error=False,
                max_samples=4,
                acp_server=False,
                ctl_server=False,
                score_display=False,
            )

    asyncio.run(evaluate())
    return 0.0, 0.0


def ours(suite: Loaded, url: str, folder: Path, attempts: int, opened: System) -> None:
    """Make the same attempts as a run does that is on the record."""
    run = Run(
        id=RunId(f"run-{folder.name}"),
        suite=suite.suite.name,
        version="1",
        suite_digest=suite.digest,
        model=MODEL,
        reference=True,
        scaffold="react-1",
        tools=("bash", "submit"),
        attempts=attempts,
        budgets=Budgets(tokens=(4000,)),
        stopping="fixed",
        level=Level.L1,
        seed=0,
        declared=datetime.now(UTC),
    )
    kept = RunRecord(folder, opened, run=run)
    keeper = Keeper(folder=folder, suite=suite, clock=lambda: datetime.now(UTC))
    runner = Runner(
        run=run,
        suite=suite,
        folder=folder,
        endpoint=Endpoint(model=MODEL, base_url=url),
        keeper=keeper,
        tell=kept.told,
        halted=kept.halted,
    )
    folder.mkdir(parents=True)
    began, spent = time.monotonic(), processor()
    kept.declare(b"", len(suite.tasks))
    with keeper.open():
        kept.start("")
        between, used = time.monotonic(), processor()
        reason = runner.work()
        worked, burnt = time.monotonic() - between, processor() - used
        kept.end(reason, runner, "", escape=False)
    return time.monotonic() - began - worked, processor() - spent - burnt


def processor() -> float:
    """Return the processor seconds of this process and of children that have ended."""
    both = (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    used = [resource.getrusage(who) for who in both]
    return sum(u.ru_utime + u.ru_stime for u in used)


if __name__ == "__main__":
    main()
