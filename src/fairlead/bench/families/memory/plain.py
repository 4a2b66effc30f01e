"""Handlers in which nothing is wrong and that look like no flaw: what fills a program."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from fairlead.bench.families.memory.layout import Packer


@dataclass(frozen=True, slots=True)
class Plain:
    """A handler in C that takes any payload of a length it checks."""

    fields: str
    code: str
    valid: Callable[[Packer, random.Random], bytes]


PLAIN = (
    Plain(
        "uint32_t ${thing}_low, ${thing}_high, ${thing}_count;",
        """
/* A value of a $thing; the least and the greatest are kept. */
int $fn(struct $ctx *c, struct cursor *r)
{
    uint32_t value = $u32(r);

    if (r->bad)
        return E_SHORT;
    if (c->${thing}_count == 0 || value < c->${thing}_low)
        c->${thing}_low = value;
    if (c->${thing}_count == 0 || value > c->${thing}_high)
        c->${thing}_high = value;
    c->${thing}_count++;
    printf("$thing %u to %u\\n", (unsigned)c->${thing}_low, (unsigned)c->${thing}_high);
    return 0;
}
""",
        lambda pack, draw: pack.u32(draw.getrandbits(30)),
    ),
    Plain(
        "unsigned ${thing}_bits;",
        """
/* Switches of a $thing: which are touched, and how they are then. */
int $fn(struct $ctx *c, struct cursor *r)
{
    unsigned touched = $u16(r), values = $u16(r), n = 0, bit;

    if (r->bad)
        return E_SHORT;
    c->${thing}_bits = (c->${thing}_bits & ~touched) | (values & touched);
    for (bit = 0; bit < 16; bit++)
        n += c->${thing}_bits >> bit & 1;
    printf("$thing has %u on\\n", n);
    return 0;
}
""",
        lambda pack, draw: (
            pack.u16(draw.getrandbits(16)) + pack.u16(draw.getrandbits(16))
        ),
    ),
    Plain(
        "",
        """
/* The day of a $thing: year, month, day. */
int $fn(struct $ctx *c, struct cursor *r)
{
    static const uint8_t days[12] = { 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    unsigned year = $u16(r), month = $u8(r), day = $u8(r);

    (void)c;
    if (r->bad)
        return E_SHORT;
    if (month < 1 || month > 12 || day < 1 || day > days[month - 1])
        return E_RANGE;
    printf("$thing of %04u-%02u-%02u\\n", year, month, day);
    return 0;
}
""",
        lambda pack, draw: (
            pack.u16(draw.randrange(1990, 2030))
            + pack.u8(draw.randrange(1, 13))
            + pack.u8(draw.randrange(1, 29))
        ),
    ),
    Plain(
        "uint32_t ${thing}_ring[8];\n    unsigned ${thing}_next;",
        """
/* A $thing is put in a ring of the last eight. */
int $fn(struct $ctx *c, struct cursor *r)
{
    uint32_t sum = 0;
    unsigned i;

    while ($left(r) >= 4) {
        c->${thing}_ring[c->${thing}_next & 7] = $u32(r);
        c->${thing}_next++;
    }
    for (i = 0; i < 8; i++)
        sum += c->${thing}_ring[i];
    printf("$thing ring %u\\n", (unsigned)sum);
    return $left(r) ? E_SHORT : 0;
}
""",
        lambda pack, draw: b"".join(
            pack.u32(draw.getrandbits(24)) for _ in range(draw.randrange(1, 12))
        ),
    ),
    Plain(
        "int32_t ${thing}_x, ${thing}_y;",
        """
/* Moves of a $thing: a letter for each. */
int $fn(struct $ctx *c, struct cursor *r)
{
    while ($left(r) > 0) {
        switch ($u8(r)) {
        case 'n': c->${thing}_y++; break;
        case 's': c->${thing}_y--; break;
        case 'e': c->${thing}_x++; break;
        case 'w': c->${thing}_x--; break;
        default: return E_RANGE;
        }
    }
    printf("$thing at %d, %d\\n", (int)c->${thing}_x, (int)c->${thing}_y);
    return 0;
}
""",
        lambda _, draw: bytes(draw.choice(b"nsew") for _ in range(draw.randrange(20))),
    ),
    Plain(
        "unsigned ${thing}_words;",
        """
/* Words of a $thing, with a space between two. */
int $fn(struct $ctx *c, struct cursor *r)
{
    int inside = 0;

    while ($left(r) > 0) {
        int letter = $u8(r) != ' ';

        if (letter && !inside)
            c->${thing}_words++;
        inside = letter;
    }
    printf("$thing: %u words\\n", c->${thing}_words);
    return 0;
}
""",
        lambda _, draw: b" ".join(
            bytes(draw.choice(b"abcdefgh") for _ in range(draw.randrange(1, 7)))
            for _ in range(draw.randrange(1, 6))
        ),
    ),
)
