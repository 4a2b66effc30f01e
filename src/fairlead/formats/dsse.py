"""DSSE: an envelope that says who signed which bytes, and what kind of bytes they are.

Source: https://github.com/secure-systems-lab/dsse, protocol.md and envelope.md (v1.0).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from msgspec import Struct

from fairlead.errors import Damaged, Malformed
from fairlead.record import notes

SIGNATURES = 64
"""Signatures that are read in one envelope, at most."""


class Signer(Protocol):
    """Whoever signs."""

    @property
    def id(self) -> str:
        """Names the key; a hint only, nothing is trusted because of it."""

    def sign(self, content: bytes) -> bytes:
        """Return a signature over *content*."""


class Verifier(Protocol):
    """Whoever is trusted to have signed."""

    @property
    def id(self) -> str:
        """Names the key."""

    def signed(self, content: bytes, signature: bytes) -> bool:
        """Tell whether *signature* is over *content* and by this key."""


class Signature(Struct, frozen=True, kw_only=True):
    """One signature; fields unknown to us are passed over, as the protocol asks."""

    keyid: str = ""
    sig: bytes


class Envelope(Struct, frozen=True, kw_only=True, rename="camel"):
    """What was signed, and by whom."""

    payload: bytes
    payload_type: str
    signatures: tuple[Signature, ...]

    def encode(self) -> bytes:
        """Return the envelope as JSON."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"

    def also(self, signer: Signer) -> Envelope:
        """Return the envelope with one more signature over the same payload."""
        made = _signature(signer, self.payload_type, self.payload)
        kept = tuple(s for s in self.signatures if s.keyid != made.keyid)
        return msgspec.structs.replace(self, signatures=(*kept, made))

    def signers(self, trusted: Sequence[Verifier]) -> list[Verifier]:
        """Return those of *trusted* who have signed.

        What is not checked: that anyone did; an empty list is an answer.
        """
        signed = pae(self.payload_type, self.payload)
        return [
            key
            for key in trusted
            if any(key.signed(signed, one.sig) for one in self.signatures)
        ]

    def opened(self, trusted: Sequence[Verifier], payload_type: str) -> bytes:
        """Return the payload, which every one of *trusted* must have signed.

        Raises:
            Damaged: one has not, or it is of another type.

        """
        if self.payload_type != payload_type:
            raise Damaged(f"the envelope holds {self.payload_type}, not {payload_type}")
        found = self.signers(trusted)
        missing = [key.id for key in trusted if key not in found]
        if missing or not trusted:
            named = ", ".join(missing) or "nobody who is trusted"
            raise Damaged(f"not signed by {named}, or changed since")
        return self.payload


def sign(payload: bytes, payload_type: str, signers: Sequence[Signer]) -> Envelope:
    """Return *payload* in an envelope that each of *signers* signs."""
    return Envelope(
        payload=payload,
        payload_type=payload_type,
        signatures=tuple(_signature(one, payload_type, payload) for one in signers),
    )


def parse(written: bytes) -> Envelope:
    """Read an envelope.

    What is not checked: the signatures.

    Raises:
        Malformed: it is none.

    """
    try:
        read = msgspec.json.decode(written, type=Envelope)
    except msgspec.MsgspecError as error:
        raise Malformed(f"this is no DSSE envelope: {error}") from error
    if len(read.signatures) > SIGNATURES:
        raise Malformed(f"the envelope has more than {SIGNATURES} signatures")
    return read


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return what is signed: type and payload, each with its length (protocol.md)."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def _signature(signer: Signer, payload_type: str, payload: bytes) -> Signature:
    return Signature(keyid=signer.id, sig=signer.sign(pae(payload_type, payload)))


@dataclass(frozen=True, slots=True)
class NoteSigner:
    """Signs envelopes with a key that is handed around as keys of notes are."""

    key: notes.Signer

    @property
    def id(self) -> str:
        """The key's name and id: `name+1234abcd`."""
        return _note_id(self.key.verifier())

    def sign(self, content: bytes) -> bytes:
        """Return a signature; what is signed begins with `DSSEv1`, as no note does."""
        return Ed25519PrivateKey.from_private_bytes(self.key.seed).sign(content)


@dataclass(frozen=True, slots=True)
class NoteVerifier:
    """Verifies what `NoteSigner` signed."""

    key: notes.Verifier

    @property
    def id(self) -> str:
        """The key's name and id: `name+1234abcd`."""
        return _note_id(self.key)

    def signed(self, content: bytes, signature: bytes) -> bool:
        """Tell whether *signature* is over *content* and by this key."""
        try:
            public = Ed25519PublicKey.from_public_bytes(self.key.key)
            public.verify(signature, content)
        except (InvalidSignature, ValueError):
            return False
        return True


def _note_id(key: notes.Verifier) -> str:
    return f"{key.name}+{key.id.hex()}"
