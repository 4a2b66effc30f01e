"""`fairlead terms`: what counsel does with terms on its own machine."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from fairlead.cli.main import main
from fairlead.record.notes import Verifier, open_note
from fairlead.terms import agreement
from fairlead.terms.clauses import Side

sys.path.insert(0, str(Path(__file__).parents[1] / "terms"))
from test_terms import standard_terms


@pytest.fixture
def run():
    def call(*words, code=0):
        result = CliRunner().invoke(main, ["terms", *map(str, words)])
        assert result.exit_code == code, result.output
        return result.stdout + result.stderr

    return call


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "terms.json"
    path.write_bytes(agreement.canonical(standard_terms()))
    return path


def test_terms_are_checked_and_read(run, file):
    """The digest is the one that is signed; the contract has every clause."""
    assert run("check", file).startswith(agreement.digest(standard_terms()))
    assert "No training on outputs" in run("read", file)
    assert "@clause" in run("cedar", file)


def test_a_fault_is_told_with_its_field(run, file, tmp_path):
    """Nonsense, a broken rule and a missing file each get one clear line."""
    file.write_text("{}")
    assert "these are no terms" in run("check", file, code=3)
    broken = msgspec.to_builtins(standard_terms())
    broken["window"]["days"] = 31
    file.write_text(json.dumps(broken))
    assert "window.days: must be 1 to 30" in run("check", file, code=3)
    assert "No such file" in run("check", tmp_path / "none.json", code=4)


def test_explaining_says_every_obstacle(run, file):
    """What is open ends with 0, what is not with 5 and its remedies."""
    assert "yes, by clause 1" in run("explain", file, "--action", "call")
    told = json.loads(
        run(
            "explain",
            file,
            "--action",
            "call",
            "--purpose",
            "training on outputs",
            "--json",
            code=5,
        )
    )
    assert not told["allowed"]
    assert {o["ground"] for o in told["obstacles"]} >= {"forbidden", "purpose"}
    assert "words of clauses" in run("explain", file, "--action", "steal", code=3)


def test_offers_are_compared(run, file, tmp_path):
    """What changes is told in prose; the same terms change nothing."""
    other = tmp_path / "other.json"
    changed = msgspec.structs.replace(standard_terms(), reply_days=9)
    other.write_bytes(agreement.canonical(changed))
    assert "9 days" in run("compare", file, other)
    assert "nothing changes" in run("compare", file, file)


def test_a_side_signs_with_the_key_that_the_terms_name(run, tmp_path):
    """The note opens with the printed key, over these terms and this side only."""
    secret = tmp_path / "key"
    public = run("key", secret, "--name", "developer.example").strip()
    assert secret.stat().st_mode & 0o777 == 0o600
    assert "never written over" in run("key", secret, "--name", "x", code=6)
    terms = standard_terms()
    party = msgspec.structs.replace(terms.developer, key=public)
    terms = msgspec.structs.replace(terms, developer=party)
    file = tmp_path / "terms.json"
    file.write_bytes(agreement.canonical(terms))
    note = run("sign", file, "--side", "developer", "--key", secret)
    said = open_note(note, Verifier.read(public))
    assert said.encode() == agreement.statement(
        agreement.digest(terms), terms.engagement, Side.DEVELOPER
    )
    assert "no key" in run("sign", file, "--side", "programme", "--key", secret, code=3)
