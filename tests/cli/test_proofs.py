"""Proofs about the record as an operator hands them out, and anyone verifies them."""

from __future__ import annotations

import json
import secrets

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine, text

from fairlead.cli.main import main
from fairlead.record.notes import new_signer


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("FAIRLEAD_HOME", "FAIRLEAD_DATABASE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path / "home"


@pytest.fixture
def run(home):
    def call(*arguments, code=0):
        result = CliRunner().invoke(main, [*arguments, "--home", str(home)])
        assert result.exit_code == code, result.output + result.stderr
        return result

    return call


@pytest.fixture
def proof(run, tmp_path):
    """Prove an event of a small record; return the file, the entry and the key."""
    for name in ("A", "B", "C"):
        run("organisation", "add", name)
    told = json.loads(run("organisation", "list", "--json").stdout)
    event = f"organisation/{told['organisations'][1]['organisation']}@1"
    proven = json.loads(run("record", "prove", event, "--json").stdout)
    path = tmp_path / "b.tlog-proof"
    plain = run("record", "prove", event)
    path.write_bytes(plain.stdout.encode())
    assert plain.stdout == proven["proof"]
    assert plain.stderr == f"entry: {proven['entry']}\n"
    return path, proven["entry"], run("record", "key").stdout.strip(), event


def verify(*arguments, code=0):
    """Run `record verify` with no home folder at all."""
    result = CliRunner().invoke(main, ["record", "verify", *arguments])
    assert result.exit_code == code, result.output + result.stderr
    return result


def test_a_proof_is_verified_by_anyone_with_the_key(proof, home, tmp_path):
    path, entry, key, _ = proof
    home.rename(tmp_path / "elsewhere")
    said = verify(str(path), "--key", key, "--entry", entry)
    assert "The entry is at place 1 of the log fairlead.example/record" in said.stdout
    told = json.loads(
        verify(str(path), "--key", key, "--entry", entry, "--json").stdout
    )
    assert (told["verified"], told["included"], told["size"]) == (True, True, 3)
    assert "nothing is said" in verify(str(path), "--key", key).stdout
    assert not home.exists()


def test_what_is_not_proved_is_refused(proof, tmp_path):
    path, entry, key, _ = proof
    other = new_signer("fairlead.example/record", secrets.token_bytes).verifier()
    assert "has not signed" in verify(str(path), "--key", other.text(), code=7).stderr
    said = verify(str(path), "--key", key, "--entry", "ab" * 32, code=7)
    assert "does not stand at place 1" in said.stderr
    verify(str(path), "--key", key, "--entry", "no", code=3)
    verify(str(path), "--key", "no", code=3)
    verify(str(path), "--key", key, "--witness", key, code=3)
    verify(str(tmp_path / "none"), "--key", key, code=2)
    changed = tmp_path / "changed"
    for old, new in ((b"index 1", b"index 2"), (b"\n3\n", b"\n4\n"), (b"\n", b"\r\n")):
        changed.write_bytes(path.read_bytes().replace(old, new))
        verify(str(changed), "--key", key, "--entry", entry, code=7)
    changed.write_bytes(b"\xff")
    verify(str(changed), "--key", key, code=3)


def test_a_witness_that_is_asked_for_must_have_cosigned(proof):
    from fairlead.record.cosignatures import WitnessSigner
    from fairlead.record.notes import Note

    path, entry, key, _ = proof
    signer = WitnessSigner(new_signer("witness.example", secrets.token_bytes))
    asked = ("--key", key, "--entry", entry, "--witness", signer.witness().text())
    assert "has not cosigned" in verify(str(path), *asked, code=7).stderr
    text = path.read_text()
    line = signer.cosign(Note.parse(text.partition("\n\n")[2]).text, 1_700_000_000)
    path.write_text(f"{text}{line}\n")
    said = verify(str(path), *asked).stdout
    assert "witness.example saw this log at 2023-11-14T22:13:20+00:00" in said


def test_an_event_that_is_none_or_waits_is_said(proof, run, home):
    *_, event = proof
    assert "no event" in run("record", "prove", f"{event}9", code=4).stderr
    assert "write its stream" in run("record", "prove", "case", code=3).stderr
    engine = create_engine(f"sqlite:///{home}/fairlead.db")
    stream, _, version = event.partition("@")
    with engine.begin() as connection:
        connection.execute(
            text("delete from leaves where stream = :s and version = :v"),
            {"s": stream, "v": version},
        )
    engine.dispose()
    assert "try again" in run("record", "prove", event, code=6).stderr


def test_an_event_that_the_log_does_not_hold_is_not_proved(proof, run, home):
    *_, event = proof
    engine = create_engine(f"sqlite:///{home}/fairlead.db")
    with engine.begin() as connection:
        connection.execute(text("update events set leaf = zeroblob(32)"))
    engine.dispose()
    assert "does not stand" in run("record", "prove", event, code=7).stderr


def test_the_log_extends_every_checkpoint_that_was_kept(run, home, tmp_path):
    kept = []
    for number in range(4):
        run("organisation", "add", f"O{number}")
        kept.append(tmp_path / f"checkpoint-{number}")
        kept[-1].write_bytes((home / "record" / "checkpoint").read_bytes())
    for size, path in enumerate(kept, 1):
        said = run("record", "consistency", str(path)).stdout
        assert said == f"The log of 4 entries extends the one of {size}.\n"
    told = json.loads(run("record", "consistency", str(kept[2]), "--json").stdout)
    assert (told["old_size"], told["new_size"], len(told["proof"])) == (3, 4, 3)
    # Now the folder is rolled back: what was kept says so.
    (home / "record" / "checkpoint").write_bytes(kept[1].read_bytes())
    said = run("record", "consistency", str(kept[3]), code=7).stderr
    assert "an older copy was put in its place" in said


def test_what_others_were_shown_is_checked_as_well(run, home):
    run("organisation", "add", "A")
    record = home / "record"
    shown = record / "checkpoint.public"
    older = (record / "checkpoint").read_bytes()
    run("organisation", "add", "B")
    shown.write_bytes(older)
    run("record", "check")
    shown.write_bytes((record / "checkpoint").read_bytes())
    run("record", "check")
    (record / "checkpoint").write_bytes(older)
    said = run("record", "check", code=7).stdout
    assert "others were shown a log of 2 entries, now it has 1" in said
    shown.write_bytes(older.replace(b"\n1\n", b"\n0\n"))
    assert "public: checkpoint.public" in run("record", "check", code=7).stdout


def test_a_key_is_changed_and_old_proofs_stay_good(proof, run):
    path, entry, old, event = proof
    new = run("record", "rotate-key").stdout.strip()
    told = json.loads(run("record", "key", "--json").stdout)
    assert (told["key"], told["retired"]) == (new, [{"key": old, "size": 3}])
    verify(str(path), "--key", old, "--entry", entry)
    run("organisation", "add", "D")
    run("record", "check")
    proven = json.loads(run("record", "prove", event, "--json").stdout)
    path.write_text(proven["proof"])
    for key in (old, new):
        verify(str(path), "--key", key, "--entry", entry)
    assert "public checkpoint" in run("record", "rotate-key", code=5).stderr
