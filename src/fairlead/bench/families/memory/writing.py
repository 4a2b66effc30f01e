"""The source of a program, in C, from its layout and its handlers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Template

from fairlead.bench.families.memory.layout import Layout
from fairlead.bench.families.memory.words import Words

PER_FILE = 5
"""Handlers in one file of source."""
DEEPEST = 8

BUILD = (
    "gcc -std=gnu11 -g -O1 -fsanitize=address -fno-omit-frame-pointer"
    " -ftrivial-auto-var-init=pattern -w"
)
"""How a program is built; variables that nobody set hold a pattern, so that reading one
is seen (gcc 12 and later)."""


@dataclass(frozen=True, slots=True)
class Handler:
    """One handler as it is written."""

    function: str
    tag: int
    code: str
    fields: str = ""
    release: str = ""
    before: str = ""


_HEADER = """\
#ifndef ${GUARD}_H
#define ${GUARD}_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is left to read; $bad is set by whatever reads beyond the end. */
struct cursor {
    const uint8_t *data;
    size_t size;
    size_t at;
    int bad;
};

struct $ctx {
    unsigned version, flags, depth;
$fields
};

enum { E_SHORT = 1, E_RANGE, E_STATE, E_SEAL, E_MEMORY, E_TAG, E_DEPTH };

unsigned $u8(struct cursor *r);
unsigned $u16(struct cursor *r);
uint32_t $u32(struct cursor *r);
size_t $left(const struct cursor *r);
/* The next bytes, or NULL where there are fewer. */
const uint8_t *$take(struct cursor *r, size_t size);
/* Shows bytes that are text, with points for what is not. */
void show_text(const char *text, size_t size);

int read_records(struct $ctx *c, struct cursor *r);
int dispatch(struct $ctx *c, unsigned tag, struct cursor *r);

$prototypes
#endif
"""

_INPUT = """\
#include "$program.h"

unsigned $u8(struct cursor *r)
{
    if (r->at >= r->size) {
        r->bad = 1;
        return 0;
    }
    return r->data[r->at++];
}

unsigned $u16(struct cursor *r)
{
    unsigned first = $u8(r), second = $u8(r);

    return $two;
}

uint32_t $u32(struct cursor *r)
{
    uint32_t first = $u16(r), second = $u16(r);

    return $four;
}

size_t $left(const struct cursor *r)
{
    return r->size - r->at;
}

const uint8_t *$take(struct cursor *r, size_t size)
{
    const uint8_t *found = r->data + r->at;

    if (r->bad || size > r->size - r->at) {
        r->bad = 1;
        return NULL;
    }
    r->at += size;
    return found;
}

void show_text(const char *text, size_t size)
{
    size_t i;

    putchar('[');
    for (i = 0; i < size; i++)
        putchar(text[i] >= ' ' && text[i] <= '~' ? text[i] : '.');
    printf("]\\n");
}
"""

_RECORDS = """\
#include "$program.h"
$sum
int read_records(struct $ctx *c, struct cursor *r)
{
$links    while ($left(r) > 0) {
        struct cursor body = { NULL, 0, 0, 0 };
        unsigned tag = $tag(r);
        int code;
$link
        body.size = $length(r);
$chain        body.data = $take(r, body.size);
        if (body.data == NULL)
            return E_SHORT;
$check        code = dispatch(c, tag, &body);
        if (code != 0)
            return code;
    }
    return r->bad ? E_SHORT : 0;
}
"""

_MAIN = """\
#include "$program.h"

static const uint8_t magic[$magic_size] = { $magic };
$sum$mask
static void close_all(struct $ctx *c)
{
    unsigned i;

    (void)i;
    $release
    free(c);
}

/* Magic, version, flags, $head_words, the body$last_words. */
static int read_file(struct $ctx *c, const uint8_t *data, size_t size)
{
    struct cursor r = { data, size, 0, 0 }, body = { NULL, 0, 0, 0 };
    const uint8_t *start = $take(&r, sizeof magic);
    uint8_t *copy;
    int code;

    if (start == NULL || memcmp(start, magic, sizeof magic) != 0)
        return E_TAG;
    c->version = $u8(&r);
    c->flags = $u8(&r);
    if (c->version == 0 || c->version > 9)
        return E_RANGE;
$seed    body.size = $u32(&r);
    start = $take(&r, body.size);
    if (start == NULL)
        return E_SHORT;
    copy = malloc(body.size + 1);
    if (copy == NULL)
        return E_MEMORY;
    memcpy(copy, start, body.size);
    body.data = copy;
$bare$seal    code = read_records(c, &body);
    free(copy);
    return code;
}

