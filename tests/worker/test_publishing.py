"""What others are shown of the log, and when."""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.errors import Damaged
from fairlead.record.notes import Checkpoint, Note, new_signer
from fairlead.store.tiles import TileFolder
from fairlead.worker.publishing import Publisher, next_instant

NAME = "log.example/record"
SIGNER = new_signer(NAME, secrets.token_bytes)


class Clock:
    def __init__(self):
        self.at = datetime(2026, 8, 18, 14, 3, 21, tzinfo=UTC)

    def __call__(self):
        return self.at


class Log:
    """A folder that grows, and its publisher."""

    def __init__(self, path, **options):
        self.tiles = TileFolder(path)
        self.size = 0
        self.clock = Clock()
        self.publisher = Publisher(
            **{
                "log": self.tiles,
                "signer": SIGNER,
                "clock": self.clock,
                "minutes": 10,
                **options,
            }
        )

    def grow(self, count):
        start, self.size = self.size, self.size + count
        new = [hashlib.sha256(b"%d" % n).digest() for n in range(start, self.size)]
        root = self.tiles.append(new, start=start)
        checkpoint = Checkpoint(origin=NAME, size=self.size, root=root)
        self.tiles.publish(SIGNER.sign(checkpoint.text()))

    def shown(self):
        note = self.tiles.public_checkpoint()
        return None if note is None else SIGNER.verifier().checkpoint(note).size

    def at(self, hour, minute, second=0):
        self.clock.at = datetime(2026, 8, 18, hour, minute, second, tzinfo=UTC)
        return self.publisher.tick()


@pytest.fixture
def log(tmp_path):
    return Log(tmp_path / "log")


def test_others_see_the_log_of_the_last_fixed_instant(log):
    log.grow(5)
    assert not log.at(14, 3, 21)
    assert log.shown() is None
    assert not log.at(14, 9, 59)
    assert log.at(14, 10)
    assert log.shown() == 5
    log.grow(7)
    assert not log.at(14, 10, 1)
    assert not log.at(14, 19, 59)
    assert log.shown() == 5
    assert log.at(14, 20, 1)
    assert log.shown() == 12


def test_a_restart_does_not_show(log, tmp_path):
    log.grow(5)
    log.at(14, 0)
    log.at(14, 10)
    log.grow(1)
    again = Log(tmp_path / "log")
    assert not again.at(14, 25)
    assert again.shown() == 5
    assert again.at(14, 30)
    assert again.shown() == 6


def test_a_clock_that_was_set_back_does_not_keep_the_instants_away(log):
    log.grow(5)
    log.at(14, 3)
    assert not log.at(11, 5)
    assert log.at(11, 10)


@given(
    st.datetimes(timezones=st.just(UTC)).filter(lambda at: 1000 < at.year < 9000),
    st.sampled_from([1, 5, 10, 60, 1440]),
)
def test_instants_are_the_same_whatever_happens(now, minutes):
    following = next_instant(now, minutes)
    assert timedelta() < following - now <= timedelta(minutes=minutes)
    midnight = following.replace(hour=0, minute=0, second=0, microsecond=0)
    assert (following - midnight) % timedelta(minutes=minutes) == timedelta()


def test_no_less_is_shown_than_was(log):
    log.grow(5)
    older = log.tiles.checkpoint()
    log.grow(5)
    log.publisher.renew()
    log.tiles.publish(older)
    with pytest.raises(Damaged, match="were shown a log of 10 entries, now it has 5"):
        log.publisher.renew()
    assert log.shown() == 10


def test_cosignatures_stand_below_the_signature(tmp_path):
    other = new_signer("witness.example", secrets.token_bytes)

    class Witnesses:
        def cosign(self, note, checkpoint, tiles):
            assert (checkpoint.size, tiles.path) == (5, tmp_path)
            return [other.line(note.text)]

    log = Log(tmp_path, witnesses=Witnesses())
    log.grow(5)
    log.publisher.renew()
    note = Note.parse(log.tiles.public_checkpoint())
    assert note.signed_by(SIGNER.verifier())
    assert note.signed_by(other.verifier())


def test_who_keeps_the_keys_is_told_when_others_were_shown(tmp_path):
    told = []
    log = Log(tmp_path, shown=lambda: told.append(log.shown()))
    log.publisher.renew()
    assert told == []
    log.grow(5)
    log.publisher.renew()
    assert told == [5]
