"""JSON from strangers."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.errors import Invalid, Malformed, TooLarge
from fairlead.formats.json_strict import read

values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(10**20), 10**20)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner),
    max_leaves=10,
)


def load(document, *, max_bytes=10_000_000, max_depth=64):
    return read(document, max_bytes=max_bytes, max_depth=max_depth)


@given(values)
def test_what_json_writes_is_read_back(value):
    assert load(json.dumps(value).encode()) == value


@given(st.binary())
def test_bytes_of_any_kind_are_read_or_refused(document):
    try:
        load(document)
    except Invalid as error:
        assert str(error)


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (b"\xff{}", "not UTF-8 at byte 0"),
        (b"", "not one JSON document"),
        (b"{} {}", "not one JSON document"),
        (b"{'a':1}", "not one JSON document"),
        (b'{"a":1,"a":1}', "the key a stands twice"),
        (b'[{"b":{"a":1,"a":2}}]', "the key a stands twice"),
        (b"[NaN]", "NaN is no JSON number"),
        (b"[-Infinity]", "Infinity is no JSON number"),
        (b"[1e999]", "a number too large"),
        (b"[" + b"9" * 33 + b"]", "33 digits"),
        (rb'["\ud800"]', "half of a surrogate pair"),
        (rb'{"\udc00x":1}', "half of a surrogate pair"),
        (b"[" * 65 + b"]" * 65, "nested deeper than 64"),
        (b'{"a":' * 100_000, "nested deeper than 64"),
    ],
)
def test_what_is_refused_is_said(document, said):
    with pytest.raises(Malformed, match=said):
        load(document)


def test_brackets_in_strings_do_not_count_as_depth():
    assert load(rb'["\"[[[[[[[[", "]]"]', max_depth=1) == ['"[[[[[[[[', "]]"]


def test_a_byte_too_many_is_too_large():
    assert load(b"[1]", max_bytes=3) == [1]
    with pytest.raises(TooLarge, match="4 bytes; at most 3"):
        load(b"[1] ", max_bytes=3)
