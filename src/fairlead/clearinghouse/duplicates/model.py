"""Frozen parameters of the score; made by `benchmarks/duplicates_fit.py`."""

from __future__ import annotations

BIAS = -1.53
WEIGHTS: dict[str, float] = {
    "kin_package": 0.00,
    "other_package": -3.00,
    "topic": 1.19,
    "other_file": -0.43,
    "other_function": -1.17,
    "no_shared_place": -0.96,
    "no_shared_topic": -1.12,
    "near_line": 1.22,
    "far_line": -1.83,
    "other_trace": -0.66,
    "other_frame_line": -1.33,
    "words": 1.88,
    "identifiers": 3.11,
    "other_identifiers": -0.80,
    "code": 0.67,
    "numbers": 1.51,
    "same_kind": 0.57,
    "other_kind": -1.36,
    "same_version": 0.95,
    "other_version": -2.06,
    "same_upstream_id": 0.64,
    "other_upstream_id": -0.26,
    "same_commit": 3.00,
    "same_tool": -3.30,
}
