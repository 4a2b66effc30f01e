"""The log on disk: the same bytes, wherever a writer was killed."""

import hashlib
import os
import secrets

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.errors import Damaged
from fairlead.record.check import check_tree
from fairlead.record.notes import Checkpoint, new_signer
from fairlead.record.tree import Frontier, Tile
from fairlead.store.tiles import TileFolder

SIGNER = new_signer("log", secrets.token_bytes)


def entries(count, start=0):
    return [
        hashlib.sha256(str(n).encode()).digest() for n in range(start, start + count)
    ]


def grow(folder, start, count):
    """Append *count* entries and publish; return the new size."""
    root = folder.append(entries(count, start), start=start)
    checkpoint = Checkpoint(origin="log", size=start + count, root=root)
    folder.publish(SIGNER.sign(checkpoint.text()))
    return start + count


def problems(folder, size):
    note = folder.checkpoint()
    return list(check_tree(entries(size), folder, note, SIGNER.verifier(), "log"))


def full_tiles(path):
    """Return every file but what partial tiles leave behind."""
    files = (p for p in path.rglob("*") if p.is_file())
    return {
        p.relative_to(path): p.read_bytes()
        for p in files
        if not any(part.endswith(".p") for part in p.relative_to(path).parts)
    }


@settings(max_examples=20)
@given(st.lists(st.integers(1, 700), min_size=1, max_size=6))
def test_growing_in_any_steps_leads_to_the_same_log(tmp_path_factory, steps):
    folder = TileFolder(tmp_path_factory.mktemp("log") / "log")
    size = 0
    for count in steps:
        size = grow(folder, size, count)
    frontier = Frontier()
    frontier.extend(entries(size))
    text = folder.checkpoint().splitlines()
    assert int(text[1]) == size
    assert not problems(folder, size)
    assert folder.entries(0, size) == entries(size)
    at_once = TileFolder(tmp_path_factory.mktemp("log") / "log")
    grow(at_once, 0, size)
    assert full_tiles(folder.path) == full_tiles(at_once.path)


class KilledError(Exception):
    """Stands for a power cut."""


def test_a_writer_killed_at_any_step_can_go_on(tmp_path, monkeypatch):
    finished = TileFolder(tmp_path / "finished")
    for start, count in ((0, 300), (300, 500)):
        grow(finished, start, count)
    steps = {name: getattr(os, name) for name in ("fsync", "replace", "open")}
    killed = 0
    for step in range(200):
        folder = TileFolder(tmp_path / f"killed-{step}")
        grow(folder, 0, 300)
        left = step

        def dying(name):
            def call(*args, **kwargs):
                nonlocal left
                if left == 0:
                    raise KilledError
                left -= 1
                return steps[name](*args, **kwargs)

            return call

        with monkeypatch.context() as patch:
            for name in steps:
                patch.setattr(f"fairlead.store.tiles.os.{name}", dying(name))
            try:
                grow(folder, 300, 500)
            except KilledError:
                killed += 1
            else:
                break
        size = int(folder.checkpoint().splitlines()[1])
        assert not problems(folder, 800)
        grow(folder, size, 800 - size) if size < 800 else None
        assert not problems(folder, 800)
        assert full_tiles(folder.path) == full_tiles(finished.path)
    assert killed > 20


@pytest.fixture
def log(tmp_path):
    folder = TileFolder(tmp_path / "log")
    grow(folder, 0, 600)
    return folder


def codes(folder, size=600, change=lambda found: found):
    note = folder.checkpoint()
    found = check_tree(change(entries(size)), folder, note, SIGNER.verifier(), "log")
    return {problem.code for problem in found}


@pytest.mark.parametrize("tile", [Tile(0, 0), Tile(0, 2, 88), Tile(1, 0, 2)])
def test_a_flipped_bit_in_a_tile_is_named(log, tile):
    path = log.path / tile.path
    written = path.read_bytes()
    path.write_bytes(bytes([written[0] ^ 1]) + written[1:])
    note = log.checkpoint()
    found = check_tree(entries(600), log, note, SIGNER.verifier(), "log")
    assert {(p.code, p.subject) for p in found} == {("tile", tile.path)}


def test_a_flipped_bit_in_a_bundle_is_named(log):
    path = log.path / Tile(-1, 1).path
    written = path.read_bytes()
    path.write_bytes(written[:100] + bytes([written[100] ^ 1]) + written[101:])
    assert codes(log) == {"entry"}


def test_a_missing_tile_is_named(log):
    (log.path / Tile(0, 1).path).unlink()
    assert codes(log) == {"tile"}


def test_a_dropped_entry_is_named(log):
    assert codes(log, change=lambda found: found[:599]) == {"log"}
    assert "root" in codes(log, 601, change=lambda found: found[:5] + found[6:])


def test_entries_in_another_order_are_named(log):
    swapped = codes(log, change=lambda found: [found[1], found[0], *found[2:]])
    assert swapped == {"entry", "tile", "root"}


def test_a_lost_checkpoint_is_named(log):
    (log.path / "checkpoint").unlink()
    assert codes(log) == {"checkpoint"}


def test_entries_that_are_not_published_yet_are_no_fault(log):
    assert codes(log, 700) == set()


def test_what_the_checkpoint_covers_must_be_there_to_go_on(log):
    (log.path / Tile(0, 2, 88).path).unlink()
    with pytest.raises(Damaged, match="is missing"):
        grow(log, 600, 5)


def test_partial_tiles_that_nobody_needs_are_removed(tmp_path):
    folder = TileFolder(tmp_path / "log")
    size = 0
    for _ in range(50):
        size = grow(folder, size, 10)
    partial = list(folder.path.rglob("*.p/*"))
    assert len(partial) < 10
    assert not problems(folder, size)
