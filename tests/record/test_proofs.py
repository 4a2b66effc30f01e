"""Proofs about the log, against RFC 6962 word for word."""

import hashlib
import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.errors import Damaged
from fairlead.record import proofs, tree
from fairlead.record.notes import Checkpoint, new_signer
from fairlead.record.proofs import check_consistency, check_inclusion
from fairlead.record.tlog_proof import TlogProof


def entry(number):
    return hashlib.sha256(b"%d" % number).digest()


def root_of(entries):
    """RFC 6962, 2.1, word for word."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return tree.leaf_hash(entries[0])
    k = split(len(entries))
    return tree.node_hash(root_of(entries[:k]), root_of(entries[k:]))


def split(count):
    k = 1
    while k * 2 < count:
        k *= 2
    return k


def path(m, entries):
    """RFC 6962, 2.1.1, word for word."""
    if len(entries) == 1:
        return []
    k = split(len(entries))
    if m < k:
        return [*path(m, entries[:k]), root_of(entries[k:])]
    return [*path(m - k, entries[k:]), root_of(entries[:k])]


def subproof(m, entries, *, whole=True):
    """RFC 6962, 2.1.2, word for word."""
    if m == len(entries):
        return [] if whole else [root_of(entries)]
    k = split(len(entries))
    if m <= k:
        return [*subproof(m, entries[:k], whole=whole), root_of(entries[k:])]
    return [*subproof(m - k, entries[k:], whole=False), root_of(entries[:k])]


class Tiles:
    """The tiles of a log in memory."""

    def __init__(self, size):
        self.levels = [[tree.leaf_hash(entry(n)) for n in range(size)]]
        while len(self.levels[-1]) >= tree.WIDTH:
            below = self.levels[-1]
            full = range(0, len(below) - tree.WIDTH + 1, tree.WIDTH)
            self.levels.append(
                [tree.subtree_hash(below[i : i + tree.WIDTH]) for i in full]
            )

    def hashes(self, tile):
        first = tile.index * tree.WIDTH
        found = self.levels[tile.level][first : first + tile.width]
        assert len(found) == tile.width > 0
        return found


ENTRIES = [entry(n) for n in range(1500)]
TILES = Tiles(1500)
SMALL = range(1, 71)
ROOTS = {size: root_of(ENTRIES[:size]) for size in (0, *SMALL)}


@pytest.mark.parametrize("size", SMALL)
def test_every_place_of_a_small_log_is_proved_as_the_rfc_says(size):
    assert proofs.root(TILES, size) == ROOTS[size]
    for index in range(size):
        proof = proofs.inclusion(TILES, index, size)
        assert proof == path(index, ENTRIES[:size])
        check_inclusion(ENTRIES[index], index, size, ROOTS[size], proof)


@pytest.mark.parametrize("new", SMALL)
def test_every_small_log_is_proved_to_extend_every_smaller_one(new):
    for old in range(new + 1):
        proof = proofs.consistency(TILES, old, new)
        if old:
            assert proof == subproof(old, ENTRIES[:new])
        check_consistency(old, ROOTS[old], new, ROOTS[new], proof)


@settings(max_examples=60)
@given(st.data())
def test_large_logs_are_proved_as_the_rfc_says(data):
    size = data.draw(st.integers(1, 1500))
    index = data.draw(st.integers(0, size - 1))
    entries = ENTRIES[:size]
    root = root_of(entries)
    proof = proofs.inclusion(TILES, index, size)
    assert proof == path(index, entries)
    check_inclusion(entry(index), index, size, root, proof)
    old = data.draw(st.integers(1, size))
    proof = proofs.consistency(TILES, old, size)
    assert proof == subproof(old, entries)
    check_consistency(old, root_of(entries[:old]), size, root, proof)


@given(st.data())
def test_an_inclusion_proof_of_anything_else_is_refused(data):
    size = data.draw(st.integers(2, 70))
    index = data.draw(st.integers(0, size - 1))
    right = (ENTRIES[index], index, size, ROOTS[size], path(index, ENTRIES[:size]))
    proof = right[4]
    flipped = data.draw(st.integers(0, len(proof) - 1))
    cut = data.draw(st.integers(0, len(proof) - 1))
    other = data.draw(st.integers(0, size - 1).filter(lambda n: n != index))
    for wrong in (
        (ENTRIES[other], *right[1:]),
        (right[0], other, *right[2:]),
        (right[0], size, *right[2:]),
        (right[0], -1, *right[2:]),
        (right[0], index, size, ROOTS[size - 1], proof),
        (right[0], index, size, b"short", proof),
        (*right[:4], flip(proof, flipped)),
        (*right[:4], proof[:cut]),
        (*right[:4], [*proof, b"x" * 32]),
        (*right[:4], [*proof[:-1], b"x" * 31]),
        (*right[:4], [b"x" * 32] * 64),
    ):
        with pytest.raises(Damaged):
            check_inclusion(*wrong)


@given(st.data())
def test_a_consistency_proof_of_anything_else_is_refused(data):
    new = data.draw(st.integers(2, 70))
    old = data.draw(st.integers(1, new - 1))
    proof = subproof(old, ENTRIES[:new])
    right = (old, ROOTS[old], new, ROOTS[new], proof)
    check_consistency(*right)
    flipped = data.draw(st.integers(0, len(proof) - 1))
    cut = data.draw(st.integers(0, len(proof) - 1))
    for wrong in (
        (old, ROOTS[old - 1], new, ROOTS[new], proof),
        (old, ROOTS[old], new, ROOTS[new - 1], proof),
        (new, ROOTS[new], old, ROOTS[old], proof),
        (new, ROOTS[old], new, ROOTS[new], []),
        (0, ROOTS[old], new, ROOTS[new], []),
        (0, ROOTS[0], new, ROOTS[new], proof),
        (*right[:4], flip(proof, flipped)),
        (*right[:4], proof[:cut]),
        (*right[:4], [*proof, b"x" * 32]),
        (-1, *right[1:]),
    ):
        with pytest.raises(Damaged):
            check_consistency(*wrong)


def flip(proof, place):
    hashed = proof[place]
    changed = bytes([hashed[0] ^ 1]) + hashed[1:]
    return [*proof[:place], changed, *proof[place + 1 :]]


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: proofs.inclusion(TILES, 5, 5),
        lambda: proofs.inclusion(TILES, -1, 5),
        lambda: proofs.consistency(TILES, 6, 5),
    ],
)
def test_what_cannot_be_proved_is_a_mistake(wrong):
    with pytest.raises(ValueError, match="a tree of 5 entries"):
        wrong()


# --- As a file --------------------------------------------------------------------------

SIGNER = new_signer("log.example/record", secrets.token_bytes)


def proof_of(index, size):
    checkpoint = Checkpoint(origin=SIGNER.name, size=size, root=ROOTS[size])
    return TlogProof(
        index=index,
        path=tuple(proofs.inclusion(TILES, index, size)),
        checkpoint=SIGNER.sign(checkpoint.text()),
    )


@given(st.data())
def test_a_proof_is_written_read_back_and_verified(data):
    size = data.draw(st.sampled_from(SMALL))
    proof = proof_of(data.draw(st.integers(0, size - 1)), size)
    read = TlogProof.parse(proof.text())
    assert read == proof
    assert read.verify(ENTRIES[read.index], SIGNER.verifier()).size == size


def test_extra_data_is_read_over():
    proof = proof_of(3, 7)
    text = proof.text().replace("\nindex", "\nextra YWJj\nindex", 1)
    assert TlogProof.parse(text) == proof
    with pytest.raises(Damaged, match="extra data is no base64"):
        TlogProof.parse(text.replace("YWJj", "YW-j"))


def test_a_proof_of_another_log_or_entry_is_refused():
    proof = proof_of(3, 7)
    other = new_signer("log.example/record", secrets.token_bytes).verifier()
    with pytest.raises(Damaged, match="has not signed"):
        proof.verify(ENTRIES[3], other)
    with pytest.raises(Damaged, match="does not stand at place 3"):
        proof.verify(ENTRIES[4], SIGNER.verifier())
    text = Checkpoint(origin="other.example", size=7, root=ROOTS[7]).text()
    foreign = TlogProof(index=3, path=proof.path, checkpoint=SIGNER.sign(text))
    with pytest.raises(Damaged, match=r"of other\.example"):
        foreign.verify(ENTRIES[3], SIGNER.verifier())


lines = st.sampled_from([*proof_of(3, 7).text().split("\n"), "index 03", "extra x", ""])
broken = st.one_of(
    st.text(max_size=200),
    st.lists(lines, max_size=14).map("\n".join),
    st.builds(
        lambda place, new: (t := proof_of(3, 7).text())[:place] + new + t[place + 1 :],
        st.integers(0, 400),
        st.characters(),
    ),
    st.integers(0, 500).map(
        lambda digits: f"c2sp.org/tlog-proof@v1\nindex {'9' * digits * 20}\n\n"
    ),
)


@settings(max_examples=500)
@given(broken)
def test_whatever_is_read_is_a_proof_or_refused(text):
    try:
        proof = TlogProof.parse(text)
        proof.verify(ENTRIES[3], SIGNER.verifier())
    except Damaged:
        return
    assert TlogProof.parse(proof.text()) == proof
    assert proof.checkpoint.partition("\n\n")[0] in proof_of(3, 7).checkpoint
