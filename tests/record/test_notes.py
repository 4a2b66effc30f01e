"""Signed notes and checkpoints."""

import secrets

import pytest

from fairlead.errors import Damaged
from fairlead.record.notes import Checkpoint, Signer, Verifier, new_signer, open_note

SIGNER = new_signer("log.example/record", secrets.token_bytes)
CHECKPOINT = Checkpoint(origin="log.example/record", size=7, root=b"r" * 32)
NOTE = SIGNER.sign(CHECKPOINT.text())

# The example of the Go package golang.org/x/mod/sumdb/note.
GO_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
GO_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqf"
    "qdngotpRZb6KE6RyyBwJnAM=\n"
)


def test_a_note_of_another_implementation_is_opened():
    assert open_note(GO_NOTE, Verifier.read(GO_KEY)).startswith("If you think")


def test_a_checkpoint_is_signed_and_read_back():
    text = open_note(NOTE, SIGNER.verifier())
    assert Checkpoint.parse(text) == CHECKPOINT


def test_keys_are_written_and_read_back():
    assert Signer.read(SIGNER.secret()) == SIGNER
    assert Verifier.read(SIGNER.verifier().text()) == SIGNER.verifier()


def test_other_signatures_are_passed_over():
    other = new_signer("witness.example", secrets.token_bytes)
    both = NOTE + other.sign(CHECKPOINT.text()).split("\n\n")[1]
    assert open_note(both, SIGNER.verifier()) == open_note(both, other.verifier())


@pytest.mark.parametrize(
    ("note", "said"),
    [
        ("", "no signed note"),
        ("text\n", "no signed note"),
        (NOTE.replace("7", "8", 1), "the note was changed"),
        (NOTE.replace("— ", "- "), "cannot be read"),
        (NOTE[:-10] + "!" * 9 + "\n", "no base64"),
        (
            new_signer("log.example/record", secrets.token_bytes).sign(
                CHECKPOINT.text()
            ),
            "has not signed",
        ),
    ],
)
def test_what_is_wrong_with_a_note_is_said(note, said):
    with pytest.raises(Damaged, match=said):
        open_note(note, SIGNER.verifier())


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("origin\n7\n", "three lines"),
        ("origin\n07\nAAAA\n", "is no number"),
        ("origin\n-1\nAAAA\n", "is no number"),
        ("origin\n7\n!\n", "no base64"),
        ("origin\n7\nAAAA\n", "no SHA-256"),
    ],
)
def test_what_is_wrong_with_a_checkpoint_is_said(text, said):
    with pytest.raises(Damaged, match=said):
        Checkpoint.parse(text)


@pytest.mark.parametrize(
    "written", ["", "PRIVATE+KEY+x", "PRIVATE+KEY+a+00000000+AQ=="]
)
def test_a_damaged_key_file_is_refused(written):
    with pytest.raises(Damaged):
        Signer.read(written)


def test_a_key_under_a_false_id_is_refused():
    name, _, key = SIGNER.verifier().text().split("+", 2)
    with pytest.raises(Damaged, match="not the one that its id names"):
        Verifier.read(f"{name}+00000000+{key}")
