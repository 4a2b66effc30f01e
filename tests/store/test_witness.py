"""A witness: what it cosigns, what it refuses, and what it remembers."""

from __future__ import annotations

import os
import secrets
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.errors import Damaged
from fairlead.record import proofs
from fairlead.record.cosignatures import WitnessSigner
from fairlead.record.notes import Note, new_signer
from fairlead.record.witness import Request, known_logs
from fairlead.store.witness import Desk, Memory

sys.path.insert(0, str(Path(__file__).parents[1] / "record"))
from logs import Log

LOG = new_signer("log.example/record", secrets.token_bytes)
OTHER = new_signer("other.example/record", secrets.token_bytes)
SIGNER = WitnessSigner(new_signer("witness.example/w1", secrets.token_bytes))
ONE = Log(LOG, 40)
FORKED = Log(LOG, 40, fork=12)


def desk_in(path):
    return Desk(
        signer=SIGNER,
        logs=known_logs([LOG.verifier()]),
        memory=Memory(path),
        clock=lambda: datetime(2026, 8, 18, tzinfo=UTC),
    )


@pytest.fixture
def desk(tmp_path):
    return desk_in(tmp_path / "seen")


def request(old, new, log=ONE):
    proof = tuple(proofs.consistency(log, old, new)) if old <= new else ()
    return Request(old=old, proof=proof, note=log.note(new))


def ask(desk, asked):
    text = asked if isinstance(asked, bytes) else asked.text().encode()
    answer = desk.add_checkpoint(text)
    return int(answer.status), answer.body


def test_a_log_that_grows_is_cosigned_at_each_step(desk):
    old = 0
    for new in (0, 1, 7, 7, 8, 12, 40):
        status, body = ask(desk, request(old, new))
        assert status == 200
        note = Note.parse(f"{ONE.note(new).written()}{body}")
        assert SIGNER.witness().at(note) == 1787011200
        old = new


def test_the_answer_to_a_wrong_old_size_is_the_last_one(desk):
    ask(desk, request(0, 12))
    answer = desk.add_checkpoint(request(7, 20).text().encode())
    assert (answer.status, answer.body) == (409, "12\n")
    assert answer.media_type == "text/x.tlog.size"


def test_a_fork_is_refused(desk):
    ask(desk, request(0, 20))
    assert ask(desk, request(20, 20, FORKED)) == (409, "20\n")
    assert ask(desk, request(20, 40, FORKED)) == (422, "")
    assert ask(desk, request(20, 40))[0] == 200


def test_a_log_that_was_rolled_back_is_refused(desk):
    ask(desk, request(0, 20))
    for old in (0, 12):
        assert ask(desk, request(old, 12)) == (409, "20\n")
    assert ask(desk, request(20, 12)) == (400, "")


def test_a_proof_that_proves_nothing_is_refused(desk):
    right = request(0, 20)
    assert ask(desk, replace(right, proof=(b"x" * 32,)))[0] == 422
    ask(desk, right)
    right = request(20, 33)
    for proof in (right.proof[:-1], (*right.proof, b"x" * 32), right.proof[::-1], ()):
        assert ask(desk, replace(right, proof=proof))[0] == 422
    assert ask(desk, replace(request(20, 20), proof=(b"x" * 32,)))[0] == 422
    assert desk.memory.last(LOG.name).size == 20


def test_who_is_not_known_or_has_not_signed_is_refused(desk):
    assert ask(desk, request(0, 5, Log(OTHER, 5)))[0] == 404
    right = request(0, 5)
    forged = new_signer(LOG.name, secrets.token_bytes).sign(right.note.text)
    assert ask(desk, replace(right, note=Note.parse(forged)))[0] == 403
    changed = Note(right.note.text, FORKED.note(20).lines)
    assert ask(desk, replace(right, note=changed))[0] == 403
    assert desk.memory.last(LOG.name) is None


