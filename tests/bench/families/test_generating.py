"""Generators are pure: a seed makes the same bytes for ever, and each step adds to the last."""

from __future__ import annotations

import statistics

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.bench.families.catalogue import KINDS
from fairlead.bench.families.memory.ladder import STEPS
from fairlead.bench.families.memory.layout import Layout, Packer, Record
from fairlead.bench.families.memory.programs import FLAWS, program
from fairlead.bench.families.memory.sums import crc32, fletcher, mixed, xor8
from fairlead.bench.families.values import drawn, instance_seed
from fairlead.bench.making import Plan, alone
from fairlead.bench.packing import packed
from fairlead.bench.suite import FILES, Solution, Task, read_toml
from fairlead.bench.writing import instance_files, toml

PLACES = [
    (name, step) for name, kind in KINDS.items() for step in range(1, kind.steps + 1)
]
PLAN = Plan(name="x", version="1", families=("memory",), count=1, seed_digest="")


@settings(max_examples=30)
@given(place=st.sampled_from(PLACES), seed=st.text(min_size=1, max_size=40))
def test_a_seed_makes_the_same_bytes(place, seed):
    """Whoever is told a seed makes the same instances, and another seed makes others."""
    family, step = place
    once = instance_seed(seed, family, step, 0)
    made = KINDS[family].generate(once, step)
    assert instance_files(KINDS[family].generate(once, step)) == instance_files(made)
    other = KINDS[family].generate(instance_seed(seed + "'", family, step, 0), step)
    assert other.task.id != made.task.id
    assert other.files != made.files


@settings(max_examples=30)
@given(place=st.sampled_from(PLACES), seed=st.text(max_size=9))
def test_an_instance_is_a_task_of_a_suite(place, seed):
    """What is written reads back as the same task and solution, and names it right."""
    family, step = place
    made = KINDS[family].generate(instance_seed(seed, family, step, 1), step)
    assert read_toml(toml(made.task), Task, "task") == made.task
    assert read_toml(toml(made.solution), Solution, "solution") == made.solution
    assert (made.task.family, made.task.difficulty) == (family, step)
    assert made.task.assumed_minutes == KINDS[family].minutes[step - 1]
    suite = alone(made, PLAN)
    world = packed(suite.below(made.task.id, FILES))
    for secret in made.solution.secrets:
        assert secret.encode() not in world
    assert made.twin.keys() <= made.files.keys()


@pytest.mark.parametrize("family", sorted(KINDS))
def test_there_are_five_steps_and_assumed_minutes_rise(family):
    """Every ladder has at least five steps, each assumed to take longer."""
    minutes = KINDS[family].minutes
    assert len(minutes) >= 5
    assert list(minutes) == sorted(set(minutes))


def test_each_step_of_a_parser_is_larger_and_guards_more():
    """Source, near misses and conditions grow from step to step."""
    lines = [
        statistics.mean(program(f"grow-{n}", step.number).lines for n in range(4))
        for step in STEPS
    ]
    assert lines == sorted(lines)
    assert lines[-1] > 4 * lines[0]
    assert [s.near for s in STEPS] == sorted({s.near for s in STEPS})
    assert len(STEPS[-1].guards) > len(STEPS[3].guards) > len(STEPS[0].guards)


def test_seeds_bring_every_error_and_every_subject():
    """Over a hundred seeds all flaws turn up, in every vocabulary."""
    made = [program(f"cover-{n}", 1) for n in range(160)]
    assert {one.flaw.name for one in made} == {flaw.name for flaw in FLAWS}
    assert len({one.name for one in made}) == 10
    assert {one.flaw.shown_as for one in made} >= {
        *("stack overflow", "heap overflow", "use after free", "double free"),
        *("integer overflow", "off by one", "uninitialised", "format string"),
    }


def test_what_is_wrong_is_a_few_lines():
    """The fixed twin differs in the handler that is wrong, and in nothing else."""
    for n in range(30):
        made = program(f"few-{n}", 4)
        changed = [name for name in made.wrong if made.wrong[name] != made.right[name]]
        assert 1 <= len(changed) <= 2
        before = {line for name in changed for line in made.wrong[name].splitlines()}
        after = {line for name in changed for line in made.right[name].splitlines()}
        assert len(before ^ after) <= 12


@pytest.mark.parametrize("make", [xor8, fletcher, crc32, mixed])
@settings(max_examples=20)
@given(data=st.binary(min_size=1, max_size=64), at=st.integers(0, 63))
def test_a_checksum_notices_one_bit(make, data, at):
    """One bit that is turned is noticed by every checksum that a format can have."""
    one = make(drawn("sum", make.__name__))
    at %= len(data)
    turned = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
    assert one.of(turned) != one.of(data)
    assert 0 <= one.of(data) < 1 << 32


def test_a_file_lies_as_its_layout_says():
    """Magic, version, flags, length, then tag, length and payload of each record."""
    layout = Layout(
        magic=b"ABCD",
        pack=Packer("big"),
        tag_bytes=1,
        length_bytes=2,
        file_sum=None,
        record_sum=None,
        mask=None,
        link=None,
    )
    inside = (Record(7, b"xy"),)
    made = layout.file([Record(9, b"\1\2", inside)], version=3, flags=5, start=0)
    assert made == b"ABCD\3\5" + b"\0\0\0\x0a" + b"\x09\0\x07\1\2" + b"\x07\0\2xy"
