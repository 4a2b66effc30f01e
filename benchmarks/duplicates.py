"""How well duplicates are found: `python benchmarks/duplicates.py FOLDER…`.

Each FOLDER holds `reports.jsonl` and `labels.jsonl`. Definitions:

* pairs are unordered pairs of *valid* reports; reports come in in the order of the
  file, and a pair that the index does not bring up counts as not found;
* `auto_precision`, `auto_recall`: after the transitive closure of automatic merges;
* `f1`: a pair counts as found from the shipped probability `Thresholds().same` on,
  without closure;
* `top5`: each valid report that has a duplicate is asked for among all others, invalid
  ones included; the share with a duplicate among the five most probable;
* `reports_per_second`: features, keys, candidates, comparisons and decisions of all
  reports, one after another, in this process;
* `cross_validated`: the same by models that never saw the project of the pair;
* `b_cubed`: of the clusters that automatic merges make (`duplicates_measures`);
* `cost_minutes_per_duplicate`: a wrong merge 60, a question 1, a missed duplicate 5;
* `embedding_best_cut`: a sentence embedding, where `wordllama` is installed;
* `hard_negatives`, with `--feeds`: public bugs of one function (`duplicates_hard`);
* intervals: 95 %, bugs drawn with replacement.
"""

from __future__ import annotations

import argparse
import itertools
import json
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path

from duplicates_baselines import (
    clusterfuzz,
    embedding,
    same_file_and_cwe,
    same_file_and_function,
    tf_idf,
)
from duplicates_corpus import CorpusError, Report, read
from duplicates_fit import cross_validated
from duplicates_hard import tally
from duplicates_measures import (
    Pair,
    agreement,
    b_cubed,
    closed,
    cost,
    counted,
    curve,
    duplicates,
    interval,
    reliability,
    top,
)
from duplicates_picture import diagram
from fairlead.clearinghouse.duplicates import (
    Comparison,
    MemoryIndex,
    Thresholds,
    Verdict,
    compare,
    decide,
    features_of,
)

AUTHORED = "The corpus is authored, not field data: expect other figures in the field."
THRESHOLDS = Thresholds()
Compared = dict[Pair, Comparison]


def arrive(reports: Sequence[Report]) -> tuple[Compared, float]:
    """Decide reports one after another; return comparisons and reports a second."""
    index = MemoryIndex()
    places = {report.finding.receipt: place for place, report in enumerate(reports)}
    found: Compared = {}
    start = time.perf_counter()
    for place, report in enumerate(reports):
        features = features_of(report.finding)
        for candidate in index.candidates(features):
            comparison = compare(features, candidate.features)
            decide(comparison, THRESHOLDS)
            found[places[candidate.receipt], place] = comparison
        index.add(report.finding.receipt, features)
    return found, len(reports) / (time.perf_counter() - start)


def ranks(reports: Sequence[Report], score: Callable[[Pair], float]) -> _Ranks:
    """Rank for each report all that a full index brings up, most probable first."""
    index = MemoryIndex()
    places = {report.finding.receipt: place for place, report in enumerate(reports)}
    for report in reports:
        index.add(report.finding.receipt, report.features)
    found: _Ranks = {}
    for place, report in enumerate(reports):
        others = [places[c.receipt] for c in index.candidates(report.features)]
        found[place] = sorted(
            (other for other in others if other != place),
            key=lambda other: -score((min(place, other), max(place, other))),
        )
    return found


_Ranks = dict[int, list[int]]


def measure(
    reports: Sequence[Report],
    compared: Compared,
    probability: Mapping[Pair, float],
    ranked: _Ranks,
    *,
    disputed: bool = True,
) -> dict[str, object]:
    """Return the figures for *reports* under the given probabilities of pairs."""
    places = counted(reports, disputed=disputed)
    truth = duplicates(reports, places)
    merged = {
        pair
        for pair, comparison in compared.items()
        if _verdict(comparison, probability[pair]) is Verdict.MERGE
    }
    automatic = closed(merged, len(reports))
    same = {pair for pair in compared if probability[pair] >= THRESHOLDS.same}
    auto, single = (agreement(f, truth, places, reports) for f in (automatic, same))
    inside = {
        pair: probability[pair]
        for pair in compared
        if pair[0] in places and pair[1] in places
    }
    counting = {pair for pair in automatic if pair in inside or pair in truth}
    asked = {pair for pair, p in inside.items() if p >= THRESHOLDS.ask}
    return {
        "b_cubed": asdict(b_cubed(automatic, reports, places)),
        "curve": curve(inside, truth),
        "reliability": reliability(inside, truth),
        "cost_minutes_per_duplicate": cost(counting, asked, truth),
        "cost_of_merging_nothing": cost((), (), truth),
        "auto_precision": auto.precision,
        "auto_recall": auto.recall,
        "f1": single.f1,
        "top5": top(ranked, reports, places),
        "precision_at_f1": single.precision,
        "recall_at_f1": single.recall,
        "candidate_recall": len(truth & set(compared)) / max(1, len(truth)),
        "pairs": len(truth),
        "invalid": sum(not report.valid for report in reports),
        "invalid_merged": _invalid_merged(reports, automatic),
        "intervals": {
            "auto": interval(automatic, truth, places, reports),
            "single": interval(same, truth, places, reports),
        },
    }


def _verdict(comparison: Comparison, probability: float) -> Verdict:
    return decide(replace(comparison, probability=probability), THRESHOLDS)


def _invalid_merged(reports: Sequence[Report], automatic: Collection[Pair]) -> int:
    merged = {place for pair in automatic for place in pair}
    return sum(not reports[place].valid for place in merged)


