"""What a witness signs (C2SP tlog-cosignature), Ed25519 with a timestamp only.

A cosignature says: at this instant, the largest log that I have seen under this origin
has this root, and it extends every one that I saw before.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Self

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from fairlead.errors import Damaged
from fairlead.record import notes
from fairlead.record.notes import LARGEST, Note, Signer, Verifier

_TIMESTAMPED = b"\x04"
"""The algorithm's byte (signed-note, Signature types)."""
_TIME = 8
"""Bytes of the timestamp before the signature."""


@dataclass(frozen=True, slots=True)
class Witness:
    """The public key of a witness, and the name it cosigns for."""

    name: str
    key: bytes
    """32 bytes."""

    @property
    def id(self) -> bytes:
        """Return the four bytes that name the key in a note (tlog-cosignature, Format)."""
        return notes.key_id(self.name, _TIMESTAMPED, self.key)

    def text(self) -> str:
        """Return the key as it is handed around (signed-note, Verifier keys)."""
        return notes.key_text(self.name, _TIMESTAMPED, self.key)

    @classmethod
    def read(cls, written: str) -> Self:
        """Read what `text` wrote.

        Raises:
            Damaged: it is no key of a witness, or not the one that its id names.

        """
        return cls(*notes.read_key(written, _TIMESTAMPED))

    def opens(self, text: str, signature: bytes) -> bool:
        """Tell whether *signature* is over *text* and by this key."""
        at = int.from_bytes(signature[:_TIME], "big")
        if at > LARGEST:
            return False
        return Verifier(self.name, self.key).opens(_signed(text, at), signature[_TIME:])

    def at(self, note: Note) -> int | None:
        """Return when this witness cosigned *note*, in seconds since the epoch.

        Raises:
            Damaged: it is named, but its cosignature does not fit.

        """
        line = note.signed_by(self)
        if line is None:
            return None
        return int.from_bytes(notes.signature_of(line)[:_TIME], "big")

    def required(self, note: Note) -> datetime:
        """Return when this witness cosigned *note*, which it must have.

        Raises:
            Damaged: it has not.

        """
        at = self.at(note)
        if at is None:
            raise Damaged(f"the witness {self.name} has not cosigned this")
        try:
            return datetime.fromtimestamp(at, UTC)
        except (OverflowError, OSError, ValueError) as error:
            raise Damaged(f"{self.name} cosigned at an instant that is none") from error


@dataclass(frozen=True, slots=True)
class WitnessSigner:
    """The private key of a witness."""

    signer: Signer

    def witness(self) -> Witness:
        """Return the public half."""
        return Witness(self.signer.name, self.signer.verifier().key)

    def cosign(self, text: str, at: int) -> str:
        """Return the line that cosigns the checkpoint *text* at *at*, in seconds.

        What is not checked: anything about the checkpoint; see `record.witness`.
        """
        witness = self.witness()
        private = Ed25519PrivateKey.from_private_bytes(self.signer.seed)
        signature = private.sign(_signed(text, at).encode())
        stamped = at.to_bytes(_TIME, "big") + signature
        return notes.signature_line(witness.name, witness.id, stamped)


def _signed(text: str, at: int) -> str:
    """Return what is signed (tlog-cosignature, Ed25519 signed message)."""
    return f"cosignature/v1\ntime {at}\n{text}"
