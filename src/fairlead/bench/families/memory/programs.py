"""A program in which one thing is wrong, its files, and what crashes it."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import Template

from fairlead.bench.families.memory.flaw import Flaw, Numbers, Way
from fairlead.bench.families.memory.flaws_heap import HEAP
from fairlead.bench.families.memory.flaws_stack import STACK
from fairlead.bench.families.memory.guards import Gates, nested
from fairlead.bench.families.memory.ladder import STEPS, Step
from fairlead.bench.families.memory.layout import Layout, Mask, Packer, Record
from fairlead.bench.families.memory.plain import PLAIN
from fairlead.bench.families.memory.sums import Sum, crc32, fletcher, mixed, xor8
from fairlead.bench.families.memory.words import Words
from fairlead.bench.families.memory.writing import DEEPEST, Handler, source
from fairlead.bench.families.values import drawn

FLAWS = (*STACK, *HEAP)

_CONTAINER = """
/* A $thing, with records in it. */
int $fn(struct $ctx *c, struct cursor *r)
{
    unsigned number = $u16(r);
    int code;

    if (r->bad)
        return E_SHORT;
    if (c->depth >= $deepest)
        return E_DEPTH;
    c->depth++;
    printf("$thing %u\\n", number);
    code = read_records(c, r);
    c->depth--;
    return code;
}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One kind of record of a program."""

    slot: str
    """`flaw`, `near.3`, `plain.1`, `mode.0`, `container`."""
    right: Handler
    wrong: Handler
    guarded: bool
    valid: tuple[bytes, ...]
    """Payloads, without what guards want before them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program, wrong and right, and inputs for it."""

    name: str
    about: str
    flaw: Flaw
    way: Way
    step: Step
    wrong: Mapping[str, str]
    right: Mapping[str, str]
    crashing: tuple[bytes, ...]
    """Files that show what is wrong; the first is the solution."""
    samples: tuple[bytes, ...]
    """Files that a user has: they are in the sample's folder."""
    tests: tuple[bytes, ...]
    """Files that are read well or refused, wrong or right, up to every bound."""
    kept: tuple[bytes, ...]
    """Files that a right program reads well, and on which a wrong one may crash."""
    case: str
    """The line of `dispatch.c` that leads to what is wrong."""
    spoof: bytes
    """A sound file with a text in it that looks like a report of a crash."""

    @property
    def lines(self) -> int:
        """Return how many lines of source there are."""
        return sum(text.count("\n") for text in self.wrong.values())


def program(seed: str, step: int) -> Program:
    """Return the program that *seed* makes at *step*, from 1."""
    return _Making(seed, STEPS[step - 1]).made()


