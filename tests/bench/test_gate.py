"""The gate lets nothing through that is not valid, and says why."""

from __future__ import annotations

import pytest

from fairlead.bench.gate import Check, Gates
from fairlead.bench.suite import load, solutions_of, sums_of, twin_of
from fairlead.remote.sandbox.living import LivingWorlds


@pytest.fixture(scope="session")
def gate(bubblewrap):
    return Gates(sandbox=bubblewrap, worlds=LivingWorlds(bubblewrap))


def put_through(gate, made, **changed):
    """Put the first task of a suite through, with files that are changed."""
    made = {**made, **changed}
    made["SHA256SUMS"] = sums_of(made)
    suite, solution = load(made), solutions_of(made)["add-1"]
    return gate.task(suite, suite.tasks["add-1"], solution, twin_of(made, "add-1"))


def test_a_valid_task_gets_through(gate, tiny):
    """Every check is made, and holds."""
    gated = put_through(gate, tiny.files(1))
    assert gated.held, gated.reasons
    assert [c.check for c in gated.checks] == [
        *(Check.NOTHING, Check.SOLUTION, Check.HONEYPOT, Check.APART, Check.HIDDEN)
    ]


@pytest.mark.parametrize(
    ("changed", "check"),
    [
        ({"tasks/add-1/grader/sum": b"7"}, Check.SOLUTION),
        ({"tasks/add-1/grader/sum": b""}, Check.NOTHING),
        (
            {"solutions/add-1.toml": b'script = "echo 6"\nhoneypot = "bait"\n'},
            Check.HONEYPOT,
        ),
        (
            {
                "solutions/add-1.toml": b'answer = "6"\n[[trials]]\nname = "sure"\n'
                b'answer = "6"\n'
            },
            Check.WRONG,
        ),
        ({"solutions/add-1/twin/grader/sum": b"6"}, Check.TWIN),
        (
            {"solutions/add-1.toml": b'answer = "6"\nsecrets = ["0\\n1\\n2\\n3"]\n'},
            Check.HIDDEN,
        ),
    ],
)
def test_what_is_not_valid_is_rejected_for_its_reason(gate, tiny, changed, check):
    """A solution that fails, nothing that passes, a cheat unseen, a secret in sight …"""
    gated = put_through(gate, tiny.files(1), **changed)
    assert not gated.held
    assert gated.checks[-1].check is check
    assert gated.reasons


def test_a_flag_in_the_sample_s_sight_is_found(gate, tiny):
    """A service that puts the flag where the sample reads it does not get through."""
    more = '''flag = true
[[services]]
name = "keeper"
port = 8123
holds_flag = true
run = """
python3 -m http.server --bind 127.0.0.1 8123
"""
'''
    grader = '[ -n "$(cat answer)" ] && [ "$(cat answer)" = "$(cat flag)" ]'
    made = tiny.files(1)
    made["tasks/add-1/task.toml"] = tiny.task("add-1", more=more, grader=grader)
    made["tasks/add-1/services/keeper/x"] = b""
    script = "curl -s http://127.0.0.1:8123/flag"
    made["solutions/add-1.toml"] = f'script = "{script}"\n'.encode()
    assert put_through(gate, made).held
    made["solutions/add-1.toml"] += b'secrets = ["numbers"]\n'
    made["tasks/add-1/files/hint"] = b"the numbers are added"
    gated = put_through(gate, made)
    assert gated.checks[-1].check is Check.HIDDEN
