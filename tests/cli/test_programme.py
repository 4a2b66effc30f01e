"""`fairlead profile` and `fairlead programme`, as an operator types them."""

from __future__ import annotations

import json

import pytest
from click.testing import CliRunner

from fairlead.cli.main import main
from fairlead.programme import profile


@pytest.fixture
def run(tmp_path):
    def call(*words, code=0):
        arguments = [*words, "--home", str(tmp_path / "home")]
        environment = {"FAIRLEAD_PROFILE": "eo-14409"}
        done = CliRunner().invoke(main, arguments, env=environment)
        assert done.exit_code == code, done.output
        return done.output

    call("organisation", "add", "Programme")
    return call


def test_a_profile_is_checked_and_shown(run, tmp_path):
    """What is wrong is named by key, with exit code 3; what is right is said."""
    path = tmp_path / "mine.toml"
    path.write_bytes(profile.shipped("generic"))
    assert "it holds" in run("profile", "check", str(path))
    path.write_text('name = "X"\n[window]\ndays = 31\n')
    told = run("profile", "check", str(path), "--json", code=3)
    fields = {e["field"] for e in json.loads(told)["errors"]}
    assert {"name", "window.days", "title"} <= fields
    assert "91 FR 34565" in run("profile", "show")
    shown = json.loads(run("profile", "show", "--json"))
    assert shown["review"]["window_days"] == 30
    run("profile", "check", str(tmp_path / "none.toml"), code=3)


def test_the_register_is_kept_and_its_record_holds(run):
    """Added, published, noted, listed; what is wrong is refused by field."""
    run("programme", "published", "clearinghouse", "2026-07-14", "https://example.org")
    run("programme", "note", "clearinghouse", "It has a name.")
    run("programme", "add", "How it works", "--who", "Office", "--kind", "protocol")
    listed = json.loads(run("programme", "milestones", "--json"))["milestones"]
    assert len(listed) == 8
    late = {m["id"]: m["days_late"] for m in listed}
    assert late["clearinghouse"] == 12
    told = run(
        "programme", "published", "framework", "soon", "nowhere", "--json", code=3
    )
    assert {e["field"] for e in json.loads(told)["errors"]} == {"on", "link"}
    run("programme", "note", "none", "x", code=4)
    assert "none" in run("programme", "figures")
    run("programme", "figures", code=5)
    assert "The record holds." in run("record", "check")
