"""Signed notes and checkpoints (C2SP signed-note, tlog-checkpoint), Ed25519 only."""

from __future__ import annotations

import base64
import binascii
import hashlib
from dataclasses import dataclass
from typing import Self

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
        written = self.name.encode() + b"\n" + _ED25519 + self.key
        return hashlib.sha256(written).digest()[:_ID]

    def text(self) -> str:
        """Return the key as it is handed around (signed-note, Verifier keys)."""
        return f"{self.name}+{self.id.hex()}+{base64_text(_ED25519 + self.key)}"

    @classmethod
    def read(cls, written: str) -> Self:
        """Read what `text` wrote.

        Raises:
            Damaged: it is no key, or not the one that its id names.

        """
        name, given_id, key = _parts(written.strip(), "verifier key")
        verifier = cls(name, key)
        if verifier.id.hex() != given_id:
            raise Damaged(
                f"the verifier key of {name} is not the one that its id names"
            )
        return verifier

    def opens(self, text: str, signature: bytes) -> bool:
        """Tell whether *signature* is over *text* and by this key."""
        try:
            public = Ed25519PublicKey.from_public_bytes(self.key)
            public.verify(signature, text.encode())
        except (InvalidSignature, ValueError):
            return False
        return True


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
        if not text.endswith("\n"):
            message = "the text of a note ends with a newline"
            raise ValueError(message)
        signature = self.verifier().id + self._private().sign(text.encode())
        return f"{text}\n{_DASH}{self.name} {base64_text(signature)}\n"

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
        name, given_id, seed = _parts(written.strip()[len(_SECRET) :], "private key")
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


def open_note(note: str, verifier: Verifier) -> str:
    """Return the text of *note*, which *verifier* must have signed.

    Signatures by other keys are passed over, as the specification asks.

    Raises:
        Damaged: it is no signed note, or not signed by this key.

    """
    text, found, signatures = note.rpartition("\n\n")
    if not found or not signatures.endswith("\n"):
        raise Damaged("this is no signed note")
    for line in signatures.splitlines():
        name, _, written = line.removeprefix(_DASH).partition(" ")
        if not line.startswith(_DASH) or not written:
            raise Damaged("a signature line of the note cannot be read")
        signature = _unbase64(written, "signature")
        if name != verifier.name or signature[:_ID] != verifier.id:
            continue
        if verifier.opens(text + "\n", signature[_ID:]):
            return text + "\n"
        raise Damaged(f"the signature of {name} does not fit: the note was changed")
    raise Damaged(f"{verifier.name} has not signed this note")


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
    hashed = _unbase64(written, what)
    if len(hashed) != HASH:
        raise Damaged(f"the {what} is no SHA-256")
    return hashed


def base64_text(data: bytes) -> str:
    """Return *data* in the base64 that all formats of a log use (RFC 4648, 4)."""
    return base64.b64encode(data).decode("ascii")


def _parts(written: str, what: str) -> tuple[str, str, bytes]:
    parts = written.split("+", 2)
    if len(parts) != 3:  # noqa: PLR2004 - name, id, key
        raise Damaged(f"the {what} cannot be read")
    key = _unbase64(parts[2], what)
    if key[:1] != _ED25519 or len(key) != 1 + 32:
        raise Damaged(f"the {what} is not Ed25519")
    return parts[0], parts[1], key[1:]


def _unbase64(written: str, what: str) -> bytes:
    try:
        data = base64.b64decode(written, validate=True)
    except (binascii.Error, ValueError) as error:
        raise Damaged(f"the {what} is no base64") from error
    if base64_text(data) != written:
        # Else one signature could be written in several ways.
        raise Damaged(f"the {what} is no base64 as it ought to be written")
    return data
