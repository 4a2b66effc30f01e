"""Suites run under plain `inspect eval`, found by the entry point that is installed."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from inspect_ai.log import list_eval_logs, read_eval_log

ROOT = Path(__file__).parents[2]


@pytest.fixture
def installed(tmp_path):
    """Return a path on which our entry points are, as an installed package has them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    points = project["entry-points"]["inspect_ai"]
    told = tmp_path / "installed" / "fairlead_points-0.dist-info"
    told.mkdir(parents=True)
    (told / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: fairlead-points\nVersion: 0\n"
    )
    lines = "".join(f"{name} = {value}\n" for name, value in points.items())
    (told / "entry_points.txt").write_text(f"[inspect_ai]\n{lines}")
    return told.parent


@pytest.mark.usefixtures("bubblewrap")
def test_a_suite_runs_under_inspect_alone(tiny, reference, installed, tmp_path):
    """`inspect eval fairlead/suite` finds suite, sandbox and grader, and nothing else."""
    with reference(tiny.files(1)) as url:
        command = [sys.executable, "-m", "inspect_ai", "eval", "fairlead/suite"]
        command += ["-T", f"folder={tmp_path / 'suite'}", "--display", "none"]
        command += [
            "--model",
            "openai/fairlead-reference-oracle+20",
            "-M",
            "responses_api=false",
        ]
        command += ["--model-base-url", url, "--log-dir", str(tmp_path / "logs")]
        path = f"{installed}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
        own = {
            "PYTHONPATH": path,
            "OPENAI_API_KEY": "none",
            "FAIRLEAD_SANDBOX_LEVEL": "L1",
        }
        ended = subprocess.run(
            command,
            env=os.environ | own,
            capture_output=True,
            text=True,
            check=False,
            timeout=200,
        )
    assert ended.returncode == 0, ended.stderr[-2000:]
    (found,) = list_eval_logs(str(tmp_path / "logs"))
    log = read_eval_log(found)
    assert log.status == "success"
    assert log.eval.sandbox.type == "fairlead"
    assert log.results.scores[0].metrics["accuracy"].value == 1.0
