"""The oblivious function against the vectors of RFC 9497, appendix A.3.1."""

from __future__ import annotations

import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.errors import Invalid
from fairlead.sealing import oprf

SEED = bytes.fromhex("a3" * 32)
SECRET = 0x159749D750713AFE245D2D39CCFAAE8381C53CE92D098A9375EE70739C7AC0BF
BLIND = 0x3338FA65EC36E0290022B48EB562889D89DBFA691D1CDE91517FA222ED7AD364
VECTORS = [
    (
        "00",
        "03723a1e5c09b8b9c18d1dcbca29e8007e95f14f4732d9346d490ffc195110368d",
        "030de02ffec47a1fd53efcdd1c6faf5bdc270912b8749e783c7ca75bb412958832",
        "a0b34de5fa4c5b6da07e72af73cc507cceeb48981b97b7285fc375345fe495dd",
    ),
    (
        "5a" * 17,
        "03cc1df781f1c2240a64d1c297b3f3d16262ef5d4cf102734882675c26231b0838",
        "03a0395fe3828f2476ffcd1f4fe540e5a8489322d398be3c4e5a869db7fcb7c52c",
        "c748ca6dd327f0ce85f4ae3a8cd6d4d5390bbb804c9e12dcf94f853fece3dcce",
    ),
]


def test_the_key_of_the_vectors_follows_from_its_seed():
    """RFC 9497, A.3: seed and key info."""
    assert oprf.derive_key(SEED, b"test key").scalar == SECRET


@pytest.mark.parametrize(("given_", "element", "answer", "output"), VECTORS)
def test_the_vectors_of_the_rfc(given_, element, answer, output):
    """Blinded element, answer and output, to the byte."""
    blinded = oprf.Blinded(bytes.fromhex(given_), BLIND)
    key = oprf.Key(SECRET)
    assert blinded.element.hex() == element
    assert key.evaluate(blinded.element).hex() == answer
    assert blinded.finish(bytes.fromhex(answer)).hex() == output
    assert key.whole(bytes.fromhex(given_)).hex() == output


@given(st.binary(max_size=40))
def test_asking_blindly_gives_what_the_holder_computes(given_):
    """And two askers send elements that have nothing in common."""
    key = oprf.derive_key(secrets.token_bytes(32), b"x")
    one, other = (oprf.blind(given_, secrets.token_bytes) for _ in range(2))
    assert one.element != other.element
    assert one.finish(key.evaluate(one.element)) == key.whole(given_)
    assert other.finish(key.evaluate(other.element)) == key.whole(given_)


@pytest.mark.parametrize(
    "element",
    [
        b"",
        b"\x00",
        b"\x04" + bytes(32),
        b"\x02" + bytes(31),
        b"\x02" + (2**256 - 1).to_bytes(32, "big"),
        b"\x02" + (5).to_bytes(32, "big")[:-1] + b"\x04",
        b"\x02" + bytes(64),
    ],
)
def test_what_is_no_point_is_refused(element):
    """The identity, points of other curves, and any other bytes."""
    with pytest.raises(Invalid):
        oprf.read(element)


@pytest.mark.parametrize("scalar", [1, 2, 3, oprf.N - 2, oprf.N - 1])
def test_small_and_large_numbers_multiply_too(scalar):
    """The search for y must not fail at the ends."""
    point = oprf.read(bytes.fromhex(VECTORS[0][1]))
    found = oprf.read(oprf.Key(scalar).evaluate(oprf.write(point)))
    back = oprf.Key(pow(scalar, -1, oprf.N)).evaluate(oprf.write(found))
    assert oprf.read(back) == point
