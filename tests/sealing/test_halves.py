"""Both halves open, one alone says nothing, and each opens only with its holder's key."""

from __future__ import annotations

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.errors import Damaged, Malformed, Refused
from fairlead.sealing import halves
from fairlead.sealing.holders import (
    HolderKey,
    Part,
    new_holder_key,
    read_holder,
    read_holder_key,
)

DEVELOPER = new_holder_key(Part.DEVELOPER, "Acme", secrets.token_bytes)
PROGRAMME = new_holder_key(Part.PROGRAMME, "Programme", secrets.token_bytes)
SEAL = "seal-of-a-test"


def wrapped(key):
    both = halves.split(key, secrets.token_bytes)
    return [
        halves.wrap(both[one.part], one.part, one.holder, SEAL)
        for one in (DEVELOPER, PROGRAMME)
    ]


@given(st.binary(min_size=32, max_size=32))
def test_both_halves_are_the_key_and_one_is_not(key):
    """Two halves give the key; a half alone is refused, and is not the key."""
    shut = wrapped(key)
    both = halves.unwrap_mine(shut, [DEVELOPER, PROGRAMME], SEAL)

    assert halves.join(both) == key
    for alone, missing in ((DEVELOPER, "programme"), (PROGRAMME, "developer")):
        mine = halves.unwrap_mine(shut, [alone], SEAL)
        assert len(mine) == 1
        with pytest.raises(Refused, match=missing):
            halves.join(mine)


def test_a_half_opens_only_for_its_holder_folder_and_part():
    """A half that is put elsewhere does not open."""
    one = halves.wrap(bytes(32), Part.DEVELOPER, DEVELOPER.holder, SEAL)

    assert halves.unwrap(one, DEVELOPER, SEAL) == bytes(32)
    with pytest.raises(Damaged):
        halves.unwrap(one, PROGRAMME, SEAL)
    with pytest.raises(Damaged):
        halves.unwrap(one, DEVELOPER, "seal-of-another")
    other = halves.Wrapped(part=Part.PROGRAMME, holder=one.holder, box=one.box)
    with pytest.raises(Damaged):
        halves.unwrap(other, DEVELOPER, SEAL)


@given(st.data())
def test_every_changed_bit_of_a_half_is_noticed(data):
    """No bit of a wrapped half can be flipped."""
    one = halves.wrap(secrets.token_bytes(32), Part.DEVELOPER, DEVELOPER.holder, SEAL)
    box = bytearray(one.box)
    box[data.draw(st.integers(0, len(box) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    changed = halves.Wrapped(part=one.part, holder=one.holder, box=bytes(box))

    with pytest.raises(Damaged):
        halves.unwrap(changed, DEVELOPER, SEAL)


def test_the_public_key_of_a_seed_is_that_of_the_draft():
    """The seed is expanded as draft-connolly-cfrg-xwing-kem-09, appendix C, vector 1."""
    seed = bytes.fromhex(
        "7f9c2ba4e88f827d616045507605853ed73b8093f6efbc88eb1a6eacfa66ef26"
    )
    key = HolderKey(part=Part.DEVELOPER, name="x", seed=seed)

    assert key.holder.kem.hex().startswith(
        "e2236b35a8c24b39b10aa1323a96a919a2ced88400633a7b07131713fc14b2b5"
        "b19cfc3da5fa1a92c49f25513e0fd30d6b1611c9ab9635d7086727a4b7d21d34"
    )


def test_keys_survive_their_files_and_never_print():
    """What is written is read again, and the secret shows in no `repr`."""
    assert read_holder_key(DEVELOPER.encode()) == DEVELOPER
    assert read_holder(DEVELOPER.holder.encode()) == DEVELOPER.holder
    assert DEVELOPER.seed.hex() not in repr(DEVELOPER)
    assert repr(DEVELOPER.seed) not in repr(DEVELOPER)
    for wrong in (b"", b"{}", DEVELOPER.encode()):
        with pytest.raises(Malformed):
            read_holder(wrong)


def test_a_signature_is_by_its_key_over_its_content():
    """A holder's signature fits nothing else and nobody else."""
    signature = DEVELOPER.sign(b"content")

    assert DEVELOPER.holder.signed(b"content", signature)
    assert not DEVELOPER.holder.signed(b"contents", signature)
    assert not PROGRAMME.holder.signed(b"content", signature)
