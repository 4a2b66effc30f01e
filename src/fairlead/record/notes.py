"""Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint), Ed25519 only."""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from dataclasses import dataclass
from typing import Protocol, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from fairlead.base.ports import Randomness
from fairlead.errors import Damaged
from fairlead.record.tree import HASH

_ED25519 = b"\x01"
"""The algorithm's byte (signed-note, Signatures)."""
_ID = 4
"""Bytes of a key id."""
LARGEST = 2**63 - 1
"""The largest number in any format of a log."""
DIGITS = len(str(LARGEST))
SIGNATURES = 64
"""Signatures that a note may have (signed-note, Format: at least 16)."""
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_DASH = "\N{EM DASH} "
_SECRET = "PRIVATE+KEY+"  # noqa: S105 - how such a key begins, not one


@dataclass(frozen=True, slots=True)
class Verifier:
    """A public key and the name it signs for."""

    name: str
    key: bytes
    """32 bytes."""

    @property
    def id(self) -> bytes:
        """Return the four bytes that name the key in a note."""
        return key_id(self.name, _ED25519, self.key)

    def text(self) -> str:
        """Return the key as it is handed around (signed-note, Verifier keys)."""
        return key_text(self.name, _ED25519, self.key)

    @classmethod
    def read(cls, written: str) -> Self:
        """Read what `text` wrote.

        Raises:
            Damaged: it is no key, or not the one that its id names.

        """
        return cls(*read_key(written, _ED25519))

    def opens(self, text: str, signature: bytes) -> bool:
        """Tell whether *signature* is over *text* and by this key."""
        try:
            public = Ed25519PublicKey.from_public_bytes(self.key)
            public.verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True

    def checkpoint(self, note: str) -> Checkpoint:
        """Return the checkpoint that *note* signs.

        Raises:
            Damaged: it is no checkpoint, or not signed by this key.

        """
        return Checkpoint.parse(open_note(note, self))


@dataclass(frozen=True, slots=True)
class Signer:
    """A private key and the name it signs for."""

    name: str
    seed: bytes
    """32 bytes; secret."""

    def verifier(self) -> Verifier:
        """Return the public half."""
        public = self._private().public_key()
        return Verifier(self.name, public.public_bytes(Encoding.Raw, PublicFormat.Raw))

    def sign(self, text: str) -> str:
        """Return *text*, which ends with a newline, as a signed note."""
        return Note(text, (self.line(text),)).written()

    def line(self, text: str) -> str:
        """Return the signature over *text*, which ends with a newline, as a line."""
        if not text.endswith("\n"):
            message = "the text of a note ends with a newline"
            raise ValueError(message)
        signature = self._private().sign(text.encode())
        return signature_line(self.name, self.verifier().id, signature)

    def checkpoint(self, note: str) -> Checkpoint:
        """Return the checkpoint that *note* signs; see `Verifier.checkpoint`."""
        return self.verifier().checkpoint(note)

    def secret(self) -> str:
        """Return the key as a line for a key file."""
        written = base64_text(_ED25519 + self.seed)
        return f"{_SECRET}{self.name}+{self.verifier().id.hex()}+{written}\n"

    @classmethod
    def read(cls, written: str) -> Self:
        """Read what `secret` wrote.

        Raises:
            Damaged: it is no key, or not the one that its id names.

        """
        if not written.startswith(_SECRET):
            raise Damaged("the key file does not hold a private key")
        name, given_id, seed = _parts(
            written.strip()[len(_SECRET) :], "private key", _ED25519
        )
        signer = cls(name, seed)
        if signer.verifier().id.hex() != given_id:
            raise Damaged(f"the private key of {name} is not the one that its id names")
        return signer

    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self.seed)


def new_signer(name: str, randomness: Randomness) -> Signer:
    """Return a signer with a fresh key; *name* has no space and no plus sign."""
    if not name or "+" in name or any(c.isspace() for c in name):
        message = f"{name!r} cannot name a key"
        raise ValueError(message)
    return Signer(name, randomness(32))


