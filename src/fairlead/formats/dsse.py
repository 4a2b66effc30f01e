"""DSSE envelopes: a payload of a named type, signed with Ed25519 (secure-systems-lab/dsse).

What is signed is the type and the payload together (PAE), so that a signature over one kind
of thing cannot be shown as one over another.
"""

from __future__ import annotations

import base64
import binascii

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from msgspec import Struct

from fairlead.errors import Damaged

LARGEST = 1024 * 1024


class Signature(Struct, frozen=True, kw_only=True):
    """One signature."""

    keyid: str = ""
    sig: str


class Envelope(Struct, frozen=True, kw_only=True):
    """A signed payload."""

    payload: str
    payload_type: str = msgspec.field(name="payloadType")
    signatures: tuple[Signature, ...]


def sign(payload: bytes, kind: str, seed: bytes, keyid: str) -> bytes:
    """Return the envelope around *payload*, signed with the private key *seed*."""
    private = Ed25519PrivateKey.from_private_bytes(seed)
    envelope = Envelope(
        payload=base64.b64encode(payload).decode(),
        payload_type=kind,
        signatures=(
            Signature(
                keyid=keyid,
                sig=base64.b64encode(private.sign(_pae(kind, payload))).decode(),
            ),
        ),
    )
    return msgspec.json.encode(envelope)


def unwrap(envelope: bytes, kind: str, key: bytes) -> bytes:
    """Return what *envelope* holds, which the public *key* must have signed.

    The name of a key in it is a hint only, and is not believed.

    Raises:
        Damaged: it is none, of another type, or not signed by this key.

    """
    if len(envelope) > LARGEST:
        raise Damaged("the envelope is larger than any of ours")
    try:
        read = msgspec.json.decode(envelope, type=Envelope)
        payload = base64.b64decode(read.payload, validate=True)
        signatures = [base64.b64decode(s.sig, validate=True) for s in read.signatures]
    except (msgspec.MsgspecError, binascii.Error, ValueError) as error:
        raise Damaged(f"this is no DSSE envelope: {error}") from error
    if read.payload_type != kind:
        raise Damaged(f"it holds {read.payload_type[:80]!r}, not {kind!r}")
    public = Ed25519PublicKey.from_public_bytes(key)
    for signature in signatures[:16]:
        try:
            public.verify(signature, _pae(kind, payload))
        except InvalidSignature:
            continue
        return payload
    raise Damaged("the key has not signed this")


def _pae(kind: str, payload: bytes) -> bytes:
    """Return the pre-authentication encoding (DSSE protocol, PAE)."""
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind.encode(), len(payload), payload)
