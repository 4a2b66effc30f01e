"""Chunked encryption is what the specification says, and notices every change."""

from __future__ import annotations

import secrets

import pytest
from cryptography.cobblestone import Cobblestone256Decryptor, Cobblestone256Encryptor
from hypothesis import given
from hypothesis import strategies as st

from fairlead.sealing import chunked
from fairlead.sealing.chunked import (
    CHUNK,
    HEADER,
    SEALED,
    TAG,
    ChunkDamaged,
    Message,
)

KEY, CONTEXT = bytes(range(32)), b"fairlead tests"
EDGES = st.sampled_from(
    [0, 1, 15, 16, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 2 * CHUNK + 9]
)


def sealed(content, key=KEY, context=CONTEXT):
    message = Message.begin(key, context, secrets.token_bytes(24))
    chunks = range(chunked.chunks_of(len(content)))
    return message.header + b"".join(
        message.seal(n, content[n * CHUNK : (n + 1) * CHUNK]) for n in chunks
    )


def opened(written, start=0, end=None, key=KEY, context=CONTEXT):
    message = Message.resume(key, context, written[:HEADER])
    size = len(written)
    stop = chunked.plain_size(size) if end is None else end
    read = lambda offset, length: written[offset : offset + length]  # noqa: E731
    return b"".join(chunked.open_range(message, read, size, start, stop))


@given(EDGES, st.binary(max_size=40), st.binary(max_size=40))
def test_another_implementation_opens_what_we_seal(size, context, seed):
    """Cobblestone-256 of the library for cryptography reads our messages."""
    content = (seed or b"x") * (size // max(1, len(seed)) + 1)
    content = content[:size]
    other = Cobblestone256Decryptor(KEY, context)

    assert other.update(sealed(content, context=context)) + other.finalize() == content


@given(EDGES, st.binary(max_size=40))
def test_we_open_what_another_implementation_seals(size, context):
    """We read the messages of Cobblestone-256, whole."""
    content = secrets.token_bytes(size)
    other = Cobblestone256Encryptor(KEY, context)

    assert opened(other.update(content) + other.finalize(), context=context) == content


def test_many_chunks_at_once_are_the_same_as_one_by_one():
    """Sealing a block of chunks gives the bytes that sealing each of them gives."""
    content = secrets.token_bytes(5 * CHUNK)
    message = Message.begin(KEY, CONTEXT, bytes(24))
    into = bytearray(5 * SEALED)

    used = message.seal_into(7, memoryview(content), memoryview(into))

    assert used == len(into)
    one_by_one = [
        message.seal(7 + n, content[n * CHUNK : (n + 1) * CHUNK]) for n in range(5)
    ]
    assert bytes(into) == b"".join(one_by_one)
    with pytest.raises(ValueError, match="shorter"):
        message.seal_into(0, memoryview(content)[:-1], memoryview(into))


@given(EDGES, st.data())
def test_any_range_opens(size, data):
    """Any range of bytes opens to exactly these bytes."""
    content = secrets.token_bytes(size)
    start = data.draw(st.integers(0, size))
    end = data.draw(st.integers(start, size))

    assert opened(sealed(content), start, end) == content[start:end]


@given(st.sampled_from([0, 1, CHUNK, 2 * CHUNK + 9]), st.data())
def test_every_flipped_bit_is_noticed(size, data):
    """No bit of a message can be flipped unseen, and the chunk is the one named."""
    written = bytearray(sealed(secrets.token_bytes(size)))
    place = data.draw(st.integers(0, len(written) - 1))
    written[place] ^= 1 << data.draw(st.integers(0, 7))

    with pytest.raises(ChunkDamaged) as damaged:
        opened(bytes(written))

    expected = None if place < HEADER else (place - HEADER) // SEALED
    assert damaged.value.chunk == expected


@given(st.sampled_from([0, 1, CHUNK, 2 * CHUNK + 9]), st.data())
def test_every_cut_is_noticed(size, data):
    """A message that ends early, wherever that is, does not open whole."""
    written = sealed(secrets.token_bytes(size))
    cut = data.draw(st.integers(0, len(written) - 1))

    with pytest.raises(ChunkDamaged):
        opened(written[:cut])


@given(st.integers(1, 2 * SEALED), st.binary(min_size=1, max_size=1))
def test_what_is_added_is_noticed(count, byte):
    """Bytes behind the last chunk do not go unseen."""
    with pytest.raises(ChunkDamaged):
        opened(sealed(b"x" * 20) + byte * count)


@given(st.permutations(range(4)))
def test_chunks_open_only_in_their_order(order):
    """Chunks in another order do not open, and the explanation says whose place it is."""
    written = sealed(secrets.token_bytes(4 * CHUNK + 3))
    chunks = [written[HEADER + n * SEALED : HEADER + (n + 1) * SEALED] for n in order]
    moved = written[:HEADER] + b"".join(chunks) + written[HEADER + 4 * SEALED :]
    wrong = next((n for n in range(4) if order[n] != n), None)
    if wrong is None:
        assert opened(moved)
        return
    with pytest.raises(ChunkDamaged) as damaged:
        opened(moved)
    assert damaged.value.chunk == wrong
    message = Message.resume(KEY, CONTEXT, written[:HEADER])
    read = lambda offset, length: moved[offset : offset + length]  # noqa: E731
    said = chunked.explain(message, read, len(moved), wrong)
    assert f"chunk {order[wrong]} stands in its place" in said


def test_a_chunk_of_another_message_does_not_open():
    """The same chunk of the same content, sealed a second time, is foreign."""
    content = secrets.token_bytes(2 * CHUNK)
    one, other = sealed(content), sealed(content)
    mixed = one[: HEADER + SEALED] + other[HEADER + SEALED :]

    with pytest.raises(ChunkDamaged, match="chunk 1: changed, or not from here"):
        opened(mixed)


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=20))
def test_another_key_or_context_opens_nothing(key, context):
    """The commitment refuses every other key and every other context at once."""
    written = sealed(b"content")
    if (key, context) == (KEY, CONTEXT):
        return
    with pytest.raises(ChunkDamaged, match="header"):
        opened(written, key=key, context=context)


def test_lengths_that_no_message_has_are_refused():
    """Lengths follow the implementation notes of the specification."""
    full = HEADER + 3 * SEALED
    for size in (0, HEADER - 1, HEADER, full, full + TAG - 1):
        with pytest.raises(ChunkDamaged):
            chunked.plain_size(size)
    for size in (0, 1, CHUNK - 1, CHUNK, 7 * CHUNK + 5):
        assert chunked.plain_size(chunked.sealed_size(size)) == size


def test_a_message_has_an_end():
    """Counting goes no further than the specification allows."""
    message = Message.begin(KEY, CONTEXT, bytes(24))
    assert message.seal(chunked.MOST - 1, b"")
    with pytest.raises(ChunkDamaged, match="at most"):
        message.seal(chunked.MOST, b"")
