"""Frozen parameters of the score; made by `benchmarks/duplicates_fit.py`."""

from __future__ import annotations

BIAS = -1.48
WEIGHTS: dict[str, float] = {
    "kin_package": 0.00,
    "other_package": -3.00,
    "topic": 1.17,
    "other_file": -0.45,
    "other_function": -1.16,
    "no_shared_place": -0.98,
    "no_shared_topic": -1.15,
    "near_line": 1.11,
    "far_line": -1.91,
    "other_trace": -0.72,
    "other_frame_line": -1.26,
    "words": 1.97,
    "identifiers": 3.10,
    "other_identifiers": -0.85,
    "code": 1.36,
    "numbers": 1.64,
    "same_kind": 0.49,
    "other_kind": -1.66,
    "same_version": 1.03,
    "other_version": -2.30,
    "same_upstream_id": 0.64,
    "other_upstream_id": -0.28,
    "same_commit": 3.00,
    "same_tool": -3.49,
}
