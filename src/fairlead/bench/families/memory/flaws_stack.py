"""Errors on the stack and in fixed tables: too long, one too far, unended, format."""

from __future__ import annotations

import random

from fairlead.bench.families.memory.flaw import Flaw, Numbers, Way, text
from fairlead.bench.families.memory.layout import Packer


def _cap(draw: random.Random) -> Numbers:
    cap = draw.choice((16, 24, 32, 40, 48))
    return {"cap": cap, "limit": cap + draw.choice((16, 32, 48))}


def _named(pack: Packer, number: int, content: bytes) -> bytes:
    return pack.u16(number) + pack.u8(len(content)) + content


def _named_valid(pack: Packer, draw: random.Random, n: Numbers) -> list[bytes]:
    return [
        _named(pack, draw.randrange(1, 900), text(draw, length))
        for length in (draw.randrange(1, 12), n["cap"] - 1, 0)
    ]


TEXT = Flaw(
    name="text",
    weakness="CWE-121",
    shown_as="stack overflow",
    fields="unsigned ${thing}_seen;",
    before="enum { ${THING}_MAX = $limit };\n",
    code="""
/* A $thing: its number, and its $text with the length before it. */
int $fn(struct $ctx *c, struct cursor *r)
{
$guard    char $text[$cap];
    unsigned number = $u16(r);
    unsigned length = $u8(r);
    const uint8_t *raw = $take(r, length);

    if (raw == NULL)
        return E_SHORT;
    if ($beyond)
        return E_RANGE;
    memcpy($text, raw, length);
    $text[length] = '\\0';
    c->${thing}_seen++;
    printf("$thing %u ", number);
    show_text($text, length);
    return 0;
}
""",
    right={"beyond": "length > ${THING}_MAX || length >= sizeof($text)"},
    ways=(
        Way(
            "other-bound",
            {"beyond": "length > ${THING}_MAX"},
            lambda pack, draw, n: [
                _named(
                    pack,
                    draw.randrange(1, 900),
                    text(draw, draw.randrange(n["cap"] + 4, n["limit"] + 1)),
                )
            ],
        ),
        Way(
            "first-unchecked",
            {
                "beyond": "number != 0 && (length > ${THING}_MAX || length >="
                " sizeof($text))"
            },
            lambda pack, draw, n: [
                _named(pack, 0, text(draw, n["cap"] + draw.randrange(4, 28)))
            ],
        ),
        Way(
            "no-room-for-end",
            {"beyond": "length > ${THING}_MAX || length > sizeof($text)"},
            lambda pack, draw, n: [
                _named(pack, draw.randrange(1, 900), text(draw, n["cap"]))
            ],
        ),
    ),
    numbers=_cap,
    valid=_named_valid,
)


def _unended_valid(pack: Packer, draw: random.Random, n: Numbers) -> list[bytes]:
    return [pack.u8(length) + text(draw, length) for length in (3, n["cap"] - 1, 1)]


UNENDED = Flaw(
    name="unended",
    weakness="CWE-170",
    shown_as="stack over-read",
    fields="size_t ${thing}_letters;",
    code="""
/* The $text of a $thing; its letters are counted. */
int $fn(struct $ctx *c, struct cursor *r)
{
$guard    char $text[$cap];
    unsigned length = $u8(r);
    const uint8_t *raw = $take(r, length);

    if (raw == NULL)
        return E_SHORT;
    if (length > sizeof($text))
        return E_RANGE;
    memcpy($text, raw, length);
$end
    c->${thing}_letters += strlen($text);
    printf("$thing has %u letters in all\\n", (unsigned)c->${thing}_letters);
    return 0;
}
""",
    right={
        "end": "    if (length == sizeof($text))\n        length--;\n"
        "    $text[length] = '\\0';"
    },
    ways=(
        Way(
            "only-if-room",
            {"end": "    if (length < sizeof($text))\n        $text[length] = '\\0';"},
            lambda pack, draw, n: [pack.u8(n["cap"]) + text(draw, n["cap"])],
        ),
    ),
    numbers=_cap,
    valid=_unended_valid,
)


def _kinds(draw: random.Random) -> Numbers:
    return {"kinds": draw.choice((5, 6, 7, 9))}


def _kind_valid(pack: Packer, draw: random.Random, n: Numbers) -> list[bytes]:
    return [
        pack.u8(kind) + pack.u16(draw.randrange(2000))
        for kind in (0, n["kinds"] - 1, draw.randrange(n["kinds"]))
    ]


