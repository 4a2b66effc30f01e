"""Simple ways to find duplicates, on the same data, to compare ours with."""

from __future__ import annotations

import importlib
import importlib.util
import itertools
import math
import re
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

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

    Unlike ours it weighs words by how common they are in this very corpus. Words of two
    letters and more, sublinear counts, smoothed weights: the usual best setting.
    """
    texts = [Counter(_WORD.findall(_said(report).lower())) for report in reports]
    common = Counter(word for text in texts for word in text)
    rarity = {w: math.log((1 + len(texts)) / (1 + n)) + 1 for w, n in common.items()}
    vectors = []
    for text in texts:
        vector = {word: (1 + math.log(n)) * rarity[word] for word, n in text.items()}
        length = math.sqrt(sum(v * v for v in vector.values())) or 1.0
        vectors.append({word: v / length for word, v in vector.items()})
    return {
        (i, j): sum(v * vectors[j].get(word, 0.0) for word, v in vectors[i].items())
        for i, j in itertools.combinations(range(len(reports)), 2)
        if same_project(reports[i], reports[j])
    }


_WORD = re.compile(r"\b\w\w+\b")


def _said(report: Report) -> str:
    """Return what a report says, with the place that it declares."""
    features = report.features
    return f"{report.finding.text} {features.file} {features.function}"


def embedding(reports: Sequence[Report]) -> dict[Pair, float] | None:
    """Return the cosine of sentence embeddings of each pair within a project.

    The model is WordLlama's of 256 dimensions: its wheel holds the weights, so nothing
    is fetched and no text leaves the machine. Nothing where it is not installed.
    """
    if importlib.util.find_spec("wordllama") is None:
        return None
    wordllama = importlib.import_module("wordllama")
    folder = Path(str(wordllama.__file__)).parent
    model = wordllama.WordLlama.load(cache_dir=folder, disable_download=True)
    vectors = model.embed(list(map(_said, reports)), norm=True)
    return {
        (i, j): float(vectors[i] @ vectors[j])
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
