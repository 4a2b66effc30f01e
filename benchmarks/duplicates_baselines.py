"""Simple ways to find duplicates, on the same data, to compare ours with."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Callable, Sequence

from duplicates_corpus import Report, same_project
from duplicates_measures import Pair

_Key = Callable[[Report], tuple[str, str] | None]


def same_file_and_function(reports: Sequence[Report]) -> set[Pair]:
    """Pair reports of one project on one file name and one function."""
    return _equal(reports, _file_and_function)


def same_file_and_cwe(reports: Sequence[Report]) -> set[Pair]:
    """Pair reports of one project on one file name and one CWE."""
    return _equal(reports, _file_and_cwe)


def _equal(reports: Sequence[Report], key: _Key) -> set[Pair]:
    return {
        (i, j)
        for i, j in itertools.combinations(range(len(reports)), 2)
        if key(reports[i])
        and key(reports[i]) == key(reports[j])
        and same_project(reports[i], reports[j])
    }


def _file_and_function(report: Report) -> tuple[str, str] | None:
    file = report.features.file.rsplit("/", 1)[-1]
    function = report.features.function.rsplit(".", 1)[-1]
    return (file, function) if file and function else None


def _file_and_cwe(report: Report) -> tuple[str, str] | None:
    file = report.features.file.rsplit("/", 1)[-1]
    return (file, report.finding.cwe) if file and report.finding.cwe else None


def tf_idf(reports: Sequence[Report]) -> dict[Pair, float]:
    """Return the cosine of TF-IDF vectors of each pair within a project.

    Unlike ours it weighs words by how common they are in this very corpus.
    """
    texts = [Counter(r.finding.text.lower().split()) for r in reports]
    common = Counter(word for text in texts for word in text)
    vectors = []
    for text in texts:
        vector = {
            word: (1 + math.log(n)) * math.log(len(texts) / common[word])
            for word, n in text.items()
        }
        length = math.sqrt(sum(v * v for v in vector.values())) or 1.0
        vectors.append({word: v / length for word, v in vector.items()})
    return {
        (i, j): sum(v * vectors[j].get(word, 0.0) for word, v in vectors[i].items())
        for i, j in itertools.combinations(range(len(reports)), 2)
        if same_project(reports[i], reports[j])
    }


FRAMES_OF_A_STATE = 3
SAME_FRAMES = 2
ALIKE = 0.8


def clusterfuzz(reports: Sequence[Report]) -> set[Pair]:
    """Pair crashes of one project by ClusterFuzz's rule.

    Equal crash states (the three innermost frames), or a longest common subsequence of
    at least two frames, or lines that are alike by more than 0.8 on average
    (`crash_analysis/crash_comparer.py`). A report without a trace is paired with none.
    """
    states = [
        [function for function, _, _ in r.features.frames[:FRAMES_OF_A_STATE]]
        for r in reports
    ]
    return {
        (i, j)
        for i, j in itertools.combinations(range(len(reports)), 2)
        if states[i]
        and states[j]
        and same_project(reports[i], reports[j])
        and _similar(states[i], states[j])
    }


def _similar(one: list[str], other: list[str]) -> bool:
    if one == other or _common(one, other) >= SAME_FRAMES:
        return True
    ratios = [
        _ratio(line, other[n]) if n < len(other) else 0.0 for n, line in enumerate(one)
    ]
    return sum(ratios) / len(ratios) > ALIKE


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    row = [0] * (len(other) + 1)
    for a in one:
        previous, row = row, [0]
        for n, b in enumerate(other):
            best = previous[n] + 1 if a == b else max(previous[n + 1], row[n])
            row.append(best)
    return row[-1]


def _ratio(one: str, other: str) -> float:
    """Return 1 less the edit distance, where a change counts twice, by both lengths."""
    row = list(range(len(other) + 1))
    for n, a in enumerate(one, 1):
        previous, row = row, [n]
        for m, b in enumerate(other, 1):
            change = previous[m - 1] + (0 if a == b else 2)
            row.append(min(previous[m] + 1, row[m - 1] + 1, change))
    total = len(one) + len(other)
    return (total - row[-1]) / total if total else 1.0
