"""The wheel carries everything, and works in an empty environment."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
import venv
import zipfile
from pathlib import Path

import httpx
import pytest

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
DIST_INFO = f"fairlead-{PROJECT['version']}.dist-info"


def run(*command, cwd=None):
    done = subprocess.run(
        [str(part) for part in command],
        capture_output=True,
        text=True,
        check=False,
        cwd=cwd,
        timeout=300,
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
        "fairlead/formats/fonts/DejaVuSansCondensed.ttf",
        "fairlead/formats/fonts/LICENSE.txt",
        "fairlead/programme/profiles/generic.toml",
        "fairlead/programme/profiles/eo-14409.toml",
        "fairlead/cli/sample/reports.jsonl",
        "fairlead/cli/sample/ATTRIBUTION.md",
        "fairlead/store/migrations/script.py.mako",
    ):
        assert wanted in names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert {name.split("/")[0] for name in names} == {"fairlead", DIST_INFO}
    assert not [name for name in names if "/tests/" in name or "__pycache__" in name]
    for template in (ROOT / "src/fairlead/web/templates").iterdir():
        assert f"fairlead/web/templates/{template.name}" in names


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
    said = run(fairlead, "--version", cwd=tmp_path)
    assert said == f"fairlead, version {PROJECT['version']}\n"
    home = tmp_path / "home"
    command = [str(fairlead), "serve", "--home", str(home), "--port", "0", "--json"]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, cwd=tmp_path
    ) as server:
        try:
            address = json.loads(told_by(server))["address"]
            page = httpx.get(f"{address}/sign-in")
            style = httpx.get(f"{address}/static/vendor/uswds/css/uswds.min.css")
        finally:
            server.terminate()
        assert server.wait(20) == 0
    assert "One-time code" in page.text
    assert style.headers["content-type"].startswith("text/css")


def told_by(server):
    """Return the first JSON object that *server* prints."""
    told = ""
    for line in server.stdout:
        told += line
        if line == "}\n":
            return told
    raise AssertionError(f"the server ended, saying {told!r}")