class Key(Protocol):
    """What can verify one kind of signature: of a log, or of a witness."""

    @property
    def name(self) -> str:
        """The name it signs for."""

    @property
    def id(self) -> bytes:
        """Four bytes that name the key in a note."""

    def opens(self, text: str, signature: bytes) -> bool:
        """Tell whether *signature* is over *text* and by this key."""


@dataclass(frozen=True, slots=True)
class Note:
    """A text and the signatures below it, none of them verified."""

    text: str
    """Ends with a newline."""
    lines: tuple[str, ...]
    """The signature lines, without their newlines."""

    @classmethod
    def parse(cls, written: str) -> Self:
        """Read a signed note (signed-note, Format).

        Raises:
            Damaged: it is none.

        """
        text, found, signatures = written.rpartition("\n\n")
        *lines, rest = signatures.split("\n")
        if not found or not lines or rest or _CONTROL.search(written):
            raise Damaged("this is no signed note")
        if len(lines) > SIGNATURES:
            raise Damaged(f"the note has more than {SIGNATURES} signatures")
        for line in lines:
            _signature(line)
        return cls(text + "\n", tuple(lines))

    def signed_by(self, key: Key) -> str | None:
        """Return the line by which *key* has signed; signatures by others do not count.

        Raises:
            Damaged: *key* is named, but its signature does not fit.

        """
        for line in self.lines:
            name, key_id, signature = _signature(line)
            if (name, key_id) != (key.name, key.id):
                continue
            if not key.opens(self.text, signature):
                raise Damaged(
                    f"the signature of {name} does not fit: the note was changed"
                )
            return line
        return None

    def written(self) -> str:
        """Return the note as it is handed around."""
        return f"{self.text}\n" + "".join(f"{line}\n" for line in self.lines)


def open_note(note: str, key: Key) -> str:
    """Return the text of *note*, which *key* must have signed.

    Signatures by other keys are passed over, as the specification asks.

    Raises:
        Damaged: it is no signed note, or not signed by this key.

    """
    opened = Note.parse(note)
    if opened.signed_by(key) is None:
        raise Damaged(f"{key.name} has not signed this note")
    return opened.text


