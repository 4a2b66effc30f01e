"""Frozen parameters of the score; made by `benchmarks/duplicates_fit.py`."""

from __future__ import annotations

BIAS = -1.54
WEIGHTS: dict[str, float] = {
    "kin_package": 0.00,
    "other_package": -3.00,
    "topic": 1.22,
    "other_file": -0.42,
    "other_function": -1.17,
    "no_shared_place": -0.97,
    "no_shared_topic": -1.11,
    "near_line": 1.21,
    "far_line": -1.85,
    "other_trace": -0.67,
    "other_frame_line": -1.33,
    "words": 1.89,
    "identifiers": 3.09,
    "other_identifiers": -0.82,
    "code": 0.66,
    "numbers": 1.50,
    "same_kind": 0.56,
    "other_kind": -1.37,
    "same_version": 0.97,
    "other_version": -2.03,
    "same_upstream_id": 0.64,
    "other_upstream_id": -0.26,
    "same_commit": 3.00,
    "same_tool": -3.30,
}
