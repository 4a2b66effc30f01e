"""Frozen parameters of the score; made by `benchmarks/duplicates_fit.py`."""

from __future__ import annotations

BIAS = -1.46
WEIGHTS: dict[str, float] = {
    "kin_package": 0.00,
    "other_package": -3.00,
    "topic": 1.12,
    "other_file": -0.48,
    "other_function": -1.20,
    "no_shared_place": -0.98,
    "no_shared_topic": -1.10,
    "near_line": 1.20,
    "far_line": -1.84,
    "other_trace": -0.64,
    "other_frame_line": -1.33,
    "words": 2.12,
    "identifiers": 1.84,
    "other_identifiers": -1.09,
    "code": 0.32,
    "numbers": 1.39,
    "same_kind": 0.60,
    "other_kind": -1.37,
    "same_version": 0.93,
    "other_version": -2.12,
    "same_upstream_id": 0.65,
    "other_upstream_id": -0.23,
    "same_commit": 3.00,
    "same_tool": -3.35,
}