KIND = Flaw(
    name="kind",
    weakness="CWE-193",
    shown_as="off by one",
    before="static const unsigned ${thing}_weights[$kinds] = { 3, 1, 4, 1, 5 };\n",
    fields="uint32_t ${thing}_total;",
    code="""
/* A $thing of a kind, which weighs what the table says, so many times. */
int $fn(struct $ctx *c, struct cursor *r)
{
$guard    unsigned kind = $u8(r);
    unsigned times = $u16(r);

    if (r->bad)
        return E_SHORT;
    if (kind $above $kinds)
        return E_RANGE;
    c->${thing}_total += ${thing}_weights[kind] * times;
    printf("$thing of kind %u, total %u\\n", kind, (unsigned)c->${thing}_total);
    return 0;
}
""",
    right={"above": ">="},
    ways=(
        Way(
            "one-kind-more",
            {"above": ">"},
            lambda pack, draw, n: [
                pack.u8(n["kinds"]) + pack.u16(draw.randrange(1, 99))
            ],
        ),
    ),
    numbers=_kinds,
    valid=_kind_valid,
)


def _steps(draw: random.Random) -> Numbers:
    return {"slots": draw.choice((8, 10, 12, 16))}


def _histogram(pack: Packer, values: list[int]) -> bytes:
    return pack.u8(len(values)) + b"".join(pack.u16(value) for value in values)


BUCKETS = Flaw(
    name="buckets",
    weakness="CWE-787",
    shown_as="off by one",
    code="""
/* Values of a $thing, counted in $slots buckets of 100 each. */
int $fn(struct $ctx *c, struct cursor *r)
{
$guard    unsigned counts[$slots] = { 0 };
    unsigned n = $u8(r), i;

    (void)c;
    for (i = 0; i < n; i++) {
        unsigned value = $u16(r);

        if (r->bad)
            return E_SHORT;
        if (value $above $slots * 100)
            return E_RANGE;
        counts[value / 100]++;
    }
    printf("$thing");
    for (i = 0; i < $slots; i++)
        printf(" %u", counts[i]);
    printf("\\n");
    return 0;
}
""",
    right={"above": ">="},
    ways=(
        Way(
            "upper-edge",
            {"above": ">"},
            lambda pack, draw, n: [
                _histogram(
                    pack,
                    [*draw.sample(range(n["slots"] * 100), 3), n["slots"] * 100],
                )
            ],
        ),
    ),
    numbers=_steps,
    valid=lambda pack, draw, n: [
        _histogram(pack, draw.sample(range(n["slots"] * 100), draw.randrange(1, 9))),
        _histogram(pack, [0, n["slots"] * 100 - 1]),
        _histogram(pack, []),
    ],
)


def _spells(draw: random.Random) -> Numbers:
    return {"cap": draw.choice((64, 72, 80, 96))}


def _directives(draw: random.Random, limit: int) -> bytes:
    # Small numbers stand where texts are sought, so that the first or second fails.
    said = text(draw, draw.randrange(1, 6)) + b" "
    while len(said) + 3 < limit:
        said += b"%s "
    return said


def _said(pack: Packer, number: int, said: bytes) -> bytes:
    return pack.u8(number) + pack.u8(len(said)) + said


FORMAT = Flaw(
    name="format",
    weakness="CWE-134",
    shown_as="format string",
    code="""
/* The $text of a $thing, as it is shown. */
int $fn(struct $ctx *c, struct cursor *r)
{
$guard    char $text[$cap], line[4 * $cap];
    unsigned number = $u8(r);
    unsigned length = $u8(r);
    const uint8_t *raw = $take(r, length);

    (void)c;
    if (raw == NULL)
        return E_SHORT;
    if (length >= sizeof($text))
        return E_RANGE;
    memcpy($text, raw, length);
    $text[length] = '\\0';
$put
    printf("$thing %u: ", number);
    show_text(line, strlen(line));
    return 0;
}
""",
    right={"put": '    snprintf(line, sizeof line, "%s", $text);'},
    ways=(
        Way(
            "as-format",
            {"put": "    snprintf(line, sizeof line, $text);"},
            lambda pack, draw, n: [_said(pack, 1, _directives(draw, n["cap"] - 1))],
        ),
        Way(
            "above-nine",
            {
                "put": "    if (number < 10)\n"
                '        snprintf(line, sizeof line, "%s", $text);\n'
                "    else\n"
                "        snprintf(line, sizeof line, $text);"
            },
            lambda pack, draw, n: [_said(pack, 10, _directives(draw, n["cap"] - 1))],
        ),
    ),
    numbers=_spells,
    valid=lambda pack, draw, n: [
        pack.u8(number) + pack.u8(length) + text(draw, length)
        for number, length in ((1, 9), (draw.randrange(10, 99), n["cap"] - 1), (3, 0))
    ],
)


