"""Errors on the heap: beyond a block, after its end, freed twice, sizes that wrap."""

from __future__ import annotations

import random

from fairlead.bench.families.memory.flaw import Flaw, Numbers, Way, text
from fairlead.bench.families.memory.layout import Packer


def _none(_: random.Random) -> Numbers:
    return {}


def _make(pack: Packer, count: int) -> bytes:
    return pack.u8(1) + pack.u8(count)


def _set(pack: Packer, index: int, value: int) -> bytes:
    return pack.u8(2) + pack.u16(index) + pack.u32(value)


def _table_valid(pack: Packer, draw: random.Random, _: Numbers) -> list[bytes]:
    count = draw.randrange(6, 30)
    sets = [_set(pack, i, draw.getrandbits(20)) for i in draw.sample(range(count), 3)]
    again = draw.randrange(2, 6)
    return [
        _make(pack, count),
        *sets,
        _set(pack, count - 1, 7),
        pack.u8(3),
        _make(pack, again),
        _set(pack, again - 1, draw.getrandbits(20)),
    ]


def _set_beyond(pack: Packer, count: int, by: int) -> list[bytes]:
    return [_make(pack, count), _set(pack, count + by, 0x41424344)]


def _set_stale(pack: Packer, draw: random.Random, _: Numbers) -> list[bytes]:
    small = draw.randrange(2, 9)
    return [
        _make(pack, small + 9),
        _make(pack, small),
        _set(pack, small + draw.randrange(1, 4), 0x41424344),
    ]


def _beyond(by: int) -> Way:
    return Way(
        "one-entry-more" if by == 0 else "other-bound",
        {"outside": "index > c->${thing}_count" if by == 0 else "index >= 512"},
        lambda pack, draw, _: _set_beyond(pack, draw.randrange(4, 20), by),
    )


TABLE = Flaw(
    name="table",
    weakness="CWE-787",
    shown_as="heap overflow",
    fields="uint32_t *${thing}_table;\n    unsigned ${thing}_count;",
    release="free(c->${thing}_table);",
    code="""
/* A table of ${thing}s: 1 makes it, 2 sets an entry, 3 adds all up. */
int $fn(struct $ctx *c, struct cursor *r)
{
$guard    unsigned op = $u8(r);

    if (op == 1) {
        unsigned count = $u8(r);
        uint32_t *made;

        if (r->bad || count == 0)
            return E_RANGE;
        made = calloc(count, sizeof *made);
        if (made == NULL)
            return E_MEMORY;
        free(c->${thing}_table);
        c->${thing}_table = made;
$count
        return 0;
    }
    if (c->${thing}_table == NULL)
        return E_STATE;
    if (op == 2) {
        $int index = ($int)($cast)$u16(r);
        uint32_t value = $u32(r);

        if (r->bad)
            return E_SHORT;
        if ($outside)
            return E_RANGE;
        c->${thing}_table[index] = value;
        return 0;
    }
    if (op == 3) {
        uint32_t sum = 0;
        unsigned i;

        for (i = 0; i < c->${thing}_count; i++)
            sum += c->${thing}_table[i];
        printf("$thing: %u entries, sum %u\\n", c->${thing}_count, (unsigned)sum);
        return 0;
    }
    return E_RANGE;
}
""",
    right={
        "outside": "index >= c->${thing}_count",
        "int": "unsigned",
        "cast": "uint16_t",
        "count": "        c->${thing}_count = count;",
    },
    ways=(
        _beyond(0),
        _beyond(2),
        Way(
            "signed-index",
            {
                "int": "int",
                "cast": "int16_t",
                "outside": "index >= (int)c->${thing}_count",
            },
            lambda pack, draw, _: [
                _make(pack, draw.randrange(4, 20)),
                _set(pack, 0x10000 - draw.randrange(1, 4), 0x41424344),
            ],
        ),
        Way(
            "stale-count",
            {
                "count": "        if (count > c->${thing}_count)\n"
                "            c->${thing}_count = count;"
            },
            _set_stale,
        ),
    ),
    numbers=_none,
    valid=_table_valid,
)


def _area(draw: random.Random) -> Numbers:
    return {"limit": draw.choice((1 << 20, 1 << 19, 3 << 19))}


def _area_record(pack: Packer, width: int, height: int, depth: int) -> bytes:
    return pack.u16(width) + pack.u16(height) + pack.u8(depth) + pack.u8(0x20)


