"""The last part of `fairlead demo`: a short run of the bench against two policies.

No model is there: both are reference policies of ours, one that solves what it can and
one that cheats, behind a real endpoint. Everything is done by the commands that an
evaluator would give.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from typing import Any

from fairlead.cli.demo_serving import serving
from fairlead.errors import Unavailable
from fairlead.wiring import Sandboxes, Settings
from fairlead.wiring.suites import reference_model

POLICIES = ("fairlead-reference-oracle+0", "fairlead-reference-cheater")
ADD_IT = "The bench was left out: install fairlead[bench] to see it too"
LONGEST = 600
"""Seconds of one command."""
_SUITE = ("--family", "memory", "--family", "injection", "--step", "2")
_MADE = ("--count", "1", "--minimum-level", "L1", "--level", "L1")
_RUN = ("--level", "L1", "--budgets", "40000", "--attempts", "3", "--probes", "10m")

_THRESHOLD = """name = "An example of a threshold"
about = "Solves half of the tasks at the second step."
ability = -1.2
"""


def walk(settings: Settings, say: Callable[[str], None]) -> dict[str, Any]:
    """Make a suite, run it against two policies, and return the figures.

    Where the extra or a sandbox is missing, nothing is run, and that is said.

    Raises:
        Unavailable: a command failed.

    """
    began = time.monotonic()
    if find_spec("inspect_ai") is None:
        say(ADD_IT)
        return {"left_out": ADD_IT}
    missing = Sandboxes(settings).sandbox("L1").missing()
    if missing:
        said = f"The bench was left out, as no sandbox is here: {'; '.join(missing)}"
        say(said)
        return {"left_out": said}
    folder = settings.home / "bench"
    suite = folder / "suite"
    made = _told(settings, "tasks", str(suite), *_SUITE, *_MADE)
    say(f"Made a suite of {made['tasks']} fresh tasks, each valid by execution")
    threshold = folder / "threshold.toml"
    threshold.write_text(_THRESHOLD, "utf-8")
    with serving(reference_model(suite)) as url, ThreadPoolExecutor() as pool:

        def run(policy: str) -> dict[str, Any]:
            endpoint = ("--model", f"openai/{policy}", "--base-url", url)
            out, page = folder / policy, folder / f"{policy}.html"
            told = _told(
                settings,
                "run",
                str(suite),
                *endpoint,
                "--out",
                str(out),
                *_RUN,
                "--threshold",
                str(threshold),
            )
            shown = _told(settings, "report", str(out), "--out", str(page))
            mixed = ", ".join(f"{n} {o}" for o, n in told["outcomes"].items() if n)
            say(f"Ran it against {policy}, which is no model: {mixed}")
            return {"policy": policy, "report": shown["report"], **told}

        runs = list(pool.map(run, POLICIES))
    return {
        "suite": str(suite),
        "runs": runs,
        "seconds": round(time.monotonic() - began, 1),
    }


def _told(settings: Settings, *arguments: str) -> dict[str, Any]:
    """Give one command of the bench, and return what it tells."""
    command = [sys.executable, "-m", "fairlead", "bench", *arguments]
    command += ["--home", str(settings.home), "--json"]
    # Whatever the environment names, the demo keeps to its own fresh folder.
    own = {k: v for k, v in os.environ.items() if not k.startswith("FAIRLEAD_")}
    try:
        ended = subprocess.run(  # noqa: S603 - ourselves
            command,
            capture_output=True,
            check=False,
            env=own,
            text=True,
            timeout=LONGEST,
        )
    except subprocess.TimeoutExpired as error:
        raise Unavailable(f"`fairlead bench {arguments[0]}` took too long") from error
    if ended.returncode != 0:
        last = (ended.stderr.strip().splitlines() or ["nothing was said"])[-1]
        raise Unavailable(f"`fairlead bench {arguments[0]}` failed: {last}")
    told: dict[str, Any] = json.loads(ended.stdout)
    return told
