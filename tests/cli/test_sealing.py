"""`fairlead seal`, `unseal` and `verify`, as people use them."""

from __future__ import annotations

import json
import secrets
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from fairlead.cli.main import main

sys.path.insert(0, str(Path(__file__).parents[1] / "formats"))
import test_destruction


@pytest.fixture
def run():
    def call(*arguments, code=0):
        result = CliRunner().invoke(main, [str(one) for one in arguments])
        assert result.exit_code == code, result.output + result.stderr
        return result

    return call


@pytest.fixture
def sealed(run, tmp_path, monkeypatch):
    """A sealed folder in the working folder, with the keys of both holders."""
    monkeypatch.chdir(tmp_path)
    for name, part in (
        ("dev", "developer"),
        ("pro", "programme"),
        ("session", "programme"),
    ):
        run("seal", "key", "--to", f"{name}.key", "--name", name, "--part", part)
    Path("model").mkdir()
    Path("model/weights.bin").write_bytes(secrets.token_bytes(100_000))
    run("seal", "model", "--to", "out", "--key", "dev.key", "--for", "pro.key.pub")


FROM = ("--from", "dev.key.pub")


@pytest.mark.usefixtures("sealed")
def test_a_session_needs_both_halves(run):
    """The programme opens with its own key and the half handed over to its session."""
    alone = run("unseal", "out", *FROM, "--key", "pro.key", "--to", "back", code=5)
    assert "that of the developer is missing" in alone.stderr
    run(
        "seal",
        "half",
        "out",
        *FROM,
        "--key",
        "dev.key",
        "--for",
        "session.key.pub",
        "--to",
        "h",
    )
    without = ("--key", "pro.key", "--half", "h")
    run("unseal", "out", *FROM, *without, "--to", "back", code=5)

    run("unseal", "out", *FROM, *without, "--key", "session.key", "--to", "back")

    assert (
        Path("back/weights.bin").read_bytes() == Path("model/weights.bin").read_bytes()
    )


@pytest.mark.usefixtures("sealed")
def test_damage_is_told_with_file_and_chunk(run):
    """Without keys the sealed file is named, with both the chunk of the model's file."""
    keys = ("--key", "dev.key", "--key", "pro.key")
    run("seal", "verify", "out", *FROM)
    run("seal", "verify", "out", *FROM, *keys)
    (shard,) = Path("out/shards").iterdir()
    written = bytearray(shard.read_bytes())
    written[56 + 3 * 16400] ^= 1
    shard.write_bytes(written)

    without = json.loads(run("seal", "verify", "out", *FROM, "--json", code=7).stdout)
    found = json.loads(
        run("seal", "verify", "out", *FROM, *keys, "--json", code=7).stdout
    )

    assert [fault["file"] for fault in without["faults"]] == [f"shards/{shard.name}"]
    assert [(f["file"], f["chunk"]) for f in found["faults"]] == [("weights.bin", 3)]
    run("unseal", "out", *FROM, *keys, "--to", "back", code=7)
    assert list(Path("back").iterdir()) == []


@pytest.mark.usefixtures("sealed")
def test_a_range_is_read(run):
    """Some bytes of a file come out, and nothing else."""
    keys = ("--key", "dev.key", "--key", "pro.key")
    read = run(
        "seal",
        "read",
        "out",
        *FROM,
        *keys,
        "weights.bin",
        "--start",
        40_000,
        "--end",
        40_010,
    )

    assert read.stdout_bytes == Path("model/weights.bin").read_bytes()[40_000:40_010]


@pytest.mark.usefixtures("sealed")
def test_keys_are_not_overwritten_and_stay_private(run):
    """A second key under the same name is refused; the secret is its owner's alone."""
    run("seal", "key", "--to", "dev.key", "--name", "x", "--part", "developer", code=5)
    assert Path("dev.key").stat().st_mode & 0o077 == 0


def test_the_help_says_how_to_seal(run):
    """`fairlead seal --help` shows the command that has no name of its own."""
    said = run("seal", "--help").stdout
    assert "fairlead seal FOLDER --to OUT" in said
    assert "--shard-size" in run("seal", "folder", "--help").stdout


def test_a_certificate_is_verified_offline(run, tmp_path):
    """The answer says what it shows and what it cannot; a changed one is refused."""
    path = tmp_path / "certificate.json"
    path.write_bytes(test_destruction.certificate())
    log = test_destruction.LOG.verifier().text()
    signer = test_destruction.PROGRAMME.key.verifier().text()

    said = run("verify", path, "--key", log, "--signer", signer).stdout
    assert "This certificate shows:" in said
    assert "that nobody kept the content" in said
    told = json.loads(
        run("verify", path, "--key", log, "--signer", signer, "--json").stdout
    )
    assert told["verified"] is True
    run("verify", path, "--key", log, code=7)
    path.write_bytes(path.read_bytes().replace(b'"payload": "e', b'"payload": "f', 1))
    run("verify", path, "--key", log, "--signer", signer, code=7)
    run("verify", path, "--key", "nonsense", code=3)
