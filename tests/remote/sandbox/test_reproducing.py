"""Recipes are run, and what they show is said as it was."""

from __future__ import annotations

import importlib.util
import secrets
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace as changed

from fairlead.clearinghouse.evidence import statements
from fairlead.clearinghouse.evidence.ladder import Rung
from fairlead.clearinghouse.evidence.reproducing import Trial
from fairlead.errors import Damaged, NoSandbox
from fairlead.record.notes import new_signer
from fairlead.remote.sandbox.bubblewrap import Bubblewrap
from fairlead.sandbox.canaries import CANARIES, Attempt, Verdict
from fairlead.sandbox.levels import Level
from fairlead.sandbox.recipe import read_recipe
from fairlead.sandbox.reports import Machine, Report

AT = datetime(2026, 11, 25, tzinfo=UTC)
MACHINE = Machine(kernel="6", architecture="x", program="x", groups="v1", user="root")


def _toys() -> Any:
    path = Path(__file__).parents[2] / "clearinghouse" / "evidence" / "toys.py"
    spec = importlib.util.spec_from_file_location("toys", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["toys"] = module
    spec.loader.exec_module(module)
    return module


toys = _toys()


def report(verdict: Verdict = Verdict.STOPPED) -> Report:
    """Return a report in which every attempt went like this."""
    made = tuple(Attempt(canary=c.name, verdict=verdict, detail="") for c in CANARIES)
    return Report(level=Level.L1, at=AT, machine=MACHINE, attempts=made)


@pytest.fixture
def trial(bubblewrap: Bubblewrap) -> Trial:
    """Return the toy's trial, where there is a compiler with its sanitizer."""
    if not Path("/usr/bin/gcc").exists():
        pytest.skip("there is no gcc to build with")
    return Trial(
        sandbox=bubblewrap,
        recipe=read_recipe(toys.recipe(more='tests = "./toy /in/poc"')),
        materials={"toy.tar.gz": toys.ARCHIVE},
    )


def test_shown_fixed_and_tried(trial: Trial) -> None:
    """The toy fires with AddressSanitizer inside; the fix stops it and its variant."""
    said = statements.run_recipe(trial, report, clock=lambda: AT, patch=toys.FIX)
    assert said.rung is Rung.VARIANTS_TRIED
    outcome = said.plain.outcomes[0]
    assert (outcome.fired, outcome.runs) == (2, 2)
    assert outcome.seen[0].state.kind == "heap-buffer-overflow"
    assert outcome.seen[0].state.frames == ("first",)
    assert said.fixed is not None
    assert not any(o.fired for o in said.fixed.outcomes)
    assert any("gcc" in line or "cc " in line for line in said.environment)
    signer = new_signer("test/sandbox", secrets.token_bytes)
    note = statements.signed(said, signer)
    assert statements.verified(note, signer.verifier()) == said
    assert statements.read_statement(note) == said
    with pytest.raises(Damaged):
        statements.verified(
            note.replace('"fired":2', '"fired":1', 1), signer.verifier()
        )


def test_fix_of_something_else(trial: Trial) -> None:
    """A patch that does not stop it leaves it at reproduced."""
    said = statements.run_recipe(trial, report, clock=lambda: AT, patch=toys.OTHER_FIX)
    assert said.fixed is not None
    assert said.fixed.fires
    assert said.rung is Rung.REPRODUCED


def test_patch_that_does_not_apply(trial: Trial) -> None:
    """With a patch that does not apply nothing is verified, and its log is kept."""
    tried = trial.attempt(b"--- a/no.c\n+++ b/no.c\n@@ -1 +1 @@\n-x\n+y\n")
    assert not tried.built.held
    assert not tried.quiet


def test_failing_tests_keep_a_fix_back(trial: Trial) -> None:
    """A fix with which the project's own tests fail is not verified."""
    failing = replace(trial, recipe=changed(trial.recipe, tests="exit 1"))
    said = statements.run_recipe(failing, report, clock=lambda: AT, patch=toys.FIX)
    assert said.fixed is not None
    assert said.fixed.tests is False
    assert said.rung is Rung.REPRODUCED


def test_nothing_without_walls(trial: Trial) -> None:
    """Where an attempt got out, the recipe is not run."""
    with pytest.raises(NoSandbox, match="did not stop"):
        statements.run_recipe(trial, lambda: report(Verdict.ESCAPED), clock=lambda: AT)


def test_runs_from_a_commit(trial: Trial, tmp_path: Path) -> None:
    """A commit of a git bundle is built, and only that one."""
    import os
    import subprocess

    if not Path("/usr/bin/git").exists():
        pytest.skip("there is no git in /usr")
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"}
    (tmp_path / "toy.c").write_bytes(toys.SOURCE)
    me = ("-c", "user.name=x", "-c", "user.email=x@example.org")
    for argv in (
        ("init", "-q", "-b", "main"),
        ("add", "toy.c"),
        (*me, "commit", "-q", "-m", "Begin"),
        ("bundle", "create", "-q", "toy.bundle", "main"),
    ):
        subprocess.run(
            ["/usr/bin/git", *argv], cwd=tmp_path, check=True, env=environment
        )
    done = subprocess.run(
        ["/usr/bin/git", "rev-parse", "main"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
    )
    source = changed(
        trial.recipe.source,
        archive=None,
        sha256=None,
        bundle="toy.bundle",
        commit=done.stdout.decode().strip(),
    )
    own = replace(
        trial,
        recipe=changed(trial.recipe, source=source, variants=()),
        materials={"toy.bundle": (tmp_path / "toy.bundle").read_bytes()},
    )
    assert own.attempt().fires
    absent = changed(source, commit="0" * 40)
    wrong = replace(own, recipe=changed(own.recipe, source=absent))
    assert not wrong.attempt().built.held


@pytest.mark.parametrize(
    ("texts", "fixes", "expected"),
    [
        (("0123456789abcdef", "fedcba9876543210"), {"a": toys.FIX}, "the same bug"),
        (
            ("0123456789abcdef", "!23456789abcdef0"),
            {"a": toys.FIX, "b": toys.OTHER_FIX},
            "different bugs",
        ),
        (("0123456789abcdef", "!23456789"), {"a": toys.OTHER_FIX}, "unclear"),
    ],
)
def test_crossing(
    trial: Trial, texts: tuple[str, str], fixes: dict[str, bytes], expected: str
) -> None:
    """Two inputs of one fault have one fix; two faults of one program have two."""
    from fairlead.clearinghouse.evidence.crossing import cross

    trials = {
        name: replace(trial, recipe=read_recipe(toys.recipe(text)))
        for name, text in zip("ab", texts, strict=True)
    }
    assert cross(trials, fixes, report, clock=lambda: AT).sameness == expected