def figures(reports: Sequence[Report], *, quick: bool) -> dict[str, object]:
    """Return all figures for one set of reports."""
    compared, speed = arrive(reports)
    plain = {pair: comparison.probability for pair, comparison in compared.items()}

    def score(pair: Pair) -> float:
        return compare(*(reports[place].features for place in pair)).probability

    ranked = ranks(reports, score)
    found = measure(reports, compared, plain, ranked)
    found["reports_per_second"] = speed
    found["without_disputed"] = measure(
        reports, compared, plain, ranked, disputed=False
    )
    found["baselines"] = baselines(reports)
    if not quick:
        # Pairs across projects are in no fold; the shipped model decides them.
        fair = {**plain, **cross_validated(reports)}
        ranked = ranks(reports, lambda pair: fair.get(pair, 0.0))
        found["cross_validated"] = measure(reports, compared, fair, ranked)
    return found


def baselines(reports: Sequence[Report]) -> dict[str, object]:
    """Return precision, recall and F1 of the simple ways, all pairs compared."""
    places = counted(reports, disputed=True)
    truth = duplicates(reports, places)

    def best_cut(cosine: Mapping[Pair, float]) -> dict[str, float]:
        cuts = (
            {pair for pair, value in cosine.items() if value >= cut / 100}
            for cut in range(5, 99, 2)
        )
        found = (agreement(cut, truth, places, reports) for cut in cuts)
        return asdict(max(found, key=lambda a: a.f1))

    embedded = embedding(reports)
    return {
        "same_file_and_function": asdict(
            agreement(same_file_and_function(reports), truth, places, reports)
        ),
        "same_file_and_cwe": asdict(
            agreement(same_file_and_cwe(reports), truth, places, reports)
        ),
        "clusterfuzz": asdict(agreement(clusterfuzz(reports), truth, places, reports)),
        "tf_idf_best_cut": best_cut(tf_idf(reports)),
        **({"embedding_best_cut": best_cut(embedded)} if embedded else {}),
    }


def main(arguments: Sequence[str]) -> int:
    """Measure, print, return the exit code."""
    parser = argparse.ArgumentParser(prog="duplicates.py", description=AUTHORED)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.add_argument("--quick", action="store_true", help="no cross-validation")
    parser.add_argument("--svg", type=Path, help="write the reliability diagram here")
    parser.add_argument(
        "--feeds", type=Path, help="folder with public records, for hard negatives"
    )
    options = parser.parse_args(arguments)
    try:
        corpora = {str(folder): read(folder) for folder in options.folders}
    except CorpusError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    short = {Path(name).name for name in corpora}
    everything = list(itertools.chain.from_iterable(corpora.values()))
    result = {
        "note": AUTHORED,
        **figures(everything, quick=options.quick),
        "folders": {
            (Path(name).name if len(short) == len(corpora) else name): figures(
                reports, quick=options.quick
            )
            for name, reports in corpora.items()
        },
    }
    if options.feeds:
        hard = tally(options.feeds)
        result["hard_negatives"] = {name: t._asdict() for name, t in hard.items()}
    if options.svg:
        shown = result.get("cross_validated", result)
        assert isinstance(shown, dict)  # noqa: S101
        options.svg.write_text(diagram(shown["reliability"], _TITLE), "utf-8")
    print(json.dumps(result, indent=2) if options.json else _table(result))
    return 0


_TITLE = "What was said of pairs of reports, and how many were one bug"


_SHOWN = ("auto_precision", "auto_recall", "f1", "top5", "reports_per_second")


def _table(result: dict[str, object]) -> str:
    lines = [AUTHORED, "", " " * 34 + "".join(f"{name:>20}" for name in _SHOWN)]
    folders = result["folders"]
    assert isinstance(folders, dict)  # noqa: S101
    for name, found in {"all": result, **folders}.items():
        for part in ("", "without_disputed", "cross_validated"):
            shown = found.get(part) if part else found
            if shown:
                cells = (_cell(shown.get(key)) for key in _SHOWN)
                lines.append(f"{name + ' ' + part:34}" + "".join(cells))
                lines.append(_small(shown))
        for way, figure in found["baselines"].items():
            lines.append(
                f"  {way}: precision {figure['precision']:.2f}, "
                f"recall {figure['recall']:.2f}, f1 {figure['f1']:.2f}"
            )
    hard = result.get("hard_negatives")
    if isinstance(hard, dict):
        lines += [
            f"hard negatives, {name}: {t['merged']} of {t['pairs']} merged"
            f" ({t['merged'] / max(1, t['pairs']):.2%}), {t['asked']} asked about"
            for name, t in hard.items()
        ]
    return "\n".join(lines)


def _cell(value: object) -> str:
    return f"{value:>20.3f}" if isinstance(value, float) else f"{'':>20}"


def _small(found: dict[str, object]) -> str:
    intervals = found["intervals"]
    assert isinstance(intervals, dict)  # noqa: S101
    low, high = intervals["auto"]["precision"]
    f_low, f_high = intervals["single"]["f1"]
    return (
        f"  95 %: auto_precision {low:.2f} to {high:.2f}, f1 {f_low:.2f} to "
        f"{f_high:.2f}; {found['invalid_merged']} of {found['invalid']} invalid "
        f"reports merged; the index brings up {found['candidate_recall']:.3f} of "
        f"{found['pairs']} duplicate pairs;\n  B-cubed {_three(found['b_cubed'])};"
        f" cost {found['cost_minutes_per_duplicate']:.1f} minutes for each duplicate pair"
        f" ({found['cost_of_merging_nothing']:.1f} if nothing were done)"
    )


def _three(found: object) -> str:
    assert isinstance(found, dict)  # noqa: S101
    return ", ".join(f"{name} {value:.2f}" for name, value in found.items())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
