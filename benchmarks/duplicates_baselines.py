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
