"""What somebody hostile may hand in, to have bugs merged, hidden, or compared slowly."""

from __future__ import annotations

import itertools

import pytest

from fairlead.base.ids import Receipt
from fairlead.clearinghouse.duplicates import (
    CANDIDATE_LIMIT,
    KEY_CAP,
    KEYS_CAP,
    MemoryIndex,
    Verdict,
    compare,
    decide,
    features_of,
    keys_of,
)
from fairlead.clearinghouse.grouping import Link, components

VAGUE = (
    "demo crashes",
    "There is a heap overflow in demo, please fix. Critical RCE!",
    "Multiple vulnerabilities: overflow, use after free, integer overflow, DoS.",
    "hex_to_int tokens.c out-of-bounds read, name_from_file calls it",
    "",
    "AddressSanitizer: heap-buffer-overflow READ of size 2",
)


def verdict(a, b):
    return decide(compare(features_of(a), features_of(b)))


@pytest.mark.parametrize("text", VAGUE)
def test_a_vague_report_is_merged_with_nothing(crash, review, finding, text):
    """Words alone, even all the right ones, need a person."""
    for real in (crash(), review()):
        assert verdict(finding(text), real) is not Verdict.MERGE


SECOND = (
    "`list_append` of queue.c frees `scratch_area` twice when `retry_count` is 3000,"
    " `drain_all` calls it: double free"
)


@pytest.mark.parametrize(
    "place",
    [
        {},
        {"file": "src/lib/tokens.c", "function": "hex_to_int", "line": 382},
        {"file": "src/lib/queue.c", "function": "list_append", "line": 77},
    ],
)
def test_a_report_of_everything_at_once_joins_no_two_bugs(crash, finding, place):
    """Who copies the words of two bugs into one report gets at most one of them."""
    second = finding(
        SECOND, file="src/lib/queue.c", function="list_append", line=77, cwe="CWE-415"
    )
    everything = finding(f"{crash().text}\n\n{SECOND}", **place)
    merged = [verdict(everything, bug) for bug in (crash(), second)]
    assert merged.count(Verdict.MERGE) < 2


@pytest.mark.parametrize("text", VAGUE)
def test_a_vague_report_that_names_a_function_takes_no_other_bug_of_it(finding, text):
    """Planted early on the right function, it still captures no case."""
    planted = finding(text, file="src/lib/tokens.c", function="hex_to_int")
    another = finding(
        "`hex_to_int` frees `scratch_area` twice when `retry_count` is 3",
        file="src/lib/tokens.c",
        function="hex_to_int",
        cwe="CWE-415",
        line=402,
    )
    assert verdict(planted, another) is not Verdict.MERGE


def test_vague_reports_planted_early_bring_no_two_bugs_together(crash, finding):
    """No chain of automatic merges leads from one bug over planted reports to another."""
    bugs = {
        "SUB-one": crash(),
        "SUB-two": finding(
            "`hex_to_int` frees `scratch_area` twice when `retry_count` is 3",
            file="src/lib/tokens.c",
            function="hex_to_int",
            cwe="CWE-415",
            line=402,
        ),
    }
    planted = {
        f"SUB-v{n}": finding(text, file="tokens.c", function="hex_to_int", cwe=cwe)
        for n, (text, cwe) in enumerate(
            itertools.product(VAGUE, ["CWE-125", "CWE-415", None])
        )
    }
    every = {name: features_of(f) for name, f in (planted | bugs).items()}
    links = [
        Link(Receipt(a), Receipt(b))
        for a, b in itertools.combinations(every, 2)
        if decide(compare(every[a], every[b])) is Verdict.MERGE
    ]
    groups = components(map(Receipt, every), links, [])
    assert not any({"SUB-one", "SUB-two"} <= group for group in groups)


def test_a_key_that_many_hold_is_capped_and_the_real_one_comes_by_others(
    crash, review, finding
):
    """Thousands of invented reports on one function hide nothing, and cost no more."""
    index = MemoryIndex()
    for number in range(3_000):
        invented = finding(
            f"made up `thing_{number}` with `other_{number}`",
            file="src/lib/tokens.c",
            function="hex_to_int",
            line=5_000 + number,
        )
        index.add(Receipt(f"SUB-x{number}"), features_of(invented))
    index.add(Receipt("SUB-real"), features_of(crash()))
    asked = features_of(review())
    found = index.candidates(asked)
    assert found[0].receipt == "SUB-real"
    assert len(found) <= CANDIDATE_LIMIT
    assert len(index.candidates(asked, limit=100_000)) <= KEY_CAP * len(keys_of(asked))


def test_no_report_has_more_keys_than_the_cap(finding):
    """Naming everything there is does not make a report hold every key."""
    names = " ".join(
        f"`some_name_{n}` type {n} CVE-2024-{10_000 + n}" for n in range(500)
    )
    lines = "\n".join(f"    #{n} 0x1 in call_{n} file_{n}.c:{n}:1" for n in range(500))
    everything = features_of(
        finding(f"{names}\n{lines}", file="a.c", function="f_one", line=3)
    )
    assert len(keys_of(everything)) <= KEYS_CAP
