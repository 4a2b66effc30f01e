"""The parts together, as an operator runs them: a clearinghouse and its witness."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from fairlead.access import membership
from fairlead.access.roles import operator
from fairlead.errors import Misconfigured
from fairlead.record.notes import Note, Verifier
from fairlead.wiring import Server, Settings, System


def started(*arguments, environment=()):
    process = subprocess.Popen(
        [sys.executable, "-m", "fairlead", *arguments, "--json"],
        env={**os.environ, **dict(environment)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    told = b""
    while not told.endswith(b"}\n"):
        line = process.stdout.readline()
        assert line, process.stderr.read()
        told += line
    return process, json.loads(told)


def ended(process):
    process.send_signal(signal.SIGTERM)
    _, said = process.communicate(timeout=20)
    assert process.returncode == 0, said.decode()
    return said.decode()


def run(*arguments, code=0):
    done = subprocess.run(
        [sys.executable, "-m", "fairlead", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == code, done.stderr
    return done.stdout.strip() or done.stderr.strip()


def test_a_clearinghouse_and_its_witness(tmp_path, caplog):
    home, apart = str(tmp_path / "home"), str(tmp_path / "witness")
    run("organisation", "add", "A", "--home", home)
    key = run("record", "key", "--home", home)
    assert "there is no witness" in run("witness", "key", "--home", apart, code=4)
    run("witness", "key", "--home", home, "--name", "w", code=3)
    theirs = run("witness", "key", "--home", apart, "--name", "witness.example/w1")
    assert Path(apart, "keys", "witness.key").stat().st_mode & 0o777 == 0o600
    watching, told = started(
        "witness", "serve", "--home", apart, "--port", "0", "--log", key
    )
    assert told["key"] == theirs
    older = tmp_path / "older"
    shutil.copytree(home, older)
    run("organisation", "add", "B", "--home", home)
    peer = f"{theirs}@{told['address']}"
    assert renewed(home, peer) == 2
    second = ("witness", "serve", "--home", apart, "--port", "0", "--log", key)
    assert "another server works on" in run(*second, code=6)
    watching.kill()
    watching.communicate()

    # The proof that an operator hands out now carries the cosignature.
    listed = json.loads(run("organisation", "list", "--json", "--home", home))
    event = f"organisation/{listed['organisations'][0]['organisation']}@1"
    proven = json.loads(run("record", "prove", event, "--home", home, "--json"))
    file = tmp_path / "a.tlog-proof"
    file.write_text(proven["proof"])
    said = run(
        *("record", "verify", str(file), "--key", key, "--entry", proven["entry"]),
        *("--witness", theirs),
    )
    assert "witness.example/w1 saw this log at" in said

    # Killed and started again, it still knows what it saw.
    watching, told = started(
        "witness", "serve", "--home", apart, "--port", "0", "--log", key
    )
    peer = f"{theirs}@{told['address']}"
    assert renewed(home, peer) == 2
    assert "witness.saw_another_log" not in caplog.text
    # The whole folder rolled back: nothing in it contradicts itself, but the witness does.
    run("record", "check", "--home", str(older))
    assert renewed(older, peer) == 1
    (alarm,) = (r for r in caplog.records if r.levelname == "ERROR")
    assert alarm.getMessage() == "witness.saw_another_log"
    # Nor does it help to grow again to the size that it saw.
    run("organisation", "add", "C", "--home", str(older))
    assert renewed(older, peer) == 1
    assert renewed(home, peer) == 2
    said = ended(watching)
    assert "witness.cosigned" in said
    assert "this log has forked" in said


def renewed(home, peer):
    """Show others the log now, not at the next instant; return how many signed it."""
    settings = Settings.read({}, home=home, witnesses=peer)
    system = System(settings, create=False)
    try:
        Server(system).publisher().renew()
        return len(Note.parse(system.tiles.public_checkpoint()).lines)
    finally:
        system.close()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("witnesses", "nonsense"),
        ("checkpoint_minutes", "7"),
        ("checkpoint_minutes", "0"),
        ("checkpoint_minutes", "x"),
        ("checkpoint_minutes", "-5"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(tmp_path, name, value):
    with pytest.raises(Misconfigured, match=f"{name}: "):
        settings = Settings.read({}, home=tmp_path, **{name: value})
        system = System(settings, create=True)
        try:
            Server(system).publisher()
        finally:
            system.close()


def test_a_command_that_began_before_a_change_of_keys_signs_with_the_new_one(tmp_path):
    home = tmp_path / "home"
    run("organisation", "add", "A", "--home", str(home))
    system = System(Settings.read({}, home=home), create=False)
    try:
        new = run("record", "rotate-key", "--home", str(home))
        with system.store.begin() as unit:
            membership.join(
                unit,
                operator("test"),
                "B",
                at=datetime.now(UTC),
                randomness=secrets.token_bytes,
            )
        system.publish_record()
        note = Note.parse(system.tiles.checkpoint())
        assert note.signed_by(Verifier.read(new))
    finally:
        system.close()
    run("record", "check", "--home", str(home))
