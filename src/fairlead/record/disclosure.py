"""Disclosures: chosen events, with or without their bodies, for anyone to verify.

Whoever gets one learns what its headers (and bodies, where they are given) say, that
exactly these bytes were recorded, and where in the signed log; of all other events
nothing. The salts are what makes this possible, and only possible for these events.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
from msgspec import Struct

from fairlead.errors import Damaged, Malformed
from fairlead.record.events import StoredEvent, leaf_of
from fairlead.record.notes import Checkpoint, Verifier
from fairlead.record.tlog_proof import TlogProof


class Disclosed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One event, and the proof that it is in the log."""

    header: str
    """JSON, to the byte as it was recorded."""
    header_salt: bytes
    body_hash: bytes
    """SHA-256 of salt and body; tells nothing by itself."""
    body: bytes | None = None
    body_salt: bytes | None = None
    proof: str
    """A C2SP tlog-proof."""

    @property
    def entry(self) -> bytes:
        """Return what the log holds for this event."""
        return leaf_of(self.header_salt, self.header.encode(), self.body_hash)


class Disclosure(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is handed over, as one JSON document."""

    format: Literal["fairlead-disclosure/1"] = "fairlead-disclosure/1"
    events: tuple[Disclosed, ...]

    def encode(self) -> bytes:
        """Return the document."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """An event that was disclosed and is what was recorded."""

    stream: str
    version: int
    type: str
    actor: str
    at: str
    data: msgspec.Raw
    """The rest of the header, as JSON."""
    body: bytes | None
    checkpoint: Checkpoint
    index: int


class _Header(Struct, frozen=True):
    stream: str
    version: int
    type: str
    actor: str
    at: str
    data: msgspec.Raw


def disclose(event: StoredEvent, proof: TlogProof, *, body: bool) -> Disclosed:
    """Return *event* with its *proof*; a body that was destroyed is left out."""
    return Disclosed(
        header=event.header.decode(),
        header_salt=event.header_salt,
        body_hash=event.body_hash,
        body=event.body if body else None,
        body_salt=event.body_salt if body else None,
        proof=proof.text(),
    )


def parse(written: bytes | str) -> Disclosure:
    """Read a disclosure.

    Raises:
        Malformed: it is none.

    """
    try:
        return msgspec.json.decode(written, type=Disclosure)
    except msgspec.MsgspecError as error:
        raise Malformed(f"this is no disclosure: {error}") from error


def verify(events: Sequence[Disclosed], key: Verifier) -> Iterator[Verified]:
    """Return the events, each once it was verified with nothing but *key*.

    1. A body, where there is one, is the one that its hash in the entry was made of.
    2. Header and hash of the body lead to the entry.
    3. The entry is in the log that the checkpoint signs.

    What is not checked: that others were shown the same log; witnesses attest that.

    Raises:
        Damaged: one of these does not hold.

    """
    for number, event in enumerate(events, 1):
        if (event.body is None) != (event.body_salt is None):
            raise Damaged(f"event {number}: a body comes with its salt")
        if event.body is not None and event.body_salt is not None:
            hashed = hashlib.sha256(event.body_salt + event.body).digest()
            if hashed != event.body_hash:
                raise Damaged(f"event {number}: the body is not the one recorded")
        proof = TlogProof.parse(event.proof)
        checkpoint = proof.verify(event.entry, key)
        try:
            header = msgspec.json.decode(event.header, type=_Header)
        except msgspec.MsgspecError as error:
            raise Damaged(f"event {number}: the header cannot be read") from error
        yield Verified(
            stream=header.stream,
            version=header.version,
            type=header.type,
            actor=header.actor,
            at=header.at,
            data=header.data,
            body=event.body,
            checkpoint=checkpoint,
            index=proof.index,
        )
