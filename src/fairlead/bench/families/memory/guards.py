"""What must hold before a handler does its work: relations between parts of a file."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from fairlead.bench.families.memory.flaw import text
from fairlead.bench.families.memory.layout import Packer, Record

_WORD = 1 << 16


@dataclass(frozen=True, slots=True)
class Guard:
    """One condition."""

    name: str
    code: str
    """At the start of a handler that it guards."""
    fields: str = ""
    handlers: tuple[str, ...] = ()
    """Kinds of records by which it is met, in C; `$fn0`, `$fn1` … are their names."""


class Seal(Protocol):
    """Puts before a payload what a guard wants to see there."""

    def __call__(self, payload: bytes) -> bytes:
        """Return *payload* with that before it."""


@dataclass(slots=True)
class Gates:
    """All conditions of one program, and how they are met."""

    pack: Packer
    draw: random.Random
    guards: list[Guard] = field(default_factory=list)
    seals: list[Seal] = field(default_factory=list)
    prelude: list[tuple[str, bytes]] = field(default_factory=list)
    """Slots of handlers (`guard.0`) and payloads that come before, in order."""
    version: int = 1
    flags: int = 0
    depth: int = 0

    @property
    def code(self) -> str:
        """Return what stands at the start of a guarded handler."""
        return "".join(guard.code for guard in self.guards)

    def sealed(self, payload: bytes) -> bytes:
        """Return *payload* as a guarded handler takes it."""
        for seal in reversed(self.seals):
            payload = seal(payload)
        return payload

    def wants_flag(self) -> None:
        """Have a bit of the header's flags be needed."""
        self.flags = 1 << self.draw.randrange(1, 8)
        code = f"    if (!(c->flags & 0x{self.flags:02x}))\n        return E_STATE;\n"
        self.guards.append(Guard("flag", code))

    def wants_version(self) -> None:
        """Have a version of the format be needed."""
        self.version = self.draw.randrange(3, 9)
        code = f"    if (c->version != {self.version})\n        return E_STATE;\n"
        self.guards.append(Guard("version", code))

    def wants_depth(self, depth: int) -> None:
        """Have the record be needed *depth* containers deep."""
        self.depth = depth
        code = f"    if (c->depth != {depth})\n        return E_STATE;\n"
        self.guards.append(Guard("depth", code))

    def wants_mode(self) -> None:
        """Have a number be needed that a record before it sets, not as it stands."""
        factor = self.draw.randrange(3, _WORD, 2)
        other, mode = self.draw.randrange(_WORD), self.draw.randrange(1, _WORD)
        handler = f"""
/* The mode for what follows. */
int $fn0(struct $ctx *c, struct cursor *r)
{{
    unsigned word = $u16(r);

    if (r->bad)
        return E_SHORT;
    c->mode = (word * {factor}u ^ 0x{other:04x}u) & 0xffff;
    return 0;
}}
"""
        code = f"    if (c->mode != 0x{mode:04x})\n        return E_STATE;\n"
        self.guards.append(Guard("mode", code, "unsigned mode;", (handler,)))
        word = (mode ^ other) * pow(factor, -1, _WORD) % _WORD
        self.prelude.append(("mode.0", self.pack.u16(word)))

    def wants_relation(self) -> None:
        """Have two words before the payload that fit its length."""
        one, two = self.draw.randrange(3, 999, 2), self.draw.randrange(3, 999, 2)
        code = f"""    {{
        unsigned left_word = $u16(r), right_word = $u16(r);

        if (r->bad || ((left_word * {one} + right_word) & 0xffff)
                != ($left(r) * {two} & 0xffff))
            return E_SEAL;
    }}
"""
        pack, draw = self.pack, self.draw

        def seal(payload: bytes) -> bytes:
            first = draw.randrange(_WORD)
            second = (len(payload) * two - first * one) % _WORD
            return pack.u16(first) + pack.u16(second) + payload

        self.guards.append(Guard("relation", code))
        self.seals.append(seal)

    def wants_ticket(self) -> None:
        """Have a hash of a record before it, of any content, be repeated."""
        start, prime = self.draw.getrandbits(32), self.draw.getrandbits(31) | 1
        handler = f"""
/* Who wrote the file. */
int $fn0(struct $ctx *c, struct cursor *r)
{{
    uint32_t hash = 0x{start:08x};

    if ($left(r) < 4)
        return E_SHORT;
    while ($left(r) > 0)
        hash = (hash ^ $u8(r)) * 0x{prime:08x}u;
    c->writer = hash;
    return 0;
}}
"""
        code = """    if (c->writer == 0 || $u32(r) != (c->writer ^ c->version))
        return E_SEAL;
"""
        said = text(self.draw, self.draw.randrange(5, 14))
        value = start
        for byte in said:
            value = (value ^ byte) * prime & 0xFFFFFFFF
        pack, gates = self.pack, self
        self.guards.append(Guard("ticket", code, "uint32_t writer;", (handler,)))
        self.prelude.append(("ticket.0", said))
        self.seals.append(lambda payload: pack.u32(value ^ gates.version) + payload)

    def wants_stages(self, count: int) -> None:
        """Have *count* records be needed in an order, each with a word of its own."""
        words = [self.draw.randrange(1, _WORD) for _ in range(count)]
        handlers = tuple(
            f"""
/* Stage {at + 1}. */
int $fn{at}(struct $ctx *c, struct cursor *r)
{{
    unsigned word = $u16(r) ^ c->stage_word;

    c->stage = !r->bad && c->stage == {at} && word == 0x{word:04x} ? {at + 1} : 0;
    c->stage_word = c->stage * 0x{self._step(at):04x}u;
    return 0;
}}
"""
            for at, word in enumerate(words)
        )
        code = f"    if (c->stage != {count})\n        return E_STATE;\n"
        fields = "unsigned stage, stage_word;"
        self.guards.append(Guard("stages", code, fields, handlers))
        for at, word in enumerate(words):
            before = at * self._step(at - 1) if at else 0
            self.prelude.append((f"stages.{at}", self.pack.u16(word ^ before)))

    def _step(self, at: int) -> int:
        return 0x1021 + 0x333 * at


def nested(
    container: int, depth: int, prefix: bytes, records: Sequence[Record]
) -> tuple[Record, ...]:
    """Return *records* that many containers deep."""
    inside = tuple(records)
    for _ in range(depth):
        inside = (Record(container, prefix, inside),)
    return inside
