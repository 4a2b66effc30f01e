"""The wheel carries everything, and works in an empty environment."""

from __future__ import annotations

import json
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]


def run(*command, cwd=None):
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    run(
        sys.executable,
        "-m",
        "build",
        "--wheel",
        "--no-isolation",
        "--outdir",
        folder,
        ROOT,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_the_wheel_carries_pages_styles_scripts_and_the_sample(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    for wanted in (
        "fairlead/py.typed",
        "fairlead/web/templates/case.html",
        "fairlead/web/static/fairlead.css",
        "fairlead/web/static/vendor/uswds/css/uswds.min.css",
        "fairlead/web/static/vendor/uswds/js/uswds.min.js",
        "fairlead/web/static/vendor/uswds/LICENSE.md",
        "fairlead/cli/sample/reports.jsonl",
        "fairlead/cli/sample/ATTRIBUTION.md",
        "fairlead/store/migrations/script.py.mako",
    ):
        assert wanted in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if name.startswith(("tests", "benchmarks"))]


def test_the_wheel_serves_from_an_empty_environment(wheel, tmp_path):
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    pins = ROOT / "requirements/run.txt"
    install = (
        sys.executable,
        "-m",
        "uv",
        "pip",
        "install",
        "--quiet",
        "--python",
        python,
    )
    run(*install, "--require-hashes", "-r", pins)
    run(*install, "--no-deps", wheel)
    fairlead = environment / "bin" / "fairlead"
    assert run(fairlead, "--version", cwd=tmp_path).startswith("fairlead, version")
    command = [str(fairlead), "serve", "--home", str(tmp_path / "home"), "--port", "0"]
    with subprocess.Popen(
        [*command, "--json"], stdout=subprocess.PIPE, text=True, cwd=tmp_path
    ) as server:
        told = ""
        while not told.endswith("}\n"):
            told += server.stdout.readline()
        address = json.loads(told)["address"]
        page = httpx.get(f"{address}/sign-in")
        style = httpx.get(f"{address}/static/vendor/uswds/css/uswds.min.css")
        server.terminate()
        assert server.wait(20) == 0
    assert "One-time code" in page.text
    assert style.headers["content-type"].startswith("text/css")
