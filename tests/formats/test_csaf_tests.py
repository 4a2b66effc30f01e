"""CSAF's own tests: the official cases of both versions, and documents made of nonsense."""

import json
from dataclasses import dataclass
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fairlead.formats import csaf_tests
from fairlead.formats.csaf_tests import Group

NOW = Decimal(1_786_000_000)
LEADS_NOWHERE = ("/not-available", "example.invalid")
"""Addresses in the official cases that do not resolve."""

EXCUSED = {
    "6.1.39-12": "the same content as the failing case 02",
    "6.1.48-16": "names version 3.0.1 of cvss:E, which SSVC never published",
    "6.1.48-19": "wants the order M, C, R, which the failing case 08 refuses",
    "6.1.50-14": "has vers:/all, which section 3.1.3 does not allow",
}
"""Valid cases of 2.1 that contradict the standard or each other, and how."""


@dataclass(frozen=True)
class Case:
    version: str
    test: str
    name: str
    fails: bool
    document: dict
    places: frozenset


def csaf_cases(data_folder, version):
    """Return the official cases of a version of the standard."""
    folder = data_folder / "suites/csaf" / version / "validator/data"
    for test in json.loads((folder / "testcases.json").read_text())["tests"]:
        for kind in ("failures", "valid"):
            for entry in test.get(kind, []):
                result = folder / entry.get("result", "none")
                said = json.loads(result.read_text()) if result.is_file() else {}
                primary = said.get("primary_result", {})
                messages = [
                    m
                    for k in ("errors", "warnings", "infos")
                    for m in primary.get(k, [])
                ]
                yield Case(
                    version=version,
                    test=test["id"],
                    name=f"{test['id']}-{entry['name'].rpartition('-')[2][:2]}",
                    fails=kind == "failures",
                    document=json.loads((folder / entry["name"]).read_text()),
                    places=frozenset(m["instance_path"] for m in messages),
                )


def resolves(address):
    return not any(part in address for part in LEADS_NOWHERE)


def fails(case):
    test = next(t for t in csaf_tests.tests_of(case.version) if t.id == case.test)
    return csaf_tests.run(case.document, [test], now=NOW, resolves=resolves)


@pytest.mark.conformance
@pytest.mark.parametrize(("version", "count"), [("2.0", 239), ("2.1", 856)])
def test_the_official_cases_come_out_as_they_should(data_folder, version, count):
    cases = list(csaf_cases(data_folder, version))
    assert len(cases) == count
    wrong = {c.name for c in cases if bool(fails(c)) is not c.fails}
    assert wrong == (set(EXCUSED) if version == "2.1" else set())


@pytest.mark.conformance
def test_findings_point_at_what_the_official_results_point_at(data_folder):
    """Every place that is expected is found, or one below it."""
    missed = set()
    for case in csaf_cases(data_folder, "2.1"):
        found = [one.pointer for one in fails(case)] if case.places else []
        for place in case.places:
            if not any(f"{pointer}/".startswith(f"{place}/") for pointer in found):
                missed.add(case.name)
    # Its result names product 2, which has an identifier, not 0 and 1, which have none.
    assert missed == {"6.1.27.8-02"}


@pytest.mark.parametrize("version", ["2.0", "2.1"])
def test_every_test_says_what_it_wants(version):
    for test in csaf_tests.tests_of(version):
        assert test.says, test.id
        assert test.check.__doc__.startswith(test.id.rpartition(".")[0]), test.id


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=6,
)


def places(value, path=()):
    yield path
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from places(inner, (*path, key))
    elif isinstance(value, list):
        for key, inner in enumerate(value):
            yield from places(inner, (*path, key))


def put(value, path, what):
    if not path:
        return what
    changed = dict(value) if isinstance(value, dict) else list(value)
    changed[path[0]] = put(value[path[0]], path[1:], what)
    return changed


