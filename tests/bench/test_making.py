"""A suite is made instance by instance, goes on where it stopped, and can be made again."""

from __future__ import annotations

import itertools

import pytest

from fairlead.bench.gate import Check, Gated, Shown
from fairlead.bench.making import Plan, compare, digest_of, make, yields
from fairlead.bench.suite import load, sums_of
from fairlead.errors import Damaged, Invalid, NotFound, Refused, Unavailable
from fairlead.store.suite_making import SuiteFolder
from fairlead.store.suites import read_folder

YES = itertools.cycle([True])


def plan(**changed):
    given = {
        "name": "made",
        "version": "1",
        "families": ("memory", "injection"),
        "steps": (1, 2),
        "count": 2,
        "seed_digest": digest_of("s"),
    }
    return Plan(**{**given, **changed})


def deciding(held):
    """Return a gate that decides by what *held* says next, and what it was asked."""
    asked = []

    def gate(made, _):
        asked.append(made.task.id)
        shown = Shown(check=Check.SOLUTION, held=next(held), said="not this one")
        return Gated(
            task=made.task.id,
            family=made.task.family,
            difficulty=made.task.difficulty,
            checks=(shown,),
        )

    return gate, asked


def begun(tmp_path, what, seed="s"):
    folder = SuiteFolder(tmp_path / "suite")
    folder.begin(what, seed)
    return folder


def test_rejected_instances_are_counted_and_replaced(tmp_path):
    """As many as were wanted are in the suite, and those rejected are said."""
    gate, asked = deciding(itertools.cycle([False, True, True]))
    folder = begun(tmp_path, plan())
    list(make(plan(), "s", folder, gate))
    suite = load(read_folder(folder.folder))
    counts = {f.name: (f.count, f.rejected) for f in suite.suite.families}
    assert counts == {"memory": (4, 2), "injection": (4, 2)}
    assert len(asked) == 12
    assert sum(tried for _, tried in yields(folder.decided()).values()) == 12
    assert compare(suite, "s") == 8


def test_a_stop_loses_and_repeats_nothing(tmp_path):
    """Stopped after any instance, the same command makes the same suite."""
    gate, _ = deciding(YES)
    whole = begun(tmp_path / "a", plan())
    list(make(plan(), "s", whole, gate))
    for stop in (1, 4, 7):
        gate, asked = deciding(YES)
        folder = begun(tmp_path / f"b{stop}", plan())
        list(itertools.islice(make(plan(), "s", folder, gate), stop))
        with (folder.secret / "gate.ndjson").open("ab") as journal:
            journal.write(b'{"place": "memory/1')  # as a power cut leaves it
        again = begun(tmp_path / f"b{stop}", plan())
        list(make(plan(), "s", again, gate))
        assert len(asked) == 8
        made, wanted = read_folder(again.folder), read_folder(whole.folder)
        assert made["SHA256SUMS"] == wanted["SHA256SUMS"]


def test_another_suite_in_the_same_folder_is_refused(tmp_path):
    """A folder belongs to one plan, and what lies in it is never overwritten."""
    begun(tmp_path, plan())
    with pytest.raises(Refused, match="another suite"):
        begun(tmp_path, plan(count=3))
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "x").write_text("x")
    with pytest.raises(Refused, match="not empty"):
        SuiteFolder(tmp_path / "full").begin(plan(), "s")


def test_it_gives_up_where_the_gate_lets_nothing_through(tmp_path):
    """The reason of the last is said, and how many were tried."""
    gate, _ = deciding(itertools.cycle([False]))
    what = plan(families=("memory",), steps=(1,))
    with pytest.raises(Unavailable, match=r"of 8 instances .* not this one"):
        list(make(what, "s", begun(tmp_path, what), gate))


def test_no_such_family_or_step(tmp_path):
    """What there is none of is said by name."""
    gate, _ = deciding(YES)
    for what in (plan(families=("memories",)), plan(steps=(9,))):
        with pytest.raises(NotFound, match=r"memories|no 9"):
            list(make(what, "s", begun(tmp_path / what.families[0], what), gate))


def test_a_task_that_the_seed_does_not_make_is_found(tmp_path):
    """A byte that was altered and summed anew is named; so is another seed."""
    gate, _ = deciding(YES)
    what = plan(families=("injection",), steps=(1,), count=1)
    folder = begun(tmp_path, what)
    list(make(what, "s", folder, gate))
    files = dict(read_folder(folder.folder))
    path = next(p for p in files if p.endswith("judge.py"))
    files[path] += b"\n"
    files["SHA256SUMS"] = sums_of(files)
    with pytest.raises(Damaged, match=r"judge\.py is not what the seed makes"):
        compare(load(files), "s")
    with pytest.raises(Damaged, match="not the seed"):
        compare(load(files), "t")


def test_a_link_or_a_path_outside_is_refused_by_name(tmp_path):
    """A pack with a symbolic link, and one whose sums name a path outside, are refused."""
    gate, _ = deciding(YES)
    what = plan(families=("injection",), steps=(1,), count=1)
    folder = begun(tmp_path, what)
    list(make(what, "s", folder, gate))
    sums = folder.folder / "SHA256SUMS"
    sums.write_text(sums.read_text() + f"{'0' * 64}  ../outside\n")
    with pytest.raises(Damaged, match="outside"):
        load(read_folder(folder.folder))
    (folder.folder / "tasks" / "linked").symlink_to("/etc/passwd")
    with pytest.raises(Invalid, match=r"linked.* is a link"):
        read_folder(folder.folder)
