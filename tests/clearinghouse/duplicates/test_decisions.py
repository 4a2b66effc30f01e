"""What is merged, what is asked, what is new, and why."""

from __future__ import annotations

import itertools

import pytest

from fairlead.clearinghouse.duplicates import (
    MemoryIndex,
    Thresholds,
    Verdict,
    compare,
    decide,
    features_of,
)


def compared(a, b):
    return compare(features_of(a), features_of(b))


def test_one_bug_by_crash_and_by_reading_is_merged(crash, review):
    """Package, function, lines, names and numbers agree."""
    comparison = compared(crash(), review(purl="pkg:github/acme/demo"))
    assert decide(comparison) is Verdict.MERGE
    said = " / ".join(reason.text for reason in comparison.reasons)
    assert "1 lines apart in tokens.c" in said
    assert "blob_len" in said


def test_comparing_is_symmetric(crash, review, finding):
    """Neither probability nor reasons depend on who came first."""
    reports = [
        crash(),
        review(function="name_from_file", versions=("2.0", "1.9")),
        finding("open redirect with `next`", purl="pkg:npm/demo", cwe="CWE-601"),
        finding("", purl=None),
        review(file="other.c", upstream_ids=("CVE-2024-1",), discovery_tooling="X"),
        crash(fixed_commit="a" * 40, upstream_ids=("CVE-2024-2",)),
    ]
    for a, b in itertools.combinations(reports, 2):
        assert compared(a, b) == compared(b, a)


def test_unknown_and_other_packages_never_merge_by_themselves(crash, review):
    """However well all else agrees, a person has to say so."""
    for purl in (None, "pkg:pypi/other", "pkg:npm/demo"):
        comparison = compared(crash(), review(purl=purl))
        assert comparison.bars
        assert decide(comparison, Thresholds(0.01, 0.01, 0.01)) is not Verdict.MERGE


def test_an_identifier_alone_does_not_merge(finding):
    """One CVE may cover several fixes."""
    a = finding("memory leak in the cache", upstream_ids=("CVE-2024-1",))
    b = finding("header injection by newline", upstream_ids=("CVE-2024-1",))
    assert decide(compared(a, b)) is not Verdict.MERGE
    assert decide(compared(a, a), Thresholds(0.01, 0.01, 0.01)) is not Verdict.MERGE


def test_file_and_weakness_alone_do_not_merge(finding):
    """A file full of one CWE is many bugs."""
    a = finding("`order_by` is not escaped", file="sql/query.py", cwe="CWE-89")
    b = finding("`annotate` takes any alias", file="sql/query.py", cwe="CWE-89")
    assert decide(compared(a, b)) is not Verdict.MERGE


@pytest.mark.parametrize(
    "fields",
    [
        {"line": 700},
        {"file": "src/lib/other.c"},
        {"versions": ("9.9.9",), "purl": "pkg:pypi/demo"},
        {"upstream_ids": ("CVE-2024-2",)},
        {"discovery_tooling": "Scanner 1.0"},
        {"cwe": "CWE-79"},
    ],
)
def test_what_speaks_against_keeps_a_person_in(crash, review, fields):
    """One contradiction is enough to lower the probability or to bar the merge."""
    first = crash(
        upstream_ids=("CVE-2024-1",),
        versions=("1.2.3",),
        discovery_tooling="scanner 1.0",
    )
    second = review(**fields)
    before = compared(first, review())
    after = compared(first, second)
    assert after.probability < before.probability or after.bars


def test_one_fix_merges_two_crash_sites(crash, finding):
    """The same fix commit is the same fix, given in full or shortened."""
    commit = "c5544d289233f501917e25970c03ed444abbd4f0"
    other = finding(
        "crash in the caller", file="src/lib/tokens.c", fixed_commit=commit[:12]
    )
    comparison = compared(crash(fixed_commit=commit), other)
    assert "same_commit" in {reason.code for reason in comparison.reasons}
    assert "they do not agree in both place and substance" not in comparison.bars


def test_the_same_report_sent_twice_is_merged(crash):
    """One tool that sends one report again did not find two bugs."""
    tool = {"discovery_tooling": "libFuzzer"}
    assert (
        decide(compared(crash(**tool), crash(receipt="SUB-b", **tool))) is Verdict.MERGE
    )


def test_order_of_arrival_changes_no_pair(crash, review, finding):
    """The set of automatic pair decisions is the same for every order."""
    reports = [
        crash(receipt="SUB-a"),
        review(receipt="SUB-b"),
        review(receipt="SUB-c", function="name_from_file", line=452),
        finding("all is lost", receipt="SUB-d"),
        crash(receipt="SUB-e", line=390, versions=("1.2.3",)),
    ]
    outcomes = set()
    for order in itertools.permutations(reports):
        index, merged = MemoryIndex(), set()
        for report in order:
            features = features_of(report)
            for candidate in index.candidates(features):
                if decide(compare(features, candidate.features)) is Verdict.MERGE:
                    merged.add(frozenset({report.receipt, candidate.receipt}))
            index.add(report.receipt, features)
        outcomes.add(frozenset(merged))
    assert len(outcomes) == 1
    assert frozenset({"SUB-a", "SUB-b"}) in next(iter(outcomes))


def test_thresholds_must_rise():
    """An order that makes no sense is refused."""
    with pytest.raises(ValueError, match="rise"):
        Thresholds(merge=0.2, same=0.3, ask=0.1)


@pytest.mark.parametrize(
    ("versions", "code"),
    [
        (("1.9", "2.0.3"), "same_version"),
        (("<2.1",), "same_version"),
        (("1.4.9",), "other_version"),
        (("< 2.0.1",), "other_version"),
    ],
)
def test_versions_are_compared_by_the_newest_affected(crash, review, versions, code):
    """Two bugs are mostly reported against the releases before their fixes."""
    a = crash(purl="pkg:pypi/demo", versions=("2.0.2", "2.0.3"))
    b = review(purl="pkg:pypi/demo", versions=versions)
    assert code in {reason.code for reason in compared(a, b).reasons}
