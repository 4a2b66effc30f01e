"""`fairlead bench run` and `reference serve`, as processes that are stopped and killed."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytest.importorskip("inspect_ai", reason="the extra `bench` is not installed")

from fairlead.bench.outcomes import read_attempts, read_run
from fairlead.errors import NoSandbox
from fairlead.remote.sandbox.bubblewrap import Bubblewrap
from fairlead.sandbox.ports import Command
from fairlead.web.server import free_port

TOOL = [sys.executable, "-m", "fairlead"]


@pytest.fixture(scope="module")
def tiny():
    path = Path(__file__).parents[1] / "bench" / "making.py"
    spec = importlib.util.spec_from_file_location("making_of_suites", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module", autouse=True)
def sandboxed():
    try:
        Bubblewrap().run(Command(argv=["/bin/true"]))
    except NoSandbox as error:
        pytest.skip(str(error))


@pytest.fixture
def stage(tiny, tmp_path):
    """Return a suite with reference policies that are served for it."""
    suite = tiny.write(tmp_path / "suite", tiny.files(4))
    port = free_port("127.0.0.1")
    serve = ["bench", "reference", "serve", str(suite), "--port", str(port), "--json"]
    with subprocess.Popen([*TOOL, *serve], stdout=subprocess.PIPE, text=True) as served:
        said = ""
        while not said.rstrip().endswith("}"):
            said += served.stdout.readline()
        try:
            yield suite, json.loads(said)["url"], tmp_path
        finally:
            served.send_signal(signal.SIGINT)
            served.wait(20)


def arguments(stage, *more):
    suite, url, folder = stage
    given = ["--model", "openai/fairlead-reference-oracle+9", "--base-url", url]
    out = ["--out", str(folder / "run"), "--home", str(folder / "home")]
    return [*TOOL, "bench", "run", str(suite), *given, *out, *more]


def test_a_run_that_is_killed_goes_on_and_is_on_the_record(stage):
    """Killed at work, the same command makes what is left, once, and the record holds."""
    command = arguments(stage, "--json", "--parallel", "2")
    lines = stage[2] / "run" / "attempts.ndjson"
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as first:
        until = time.monotonic() + 90
        while time.monotonic() < until and (
            not lines.exists() or lines.read_bytes().count(b"\n") < 3
        ):
            time.sleep(0.02)
        os.kill(first.pid, signal.SIGKILL)
    kept = lines.read_bytes()
    assert 3 <= kept.count(b"\n") < 12
    ended = subprocess.run(
        command, capture_output=True, text=True, check=False, timeout=400
    )
    assert ended.returncode == 0, ended.stderr
    told = json.loads(ended.stdout)
    assert (told["reason"], told["attempts"]) == ("complete", 12)
    whole = lines.read_bytes()
    assert whole.startswith(kept[: kept.rfind(b"\n") + 1])
    assert len(read_attempts(whole)) == 12
    manifest = read_run((stage[2] / "run" / "manifest.json").read_bytes())
    assert manifest.complete
    assert manifest.reference
    check = [*TOOL, "record", "check", "--home", str(stage[2] / "home")]
    assert subprocess.run(check, check=False, capture_output=True).returncode == 0
    again = subprocess.run(
        [*command, "--seed", "5"], capture_output=True, text=True, check=False
    )
    assert again.returncode == 5
    assert "another seed" in again.stderr


def test_below_its_level_no_run_starts(stage):
    """What is no reference policy needs the level that the suite names."""
    suite, url, folder = stage
    text = (suite / "suite.toml").read_text()
    (suite / "suite.toml").write_text(text.replace('"L1"', '"L2"'))
    command = [
        *TOOL,
        "bench",
        "run",
        str(suite),
        "--model",
        "openai/some",
        "--base-url",
        url,
    ]
    command += ["--out", str(folder / "other"), "--off-record", "--level", "L1"]
    altered = subprocess.run(command, capture_output=True, text=True, check=False)
    assert altered.returncode == 7
    assert "altered" in altered.stderr
    from fairlead.bench.suite import SUMS, sums_of
    from fairlead.store.suites import read_folder

    (suite / SUMS).write_bytes(sums_of(read_folder(suite)))
    refused = subprocess.run(command, capture_output=True, text=True, check=False)
    assert refused.returncode == 5
    assert "level L2 or stronger" in refused.stderr
    assert not (folder / "other").exists()


def test_the_demo_runs_a_suite_against_two_policies(tmp_path):
    """It makes fresh tasks, and tells who solves from who cheats; its record holds."""
    home = ["--home", str(tmp_path / "demo")]
    demo = [*TOOL, "demo", "--once", "--json", *home]
    ended = subprocess.run(
        demo, capture_output=True, text=True, check=False, timeout=600
    )
    assert ended.returncode == 0, ended.stderr
    bench = json.loads(ended.stdout)["bench"]
    able, cheater = (run["outcomes"] for run in bench["runs"])
    assert able["solved"] > 0
    assert able["invalid"] == cheater["invalid"] == 0
    assert cheater["cheated"] == 6
    for run in bench["runs"]:
        assert "no model" in Path(run["report"]).read_text("utf-8")
    check = [*TOOL, "record", "check", *home]
    assert subprocess.run(check, check=False, capture_output=True).returncode == 0
