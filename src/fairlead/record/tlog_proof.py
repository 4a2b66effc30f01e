"""A proof that anyone can verify offline, as one file (C2SP tlog-proof)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from fairlead.errors import Damaged
from fairlead.record.notes import (
    Checkpoint,
    Verifier,
    base64_text,
    read_base64,
    read_count,
    read_hash,
)
from fairlead.record.proofs import LONGEST, check_inclusion

FIRST_LINE = "c2sp.org/tlog-proof@v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class TlogProof:
    """That an entry stands in the log that a checkpoint signs."""

    index: int
    """The entry's place; the first is 0."""
    path: tuple[bytes, ...]
    """The inclusion proof, from the leaf's sibling to the root's child."""
    checkpoint: str
    """The signed note, word for word, with the cosignatures of witnesses."""

    def text(self) -> str:
        """Return the proof as it is handed around (tlog-proof, Format).

        The line `extra` is not used: nothing signs what it says.
        """
        hashes = "".join(f"{base64_text(hashed)}\n" for hashed in self.path)
        return f"{FIRST_LINE}\nindex {self.index}\n{hashes}\n{self.checkpoint}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read what `text` wrote; a line `extra` is read over.

        What is not checked: the signatures, and whether the proof leads to the root.

        Raises:
            Damaged: it is no such proof.

        """
        head, found, checkpoint = text.partition("\n\n")
        first, *lines = head.split("\n")
        if first != FIRST_LINE or not found:
            raise Damaged(f"a proof begins with the line {FIRST_LINE}")
        if lines and lines[0].startswith("extra "):
            read_base64(lines.pop(0).removeprefix("extra "), "extra data")
        if not lines or not lines[0].startswith("index "):
            raise Damaged("the proof does not say of which place it is")
        if len(lines) - 1 > LONGEST:
            raise Damaged(f"the proof is longer than {LONGEST} hashes")
        return cls(
            index=read_count(lines[0].removeprefix("index "), "proof's index"),
            path=tuple(read_hash(line, "hash of the proof") for line in lines[1:]),
            checkpoint=checkpoint,
        )

    def verify(self, entry: bytes, key: Verifier) -> Checkpoint:
        """Verify that *entry* stands in the log of *key*; return what is signed.

        What is not checked: that others were shown the same log; witnesses attest that.

        Raises:
            Damaged: it does not.

        """
        checkpoint = self.signed(key)
        check_inclusion(entry, self.index, checkpoint.size, checkpoint.root, self.path)
        return checkpoint

    def signed(self, key: Verifier) -> Checkpoint:
        """Verify that *key* signs the checkpoint, of the log that it names.

        What is not checked: that anything is in that log.

        Raises:
            Damaged: it does not.

        """
        checkpoint = key.checkpoint(self.checkpoint)
        # The name of a key is the log's origin (tlog-checkpoint, Signatures).
        if checkpoint.origin != key.name:
            raise Damaged(f"the checkpoint is of {checkpoint.origin}, not {key.name}")
        return checkpoint
