"""The order of versions: right where there are rules, never a crash where there are none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.formats.version_order import (
    ALIASES,
    RULED,
    Incomparable,
    compare,
    compare_leniently,
    readable,
)

ORDERED = [
    ("pypi", ["1.0.dev1", "1.0a1", "1.0", "1.0.post1", "1.1", "1.10"]),
    ("npm", ["1.0.0-alpha", "1.0.0-alpha.1", "1.0.0", "1.2.0", "1.10.0"]),
    ("golang", ["v0.0.0-20200101000000-000000000000", "v0.1.0", "v1.0.0"]),
    ("maven", ["1-alpha", "1-rc", "1", "1-sp", "1.1"]),
    ("deb", ["1.0~rc1-1", "1.0-1", "1.0-1+deb12u1", "1:0.1-1"]),
    ("rpm", ["1.0-1.el8", "1.0-2.el8", "1:0.1-1"]),
    ("apk", ["1.2.3-r0", "1.2.3-r1", "1.2.4-r0"]),
    ("gem", ["1.0.pre", "1.0", "1.0.1"]),
    ("", ["1.9", "1.10", "1.10p1", "1.11rc1", "1.11", "2"]),
]


@pytest.mark.parametrize(("scheme", "versions"), ORDERED, ids=lambda x: str(x)[:12])
def test_versions_follow_one_another(scheme, versions):
    for place, version in enumerate(versions):
        assert compare_leniently(scheme, version, version) == 0
        for later in versions[place + 1 :]:
            assert compare_leniently(scheme, version, later) < 0, (version, later)
            assert compare_leniently(scheme, later, version) > 0


@pytest.mark.parametrize(
    "nonsense",
    ["", "latest", "before 2.0", "1.x", "\u202e1.0", "1" * 500, "{{version}}", "=="],
)
def test_nonsense_is_said_to_be_incomparable(nonsense):
    for way in (compare, compare_leniently):
        with pytest.raises(Incomparable, match="could not compare"):
            way("pypi", nonsense, "1.0")
    assert not readable("pypi", nonsense)


@pytest.mark.parametrize(
    ("scheme", "left", "right"),
    [("nonsense", "1.0", "2.0"), ("", "1.0", "2.0"), ("pypi", "1.0-r1-x", "2.0")],
)
def test_rules_are_not_guessed(scheme, left, right):
    """Without rules, or outside them, only the lenient comparison gives an order."""
    with pytest.raises(Incomparable):
        compare(scheme, left, right)


def test_plain_numbers_are_compared_where_the_rules_are_too_strict():
    """A version of three numbers and a word is ordered by its numbers."""
    assert compare_leniently("pypi", "1.9_sp2", "1.10") < 0
    assert compare_leniently("no such rules", "1.9", "1.10") < 0


@pytest.mark.parametrize("way", [compare, compare_leniently])
@given(
    scheme=st.sampled_from([*sorted(RULED | set(ALIASES)), "openssl", "intdot", ""]),
    left=st.text(max_size=40) | st.from_regex(r"[0-9a-z.+~:-]{1,20}", fullmatch=True),
    right=st.text(max_size=40) | st.from_regex(r"[0-9a-z.+~:-]{1,20}", fullmatch=True),
)
def test_any_two_are_compared_or_said_to_be_incomparable(way, scheme, left, right):
    """Whatever is asked, the answer is an order or a reason, and never contradicts itself."""
    try:
        found = way(scheme, left, right)
    except Incomparable as said:
        assert "could not compare" in str(said)
        return
    assert found in {-1, 0, 1}
    assert way(scheme, right, left) == -found
