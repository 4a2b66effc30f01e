"""C2SP chunked-encryption, https://c2sp.org/chunked-encryption: large content, shut.

The instantiation is Cobblestone-256: HKDF-Expand over SHA-512, and AES-256-GCM. From an
input key, a salt of 24 bytes and a context come a key, a nonce and a commitment that are
used for one message only. The message is cut in chunks of 16 KiB, the last one shorter
(and perhaps empty); each is shut with the nonce XOR its number. So any chunk can be
opened alone, no chunk fits another place, message, key or context, and one that ends
early is noticed.

Nothing here reads or writes: callers bring bytes and say where they are from.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand

from fairlead.errors import Damaged

KEY = 32
SALT = 24
COMMITMENT = 32
HEADER = SALT + COMMITMENT
CHUNK = 16 * 1024
TAG = 16
SEALED = CHUNK + TAG
"""Bytes of a full chunk once it is shut."""
MOST = 2**38
"""Chunks that a message has at most (Message chunking)."""
_NONCE = 12
_INFO = b"c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\x00"

Read = Callable[[int, int], bytes]
"""Returns the bytes of a sealed message from an offset on, fewer only at its end."""


class ChunkDamaged(Damaged):
    """A chunk does not open where it stands."""

    def __init__(self, chunk: int | None, reason: str) -> None:
        """Say which chunk (none: the header), and why it does not open."""
        place = "header" if chunk is None else f"chunk {chunk}"
        super().__init__(f"{place}: {reason}")
        self.chunk = chunk
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Message:
    """One message's single-use key; made by `begin` or `resume`, never reused."""

    header: bytes
    """Salt and commitment, which stand before the chunks."""
    _aead: AESGCM = field(repr=False)
    _nonce: int = field(repr=False)

    @classmethod
    def begin(cls, key: bytes, context: bytes, salt: bytes) -> Message:
        """Begin a message with a fresh random *salt* of 24 bytes.

        Raises:
            ValueError: key or salt has another length.

        """
        if len(key) != KEY or len(salt) != SALT:
            message = f"a key has {KEY} bytes, a salt {SALT}"
            raise ValueError(message)
        derived = HKDFExpand(
            hashes.SHA512(), KEY + _NONCE + COMMITMENT, _INFO + salt + context
        ).derive(key)
        nonce = int.from_bytes(derived[KEY : KEY + _NONCE], "big")
        return cls(salt + derived[KEY + _NONCE :], AESGCM(derived[:KEY]), nonce)

    @classmethod
    def resume(cls, key: bytes, context: bytes, header: bytes) -> Message:
        """Return the message that *header* begins, if it was shut with these.

        Raises:
            ChunkDamaged: it was shut with another key or context, or was changed.

        """
        if len(header) != HEADER:
            raise ChunkDamaged(None, "cut off")
        made = cls.begin(key, context, header[:SALT])
        if not hmac.compare_digest(made.header, header):
            raise ChunkDamaged(
                None, "changed, or shut with another key or for another place"
            )
        return made

    def seal_into(self, first: int, content: memoryview, into: memoryview) -> int:
        """Shut *content* from chunk *first* on; return how many bytes *into* has now.

        All chunks but the message's last are full: so *content* is a multiple of 16 KiB
        until the message ends, and what remains then, be it nothing, goes to `seal`.
        """
        count, rest = divmod(len(content), CHUNK)
        if rest:
            message = "only the last chunk of a message is shorter"
            raise ValueError(message)
        for number in range(count):
            start, to = number * CHUNK, number * SEALED
            self._aead.encrypt_into(
                self._at(first + number),
                content[start : start + CHUNK],
                None,
                into[to : to + SEALED],
            )
        return count * SEALED

    def seal(self, number: int, content: bytes | memoryview) -> bytes:
        """Return one chunk, shut."""
        return self._aead.encrypt(self._at(number), content, None)

    def unlock(self, number: int, sealed: bytes | memoryview) -> bytes:
        """Return what chunk *number* holds.

        Raises:
            ChunkDamaged: it was changed, or belongs elsewhere.

        """
        try:
            return self._aead.decrypt(self._at(number), sealed, None)
        except InvalidTag as error:
            raise ChunkDamaged(number, "changed, or not from here") from error

    def fits(self, number: int, sealed: bytes | memoryview) -> bool:
        """Tell whether *sealed* is chunk *number* of this message."""
        try:
            self._aead.decrypt(self._at(number), sealed, None)
        except InvalidTag:
            return False
        return True

    def _at(self, number: int) -> bytes:
        if not 0 <= number < MOST:
            raise ChunkDamaged(number, f"a message has at most {MOST} chunks")
        return (self._nonce ^ number).to_bytes(_NONCE, "big")


def sealed_size(size: int) -> int:
    """Return how many bytes *size* bytes have once they are shut."""
    return HEADER + size + TAG * (size // CHUNK + 1)


def plain_size(size: int) -> int:
    """Return how many bytes a sealed message of *size* bytes holds.

    What is not checked: anything but the length; see `ends`.

    Raises:
        ChunkDamaged: no message has this length: it was cut off.

    """
    full, last = divmod(size - HEADER, SEALED)
    if size < HEADER:
        raise ChunkDamaged(None, "cut off")
    if last < TAG:
        raise ChunkDamaged(full, "cut off: the message ends before its last chunk")
    return full * CHUNK + last - TAG


def chunks_of(size: int) -> int:
    """Return how many chunks *size* bytes are cut in."""
    return size // CHUNK + 1


def open_range(
    message: Message, read: Read, size: int, start: int, end: int
) -> Iterator[bytes]:
    """Return the bytes from *start* to *end* of a message of *size* sealed bytes.

    Each piece is verified before it is returned. What is not checked: chunks outside
    the range; only a range that reaches the end shows that nothing was cut off behind.

    Raises:
        ChunkDamaged: a chunk in the range does not open.
        ValueError: there is no such range.

    """
    there = plain_size(size)
    if not 0 <= start <= end <= there:
        message_ = f"bytes {start} to {end} of {there}: there is no such range"
        raise ValueError(message_)
    # The end of the message counts as part of a range that reaches it.
    last = end // CHUNK if end == there else max(start, end - 1) // CHUNK
    for number in range(start // CHUNK, last + 1):
        sealed = read(HEADER + number * SEALED, SEALED)
        content = message.unlock(number, sealed)
        if len(content) < CHUNK and number != there // CHUNK:
            raise ChunkDamaged(number, "cut off")
        began = number * CHUNK
        yield content[max(0, start - began) : max(0, end - began)]


def explain(message: Message, read: Read, size: int, number: int) -> str:
    """Say why chunk *number*, which does not open, does not.

    It is looked for at the other places of its message; that takes a while.
    """
    sealed = read(HEADER + number * SEALED, SEALED)
    if len(sealed) < TAG:
        return "cut off"
    chunks = range(max(0, size - HEADER) // SEALED + 2)
    for other in sorted(chunks, key=lambda at: abs(at - number)):
        if other != number and message.fits(other, sealed):
            return f"chunk {other} stands in its place (swapped, or one is missing)"
    return "changed, or a chunk from elsewhere"