int main(int argc, char **argv)
{
    static uint8_t data[1 << 18];
    struct $ctx *c = calloc(1, sizeof *c);
    FILE *file = argc == 2 ? fopen(argv[1], "rb") : NULL;
    size_t size;
    int code;

    if (file == NULL || c == NULL) {
        fprintf(stderr, "usage: $program FILE\\n");
        return 2;
    }
    size = fread(data, 1, sizeof data, file);
    fclose(file);
    code = read_file(c, data, size);
    if (code != 0)
        fprintf(stderr, "$program: error %d\\n", code);
    else
        printf("$program: read\\n");
    close_all(c);
    return code != 0;
}
"""

_MASK = """
static void unmask(uint8_t *data, size_t size, uint32_t state)
{
    size_t i;

    for (i = 0; i < size; i++) {
        state = state * ${factor}u + ${step}u;
        data[i] ^= state >> $shift;
    }
}
"""


def source(
    words: Words, layout: Layout, handlers: Sequence[Handler], fields: Sequence[str]
) -> Mapping[str, str]:
    """Return the files of a program, by name."""
    names = _names(words, layout, handlers, fields)
    program = words.theme.program
    said = {
        f"{program}.h": Template(_HEADER).substitute(names | {"bad": "bad"}),
        "input.c": Template(_INPUT).substitute(names),
        "records.c": Template(_RECORDS).substitute(
            names | _record_parts(layout, names)
        ),
        "main.c": Template(_MAIN).substitute(names | _main_parts(layout, names)),
        "dispatch.c": _dispatch(names, handlers),
    }
    for number, start in enumerate(range(0, len(handlers), PER_FILE), 1):
        part = handlers[start : start + PER_FILE]
        body = "\n".join(f"{h.before}{h.code.strip()}\n" for h in part)
        said[f"handle_{number}.c"] = f'#include "{program}.h"\n\n{body}'
    return said


def _names(
    words: Words, layout: Layout, handlers: Sequence[Handler], fields: Sequence[str]
) -> dict[str, str]:
    u8, u16, u32, take, left = words.cursor
    program = words.theme.program
    inside = [*fields, *(h.fields for h in handlers)]
    releases = [h.release for h in handlers if h.release]
    little = layout.pack.order == "little"
    return {
        "program": program,
        "GUARD": program.upper(),
        "ctx": f"{program}_state",
        "u8": u8,
        "u16": u16,
        "u32": u32,
        "take": take,
        "left": left,
        "fields": "\n".join(f"    {one}" for one in inside if one),
        "prototypes": "".join(
            f"int {h.function}(struct {program}_state *c, struct cursor *r);\n"
            for h in handlers
        ),
        "release": "\n    ".join(releases),
        "two": "first | second << 8" if little else "first << 8 | second",
        "four": "first | second << 16" if little else "first << 16 | second",
    }


def _record_parts(layout: Layout, names: Mapping[str, str]) -> dict[str, str]:
    parts = {
        "tag": names["u8"] if layout.tag_bytes == 1 else names["u16"],
        "length": names["u16"] if layout.length_bytes == 2 else names["u32"],  # noqa: PLR2004
        "links": "",
        "link": "",
        "chain": "",
        "check": "",
        "sum": "",
    }
    if layout.link is not None:
        factor, turn = layout.link
        parts["links"] = "    unsigned link = 0;\n\n"
        parts["link"] = f"        unsigned said = {names['u8']}(r);\n"
        parts["chain"] = (
            f"        link = ((link * {factor} + tag + body.size) & 0xff) ^ {turn};\n"
            "        if (said != link)\n            return E_SEAL;\n"
        )
    if layout.record_sum is not None:
        parts["sum"] = "\n" + layout.record_sum.source("record_sum")
        parts["check"] = (
            f"        if ({names['u16']}(r) != (record_sum(body.data, body.size)"
            " & 0xffff))\n            return E_SEAL;\n"
        )
    return parts


def _main_parts(layout: Layout, names: Mapping[str, str]) -> dict[str, str]:
    parts = {
        "magic_size": str(len(layout.magic)),
        "magic": ", ".join(f"0x{byte:02x}" for byte in layout.magic),
        "head_words": "the length of the body",
        "last_words": "",
        "sum": "",
        "mask": "",
        "seed": "",
        "bare": "",
        "seal": "",
    }
    if layout.file_sum is not None:
        parts["sum"] = "\n" + layout.file_sum.source("file_sum")
        parts["last_words"] = " and its sum"
        parts["seal"] = (
            f"    if ({names['u32']}(&r) != file_sum(copy, body.size) || r.bad) {{\n"
            "        free(copy);\n        return E_SEAL;\n    }\n"
        )
    if layout.mask is not None:
        mask = layout.mask
        parts["head_words"] = "the start of the mask, the length of the body"
        parts["mask"] = Template(_MASK).substitute(
            factor=mask.factor, step=mask.step, shift=mask.shift
        )
        parts["seed"] = f"    uint32_t state = {names['u32']}(&r);\n"
        parts["bare"] = "    unmask(copy, body.size, state);\n"
    return parts


def _dispatch(names: Mapping[str, str], handlers: Sequence[Handler]) -> str:
    rows = "\n".join(
        f"    case 0x{h.tag:02x}: return {h.function}(c, r);" for h in handlers
    )
    return f"""#include "{names["program"]}.h"

int dispatch(struct {names["ctx"]} *c, unsigned tag, struct cursor *r)
{{
    switch (tag) {{
{rows}
    default: return E_TAG;
    }}
}}
"""