def signature_line(name: str, key_id: bytes, signature: bytes) -> str:
    """Return a signature as a line of a note, without its newline."""
    return f"{_DASH}{name} {base64_text(key_id + signature)}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """What a log's operator signs: how large it is and its root."""

    origin: str
    size: int
    root: bytes

    def text(self) -> str:
        """Return the text to sign (tlog-checkpoint, Note text)."""
        return f"{self.origin}\n{self.size}\n{base64_text(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `text` wrote; further lines are extensions and passed over.

        Raises:
            Damaged: it is no checkpoint.

        """
        *lines, rest = text.split("\n")
        if len(lines) < 3 or rest or not all(lines):  # noqa: PLR2004 - origin, size, root
            raise Damaged("a checkpoint has three lines: origin, size, root")
        origin, size, root = lines[:3]
        return cls(
            origin=origin,
            size=read_count(size, "checkpoint's size"),
            root=read_hash(root, "checkpoint's root"),
        )


class CheckpointKey(Protocol):
    """What opens the checkpoints of one log: its key, or all that it ever had."""

    def checkpoint(self, note: str) -> Checkpoint:
        """Return the checkpoint that *note* signs; `Damaged` if it signs none."""


class CheckpointSigner(CheckpointKey, Protocol):
    """What signs the checkpoints of one log, with one key or several."""

    def sign(self, text: str) -> str:
        """Return *text*, which ends with a newline, as a signed note."""


@dataclass(frozen=True, slots=True)
class Retired:
    """A key that a log no longer signs with."""

    verifier: Verifier
    size: int
    """The largest log that its signature alone still stands for."""


@dataclass(frozen=True, slots=True)
class LogKeys:
    """The key of a log, and those that it had before."""

    current: Verifier
    retired: tuple[Retired, ...] = ()

    def checkpoint(self, note: str) -> Checkpoint:
        """Return the checkpoint that *note* signs.

        The present key opens every one; a retired key only those that were signed while
        it was in use, so that who steals it later cannot go on with the log.

        Raises:
            Damaged: it is no checkpoint, or not signed by such a key.

        """
        opened = Note.parse(note)
        checkpoint = Checkpoint.parse(opened.text)
        if opened.signed_by(self.current) is not None:
            return checkpoint
        for key in self.retired:
            if opened.signed_by(key.verifier) is not None:
                if checkpoint.size <= key.size:
                    return checkpoint
                raise Damaged(
                    f"the checkpoint of {checkpoint.size} entries is signed by a key"
                    f" that was retired at {key.size}"
                )
        raise Damaged(f"{self.current.name} has not signed this note")


def read_count(written: str, what: str) -> int:
    """Read a number as the formats of a log write it: decimal, no leading zero.

    Raises:
        Damaged: it is none, or 2^63 and more.

    """
    if not written.isascii() or not written.isdigit() or len(written) > DIGITS:
        raise Damaged(f"the {what} {written[:80]!r} is no number")
    count = int(written)
    if str(count) != written or count > LARGEST:
        raise Damaged(f"the {what} {written!r} is no number")
    return count


def read_hash(written: str, what: str) -> bytes:
    """Read a hash as the formats of a log write it: a line of base64.

    Raises:
        Damaged: it is none.

    """
    hashed = read_base64(written, what)
    if len(hashed) != HASH:
        raise Damaged(f"the {what} is no SHA-256")
    return hashed


def base64_text(data: bytes) -> str:
    """Return *data* in the base64 that all formats of a log use (RFC 4648, 4)."""
    return base64.b64encode(data).decode("ascii")


def _signature(line: str) -> tuple[str, bytes, bytes]:
    """Return the name, the key id and the signature of a line."""
    name, _, written = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not name or not written:
        raise Damaged("a signature line of the note cannot be read")
    signature = read_base64(written, "signature")
    if len(signature) <= _ID:
        raise Damaged("a signature line of the note cannot be read")
    return name, signature[:_ID], signature[_ID:]


def signature_of(line: str) -> bytes:
    """Return the signature of a line, without its key id."""
    return _signature(line)[2]


def key_id(name: str, algorithm: bytes, key: bytes) -> bytes:
    """Return the four bytes that name a key in a note (signed-note, Signatures)."""
    return hashlib.sha256(name.encode() + b"\n" + algorithm + key).digest()[:_ID]


def key_text(name: str, algorithm: bytes, key: bytes) -> str:
    """Return a public key as it is handed around (signed-note, Verifier keys)."""
    written = base64_text(algorithm + key)
    return f"{name}+{key_id(name, algorithm, key).hex()}+{written}"


def read_key(written: str, algorithm: bytes) -> tuple[str, bytes]:
    """Return the name and the public key that `key_text` wrote.

    Raises:
        Damaged: it is no key of this kind, or not the one that its id names.

    """
    name, given_id, key = _parts(written.strip(), "verifier key", algorithm)
    if key_id(name, algorithm, key).hex() != given_id:
        raise Damaged(f"the verifier key of {name} is not the one that its id names")
    return name, key


def _parts(written: str, what: str, algorithm: bytes) -> tuple[str, str, bytes]:
    parts = written.split("+", 2)
    if len(parts) != 3 or not parts[0]:  # noqa: PLR2004 - name, id, key
        raise Damaged(f"the {what} cannot be read")
    key = read_base64(parts[2], what)
    if key[:1] != algorithm or len(key) != 1 + 32:
        kind = "Ed25519" if algorithm == _ED25519 else "that of a witness"
        raise Damaged(f"the {what} is not {kind}")
    return parts[0], parts[1], key[1:]


def read_base64(written: str, what: str) -> bytes:
    """Read what `base64_text` wrote; of several ways to write bytes, one is right.

    Raises:
        Damaged: it is not that.

    """
    try:
        data = base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Damaged(f"the {what} is no base64") from error
    if base64_text(data) != written:
        # Else one signature could be written in several ways.
        raise Damaged(f"the {what} is no base64 as it ought to be written")
    return data