def test_a_log_that_changes_its_key_is_followed(desk):
    new = new_signer(LOG.name, secrets.token_bytes)
    ask(desk, request(0, 5))
    both = replace(desk, logs=known_logs([LOG.verifier(), new.verifier()]))
    later = Log(new, 9)
    assert ask(desk, request(5, 9, later))[0] == 403
    assert ask(both, request(5, 9, later))[0] == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"old 0\n",
        b"old 00\n\n",
        b"old -1\n\n",
        b"old 99999999999999999999999\n\n",
        b"old 0\nnot base64\n\n" + ONE.note(3).written().encode(),
        b"old 0\n" + b"QQ==\n" * 3 + b"\n" + ONE.note(3).written().encode(),
        b"old 0\n" + (b"A" * 43 + b"=\n") * 64 + b"\n" + ONE.note(3).written().encode(),
        b"new 0\n\n" + ONE.note(3).written().encode(),
        b"old 0\n\nno note",
        b"old 0\n\n" + LOG.sign("log.example/record\n3\n").encode(),
    ],
)
def test_what_cannot_be_read_is_refused(desk, body):
    assert ask(desk, body) == (400, "")


@settings(max_examples=300)
@given(st.data())
def test_no_request_is_a_fault(tmp_path_factory, data):
    text = request(0, 5).text()
    place = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(place, min(len(text), place + 40)))
    changed = text[:place] + data.draw(st.text(max_size=5)) + text[end:]
    desk = desk_in(tmp_path_factory.getbasetemp() / secrets.token_hex(8))
    assert ask(desk, changed.encode())[0] in {200, 400, 403, 404, 409, 422}
    # A change of the note cannot be cosigned, for the log has not signed it.
    if ask(desk, changed.encode())[0] == 200:
        assert ONE.checkpoint(5).text() in changed


def test_of_many_requests_at_once_one_history_is_cosigned(desk):
    ask(desk, request(0, 12))
    asked = [request(12, size, log) for size in range(13, 41) for log in (ONE, FORKED)]
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda one: ask(desk, one)[0], asked))
    assert answers.count(200) == 1


def test_a_memory_that_cannot_be_read_cosigns_nothing(desk, tmp_path):
    ask(desk, request(0, 12))
    (file,) = (tmp_path / "seen").iterdir()
    file.write_bytes(b"\xff")
    with pytest.raises(Damaged):
        ask(desk, request(12, 20))
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_log_cannot_choose_the_file_in_which_it_is_remembered(tmp_path):
    evil = new_signer("../../evil", secrets.token_bytes)
    memory = Memory(tmp_path / "seen")
    memory.keep(evil.name, Log(evil, 3).note(3))
    assert memory.last(evil.name).size == 3
    assert [p.name for p in tmp_path.iterdir()] == ["seen"]


class KilledError(BaseException):
    """Stands for a power cut."""


def test_a_witness_killed_between_any_two_steps_never_cosigns_two_histories(
    tmp_path, monkeypatch
):
    """Killed at each system call; the other history is offered afterwards."""
    steps = {name: getattr(os, name) for name in ("open", "fsync", "replace", "close")}
    killed = 0
    for step in range(30):
        desk = desk_in(tmp_path / str(step))
        ask(desk, request(0, 12))
        left = step

        def dying(name):
            def call(*args, **kwargs):
                nonlocal left
                if left == 0:
                    raise KilledError
                left -= 1
                return steps[name](*args, **kwargs)

            return call

        got = []
        with monkeypatch.context() as patch:
            for name in steps:
                patch.setattr(f"fairlead.store.files.os.{name}", dying(name))
            try:
                got.append(ask(desk, request(12, 20)))
            except KilledError:
                killed += 1
        again = desk_in(tmp_path / str(step))
        got.append(ask(again, request(12, 20, FORKED)))
        got.append(ask(again, request(12, 20)))
        got.append(ask(again, request(20, 20)))
        got.append(ask(again, request(20, 20, FORKED)))
        # The clock stands still, so that one checkpoint has one cosignature.
        lines = {body for status, body in got if status == 200}
        assert len(lines) == 1, "two histories were cosigned"
        if killed == step:
            break
    assert killed >= 4
