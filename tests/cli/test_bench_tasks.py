"""`fairlead bench tasks`, `gate` and `reveal`, as somebody at a terminal uses them."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from fairlead.cli.main import main
from fairlead.cli.output import Exit
from fairlead.errors import NoSandbox
from fairlead.remote.sandbox.bubblewrap import Bubblewrap
from fairlead.sandbox.ports import Command


@pytest.fixture(scope="module", autouse=True)
def walls():
    try:
        Bubblewrap().run(Command(argv=["/bin/true"]))
    except NoSandbox as error:
        pytest.skip(str(error))


def tell(*line, code=0):
    done = CliRunner().invoke(main, [*map(str, line), "--json"])
    assert done.exit_code == code, done.output
    return json.loads(done.stdout) if done.stdout.startswith("{") else done.stderr


def test_a_suite_is_made_shown_valid_and_its_seed_told(tmp_path):
    """The digest is on the record before the seed, and the record holds together."""
    out, home = tmp_path / "suite", tmp_path / "home"
    line = ["bench", "tasks", out, "--family", "injection", "--step", 1, "--count", 1]
    made = tell(*line, "--home", home)
    assert made["tasks"] == 1
    assert made["yield"] == [{"family": "injection", "step": 1, "held": 1, "tried": 1}]
    assert tell(*line, "--home", home)["digest"] == made["digest"]
    shown = tell("bench", "gate", out)
    assert [task["held"] for task in shown["tasks"]] == [True]
    told = tell("bench", "reveal", out, "--home", home)
    assert told["tasks"] == 1
    tell("record", "check", "--home", home)
    refused = tell(*line, "--home", home, code=Exit.REFUSED)
    assert "was told" in refused


def test_a_suite_altered_by_a_byte_is_refused_by_name(tmp_path):
    """Neither the gate nor a comparison begins on a suite that is not as its sums say."""
    out = tmp_path / "suite"
    line = ["--family", "injection", "--step", 2, "--count", 1, "--off-record"]
    tell("bench", "tasks", out, *line, "--seed", "known")
    path = next((out / "tasks").rglob("office.py"))
    path.write_bytes(path.read_bytes().replace(b"3", b"4", 1))
    for command in (["gate", out], ["reveal", out, "--off-record"]):
        said = tell("bench", *command, code=Exit.DAMAGED)
        assert "office.py" in said


def test_a_family_that_does_not_exist_is_said(tmp_path):
    """A name misspelt ends with the names there are."""
    line = ["--family", "memories", "--off-record"]
    said = tell("bench", "tasks", tmp_path / "x", *line, code=Exit.NOT_FOUND)
    assert "injection, memory" in said
