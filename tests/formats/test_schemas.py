"""Schemas as they are used take exactly what they take as published."""

from __future__ import annotations

import json

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.formats import schemas

SCORES = [n / 10 for n in range(101)]
LIST = {"enum": [0, *SCORES[1:]]}
near = st.builds(
    lambda score, more: round(score + more, 12),
    st.sampled_from(SCORES),
    st.sampled_from([0, 0.05, -0.05, 1e-9, -1e-9, 10]),
)


@pytest.fixture(scope="module")
def both():
    return [jsonschema_rs.validator_for(s) for s in (LIST, schemas.quick(LIST))]


@pytest.mark.parametrize("score", SCORES)
def test_every_number_of_a_list_is_taken(both, score):
    assert [v.is_valid(score) for v in both] == [True, True]


@given(
    near
    | st.integers(-1, 11)
    | st.booleans()
    | st.none()
    | st.text()
    | st.floats(0, 10)
)
def test_what_is_not_in_the_list_is_refused(both, value):
    """Whatever it is, both forms of the schema say the same of it."""
    published, quick = both
    assert published.is_valid(value) == quick.is_valid(value)


def test_values_and_lists_that_are_short_stay_as_they_are():
    schema = {
        "properties": {"enum": {"enum": [1, 2]}, "a": {"const": LIST}},
        "items": {"enum": ["a", *SCORES]},
        "if": {"type": "number"},
        "enum": SCORES,
    }
    assert schemas.quick(schema) == schema


@pytest.mark.parametrize("name", sorted(set(schemas.FILES.values())))
def test_no_long_list_of_numbers_is_left(name):
    """The CVE and CVSS schemas list every score that there is."""
    text = json.dumps(schemas.quick(schemas.load(name)))
    assert "1.1, 1.2, 1.3, 1.4" not in text
