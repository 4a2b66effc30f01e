"""Ranges of versions: the official suite, and nonsense that must never crash."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.errors import Invalid
from fairlead.formats import version_ranges
from fairlead.formats.version_order import Incomparable, compare, in_order

COUNT = 2_701


def answer(case):
    given_ = case["input"]
    match case["test_type"]:
        case "comparison":
            return in_order(given_["input_scheme"], given_["versions"])
        case "equality":
            return compare(given_["input_scheme"], *given_["versions"]) == 0
        case "from_native":
            return version_ranges.from_native(given_["scheme"], given_["native_range"])
        case "containment":
            return version_ranges.read(given_["vers"]).contains(given_["version"])
        case "validate":
            return version_ranges.canonical(given_)
        case "parse":
            found = version_ranges.read(given_, strict=True)
            steps = [[c.comparator, c.version] for c in found.constraints]
            return {"scheme": found.scheme, "version_constraints": steps}
    raise AssertionError(case)


@pytest.mark.conformance
def test_the_official_suite_passes(data_folder):
    files = sorted((data_folder / "suites/vers/tests").glob("*.json"))
    cases = [case for f in files for case in json.loads(f.read_text())["tests"]]
    assert len(cases) == COUNT
    wrong = []
    for case in cases:
        try:
            found = answer(case)
        except (Invalid, Incomparable):
            found = Invalid
        expected = Invalid if case.get("expected_failure") else case["expected_output"]
        if found != expected:
            wrong.append((case["input"], expected, found))
    assert wrong == []


schemes = st.sampled_from([*sorted(version_ranges.SCHEMES), "nonsense", ""])
anything = st.text(max_size=40) | st.from_regex(r"[0-9a-z.+~!<>=|*%-]{0,20}")


@given(
    anything | anything.map("vers:npm/{}".format) | anything.map("vers:deb/{}".format),
    anything,
)
def test_nonsense_is_a_range_or_refused(written, version):
    try:
        found = version_ranges.read(written)
    except Invalid as error:
        assert error.violations
        return
    assert found.contains(version) in {None, True, False}
    assert found.overlaps(found) in {None, True, False}


@given(schemes, anything)
def test_nonsense_of_package_managers_is_read_or_refused(scheme, written):
    try:
        assert version_ranges.from_native(scheme, written).startswith("vers:")
    except Invalid as error:
        assert error.violations


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("vers:npm/>=1.0.0|<2.0.0", "vers:npm/>=1.5.0|<3.0.0", True),
        ("vers:npm/<1.0.0", "vers:npm/>=1.0.0", False),
        ("vers:npm/<=1.0.0", "vers:npm/>=1.0.0", True),
        ("vers:npm/>1.0.0", "vers:npm/>2.0.0", True),
        ("vers:npm/1.0.0", "vers:npm/!=1.0.0|<2.0.0", False),
        ("vers:npm/*", "vers:npm/1.0.0", True),
        ("vers:npm/<1.0.0", "vers:pypi/<1.0.0", None),
        ("vers:nonsense/<1", "vers:nonsense/<2", None),
    ],
)
def test_ranges_overlap_or_not_or_it_cannot_be_said(left, right, expected):
    a, b = version_ranges.read(left), version_ranges.read(right)
    assert a.overlaps(b) is expected
    assert b.overlaps(a) is expected


def test_what_cannot_be_compared_is_said():
    found = version_ranges.read("vers:pypi/<2.0")
    assert found.contains("no version") is None
    assert found.contains("1" * 10_000) is None
