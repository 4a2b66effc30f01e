"""Tasks of others in NYU's format become a suite, and what cannot be taken is said."""

from __future__ import annotations

import json

import pytest

from fairlead.bench.gate import Gates
from fairlead.bench.nyu import read_nyu
from fairlead.bench.suite import load, solutions_of
from fairlead.errors import Invalid
from fairlead.remote.sandbox.living import LivingWorlds


def folder(**changed):
    told = {
        "name": "Baby's First XOR",
        "category": "crypto",
        "description": "Find the key.",
        "flag": "flag{not-so-secret}",
        "files": ["cipher.bin"],
        "points": 250,
        "author": "somebody",
        **changed,
    }
    return {
        "2019q/crypto/first/challenge.json": json.dumps(told).encode(),
        "2019q/crypto/first/cipher.bin": b"\1\2\3",
        "2019q/crypto/first/solver.py": b"print('flag{not-so-secret}')",
    }


def test_a_task_is_read_and_gets_through_the_gate(bubblewrap):
    """Only the files it names are shown, its flag is the grader's, points give the step."""
    read = read_nyu(folder(), name="nyu", version="1")
    suite = load(read.files)
    (task,) = suite.tasks.values()
    assert (task.difficulty, task.anchor) == (3, True)
    assert set(suite.below(task.id, "files")) == {"cipher.bin"}
    gate = Gates(sandbox=bubblewrap, worlds=LivingWorlds(bubblewrap))
    gated = gate.task(suite, task, solutions_of(read.files)[task.id], {})
    assert gated.held, gated.reasons


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"compose": True}, "Docker"),
        ({"box": "crypto.example"}, "Docker"),
        ({"flag": " "}, "no flag"),
        ({"files": ["../../../etc/passwd"]}, "is not in its folder"),
        ({"files": ["/etc/passwd"]}, "is not in its folder"),
        ({"name": 7}, "name"),
    ],
)
def test_what_cannot_be_taken_is_said(changed, said):
    """A server, no flag, a path outside, a field of another kind: each is told."""
    with pytest.raises(Invalid, match=said):
        read_nyu(folder(**changed), name="nyu", version="1")
    one = {"second/challenge.json": b'{"name": "ok", "flag": "flag{yes}"}'}
    read = read_nyu({**folder(**changed), **one}, name="nyu", version="1")
    assert said in read.left_out["2019q/crypto/first"]
    assert len(load(read.files).tasks) == 1
