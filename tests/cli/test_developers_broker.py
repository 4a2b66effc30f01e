"""`fairlead broker`: what a developer types at its own side, as real processes."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path

import openai
import pytest
from click.testing import CliRunner

from fairlead.cli.main import main
from fairlead.review import bundling, facts, granting, parties
from fairlead.terms.agreement import BrokerTerm
from fairlead.terms.standard import Profile
from fairlead.web.sample_model import SampleModel

sys.path.insert(0, str(Path(__file__).parents[1] / "review"))
from acts import Cast
from test_broker import serving_model


class Desk:
    """A developer with an agreement, and the programme on the other side."""

    def __init__(self, world, address, folder):
        from datetime import UTC, datetime

        world.clock.at = datetime.now(UTC)
        self.world, self.address, self.folder = world, address, folder
        self.home = folder / "broker"
        self.cast = Cast(world)
        self.engagement = self.agree("here.json", folder)
        self.agreement = folder / "here.json"

    def agree(self, name, folder, **changed):
        engagement = self.cast.ask()
        key = self.world.context.notes.verifier().text()
        changed = {"broker": BrokerTerm(key=key)} | changed
        terms = {"profile": Profile.DEVELOPERS_BROKER, **changed}
        self.cast.agree(engagement, **terms)
        self.cast.name(engagement, "eva")
        with self.world.store.read() as unit:
            party = parties.find(unit, self.cast.asker("dora"), engagement)
            history = unit.engagements.history(engagement)
            written = bundling.bundle(party, history, self.address).encode()
        (folder / name).write_bytes(written)
        return engagement

    def run(self, *words, code=0):
        said = [*map(str, words), "--home", str(self.home)]
        result = CliRunner().invoke(main, ["broker", *said])
        assert result.exit_code == code, result.output + result.stderr
        return result.stdout + result.stderr


@pytest.fixture
def desk(serving, tmp_path):
    world, address = serving
    return Desk(world, address, tmp_path)


def begun(desk, url="http://127.0.0.1:9/v1"):
    credential = desk.folder / "credential"
    credential.write_text("sk-the-developers-own\n")
    words = ("--endpoint", url, "--credential-file", credential)
    return json.loads(desk.run("init", desk.agreement, *words, "--json"))


def test_two_commands_and_a_form_and_an_evaluator_calls_the_model(desk):
    """Begin, serve, make it available; the official client calls it; the ledger says so."""
    with serving_model(SampleModel(credential="sk-the-developers-own")) as url:
        told = begun(desk, url)
        environment = {**os.environ, "FAIRLEAD_LOG_LEVEL": "error"}
        words = ("broker", "serve", "--port", "0", "--home", str(desk.home))
        process = subprocess.Popen(
            [sys.executable, "-m", "fairlead", *words],
            stdout=subprocess.PIPE,
            env=environment,
            text=True,
        )
        client = None
        try:
            listens = process.stdout.readline().split()[-1]
            connection = facts.Connection(url=listens, key=told["key"])
            do = desk.cast.do
            do("dora", granting.provide, desk.engagement, "endpoint", connection)
            do("dora", granting.go_live, desk.engagement)
            key = do(
                "eva",
                granting.issue_key,
                desk.engagement,
                randomness=secrets.token_bytes,
            ).secret
            client = openai.OpenAI(
                api_key=key, base_url=f"{desk.address}/broker/v1", max_retries=0
            )

            def say():
                messages = [{"role": "user", "content": "one two"}]
                return client.chat.completions.create(model="m", messages=messages)

            assert say().choices[0].message.content == "one two"
            ledger = json.loads(desk.run("ledger", "--json"))
            assert [c["outcome"] for c in ledger["calls"]] == ["finished"]
            deadline = time.monotonic() + 20
            while not ledger["calls"][0]["compared"] and time.monotonic() < deadline:
                time.sleep(0.2)
                ledger = json.loads(desk.run("ledger", "--json"))
            assert ledger["calls"][0]["compared"]
            assert ledger["differences"] == []
            assert "ended" in desk.run("cut")
            with pytest.raises(openai.PermissionDeniedError, match="ended access"):
                say()
            desk.run("cut", "--undo")
            assert say().choices
            assert "another server" in _serve_again(desk)
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(20) == 0
            process.stdout.close()
            if client:
                client.close()


def _serve_again(desk):
    words = ("broker", "serve", "--port", "0", "--home", str(desk.home))
    ended = subprocess.run(
        [sys.executable, "-m", "fairlead", *words],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 6
    return ended.stderr


def test_the_credential_is_its_owners_alone(desk):
    """Its file opens to nobody else, and no command prints it."""
    told = begun(desk)
    (kept,) = [
        p for p in desk.home.rglob("*") if p.is_file() and b"sk-the" in p.read_bytes()
    ]
    assert kept.stat().st_mode & 0o077 == 0
    assert kept.parent.stat().st_mode & 0o077 == 0
    assert "sk-the" not in json.dumps(told) + desk.run("ledger")


def test_what_is_not_signed_by_both_sides_begins_nothing(desk):
    """One byte of the terms, a missing signature, and a file that is none."""
    written = json.loads(desk.agreement.read_text())
    for changed, code in (
        (written | {"terms": written["terms"].replace("Heron", "Egret")}, 7),
        (written | {"signatures": written["signatures"][:1]}, 7),
        ({}, 3),
    ):
        other = desk.folder / "other.json"
        other.write_text(json.dumps(changed))
        desk.run("init", other, "--endpoint", "http://localhost:1/v1", code=code)
    assert not (desk.home / "agreement.json").exists()


def test_terms_that_leave_the_broker_to_the_programme_begin_none(desk):
    """It says which profile would."""
    from msgspec import UNSET

    desk.agree("hosted.json", desk.folder, broker=UNSET, profile=Profile.API_ONLY)
    words = ("--endpoint", "http://localhost:1/v1", "--json")
    said = desk.run("init", desk.folder / "hosted.json", *words, code=5)
    assert "runs at the programme's side" in said


def test_a_folder_is_of_one_engagement_and_an_amendment_keeps_its_endpoint(desk):
    """Another's agreement is refused; the same one's needs no endpoint again."""
    begun(desk)
    desk.agree("another.json", desk.folder)
    said = desk.run("init", desk.folder / "another.json", "--json", code=5)
    assert "name another folder" in said
    told = json.loads(desk.run("init", desk.agreement, "--json"))
    assert told["assets"] == ["endpoint"]


@pytest.mark.parametrize(
    ("words", "said", "code"),
    [
        (("--endpoint", "ftp://x"), "write https://HOST", 3),
        (("--endpoint", "http://model.example/v1"), "in the clear", 3),
        (("--endpoint", "http://localhost:1", "--asset", "x"), "no endpoint 'x'", 5),
        ((), "--endpoint", 5),
        (
            ("--endpoint", "http://localhost:1", "--credential-file", "/none"),
            "No such file",
            4,
        ),
    ],
)
def test_what_is_typed_wrong_is_said(desk, words, said, code):
    """In one line, with what would be right, and nothing is begun."""
    assert said in desk.run("init", desk.agreement, *words, "--json", code=code)
    assert not (desk.home / "agreement.json").exists()


def test_without_a_broker_every_command_says_how_to_begin_one(desk):
    """Instead of making an empty one."""
    for words in (("serve",), ("cut",), ("ledger",), ("object", "p"), ("partner", "o")):
        assert "fairlead broker init" in desk.run(*words, code=4)
    assert not desk.home.exists()


def test_a_partner_and_an_objection_are_said_and_taken_back(desk):
    """What the developer says at its side is kept in its own book."""
    begun(desk)
    desk.run("partner", "org-1")
    desk.run("object", "per-1")
    from fairlead.wiring import DevelopersBroker

    book = DevelopersBroker(desk.home).book()
    assert book.standing().partners == {"org-1"}
    assert book.standing().objected == {"per-1"}
    book.close()
    desk.run("partner", "org-1", "--undo")
    book = DevelopersBroker(desk.home).book()
    assert not book.standing().partners
    book.close()