WHOLE = json.loads(
    """{"document": {"category": "csaf_security_advisory", "csaf_version": "2.1",
    "distribution": {"sharing_group": {"id": "x", "name": "y"}, "tlp": {"label": "CLEAR"}},
    "lang": "en", "license_expression": "MIT", "notes": [{"category": "summary",
    "text": "the the", "title": "License", "product_ids": ["A"], "group_ids": ["G"]}],
    "publisher": {"category": "vendor", "name": "E", "namespace": "https://e.example"},
    "references": [{"category": "self", "summary": "x", "url": "https://e.example/a"}],
    "title": "T", "tracking": {"current_release_date": "2024-01-24T10:00:00.000Z",
    "id": "T-1", "initial_release_date": "2024-01-24T10:00:00.000Z",
    "revision_history": [{"date": "2024-01-24T10:00:00.000Z", "number": "1",
    "summary": "First"}], "status": "final", "version": "1"}},
    "product_tree": {"branches": [{"category": "vendor", "name": "E", "branches": [
    {"category": "product_name", "name": "P", "branches": [{"category":
    "product_version_range", "name": "vers:pypi/<2", "product": {"name": "P", "product_id":
    "A", "product_identification_helper": {"cpe": "cpe:2.3:a:e:p:2:*:*:*:*:*:*:*", "purls":
    ["pkg:pypi/p"], "hashes": [{"file_hashes": [{"algorithm": "md5", "value": "ab"}],
    "filename": "f"}], "skus": ["a*b*"]}}}, {"category": "product_version", "name": "1",
    "product": {"name": "P 1", "product_id": "B"}}]}]}], "product_groups": [{"group_id":
    "G", "product_ids": ["A"]}], "product_paths": [{"beginning_product_reference": "A",
    "full_product_name": {"name": "c", "product_id": "C"}, "subpaths": [{"category":
    "installed_on", "next_product_reference": "B"}]}]},
    "vulnerabilities": [{"cve": "CVE-2024-0001", "cwes": [{"id": "CWE-79", "name": "x",
    "version": "4.13"}], "ids": [{"system_name": "s", "text": "t"}], "flags": [{"label":
    "component_not_present", "product_ids": ["A"]}], "involvements": [{"party": "vendor",
    "status": "open"}], "metrics": [{"content": {"cvss_v3": {"version": "3.1",
    "vectorString": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H", "baseScore": 9.8,
    "baseSeverity": "CRITICAL"}, "epss": {"timestamp": "2024-01-01T00:00:00Z"}, "ssvc_v2":
    {"selections": [{"key": "E", "namespace": "ssvc", "values": [{"key": "N"}], "version":
    "1.1.0"}], "target_ids": ["CVE-2024-0001"]}}, "products": ["A"]}], "product_status":
    {"known_affected": ["A"], "fixed": ["B"]}, "remediations": [{"category": "vendor_fix",
    "details": "d", "product_ids": ["A"]}], "first_known_exploitation_dates": [{"date":
    "2024-01-01T00:00:00Z", "exploitation_date": "2024-01-01T00:00:00Z"}]}],
    "x_extensions": [{"$schema": "x", "category": "essential", "content": {}}]}"""
)


@settings(max_examples=150)
@given(st.data(), st.sampled_from(["2.0", "2.1"]))
def test_no_document_makes_a_test_crash(data, version):
    """Whatever stands anywhere in a document, each test answers."""
    path = data.draw(st.sampled_from(list(places(WHOLE))))
    document = put(WHOLE, path, data.draw(json_values))
    if isinstance(document, dict):
        for failed in csaf_tests.run(document, csaf_tests.tests_of(version), now=NOW):
            assert failed.pointer == "" or failed.pointer.startswith("/")
            assert failed.message


def test_deep_branches_are_told_not_followed():
    branch = {"category": "product_family", "name": "x"}
    for _ in range(5_000):
        branch = {"category": "product_family", "name": "x", "branches": [branch]}
    document = {
        "document": {"csaf_version": "2.1"},
        "product_tree": {"branches": [branch]},
    }
    tests = [t for t in csaf_tests.tests_of("2.1") if t.id == "6.1.34"]
    assert len(csaf_tests.run(document, tests)) == 1


def test_the_groups_follow_the_numbers():
    groups = {t.id[:3]: t.group for t in csaf_tests.tests_of("2.1")}
    assert groups == dict(zip(("6.1", "6.2", "6.3"), Group, strict=True))
