"""Frozen parameters of the score; made by `benchmarks/duplicates_fit.py`."""

from __future__ import annotations

BIAS = -1.5
WEIGHTS: dict[str, float] = {
    "kin_package": -0.5,
    "other_package": -4.0,
    "topic": 1.05,
    "other_file": -0.52,
    "other_function": -1.22,
    "no_shared_place": -1.01,
    "no_shared_topic": -1.15,
    "near_line": 1.11,
    "far_line": -1.81,
    "other_trace": -0.53,
    "other_frame_line": -1.71,
    "words": 1.77,
    "identifiers": 1.82,
    "identifiers_many": 0.59,
    "code": 0.08,
    "numbers": 1.47,
    "same_kind": 0.59,
    "other_kind": -1.36,
    "same_version": 0.97,
    "other_version": -2.1,
    "same_identifier": 0.7,
    "other_identifier": -0.34,
    "same_commit": 3.0,
    "same_tool_elsewhere": -2.8,
}