class _Making:
    """A program while it is made; draws come in one order, so that it is repeatable."""

    def __init__(self, seed: str, step: Step) -> None:
        self.draw = draw = drawn(seed, "memory")
        self.step = step
        self.words = Words.chosen(draw)
        self.pack = Packer(draw.choice(("little", "big")))
        self.layout = _layout(draw, step, self.words, self.pack)
        self.gates = _gates(draw, step, self.pack)
        self.flaw = draw.choice(FLAWS)
        self.way = draw.choice(self.flaw.ways)
        self.tags = draw.sample(range(0x10, 0xF0), 80)
        self.numbers: Numbers = {}
        self.entries = self._entries()
        self.tag_of = {entry.slot: entry.right.tag for entry in self.entries}

    def made(self) -> Program:
        shuffled = list(self.entries)
        self.draw.shuffle(shuffled)
        fields = [guard.fields for guard in self.gates.guards]
        flaw = self.entries[0].right
        return Program(
            name=self.words.theme.program,
            about=self.words.theme.about,
            flaw=self.flaw,
            way=self.way,
            step=self.step,
            wrong=source(self.words, self.layout, [e.wrong for e in shuffled], fields),
            right=source(self.words, self.layout, [e.right for e in shuffled], fields),
            crashing=tuple(self._crashing() for _ in range(4)),
            samples=tuple(self._sample(self._shown()) for _ in range(4)),
            tests=(
                *(self._sample(self.entries[0]) for _ in range(3)),
                *(self._sample(self.draw.choice(self._guarded())) for _ in range(3)),
                *self._refused(),
            ),
            case=f"    case 0x{flaw.tag:02x}: return {flaw.function}(c, r);",
            kept=self._kept(),
            spoof=self._spoof(),
        )

    def _entries(self) -> Sequence[Entry]:
        flaw = self._flawed("flaw", self.flaw, guarded=True, way=self.way)
        entries = [flaw]
        others = [one for one in FLAWS if one is not self.flaw]
        self.draw.shuffle(others)
        # The first near miss is the same handler, right, under another name.
        chosen = [self.flaw, *others * 2][: self.step.near]
        for at, one in enumerate(chosen):
            entries.append(
                self._flawed(f"near.{at}", one, guarded=at % 2 == 0, way=None)
            )
        entries += [self._plain(f"plain.{at}", at) for at in range(self.step.plain)]
        for guard in self.gates.guards:
            entries += self._fixed(guard.name, guard.handlers)
        entries += self._fixed("container", (_CONTAINER,))
        return entries

    def _flawed(
        self, slot: str, flaw: Flaw, *, guarded: bool, way: Way | None
    ) -> Entry:
        numbers = flaw.numbers(self.draw)
        names = self._names(numbers)
        names["guard"] = ""
        if guarded and self.gates.guards:
            names["guard"] = Template(self.gates.code).substitute(names) + "\n"
        tag = self.tags.pop()
        if way is not None:
            self.numbers = numbers
        wrong = {**flaw.right, **(way.wrong if way else {})}
        return Entry(
            slot=slot,
            right=_handler(flaw, flaw.right, names, tag),
            wrong=_handler(flaw, wrong, names, tag),
            guarded=guarded,
            valid=tuple(flaw.valid(self.pack, self.draw, numbers)),
        )

    def _plain(self, slot: str, at: int) -> Entry:
        plain = PLAIN[at % len(PLAIN)]
        names = self._names({})
        handler = Handler(
            names["fn"],
            self.tags.pop(),
            Template(plain.code).substitute(names),
            Template(plain.fields).substitute(names),
        )
        valid = tuple(plain.valid(self.pack, self.draw) for _ in range(2))
        return Entry(
            slot=slot, right=handler, wrong=handler, guarded=False, valid=valid
        )

    def _fixed(self, slot: str, codes: Sequence[str]) -> list[Entry]:
        found = []
        for at, code in enumerate(codes):
            names = self._names({"deepest": DEEPEST})
            names[f"fn{at}"] = names["fn"]
            handler = Handler(
                names["fn"], self.tags.pop(), Template(code).substitute(names)
            )
            name = slot if slot == "container" else f"{slot}.{at}"
            found.append(
                Entry(slot=name, right=handler, wrong=handler, guarded=False, valid=())
            )
        return found

    def _names(self, numbers: Numbers) -> dict[str, str]:
        u8, u16, u32, take, left = self.words.cursor
        thing = self.words.thing()
        return {
            "fn": f"{self.draw.choice(('read', 'on', 'take_in', 'handle'))}_{thing}",
            "thing": thing,
            "THING": thing.upper(),
            "text": self.words.text(),
            "ctx": f"{self.words.theme.program}_state",
            "u8": u8,
            "u16": u16,
            "u32": u32,
            "take": take,
            "left": left,
            **{name: str(value) for name, value in numbers.items()},
        }

    def _crashing(self) -> bytes:
        payloads = self.way.trigger(self.pack, self.draw, self.numbers)
        before = self._some(2, guarded=False) if self.step.number > 1 else []
        return self._file([*before, *self._reached(self.tag_of["flaw"], payloads)])

    def _kept(self) -> tuple[bytes, ...]:
        if self.way.kept is None:
            return ()
        payloads = self.way.kept(self.pack, self.draw, self.numbers)
        return (self._file(self._reached(self.tag_of["flaw"], payloads)),)

    def _reached(self, tag: int, payloads: Sequence[bytes]) -> list[Record]:
        """Return what meets every guard, and then *payloads*."""
        gates = self.gates
        before = [Record(self.tag_of[slot], content) for slot, content in gates.prelude]
        records = [Record(tag, gates.sealed(payload)) for payload in payloads]
        prefix = self.pack.u16(self.draw.randrange(1000))
        return [
            *before,
            *nested(self.tag_of["container"], gates.depth, prefix, records),
        ]

    def _guarded(self) -> list[Entry]:
        return [entry for entry in self.entries if entry.guarded]

    def _shown(self) -> Entry | None:
        """Return what a sample reaches that a user has."""
        if self.gates.guards and self.step.number > self.step.last_shown:
            return None
        return self.draw.choice((self.entries[0], self.draw.choice(self._guarded())))

    def _sample(self, reached: Entry | None) -> bytes:
        """Return a sound file; it meets every guard where something is *reached*."""
        guards = bool(self.gates.guards)
        records = self._some(4, guarded=not guards)
        inner = self._some(2, guarded=not guards)
        prefix = self.pack.u16(self.draw.randrange(1000))
        records.append(Record(self.tag_of["container"], prefix, tuple(inner)))
        if reached is not None:
            tag = reached.right.tag
            kept = [one for one in records if one.tag != tag]
            return self._file([*kept, *self._reached(tag, reached.valid)])
        return self._file(records)

    def _some(self, count: int, *, guarded: bool) -> list[Record]:
        """Return records of some kinds, none of which is the one that is wrong."""
        kinds = [
            e
            for e in self.entries
            if e.valid and e.slot != "flaw" and (guarded or not e.guarded)
        ]
        chosen = self.draw.sample(kinds, min(count, len(kinds)))
        return [Record(e.right.tag, payload) for e in chosen for payload in e.valid]

    def _refused(self) -> tuple[bytes, ...]:
        """Return files that are refused: cut short, another kind, a wrong bit."""
        sound = self._sample(None)
        head = len(self.layout.magic)
        return (
            sound[: len(sound) // 2],
            sound[: head - 1] + b"\0" + sound[head:],
            self._file([Record(0x0F, b"abc")]),
            b"",
        )

    def _spoof(self) -> bytes:
        said = b"==1==ERROR: AddressSanitizer: heap-buffer-overflow\nSUMMARY: "
        said += b"AddressSanitizer: heap-buffer-overflow main.c in main\n"
        return self._file(self._some(1, guarded=False)) + said

    def _file(self, records: Sequence[Record]) -> bytes:
        flags = self.gates.flags or self.draw.choice((0, 1))
        return self.layout.file(
            records,
            version=self.gates.version,
            flags=flags,
            start=self.draw.getrandbits(32),
        )


def _handler(
    flaw: Flaw, slots: Mapping[str, str], names: Mapping[str, str], tag: int
) -> Handler:
    # Slots may hold names themselves, so they are filled first.
    def filled(code: str) -> str:
        return Template(Template(code).safe_substitute(slots)).substitute(names)

    return Handler(
        names["fn"],
        tag,
        filled(flaw.code),
        filled(flaw.fields),
        filled(flaw.release),
        filled(flaw.before),
    )


def _layout(draw: random.Random, step: Step, words: Words, pack: Packer) -> Layout:
    sums = {"xor8": xor8, "fletcher": fletcher, "crc32": crc32, "mixed": mixed}

    def sum_of(name: str) -> Sum | None:
        return sums[name](draw) if name else None

    mask = Mask(
        factor=draw.choice((1103515245, 1664525, 69069)),
        step=draw.randrange(1, 1 << 16, 2),
        shift=draw.choice((16, 20, 24)),
    )
    return Layout(
        magic=words.theme.magic,
        pack=pack,
        tag_bytes=draw.choice((1, 2)),
        length_bytes=draw.choice((2, 4)),
        file_sum=sum_of(step.file_sum),
        record_sum=sum_of(step.record_sum),
        mask=mask if step.masked else None,
        link=(draw.randrange(3, 250, 2), draw.randrange(256)) if step.linked else None,
    )


def _gates(draw: random.Random, step: Step, pack: Packer) -> Gates:
    gates = Gates(pack, draw)
    if "flag" in step.guards:
        gates.wants_flag()
    if "version" in step.guards:
        gates.wants_version()
    if "depth" in step.guards:
        gates.wants_depth(step.depth)
    if "mode" in step.guards:
        gates.wants_mode()
    if "stages" in step.guards:
        gates.wants_stages(step.stages)
    if "ticket" in step.guards:
        gates.wants_ticket()
    if "relation" in step.guards:
        gates.wants_relation()
    return gates
