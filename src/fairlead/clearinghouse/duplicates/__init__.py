"""Deciding whether two findings are the same bug: same root cause and same fix.

A finding becomes `Features` (`features_of`), these give index keys (`keys_of`), an
`Index` brings up candidates, `compare` says how probable one bug is and why, `decide`
turns that into merging, asking a person, or a new bug. Everything here is pure.
"""

from __future__ import annotations

from fairlead.clearinghouse.duplicates.decide import (
    Proof,
    Thresholds,
    Verdict,
    decide,
)
from fairlead.clearinghouse.duplicates.features import (
    FEATURES_VERSION,
    Features,
    features_of,
)
from fairlead.clearinghouse.duplicates.index import Candidate, Index, MemoryIndex
from fairlead.clearinghouse.duplicates.keys import (
    CANDIDATE_LIMIT,
    KEY_CAP,
    KEYS_CAP,
    VAGUE_KEY_CAP,
    cap_of,
    detail,
    key_weight,
    keys_of,
    package_of_key,
    rank,
)
from fairlead.clearinghouse.duplicates.locations import function_of as normal_function
from fairlead.clearinghouse.duplicates.locations import path_of as normal_path
from fairlead.clearinghouse.duplicates.score import Comparison, Reason, compare
from fairlead.clearinghouse.duplicates.text import telling

__all__ = [
    "CANDIDATE_LIMIT",
    "FEATURES_VERSION",
    "KEYS_CAP",
    "KEY_CAP",
    "VAGUE_KEY_CAP",
    "Candidate",
    "Comparison",
    "Features",
    "Index",
    "MemoryIndex",
    "Proof",
    "Reason",
    "Thresholds",
    "Verdict",
    "cap_of",
    "compare",
    "decide",
    "detail",
    "features_of",
    "key_weight",
    "keys_of",
    "normal_function",
    "normal_path",
    "package_of_key",
    "rank",
    "telling",
]
