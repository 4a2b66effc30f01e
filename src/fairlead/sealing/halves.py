"""Halves of a data key: each says nothing, both together are the key.

The key is split by XOR with a random half. Each half is wrapped to its holders by HPKE
(RFC 9180, base mode: MLKEM768-X25519, HKDF-SHA256, AES-256-GCM), bound to the sealed
folder, the part and the holder. For a session the developer opens its half and wraps it
anew, to the session alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Annotated, Final, Literal

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from msgspec import Meta, Struct

from fairlead.base.ports import Randomness
from fairlead.errors import Damaged, Malformed, Refused
from fairlead.sealing.chunked import KEY
from fairlead.sealing.holders import Holder, HolderKey, Part

SUITE: Final = "HPKE MLKEM768-X25519 HKDF-SHA256 AES-256-GCM"
_SUITE = Suite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)


class Wrapped(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A half, shut to one holder."""

    part: Part
    """Which half it is."""
    holder: Holder
    """To whom it is shut: whoever sealed, or for one session."""
    box: Annotated[bytes, Meta(max_length=4096)]


class Share(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A half handed over for one session, as a file."""

    format: Literal["fairlead-half/1"] = "fairlead-half/1"
    seal: str
    """The sealed folder it opens."""
    half: Wrapped

    def encode(self) -> bytes:
        """Return the file."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


def split(key: bytes, randomness: Randomness) -> dict[Part, bytes]:
    """Return two halves of *key*."""
    one = randomness(KEY)
    return {Part.DEVELOPER: one, Part.PROGRAMME: _xor(key, one)}


def join(halves: dict[Part, bytes]) -> bytes:
    """Return the key whose halves these are.

    What is not checked: that they belong together; then the key opens nothing.

    Raises:
        Refused: one is missing.

    """
    missing = [part for part in Part if part not in halves]
    if missing:
        named = " and of the ".join(missing)
        raise Refused(f"both halves are needed: that of the {named} is missing")
    return _xor(halves[Part.DEVELOPER], halves[Part.PROGRAMME])


def wrap(half: bytes, part: Part, holder: Holder, seal: str) -> Wrapped:
    """Return *half* shut to *holder*."""
    box = _SUITE.encrypt(half, holder.public(), _info(seal, part, holder))
    return Wrapped(part=part, holder=holder, box=box)


def unwrap(wrapped: Wrapped, key: HolderKey, seal: str) -> bytes:
    """Return the half that is shut to *key*.

    Raises:
        Damaged: it is shut to another one, for another folder, or was changed.

    """
    return _open(wrapped.box, key, _info(seal, wrapped.part, key.holder), wrapped.part)


def unwrap_mine(
    wrapped: Iterable[Wrapped], keys: Sequence[HolderKey], seal: str
) -> dict[Part, bytes]:
    """Return each half that one of *keys* opens."""
    mine = {key.id: key for key in keys}
    return {
        one.part: unwrap(one, mine[one.holder.id], seal)
        for one in wrapped
        if one.holder.id in mine
    }


def read_share(written: bytes) -> Share:
    """Read what `Share.encode` wrote.

    Raises:
        Malformed: it is no such file.

    """
    try:
        return msgspec.json.decode(written, type=Share)
    except msgspec.MsgspecError as error:
        raise Malformed(f"this is no half of a key: {error}") from error


def keep_whole(key: bytes, own: HolderKey, seal: str) -> bytes:
    """Return a whole data key shut to who made it, so that sealing can go on later."""
    return _SUITE.encrypt(key, own.holder.public(), _whole(seal, own.holder))


def whole(box: bytes, own: HolderKey, seal: str) -> bytes:
    """Return what `keep_whole` shut.

    Raises:
        Damaged: it is shut to another one, or was changed.

    """
    return _open(box, own, _whole(seal, own.holder), "data key")


def _open(box: bytes, key: HolderKey, info: bytes, what: str) -> bytes:
    try:
        opened = _SUITE.decrypt(box, key.private(), info)
    except (InvalidTag, ValueError) as error:
        raise Damaged(
            f"the {what}'s half does not open with the key of {key.name}: it was changed,"
            " or is of another folder"
        ) from error
    if len(opened) != KEY:
        raise Damaged(f"the {what}'s half has {len(opened)} bytes, not {KEY}")
    return opened


def _info(seal: str, part: Part, holder: Holder) -> bytes:
    return f"urn:fairlead:half:v1\0{seal}\0{part}\0{holder.id}".encode()


def _whole(seal: str, holder: Holder) -> bytes:
    return f"urn:fairlead:data-key:v1\0{seal}\0{holder.id}".encode()


def _xor(one: bytes, other: bytes) -> bytes:
    return bytes(a ^ b for a, b in zip(one, other, strict=True))
