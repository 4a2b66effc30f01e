"""How a format lies in bytes: header, records, containers, checksums, masks.

What is here writes files; the C that reads them is made from the same values in
`writing`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from fairlead.bench.families.memory.sums import Sum

_MASK = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Packer:
    """Numbers in the order of bytes of one format."""

    order: Literal["little", "big"]

    def u8(self, value: int) -> bytes:
        """Return one byte."""
        return bytes([value & 0xFF])

    def u16(self, value: int) -> bytes:
        """Return two bytes."""
        return (value & 0xFFFF).to_bytes(2, self.order)

    def u32(self, value: int) -> bytes:
        """Return four bytes."""
        return (value & _MASK).to_bytes(4, self.order)


@dataclass(frozen=True, slots=True)
class Record:
    """One record of a file: its tag, and its payload or what is in it."""

    tag: int
    payload: bytes = b""
    inside: tuple[Record, ...] | None = None
    """Where it is a container: *payload* comes first, then these."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mask:
    """A key stream over the body, begun from a number in the header."""

    factor: int
    step: int
    shift: int

    def over(self, data: bytes, start: int) -> bytes:
        """Return *data* masked, or masked data bare."""
        state, said = start, bytearray()
        for byte in data:
            state = (state * self.factor + self.step) & _MASK
            said.append(byte ^ (state >> self.shift & 0xFF))
        return bytes(said)


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """One format."""

    magic: bytes
    pack: Packer
    tag_bytes: Literal[1, 2]
    length_bytes: Literal[2, 4]
    file_sum: Sum | None
    record_sum: Sum | None
    """Over the payload, after it, two bytes."""
    mask: Mask | None
    link: tuple[int, int] | None
    """Factor and step of a byte in each record that depends on all before it."""

    def file(
        self, records: Sequence[Record], *, version: int, flags: int, start: int
    ) -> bytes:
        """Return a file of *records*."""
        body = self._records(records)
        pack = self.pack
        head = self.magic + pack.u8(version) + pack.u8(flags)
        if self.mask is not None:
            head += pack.u32(start)
        head += pack.u32(len(body))
        last = b"" if self.file_sum is None else pack.u32(self.file_sum.of(body))
        return head + (self.mask.over(body, start) if self.mask else body) + last

    def _records(self, records: Sequence[Record]) -> bytes:
        said, link = b"", 0
        for record in records:
            inside = self._records(record.inside) if record.inside is not None else b""
            payload = record.payload + inside
            pack = self.pack
            tag = pack.u8(record.tag) if self.tag_bytes == 1 else pack.u16(record.tag)
            said += tag
            if self.link is not None:
                link = (link * self.link[0] + record.tag + len(payload)) & 0xFF
                link ^= self.link[1]
                said += pack.u8(link)
            size = len(payload)
            said += pack.u16(size) if self.length_bytes == 2 else pack.u32(size)  # noqa: PLR2004
            said += payload
            if self.record_sum is not None:
                said += pack.u16(self.record_sum.of(payload))
        return said
