"""A change of the key that signs the record, cut off anywhere."""

from __future__ import annotations

import os
import secrets
import shutil

import pytest

from fairlead.errors import Damaged, Refused
from fairlead.record.notes import Note
from fairlead.store.check import check
from fairlead.store.keys import record_signer
from fairlead.store.rotation import RecordKeys
from fairlead.store.sequencer import Sequencer
from fairlead.store.tiles import TileFolder
from fairlead.worker.publishing import Publisher

NAME = "log.example/record"


class Record:
    """A record that a test reopens as a process would."""

    def __init__(self, world, path):
        self.world, self.path = world, path
        self.tiles = TileFolder(path / "record")
        self.reopen()

    def reopen(self):
        folder = self.path / "keys"
        signer = record_signer(folder, NAME, secrets.token_bytes)
        self.keys = RecordKeys(folder, signer)
        engine = self.world.store.engine
        self.sequencer = Sequencer(engine, self.tiles, self.keys, NAME)

    def grow(self):
        self.world.join(f"Organisation {secrets.token_hex(4)}")
        return self.sequencer.round()

    def show(self):
        Publisher(
            log=self.tiles,
            signer=self.keys,
            clock=self.world.clock,
            minutes=10,
            shown=self.keys.shown,
        ).renew()
        return Note.parse(self.tiles.public_checkpoint())

    def rotate(self):
        self.keys.rotate(self.sequencer.round(), secrets.token_bytes)

    def holds(self):
        engine = self.world.store.engine
        vault = self.world.store.vault
        return check(engine, vault, self.tiles, self.keys, NAME).problems == []


@pytest.fixture
def record(sqlite_world, tmp_path):
    return Record(sqlite_world, tmp_path / "home")


def test_both_keys_sign_until_others_were_shown(record):
    record.grow()
    old = record.keys.keys.current
    record.rotate()
    new = record.keys.keys.current
    assert old != new
    record.reopen()
    assert record.holds()  # by the old key alone, at the size at which it ended
    record.grow()
    for note in (Note.parse(record.tiles.checkpoint()), record.show()):
        assert note.signed_by(old)
        assert note.signed_by(new)
    record.grow()
    for note in (Note.parse(record.tiles.checkpoint()), record.show()):
        assert not note.signed_by(old)
        assert note.signed_by(new)
    record.reopen()
    assert record.holds()
    assert not (record.path / "keys" / "record.key.old").exists()


def test_whoever_has_the_old_key_cannot_go_on_with_the_log(record):
    record.grow()
    thief = record.keys.signer
    record.rotate()
    record.show()
    record.grow()
    checkpoint = record.keys.checkpoint(record.tiles.checkpoint())
    record.tiles.publish(thief.sign(checkpoint.text()))
    record.reopen()
    with pytest.raises(Damaged, match="retired at 1"):
        record.sequencer.round()
    store = record.world.store
    (problem,) = check(
        store.engine, store.vault, record.tiles, record.keys, NAME
    ).problems
    assert problem.code == "checkpoint"


def test_one_change_at_a_time(record):
    record.grow()
    record.rotate()
    with pytest.raises(Refused, match="public checkpoint"):
        record.rotate()
    record.show()
    record.rotate()
    record.reopen()
    assert len(record.keys.keys.retired) == 2
    record.grow()
    assert record.holds()


def test_what_lies_in_the_folder_is_for_its_owner_only(record):
    record.grow()
    record.rotate()
    modes = {p.name: p.stat().st_mode & 0o777 for p in (record.path / "keys").iterdir()}
    assert modes == dict.fromkeys(
        ("record.key", "record.key.old", "record.retired"), 0o600
    )


class KilledError(BaseException):
    """Stands for a power cut."""


def test_a_change_of_keys_cut_off_anywhere_leaves_a_record_that_goes_on(
    record, monkeypatch
):
    record.grow()
    before = record.path.with_name("before")
    shutil.copytree(record.path, before)
    steps = {name: getattr(os, name) for name in ("open", "fsync", "replace", "unlink")}
    killed = 0
    for step in range(60):
        shutil.rmtree(record.path)
        shutil.copytree(before, record.path)
        record.reopen()
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
                patch.setattr(f"fairlead.store.files.os.{name}", dying(name))
            try:
                record.keys.rotate(1, secrets.token_bytes)
                record.keys.shown()
            except KilledError:
                killed += 1
        record.reopen()
        assert record.holds()
        assert record.sequencer.round() >= 1
        record.show()
        record.rotate()
        record.show()
        record.reopen()
        assert record.holds()
        if killed == step:
            break
    assert killed > 12
