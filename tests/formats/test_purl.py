"""Package URLs: the official suite, and nonsense that must never crash."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fairlead.errors import Invalid
from fairlead.formats import purl

COUNT = 586


def answer(case):
    given_ = case["input"]
    match case["test_type"]:
        case "parse":
            found = purl.read(given_)
            parts = ("type", "namespace", "name", "version", "qualifiers", "subpath")
            return {part: getattr(found, part) or None for part in parts}
        case "build":
            rest = {k: v for k, v in given_.items() if k not in {"type", "name"}}
            return purl.canonical(purl.build(given_["type"], given_["name"], **rest))
    return purl.canonical(purl.normalised(given_))


@pytest.mark.conformance
def test_the_official_suite_passes(data_folder):
    files = sorted((data_folder / "suites/purl/tests").rglob("*.json"))
    cases = [case for f in files for case in json.loads(f.read_text())["tests"]]
    assert len(cases) == COUNT
    wrong = []
    for case in cases:
        try:
            found = answer(case)
        except Invalid:
            found = Invalid
        expected = Invalid if case.get("expected_failure") else case["expected_output"]
        if found != expected:
            wrong.append((case["input"], expected, found))
    assert wrong == []


@given(st.text(max_size=60) | st.from_regex(r"pkg:[a-z]{0,6}/[!-~]{0,30}"))
def test_nonsense_is_read_or_refused_with_a_reason(written):
    try:
        found = purl.read(written)
    except Invalid as error:
        assert error.violations
        assert purl.fault(written)
        assert purl.parse(written) is None
        return
    assert purl.canonical(found).startswith("pkg:")


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("pkg:otp/namespace/hex@2", "no namespace"),
        ("pkg:julia/Dates", "uuid"),
        ("pkg:cpan/LWP::UserAgent", "distribution"),
        ("pkg:rpm/fedora/curl?Arch=i386", "small"),
        ("pkg:pypi/" + "a" * 5_000, "at most"),
    ],
)
def test_what_is_wrong_is_said(written, said):
    assert said in purl.fault(written)
