"""Candidates come through keys, and floods of vague reports change nothing."""

from __future__ import annotations

from fairlead.base.ids import Receipt
from fairlead.clearinghouse.duplicates import (
    KEY_CAP,
    VAGUE_KEY_CAP,
    MemoryIndex,
    detail,
    features_of,
    key_weight,
    keys_of,
    rank,
)


def flood(index, finding, count):
    for number in range(count):
        text = f"demo crashes on some input, number {number}"
        index.add(Receipt(f"SUB-v{number}"), features_of(finding(text)))


def test_vague_reports_cannot_crowd_out_a_precise_one(crash, review, finding):
    """Neither 2,000 planted early nor 8,000 sent later hide the real duplicate."""
    index = MemoryIndex()
    flood(index, finding, 2_000)
    index.add(Receipt("SUB-real"), features_of(crash()))
    flood(index, finding, 8_000)
    candidates = index.candidates(features_of(review()))
    assert candidates[0].receipt == "SUB-real"
    assert len(candidates) <= 40


def test_a_flood_costs_no_more_than_its_cap(finding):
    """A vague report meets at most as many others as its few keys allow."""
    index = MemoryIndex()
    flood(index, finding, 500)
    vague = features_of(finding("demo crashes on some input"))
    assert len(index.candidates(vague, limit=10_000)) <= VAGUE_KEY_CAP * len(
        keys_of(vague)
    )


def test_a_vague_finding_has_no_precise_key(finding):
    """What is not said cannot be claimed."""
    features = features_of(finding("it is broken"))
    assert {key[0] for key in keys_of(features)} <= {"w", "v"}
    assert detail(features) == 0


def test_keys_come_most_specific_first(crash):
    """Weights never rise along the keys."""
    keys = keys_of(features_of(crash(fixed_commit="a" * 40)))
    weights = [key_weight(key) for key in keys]
    assert weights == sorted(weights, reverse=True)
    assert keys[0] == "c:aaaaaaa"
    assert rank(keys) == sum(weights)


def test_without_a_package_only_global_keys_are_formed(crash):
    """A distinctive file and function find their like, a bare text nothing."""
    keys = keys_of(features_of(crash(purl=None)))
    assert keys == ("x:tokens.c:hex_to_int",)


def test_neighbouring_lines_meet(finding):
    """Two lines three apart share a line key wherever they lie."""
    for line in range(100, 120):
        a = keys_of(features_of(finding(file="a.c", line=line)))
        b = keys_of(features_of(finding(file="a.c", line=line + 3)))
        assert {k for k in a if k[0] == "l"} & {k for k in b if k[0] == "l"}


def test_a_receipt_is_kept_once(crash):
    """Adding it again changes nothing."""
    index = MemoryIndex()
    for _ in range(KEY_CAP * 2):
        index.add(Receipt("SUB-one"), features_of(crash()))
    assert len(index.candidates(features_of(crash()))) == 1