def _head(draw: random.Random) -> Numbers:
    return {"cap": draw.choice((32, 48, 64)), "head": draw.choice((4, 6, 8))}


NEGATIVE = Flaw(
    name="negative",
    weakness="CWE-191",
    shown_as="integer overflow",
    code="""
/* A $thing: its size, which counts $head bytes that are gone, and what is left of it. */
int $fn(struct $ctx *c, struct cursor *r)
{
$guard    uint8_t body[$cap];
    int size = (int)$u16(r) - $head;
    uint32_t sum = 0;
    int i;

    (void)c;
    if (r->bad)
        return E_SHORT;
    if ($low(size > (int)sizeof(body) || size > (int)$left(r)))
        return E_RANGE;
    memcpy(body, r->data + r->at, size);
    r->at += size;
    for (i = 0; i < size; i++)
        sum = sum * 31 + body[i];
    printf("$thing of %d, %08x\\n", size, (unsigned)sum);
    return 0;
}
""",
    right={"low": "size < 0 || "},
    ways=(
        Way(
            "below-zero",
            {"low": ""},
            lambda pack, draw, n: [
                pack.u16(draw.randrange(n["head"])) + text(draw, draw.randrange(9))
            ],
        ),
    ),
    numbers=_head,
    valid=lambda pack, draw, n: [
        pack.u16(size + n["head"]) + text(draw, size)
        for size in (draw.randrange(1, 20), n["cap"], 0)
    ],
)


def _modes(draw: random.Random) -> Numbers:
    first = draw.randrange(1, 40)
    return {"one": first, "two": first + draw.randrange(2, 30)}


UNSET = Flaw(
    name="unset",
    weakness="CWE-457",
    shown_as="uninitialised",
    before="""struct ${thing}_kind { unsigned size; const char *word; };
static const struct ${thing}_kind ${thing}_kinds[2] = {
    { $one, "plain" }, { $two, "packed" }
};
""",
    code="""
/* A $thing of one of two kinds. */
int $fn(struct $ctx *c, struct cursor *r)
{
$guard    const struct ${thing}_kind *kind;
    unsigned type = $u8(r);
    unsigned strict = $u8(r);

    (void)c;
    if (r->bad)
        return E_SHORT;
    switch (type) {
    case $one:
        kind = &${thing}_kinds[0];
        break;
    case $two:
        kind = &${thing}_kinds[1];
        break;
    default:
$other
    }
    printf("$thing %s %u, strict %u\\n", kind->word, kind->size, strict);
    return 0;
}
""",
    right={"other": "        return E_RANGE;"},
    ways=(
        Way(
            "unless-strict",
            {
                "other": "        if (strict)\n            return E_RANGE;\n        break;"
            },
            lambda pack, draw, n: [
                pack.u8(n["two"] + draw.randrange(1, 90)) + pack.u8(0)
            ],
        ),
    ),
    numbers=_modes,
    valid=lambda pack, draw, n: [
        pack.u8(n[kind]) + pack.u8(draw.randrange(2)) for kind in ("one", "two")
    ],
)

UNSET_LENGTH = Flaw(
    name="unset-length",
    weakness="CWE-908",
    shown_as="uninitialised",
    fields="uint8_t ${thing}_kept[$cap];",
    code="""
/* A $thing: flags say whether a length comes (1), and whether it is kept (2). */
int $fn(struct $ctx *c, struct cursor *r)
{
$guard    unsigned flags = $u8(r);
    size_t length$start;

    if (flags & 1) {
        length = $u8(r);
        if (length > sizeof(c->${thing}_kept) || length > $left(r))
            return E_RANGE;
    }
    if (flags & 2) {
        memcpy(c->${thing}_kept, r->data + r->at, length);
        printf("$thing kept %u\\n", (unsigned)length);
    }
    return r->bad ? E_SHORT : 0;
}
""",
    right={"start": " = 0"},
    ways=(
        Way(
            "kept-without-length",
            {"start": ""},
            lambda pack, draw, _: [
                pack.u8(2 | draw.randrange(16) << 2) + text(draw, 5)
            ],
        ),
    ),
    numbers=lambda draw: {"cap": draw.choice((16, 32, 48))},
    valid=lambda pack, draw, n: (
        [pack.u8(3) + pack.u8(length) + text(draw, length) for length in (4, n["cap"])]
        + [pack.u8(0)]
    ),
)

STACK = (TEXT, UNENDED, KIND, BUCKETS, FORMAT, NEGATIVE, UNSET, UNSET_LENGTH)
