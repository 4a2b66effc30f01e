"""Cosignatures of witnesses."""

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.errors import Damaged
from fairlead.record.cosignatures import Witness, WitnessSigner
from fairlead.record.notes import (
    Checkpoint,
    LogKeys,
    Note,
    Retired,
    Verifier,
    new_signer,
    open_note,
)

LOG = new_signer("log.example/record", secrets.token_bytes)
SIGNER = WitnessSigner(new_signer("witness.example/w1", secrets.token_bytes))
CHECKPOINT = Checkpoint(origin="log.example/record", size=7, root=b"r" * 32)
NOTE = LOG.sign(CHECKPOINT.text())


def cosigned(at):
    return NOTE + SIGNER.cosign(CHECKPOINT.text(), at) + "\n"


@given(st.integers(0, 2**63 - 1))
def test_a_cosignature_is_read_back_with_its_instant(at):
    assert SIGNER.witness().at(Note.parse(cosigned(at))) == at
    assert open_note(cosigned(at), LOG.verifier()) == CHECKPOINT.text()


def test_the_message_is_the_one_of_the_specification():
    line = SIGNER.cosign("example.com/behind-the-sofa\n7\nabc=\n", 1679315147)
    plain = Verifier(SIGNER.witness().name, SIGNER.witness().key)
    from fairlead.record.notes import signature_of

    assert plain.opens(
        "cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n7\nabc=\n",
        signature_of(line)[8:],
    )


def test_a_cosignature_is_no_signature_of_a_log_nor_the_other_way_round():
    same = Verifier(SIGNER.witness().name, SIGNER.witness().key)
    assert Note.parse(cosigned(1)).signed_by(same) is None
    assert Witness(LOG.name, LOG.verifier().key).at(Note.parse(NOTE)) is None


@given(st.integers(0, 71), st.integers(0, 7))
def test_a_changed_bit_is_named(place, bit):
    from fairlead.record.notes import signature_line, signature_of

    signature = bytearray(signature_of(SIGNER.cosign(CHECKPOINT.text(), 99)))
    signature[place] ^= 1 << bit
    witness = SIGNER.witness()
    line = signature_line(witness.name, witness.id, bytes(signature))
    with pytest.raises(Damaged, match="does not fit"):
        witness.at(Note.parse(f"{NOTE}{line}\n"))


def test_keys_of_witnesses_are_written_and_read_back():
    written = SIGNER.witness().text()
    assert Witness.read(written) == SIGNER.witness()
    with pytest.raises(Damaged, match="is not Ed25519"):
        Verifier.read(written)
    with pytest.raises(Damaged, match="not that of a witness"):
        Witness.read(LOG.verifier().text())


# --- A log that changed its key -----------------------------------------------------------


def test_a_retired_key_stands_for_what_it_signed_and_no_more():
    new = new_signer(LOG.name, secrets.token_bytes)
    for size, holds in ((6, False), (7, True), (8, True)):
        keys = LogKeys(new.verifier(), (Retired(LOG.verifier(), size),))
        if holds:
            assert keys.checkpoint(NOTE) == CHECKPOINT
        else:
            with pytest.raises(Damaged, match="retired at 6"):
                keys.checkpoint(NOTE)
    keys = LogKeys(new.verifier(), (Retired(LOG.verifier(), 3),))
    both = NOTE + new.line(CHECKPOINT.text()) + "\n"
    assert keys.checkpoint(both) == CHECKPOINT
    other = new_signer(LOG.name, secrets.token_bytes)
    with pytest.raises(Damaged, match="has not signed"):
        keys.checkpoint(other.sign(CHECKPOINT.text()))


notes = st.one_of(
    st.text(max_size=100),
    st.lists(
        st.sampled_from([*NOTE.split("\n"), "", "— a AAAA", "—  AAAAAAAAAAA=", "\0"]),
        max_size=9,
    ).map("\n".join),
)


@given(notes)
def test_whatever_is_read_is_a_note_or_refused(written):
    try:
        note = Note.parse(written)
    except Damaged:
        return
    assert note.written() == written
