"""Checksums that files carry: each in C, and the same in Python."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from string import Template

_MASK = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Sum:
    """A checksum of 32 bits at most, carried as four bytes."""

    name: str
    code: str
    """A function `uint32_t $sum(const uint8_t *data, size_t size)`."""
    of: Callable[[bytes], int]

    def source(self, function: str) -> str:
        """Return its code with *function* as its name."""
        return Template(self.code).substitute(sum=function).strip() + "\n"


def xor8(draw: random.Random) -> Sum:
    """Return an exclusive or of all bytes."""
    start = draw.randrange(1, 256)

    def of(data: bytes) -> int:
        value = start
        for byte in data:
            value ^= byte
        return value

    code = f"""
static uint32_t $sum(const uint8_t *data, size_t size)
{{
    uint32_t value = 0x{start:02x};
    size_t i;

    for (i = 0; i < size; i++)
        value ^= data[i];
    return value;
}}"""
    return Sum("xor8", code, of)


def fletcher(draw: random.Random) -> Sum:
    """Return two running sums (Fletcher) of a modulus of its own."""
    modulus = draw.choice((251, 253, 255, 65521, 65519, 4093))

    def of(data: bytes) -> int:
        low, high = 1, 0
        for byte in data:
            low = (low + byte) % modulus
            high = (high + low) % modulus
        return (high << 16 | low) & _MASK

    code = f"""
static uint32_t $sum(const uint8_t *data, size_t size)
{{
    uint32_t low = 1, high = 0;
    size_t i;

    for (i = 0; i < size; i++) {{
        low = (low + data[i]) % {modulus};
        high = (high + low) % {modulus};
    }}
    return high << 16 | low;
}}"""
    return Sum("fletcher", code, of)


def crc32(draw: random.Random) -> Sum:
    """Return a cyclic redundancy check with one of several polynomials."""
    polynomial = draw.choice((0xEDB88320, 0x82F63B78, 0xEB31D82E, 0xD5828281))
    last = draw.choice((0, _MASK))

    def of(data: bytes) -> int:
        value = _MASK
        for byte in data:
            value ^= byte
            for _ in range(8):
                value = value >> 1 ^ (polynomial if value & 1 else 0)
        return value ^ last

    code = f"""
static uint32_t $sum(const uint8_t *data, size_t size)
{{
    uint32_t value = 0xffffffff;
    int bit;

    while (size-- > 0) {{
        value ^= *data++;
        for (bit = 0; bit < 8; bit++)
            value = value >> 1 ^ ((value & 1) ? 0x{polynomial:08x} : 0);
    }}
    return value ^ 0x{last:08x};
}}"""
    return Sum("crc32", code, of)


def mixed(draw: random.Random) -> Sum:
    """Return a hash of FNV's kind with a rotation."""
    start, prime = draw.getrandbits(32), draw.getrandbits(24) << 8 | 0x93
    turn = draw.randrange(5, 14)

    def of(data: bytes) -> int:
        value = start
        for byte in data:
            value = (value ^ byte) * prime & _MASK
            value = (value << turn | value >> (32 - turn)) & _MASK
        return value

    code = f"""
static uint32_t $sum(const uint8_t *data, size_t size)
{{
    uint32_t value = 0x{start:08x};
    size_t i;

    for (i = 0; i < size; i++) {{
        value = (value ^ data[i]) * 0x{prime:08x}u;
        value = value << {turn} | value >> {32 - turn};
    }}
    return value;
}}"""
    return Sum("mixed", code, of)
