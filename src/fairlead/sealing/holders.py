"""Holders: who holds a half of a data key, and the keys by which they do.

A holder has one key for HPKE (RFC 9180) with the hybrid KEM MLKEM768-X25519, also known
as X-Wing (KEM id 0x647A, draft-ietf-hpke-pq), and one for signatures, Ed25519. The
private key of the KEM is a seed of 32 bytes, as draft-connolly-cfrg-xwing-kem has it: so
a key service that keeps keys of 32 bytes can be a holder.
"""

from __future__ import annotations

import hashlib
from enum import StrEnum
from functools import cached_property
from typing import Annotated, Literal, TypeVar

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.mlkem import (
    MLKEM768PrivateKey,
    MLKEM768PublicKey,
)
from cryptography.hazmat.primitives.asymmetric.x25519 import (
    X25519PrivateKey,
    X25519PublicKey,
)
from cryptography.hazmat.primitives.hpke import (
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
)
from msgspec import Meta, Struct

from fairlead.base.ports import Randomness
from fairlead.errors import Malformed

SEED = 32
_MLKEM_SEED, _MLKEM_PUBLIC = 64, 1184
_PUBLIC = _MLKEM_PUBLIC + 32
_SIGNING_INFO = b"urn:fairlead:holder-signing-key:v1"

Name = Annotated[
    str, Meta(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")
]


K = TypeVar("K", bound=Struct)


class Part(StrEnum):
    """Which half somebody holds; both are needed to open anything."""

    DEVELOPER = "developer"
    PROGRAMME = "programme"


class Holder(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """A holder as others know it: its public keys. This is what is handed around."""

    format: Literal["fairlead-holder/1"] = "fairlead-holder/1"
    part: Part
    name: Name
    kem: Annotated[bytes, Meta(min_length=_PUBLIC, max_length=_PUBLIC)]
    """ML-KEM-768's public key, then X25519's."""
    signing: Annotated[bytes, Meta(min_length=32, max_length=32)]
    """Ed25519's public key."""

    @cached_property
    def id(self) -> str:
        """Names the keys: the first 16 bytes of SHA-256 over both, in hexadecimal."""
        return hashlib.sha256(self.kem + self.signing).hexdigest()[:32]

    def public(self) -> MLKEM768X25519PublicKey:
        """Return the key to which a half is wrapped.

        Raises:
            Malformed: these bytes are no such key.

        """
        try:
            return MLKEM768X25519PublicKey(
                MLKEM768PublicKey.from_public_bytes(self.kem[:_MLKEM_PUBLIC]),
                X25519PublicKey.from_public_bytes(self.kem[_MLKEM_PUBLIC:]),
            )
        except ValueError as error:
            raise Malformed(f"the key of {self.name} is none: {error}") from error

    def signed(self, content: bytes, signature: bytes) -> bool:
        """Tell whether *signature* is over *content* and by this holder."""
        try:
            public = Ed25519PublicKey.from_public_bytes(self.signing)
            public.verify(signature, content)
        except (InvalidSignature, ValueError):
            return False
        return True

    def encode(self) -> bytes:
        """Return the file that is handed around."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


class HolderKey(
    Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True
):
    """A holder's own keys: a secret."""

    format: Literal["fairlead-holder-key/1"] = "fairlead-holder-key/1"
    part: Part
    name: Name
    seed: Annotated[bytes, Meta(min_length=SEED, max_length=SEED)]

    @cached_property
    def holder(self) -> Holder:
        """What others may know of it."""
        mlkem, x25519 = _expand(self.seed)
        return Holder(
            part=self.part,
            name=self.name,
            kem=mlkem.public_key().public_bytes_raw()
            + x25519.public_key().public_bytes_raw(),
            signing=self._signing.public_key().public_bytes_raw(),
        )

    @property
    def id(self) -> str:
        """Names the keys; see `Holder.id`."""
        return self.holder.id

    def private(self) -> MLKEM768X25519PrivateKey:
        """Return the key that unwraps what was wrapped to the holder."""
        return MLKEM768X25519PrivateKey(*_expand(self.seed))

    def sign(self, content: bytes) -> bytes:
        """Return a signature over *content*."""
        return self._signing.sign(content)

    def encode(self) -> bytes:
        """Return the file that its owner keeps."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"

    @cached_property
    def _signing(self) -> Ed25519PrivateKey:
        # Two uses of one seed: the other is SHAKE256 over the seed alone.
        made = hashlib.sha3_512(_SIGNING_INFO + self.seed).digest()[:SEED]
        return Ed25519PrivateKey.from_private_bytes(made)

    def __repr__(self) -> str:
        """Say whose key it is, never the key."""
        return f"HolderKey({self.part}, {self.name!r})"


def new_holder_key(part: Part, name: str, randomness: Randomness) -> HolderKey:
    """Return a fresh key.

    Raises:
        Malformed: *name* is empty, too long or has control characters.

    """
    made = HolderKey(part=part, name=name, seed=randomness(SEED))
    return _decode(msgspec.json.encode(made), HolderKey)


def read_holder(written: bytes) -> Holder:
    """Read what `Holder.encode` wrote.

    Raises:
        Malformed: it is no such file.

    """
    read = _decode(written, Holder)
    read.public()
    return read


def read_holder_key(written: bytes) -> HolderKey:
    """Read what `HolderKey.encode` wrote.

    Raises:
        Malformed: it is no such file.

    """
    return _decode(written, HolderKey)


def _decode(written: bytes, kind: type[K]) -> K:
    try:
        return msgspec.json.decode(written, type=kind)
    except msgspec.MsgspecError as error:
        what = "a holder's key" if kind is HolderKey else "a holder's public keys"
        raise Malformed(f"this is not {what}: {error}") from error


def _expand(seed: bytes) -> tuple[MLKEM768PrivateKey, X25519PrivateKey]:
    """Return both private keys of *seed* (draft-connolly-cfrg-xwing-kem, expandKey)."""
    expanded = hashlib.shake_256(seed).digest(_MLKEM_SEED + 32)
    return (
        MLKEM768PrivateKey.from_seed_bytes(expanded[:_MLKEM_SEED]),
        X25519PrivateKey.from_private_bytes(expanded[_MLKEM_SEED:]),
    )