def _wrapping(pack: Packer, draw: random.Random, n: Numbers) -> list[bytes]:
    while True:
        depth, width = draw.choice((3, 4)), draw.randrange(40_000, 65_536)
        height = -(-(1 << 32) // (width * depth))
        if height <= 0xFFFF and width * height * depth - (1 << 32) < min(  # noqa: PLR2004
            n["limit"], width * depth
        ):
            return [_area_record(pack, width, height, depth)]


AREA = Flaw(
    name="area",
    weakness="CWE-190",
    shown_as="integer overflow",
    code="""
/* A $thing as a field of points: width, height, bytes a point, what fills it. */
int $fn(struct $ctx *c, struct cursor *r)
{
$guard    uint32_t width = $u16(r), height = $u16(r);
    uint32_t depth = $u8(r), fill = $u8(r);
    uint32_t sum = 0, y;
    $total
    uint8_t *points;

    (void)c;
    if (r->bad)
        return E_SHORT;
    if (width == 0 || height == 0 || depth == 0 || depth > 4)
        return E_RANGE;
    total = $product;
    if (total > $limit)
        return E_RANGE;
    points = malloc(total + 1);
    if (points == NULL)
        return E_MEMORY;
    for (y = 0; y < height; y++) {
        memset(points + (size_t)y * width * depth, fill, (size_t)width * depth);
        sum += points[(size_t)y * width * depth];
    }
    printf("$thing %ux%u, %u\\n", (unsigned)width, (unsigned)height, (unsigned)sum);
    free(points);
    return 0;
}
""",
    right={"total": "uint64_t total;", "product": "(uint64_t)width * height * depth"},
    ways=(
        Way(
            "wraps-at-32",
            {"total": "uint32_t total;", "product": "width * height * depth"},
            _wrapping,
        ),
    ),
    numbers=_area,
    valid=lambda pack, draw, _: [
        _area_record(pack, draw.randrange(1, 90), draw.randrange(1, 90), depth)
        for depth in (1, 4)
    ],
)


def _unit(draw: random.Random) -> Numbers:
    return {"unit": draw.choice((6, 10, 12, 5))}


def _points(pack: Packer, draw: random.Random, count: int, unit: int) -> bytes:
    return pack.u8(count) + text(draw, count * unit)


POINTS = Flaw(
    name="points",
    weakness="CWE-197",
    shown_as="integer overflow",
    code="""
/* Points of a $thing, $unit bytes each. */
int $fn(struct $ctx *c, struct cursor *r)
{
$guard    unsigned count = $u8(r), i;
    $type bytes = count * $unit;
    uint8_t *points = malloc(bytes + 1);
    uint32_t sum = 0;

    (void)c;
    if (points == NULL)
        return E_MEMORY;
    for (i = 0; i < count; i++) {
        const uint8_t *raw = $take(r, $unit);

        if (raw == NULL) {
            free(points);
            return E_SHORT;
        }
        memcpy(points + i * $unit, raw, $unit);
        sum += points[i * $unit];
    }
    printf("$thing: %u points, %u\\n", count, (unsigned)sum);
    free(points);
    return 0;
}
""",
    right={"type": "size_t"},
    ways=(
        Way(
            "wraps-at-8",
            {"type": "uint8_t"},
            lambda pack, draw, n: [
                _points(pack, draw, 256 // n["unit"] + draw.randrange(1, 5), n["unit"])
            ],
        ),
    ),
    numbers=_unit,
    valid=lambda pack, draw, n: [
        _points(pack, draw, count, n["unit"])
        for count in (0, draw.randrange(1, 9), 250 // n["unit"])
    ],
)


def _open(pack: Packer, slot: int, size: int) -> bytes:
    return pack.u8(1) + pack.u8(slot) + pack.u8(size)


def _op(pack: Packer, op: int, slot: int) -> bytes:
    return pack.u8(op) + pack.u8(slot)


def _write(pack: Packer, content: bytes) -> bytes:
    return pack.u8(4) + pack.u8(len(content)) + content


def _slots_valid(pack: Packer, draw: random.Random, n: Numbers) -> list[bytes]:
    a, b = draw.sample(range(n["slots"]), 2)
    return [
        _open(pack, a, 16),
        _open(pack, b, 20),
        _op(pack, 2, a),
        _write(pack, text(draw, 16)),
        _op(pack, 2, b),
        _op(pack, 3, a),
        _write(pack, text(draw, 7)),
        _open(pack, a, 30),
        _op(pack, 2, a),
        _write(pack, text(draw, 9)),
    ]


_CLEAR = """        if (c->${thing}_chosen == c->${thing}s[slot].data) {
            c->${thing}_chosen = NULL;
            c->${thing}_room = 0;
        }
"""


def _chosen_closed(
    pack: Packer, draw: random.Random, n: Numbers, size: int
) -> list[bytes]:
    slot = draw.randrange(n["slots"])
    return [
        _open(pack, slot, size),
        _op(pack, 2, slot),
        _op(pack, 3, slot),
        _write(pack, text(draw, draw.randrange(1, size + 1))),
    ]


def _chosen_reopened(
    pack: Packer, draw: random.Random, n: Numbers, size: int
) -> list[bytes]:
    slot = draw.randrange(n["slots"])
    return [
        _open(pack, slot, size),
        _op(pack, 2, slot),
        _open(pack, slot, size // 3),
        _write(pack, text(draw, draw.randrange(1, size + 1))),
    ]


SLOTS = Flaw(
    name="slots",
    weakness="CWE-416",
    shown_as="use after free",
    fields="struct { uint8_t *data; unsigned size; } ${thing}s[$slots];\n"
    "    uint8_t *${thing}_chosen;\n    unsigned ${thing}_room;",
    release="for (i = 0; i < $slots; i++)\n        free(c->${thing}s[i].data);",
    code="""
/* ${thing}s in slots: 1 opens one, 2 chooses it, 3 closes it, 4 writes to the chosen. */
int $fn(struct $ctx *c, struct cursor *r)
{
$guard    unsigned op = $u8(r);
    unsigned slot = op == 4 ? 0 : $u8(r);

    if (r->bad || slot >= $slots)
        return E_RANGE;
    if (op == 1) {
        unsigned size = $u8(r);
        uint8_t *made = calloc(1, size + 1);

        if (made == NULL)
            return E_MEMORY;
$reopened        free(c->${thing}s[slot].data);
        c->${thing}s[slot].data = made;
        c->${thing}s[slot].size = size;
        return 0;
    }
    if (op == 2) {
        if (c->${thing}s[slot].data == NULL)
            return E_STATE;
        c->${thing}_chosen = c->${thing}s[slot].data;
        c->${thing}_room = c->${thing}s[slot].size;
        return 0;
    }
    if (op == 3) {
$closed        free(c->${thing}s[slot].data);
        c->${thing}s[slot].data = NULL;
        c->${thing}s[slot].size = 0;
        return 0;
    }
    if (op == 4) {
        unsigned length = $u8(r);
        const uint8_t *raw = $take(r, length);

        if (raw == NULL)
            return E_SHORT;
        if (c->${thing}_chosen == NULL || length > c->${thing}_room)
            return E_STATE;
        memcpy(c->${thing}_chosen, raw, length);
        printf("$thing written, %u of %u\\n", length, c->${thing}_room);
        return 0;
    }
    return E_RANGE;
}
""",
    right={"reopened": _CLEAR, "closed": _CLEAR},
    ways=(
        Way(
            "chosen-then-closed",
            {"closed": ""},
            lambda pack, draw, n: _chosen_closed(pack, draw, n, 24),
        ),
        Way(
            "chosen-then-reopened",
            {"reopened": ""},
            lambda pack, draw, n: _chosen_reopened(pack, draw, n, 24),
            kept=lambda pack, draw, _: [
                _open(pack, 1, 24),
                _open(pack, 1, 18),
                _op(pack, 2, 1),
                _write(pack, text(draw, 18)),
            ],
        ),
        Way(
            "closed-if-full",
            {
                "closed": "        if (c->${thing}s[slot].size > c->${thing}_room)\n"
                "            c->${thing}_chosen = NULL;\n"
            },
            lambda pack, draw, n: _chosen_closed(pack, draw, n, 17),
        ),
    ),
    numbers=lambda draw: {"slots": draw.choice((4, 6, 8))},
    valid=_slots_valid,
)


def _add(pack: Packer, number: int, weight: int) -> bytes:
    return pack.u16(number) + pack.u16(weight)


GROWING = Flaw(
    name="growing",
    weakness="CWE-416",
    shown_as="use after free",
    before="struct ${thing}_entry { unsigned number, weight; };\n",
    fields="struct ${thing}_entry *${thing}_list;\n"
    "    unsigned ${thing}_count, ${thing}_room;\n    $kept",
    release="free(c->${thing}_list);",
    code="""
/* A $thing with its weight; the heaviest so far is remembered. */
int $fn(struct $ctx *c, struct cursor *r)
{
$guard    unsigned number = $u16(r), weight = $u16(r);

    if (r->bad)
        return E_SHORT;
    if (c->${thing}_count == c->${thing}_room) {
        unsigned room = c->${thing}_room ? 2 * c->${thing}_room : $start;
        struct ${thing}_entry *grown;

        grown = realloc(c->${thing}_list, room * sizeof *grown);
        if (grown == NULL)
            return E_MEMORY;
        c->${thing}_list = grown;
        c->${thing}_room = room;
    }
    c->${thing}_list[c->${thing}_count].number = number;
    c->${thing}_list[c->${thing}_count].weight = weight;
$remember
    c->${thing}_count++;
    printf("$thing %u, heaviest %u\\n", number, $heaviest);
    return 0;
}
""",
    right={
        "kept": "unsigned ${thing}_best;",
        "remember": "    if (weight > c->${thing}_list[c->${thing}_best].weight)\n"
        "        c->${thing}_best = c->${thing}_count;",
        "heaviest": "c->${thing}_list[c->${thing}_best].number",
    },
    ways=(
        Way(
            "kept-while-growing",
            {
                "kept": "struct ${thing}_entry *${thing}_best;",
                "remember": "    if (c->${thing}_best == NULL || weight >"
                " c->${thing}_best->weight)\n"
                "        c->${thing}_best = &c->${thing}_list[c->${thing}_count];",
                "heaviest": "c->${thing}_best->number",
            },
            lambda pack, draw, n: [
                _add(pack, draw.randrange(999), draw.randrange(999))
                for _ in range(n["start"] + 1)
            ],
            kept=lambda pack, draw, n: [
                _add(pack, draw.randrange(999), draw.randrange(999))
                for _ in range(3 * n["start"])
            ],
        ),
    ),
    numbers=lambda draw: {"start": draw.choice((3, 4, 6))},
    valid=lambda pack, draw, n: [
        _add(pack, draw.randrange(999), draw.randrange(999)) for _ in range(n["start"])
    ],
)


def _remark(pack: Packer, op: int, content: bytes) -> bytes:
    return pack.u8(op) + pack.u8(len(content)) + content


REMARKS = Flaw(
    name="remarks",
    weakness="CWE-415",
    shown_as="double free",
    fields="char *${thing}_front, *${thing}_back;",
    release="free(c->${thing}_front);\n    free(c->${thing}_back);",
    code="""
/* The $text of a $thing: 1 sets it, 2 has the back say the same, 3 shows both. */
int $fn(struct $ctx *c, struct cursor *r)
{
$guard    unsigned op = $u8(r);

    if (op == 1) {
        unsigned length = $u8(r);
        const uint8_t *raw = $take(r, length);

        if (raw == NULL)
            return E_SHORT;
        free(c->${thing}_front);
$gone        if (memchr(raw, '\\n', length) != NULL)
            return E_RANGE;
        c->${thing}_front = calloc(1, length + 1);
        if (c->${thing}_front == NULL)
            return E_MEMORY;
        memcpy(c->${thing}_front, raw, length);
        return 0;
    }
    if (c->${thing}_front == NULL)
        return E_STATE;
    if (op == 2) {
        free(c->${thing}_back);
        c->${thing}_back = $same;
        return 0;
    }
    if (op == 3) {
        printf("$thing ");
        show_text(c->${thing}_front, strlen(c->${thing}_front));
        if (c->${thing}_back != NULL)
            show_text(c->${thing}_back, strlen(c->${thing}_back));
        return 0;
    }
    return E_RANGE;
}
""",
    right={
        "gone": "        c->${thing}_front = NULL;\n",
        "same": "strdup(c->${thing}_front)",
    },
    ways=(
        Way(
            "left-by-an-error",
            {"gone": ""},
            lambda pack, draw, _: [
                _remark(pack, 1, text(draw, 9)),
                _remark(pack, 1, text(draw, 4) + b"\n" + text(draw, 2)),
            ],
        ),
        Way(
            "two-owners",
            {"same": "c->${thing}_front"},
            lambda pack, draw, _: [_remark(pack, 1, text(draw, 9)), pack.u8(2)],
            kept=lambda pack, draw, _: [
                _remark(pack, 1, text(draw, 11)),
                pack.u8(2),
                _remark(pack, 1, text(draw, 5)),
                pack.u8(3),
            ],
        ),
    ),
    numbers=_none,
    valid=lambda pack, draw, _: [
        _remark(pack, 1, text(draw, 12)),
        pack.u8(3),
        _remark(pack, 1, text(draw, draw.randrange(20))),
        pack.u8(3),
    ],
)


def _literals(pack: Packer, content: bytes) -> bytes:
    return pack.u8(len(content) - 1) + content


def _copy(pack: Packer, length: int, distance: int) -> bytes:
    return pack.u8(0x80 | (length - 3)) + pack.u16(distance)


def _unpack_valid(pack: Packer, draw: random.Random, _: Numbers) -> list[bytes]:
    first = draw.randrange(8, 40)
    last = _literals(pack, text(draw, 4))
    return [
        pack.u16(first + 12 + 4)
        + _literals(pack, text(draw, first))
        + _copy(pack, 12, draw.randrange(1, first + 1))
        + last,
        pack.u16(first) + _literals(pack, text(draw, first)),
    ]


def _copied_before(pack: Packer, draw: random.Random, _: Numbers) -> list[bytes]:
    n = draw.randrange(4, 20)
    said = _literals(pack, text(draw, n)) + _copy(pack, 9, n + draw.randrange(1, 9))
    return [pack.u16(n + 20) + said]


def _run_beyond(pack: Packer, draw: random.Random, _: Numbers) -> list[bytes]:
    n = draw.randrange(12, 40)
    return [pack.u16(n + 4) + 2 * _literals(pack, text(draw, n))]


UNPACK = Flaw(
    name="unpack",
    weakness="CWE-125",
    shown_as="heap overflow",
    code="""
/* A packed $thing: its size, then runs (below 0x80) and copies of what came before. */
int $fn(struct $ctx *c, struct cursor *r)
{
$guard    size_t room = $u16(r), at = 0, i;
    uint8_t *out;
    uint32_t sum = 0;

    (void)c;
    if (r->bad || room == 0 || room > 8192)
        return E_RANGE;
    out = malloc(room);
    if (out == NULL)
        return E_MEMORY;
    while (at < room && $left(r) > 0) {
        unsigned op = $u8(r);

        if (op < 0x80) {
            size_t n = op + 1;
            const uint8_t *raw = $take(r, n);

            if (raw == NULL || $run) {
                free(out);
                return E_RANGE;
            }
            memcpy(out + at, raw, n);
            at += n;
        } else {
            size_t n = (op & 0x7f) + 3;
            size_t distance = $u16(r);

            if (r->bad || $far || n > room - at) {
                free(out);
                return E_RANGE;
            }
            for (i = 0; i < n; i++, at++)
                out[at] = out[at - distance];
        }
    }
    for (i = 0; i < at; i++)
        sum = sum * 131 + out[i];
    printf("$thing unpacked, %u, %08x\\n", (unsigned)at, (unsigned)sum);
    free(out);
    return 0;
}
""",
    right={"run": "n > room - at", "far": "distance == 0 || distance > at"},
    ways=(
        Way(
            "before-the-start",
            {"far": "distance == 0 || distance > 4096"},
            _copied_before,
        ),
        Way(
            "run-beyond-the-end",
            {"run": "n > room"},
            _run_beyond,
        ),
    ),
    numbers=_none,
    valid=_unpack_valid,
)


def _claim(pack: Packer, claimed: int, content: bytes) -> bytes:
    return pack.u16(claimed) + content


ECHO = Flaw(
    name="echo",
    weakness="CWE-126",
    shown_as="heap over-read",
    code="""
/* A $thing that is said back: how much of it, and its bytes. */
int $fn(struct $ctx *c, struct cursor *r)
{
$guard    size_t wanted = $u16(r);
    size_t there = $left(r), i;
    uint8_t *copy;
    uint32_t sum = 7;

    (void)c;
    if (r->bad)
        return E_SHORT;
    if (wanted > $most)
        return E_RANGE;
    copy = malloc(there + 1);
    if (copy == NULL)
        return E_MEMORY;
    memcpy(copy, r->data + r->at, there);
    for (i = 0; i < wanted; i++)
        sum = (sum ^ copy[i]) * 16777619u;
    printf("$thing said back, %u, %08x\\n", (unsigned)wanted, (unsigned)sum);
    free(copy);
    return 0;
}
""",
    right={"most": "there"},
    ways=(
        Way(
            "more-than-there",
            {"most": "$limit"},
            lambda pack, draw, n: [
                _claim(pack, draw.randrange(n["limit"] // 2, n["limit"]), text(draw, 9))
            ],
        ),
    ),
    numbers=lambda draw: {"limit": draw.choice((256, 512, 1024))},
    valid=lambda pack, draw, _: [
        _claim(pack, 8, text(draw, 20)),
        _claim(pack, 30, text(draw, 30)),
    ],
)

HEAP = (TABLE, AREA, POINTS, SLOTS, GROWING, REMARKS, UNPACK, ECHO)
