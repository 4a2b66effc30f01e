"""Events as they are stored."""

import secrets
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import Struct

from fairlead.errors import Damaged
from fairlead.record.events import Codec, Event, Fact, leaf_of, problems

NOW = datetime(2026, 8, 18, 14, 3, 21, tzinfo=UTC)


class Words(Struct, frozen=True):
    text: str


class Said(Fact, frozen=True, tag="test.said@1"):
    count: int
    at: datetime
    body: Words | None = None


class Received(Fact, frozen=True, tag="test.received@1"):
    body: bytes | None = None


class Ended(Fact, frozen=True, tag="test.ended@1"):
    pass


CODEC = Codec([Said, Received, Ended])
facts = st.one_of(
    st.builds(
        Said,
        count=st.integers(-(2**53), 2**53),
        at=st.datetimes(timezones=st.just(UTC)),
        body=st.builds(Words, text=st.text(st.characters(exclude_categories=["Cs"]))),
    ),
    # What has no byte is read as none.
    st.builds(Received, body=st.binary(min_size=1)),
    st.builds(Ended),
)


def event(fact):
    return Event(stream="test/1", version=1, actor="person/x", at=NOW, fact=fact)


@given(facts)
def test_what_is_stored_is_what_is_read(fact):
    stored = CODEC.encode(event(fact), secrets.token_bytes)
    assert CODEC.decode(stored) == event(fact)
    assert not list(problems(stored))


def test_bytes_are_stored_as_they_are():
    assert (
        CODEC.encode(event(Received(body=b"\xff{")), secrets.token_bytes).body
        == b"\xff{"
    )


def test_the_header_holds_nothing_confidential():
    said = Said(count=1, at=NOW, body=Words("secret"))
    assert b"secret" not in CODEC.encode(event(said), secrets.token_bytes).header


def test_the_same_event_twice_has_two_leaves():
    stored = [CODEC.encode(event(Ended()), secrets.token_bytes) for _ in range(2)]
    assert stored[0].leaf != stored[1].leaf


@given(facts)
def test_a_destroyed_body_is_read_as_nothing_and_keeps_its_leaf(fact):
    stored = CODEC.encode(event(fact), secrets.token_bytes)
    erased = replace(stored, body=None, body_salt=None)
    assert not list(problems(erased))
    assert getattr(CODEC.decode(erased).fact, "body", None) is None
    assert leaf_of(erased.header_salt, erased.header, erased.body_hash) == stored.leaf


@given(facts, st.data())
def test_a_changed_byte_is_named(fact, data):
    stored = CODEC.encode(event(fact), secrets.token_bytes)
    fields = ["header", "header_salt", "body_salt", "body_hash", "leaf"]
    field = data.draw(st.sampled_from(fields + ["body"] * bool(stored.body)))
    before = getattr(stored, field)
    place = data.draw(st.integers(0, len(before) - 1))
    after = before[:place] + bytes([before[place] ^ 1]) + before[place + 1 :]
    assert list(problems(replace(stored, **{field: after})))


def test_columns_that_contradict_the_header_are_named():
    stored = CODEC.encode(event(Ended()), secrets.token_bytes)
    for change in ({"actor": "person/y"}, {"version": 2}, {"stream": "test/2"}):
        assert "columns" in next(problems(replace(stored, **change)))


def test_half_a_destruction_is_named():
    stored = CODEC.encode(event(Received(body=b"x")), secrets.token_bytes)
    assert "only one" in next(problems(replace(stored, body=None)))


def test_an_event_of_a_newer_version_is_refused_not_guessed():
    stored = CODEC.encode(event(Ended()), secrets.token_bytes)
    with pytest.raises(Damaged, match=r"test/1, event 1: the type 'test.ended@1'"):
        Codec([Said]).decode(stored)


def test_two_facts_of_one_name_are_a_mistake():
    with pytest.raises(ValueError, match="two facts are called"):
        Codec([Ended, Ended])
