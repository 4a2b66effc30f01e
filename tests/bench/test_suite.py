"""A suite is a folder whose every byte is named by one digest."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.bench.suite import SOLUTIONS, SUMS, load, solutions_of, sums_of
from fairlead.errors import Damaged, Invalid
from fairlead.sandbox.levels import Level


def test_a_suite_is_read(tiny):
    """Its tasks and files are there, and solutions are not among them."""
    made = tiny.files(3)
    suite = load(made)
    assert suite.suite.label == "tiny@1"
    assert suite.suite.minimum_level is Level.L1
    assert sorted(suite.tasks) == ["add-1", "add-2", "add-3"]
    assert suite.below("add-1", "grader") == {"sum": b"6"}
    assert not any(path.startswith(SOLUTIONS) for path in suite.files)
    assert sorted(solutions_of(made)) == sorted(suite.tasks)


@given(st.data())
def test_a_byte_altered_is_found(tiny, data):
    """Whatever byte of whatever file is another, the suite is not read."""
    made = tiny.files(2)
    path = data.draw(st.sampled_from(sorted(p for p in made if "solutions" not in p)))
    at = data.draw(st.integers(0, len(made[path]) - 1))
    other = data.draw(st.integers(0, 255).filter(lambda b: b != made[path][at]))
    changed = bytearray(made[path])
    changed[at] = other
    before = load(made).digest
    try:
        after = load(made | {path: bytes(changed)}).digest
    except Damaged:
        return
    # Only the sums name themselves by nothing but the digest of the suite.
    assert path == SUMS
    assert after != before


@pytest.mark.parametrize("change", ["added", "missing"])
def test_a_file_added_or_missing_is_found(tiny, change):
    """A suite has the files that it names, and no others."""
    made = tiny.files(1)
    if change == "added":
        made["tasks/add-1/files/hint"] = b"6"
    else:
        del made["tasks/add-1/files/numbers"]
    with pytest.raises(Damaged, match=change):
        load(made)


@pytest.mark.parametrize(
    ("path", "old", "new", "said"),
    [
        ("tasks/add-1/task.toml", b'"add-1"', b'"add-9"', "as its folder"),
        ("tasks/add-1/task.toml", b'"adding"', b'"other"', "families"),
        ("tasks/add-1/task.toml", b"difficulty = 1", b"difficulty = 0", "difficulty"),
        ("tasks/add-1/task.toml", b"[grader]", b"more = 1\n[grader]", "more"),
        ("suite.toml", b"count = 1", b"count = 2", "families"),
        ("suite.toml", b"[4000, ", b"[90000, ", "ascend"),
    ],
)
def test_what_makes_no_sense_is_named(tiny, path, old, new, said):
    """A suite that contradicts itself is refused with the field that does."""
    made = tiny.files(1)
    made[path] = made[path].replace(old, new)
    with pytest.raises(Invalid, match=said):
        load(made | {SUMS: sums_of(made)})
