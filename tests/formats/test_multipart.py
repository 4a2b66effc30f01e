"""The bounded parser of multipart bodies: what it reads, what it refuses."""

import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.errors import BadEnvelope
from fairlead.formats import multipart
from fairlead.formats.multipart import Parser, boundary_of, value_of

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import fuzz_targets


def parts(body, boundary="X", chunk=None):
    parser = Parser(boundary)
    size = chunk or max(1, len(body))
    for start in range(0, len(body), size):
        parser.feed(body[start : start + size])
    return [(dict(p.headers), p.content) for p in parser.close()]


def test_parts_are_read_whole_whatever_the_chunks():
    body = (
        b"before\r\n--X\r\nA: b\r\n\r\none\r\ntwo\r\n--X \t\r\n\r\n\r\n--X--\r\nafter"
    )
    expected = [({"a": "b"}, b"one\r\ntwo"), ({}, b"")]
    for chunk in (1, 2, 3, 7, 1000):
        assert parts(body, chunk=chunk) == expected


def test_content_may_hold_anything_but_the_boundary():
    content = bytes(range(256)) + b"\r\n--Y\r\n\n--X\r--X\r\n-- X"
    body = b"--X\r\n\r\n" + content + b"\r\n--X--"
    assert parts(body) == [({}, content)]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"--X",
        b"--X\r\n",
        b"--X\r\n\r\nno end",
        b"--X\r\n\r\nno last\r\n--X\r\n",
        b"--Xtra\r\n\r\n\r\n--X--",
        b"--X\n\n\n--X--",
        b"--X\r\nA: b\r\n folded\r\n\r\n\r\n--X--",
        b"--X\r\nA b\r\n\r\n\r\n--X--",
        b"--X\r\nA : b\r\n\r\n\r\n--X--",
        b"--X\r\nA: b\nC: d\r\n\r\n\r\n--X--",
        b"--X\r\nA: b\rC: d\r\n\r\n\r\n--X--",
        b"--X\r\n\r\n--X--",
        b"--X\r\n" + b"A: b\r\n" * (multipart.HEADERS + 1) + b"\r\n\r\n--X--",
        b"--X\r\nA: " + b"b" * multipart.HEAD + b"\r\n\r\n\r\n--X--",
        b"--X\r\n\r\n" * 1 + b"\r\n--X\r\n\r\n" * multipart.PARTS + b"\r\n--X--",
        b"x" * (multipart.PREAMBLE + 3) + b"\r\n--X--",
        b"--X" + b" " * (multipart.HEAD + 3) + b"\r\n\r\n\r\n--X--",
    ],
)
def test_what_two_readers_could_understand_differently_is_refused(body):
    for chunk in (1, 5, None):
        with pytest.raises(BadEnvelope):
            parts(body, chunk=chunk)


def test_a_body_is_read_in_time_that_grows_with_its_length():
    hostile = b"\r\n-" * 700_000
    body = b"--X\r\n\r\n" + hostile + b"\r\n--X--"
    ((_, content),) = parts(body, chunk=4096)
    assert content == hostile


@pytest.mark.parametrize(
    ("written", "main", "parameters"),
    [
        ("Attachment", "attachment", ()),
        ("a; Name=b", "a", (("name", "b"),)),
        ('a ; name="b; c"; d=e', "a", (("name", "b; c"), ("d", "e"))),
        (r'a; name="x\"\\y"', "a", (("name", 'x"\\y'),)),
    ],
)
def test_parameters_are_read(written, main, parameters):
    value = value_of(written)
    assert (value.main, value.parameters) == (main, parameters)


@pytest.mark.parametrize(
    "written", ["a; b", "a; b=", 'a; b="c', "a; =c", "a; b=c d", "a;; b=c", "a; b=ü"]
)
def test_parameters_that_cannot_be_read_are_refused(written):
    with pytest.raises(BadEnvelope):
        value_of(written)


@pytest.mark.parametrize(
    "written", ["a", "a; boundary=x; boundary=y", 'a; boundary="x "', 'a; boundary=""']
)
def test_a_boundary_is_named_once_and_is_one(written):
    with pytest.raises(BadEnvelope):
        boundary_of(value_of(written))
    assert boundary_of(value_of('a; boundary="--x y:z"')) == "--x y:z"


def test_a_boundary_has_at_most_seventy_characters():
    assert boundary_of(value_of(f"a; boundary={'x' * 70}")) == "x" * 70
    with pytest.raises(BadEnvelope):
        boundary_of(value_of(f"a; boundary={'x' * 71}"))


PIECES = st.lists(
    st.sampled_from(
        [b"--X", b"\r\n", b"--", b"\r", b"\n", b"A: b", b" ", b"x", b"X", b"\x00", b"-"]
    ),
    max_size=40,
).map(b"".join)


@given(st.tuples(st.binary(min_size=1, max_size=1), PIECES).map(b"".join))
def test_any_body_reads_the_same_however_it_is_cut(body):
    fuzz_targets.multipart(body)


@given(PIECES)
def test_what_was_read_can_be_written_and_read_again(body):
    fuzz_targets.multipart(b"\x00--X\r\n\r\n" + body + b"\r\n--X--")
