"""Fit the parameters of the duplicate score; print the module that holds them.

`python benchmarks/duplicates_fit.py FOLDER… [--labels FILE] > …/duplicates/model.py`

A FILE of labels is what people judged in a clearinghouse, from its page *Pairs*.

A logistic regression in plain Python: signs are fixed beforehand, weights are drawn
towards a prior (zero, or what is known but too rare in the corpus to be learnt), and
nothing is chosen by project. `cross_validated` leaves out one project at a time.
"""

from __future__ import annotations

import argparse
import itertools
import math
import sys
from collections.abc import Sequence
from pathlib import Path

import msgspec

from duplicates_corpus import CorpusError, Report, projects, read, same_project
from fairlead.clearinghouse.duplicates import FEATURES_VERSION
from fairlead.clearinghouse.duplicates.signals import signals_of

PRIOR = {
    "same_commit": 3.0,  # one fix is half of what makes one bug
    "same_upstream_id": 0.7,  # one CVE may cover several fixes
    "kin_package": -0.7,
    "other_package": -3.0,
}
"""Signals that these corpora hardly contain; elsewhere the prior is zero."""

SIGNALS = (
    "kin_package",
    "other_package",
    "topic",
    "other_file",
    "other_function",
    "no_shared_place",
    "no_shared_topic",
    "near_line",
    "far_line",
    "other_trace",
    "other_frame_line",
    "words",
    "identifiers",
    "other_identifiers",
    "code",
    "numbers",
    "same_kind",
    "other_kind",
    "same_version",
    "other_version",
    "same_upstream_id",
    "other_upstream_id",
    "same_commit",
    "same_tool",
)
_AGAINST = ("far_", "kin_", "no_", "other_", "same_tool")
STRENGTH = 0.6
"""Of the pull towards the prior: the negated log-prior is STRENGTH/2 · (w - prior)²."""
_ROUNDS = 15
_SWEEPS = 30

Row = tuple[list[float], float]


def sign(signal: str) -> int:
    """Return +1 for a signal that can only speak for one bug, -1 for one against."""
    return -1 if signal.startswith(_AGAINST) else 1


def rows_of(reports: Sequence[Report]) -> dict[tuple[int, int], Row]:
    """Return signals and label of each pair within a project."""
    rows: dict[tuple[int, int], Row] = {}
    for i, j in itertools.combinations(range(len(reports)), 2):
        a, b = reports[i], reports[j]
        if same_project(a, b):
            signals = signals_of(a.features, b.features)
            same = a.valid and b.valid and a.bug == b.bug
            rows[i, j] = ([signals[name] for name in SIGNALS], float(same))
    return rows


def fit(rows: Sequence[Row]) -> list[float]:
    """Return the weights of `SIGNALS` and, last, the bias.

    Newton steps; each minimises its quadratic by coordinate descent within the signs.
    """
    size = len(SIGNALS) + 1
    priors = [PRIOR.get(name, 0.0) for name in SIGNALS]
    weights = [*priors, -2.0]
    sparse = [
        ([(k, v) for k, v in enumerate(row) if v] + [(size - 1, 1.0)], same)
        for row, same in rows
    ]
    for _ in range(_ROUNDS):
        gradient, hessian = _slopes(sparse, weights)
        for k, prior in enumerate(priors):
            gradient[k] += STRENGTH * (weights[k] - prior)
            hessian[k][k] += STRENGTH
        step = _descend(gradient, hessian, weights)
        weights = [w + s for w, s in zip(weights, step, strict=True)]
        if max(map(abs, step)) < 1e-5:  # noqa: PLR2004
            break
    return weights


def _slopes(
    rows: Sequence[tuple[list[tuple[int, float]], float]], weights: list[float]
) -> tuple[list[float], list[list[float]]]:
    size = len(weights)
    gradient = [0.0] * size
    hessian = [[0.0] * size for _ in range(size)]
    for row, same in rows:
        log_odds = sum(weights[k] * v for k, v in row)
        p = 1 / (1 + math.exp(-max(-30.0, min(30.0, log_odds))))
        curve = max(p * (1 - p), 1e-6)
        for k, v in row:
            gradient[k] += (p - same) * v
            line = hessian[k]
            for m, u in row:
                line[m] += curve * v * u
    return gradient, hessian


def _descend(
    gradient: list[float], hessian: list[list[float]], weights: list[float]
) -> list[float]:
    step = [0.0] * len(weights)
    for _ in range(_SWEEPS):
        for k, line in enumerate(hessian):
            slope = gradient[k] + sum(h * s for h, s in zip(line, step, strict=True))
            target = weights[k] + step[k] - slope / (line[k] + 1e-9)
            if k < len(SIGNALS):
                target = max(target, 0.0) if sign(SIGNALS[k]) > 0 else min(target, 0.0)
            step[k] = target - weights[k]
    return step


def log_odds(row: Sequence[float], weights: Sequence[float]) -> float:
    """Return the score of one pair under *weights*, bias last."""
    return sum(w * v for w, v in zip(weights, [*row, 1.0], strict=True))


def cross_validated(reports: Sequence[Report]) -> dict[tuple[int, int], float]:
    """Return the probability of each pair by a model that never saw its project."""
    rows = rows_of(reports)
    project = projects(reports)
    found: dict[tuple[int, int], float] = {}
    for left_out in sorted(set(project)):
        ours = {pair for pair in rows if project[pair[0]] == left_out}
        weights = fit([row for pair, row in rows.items() if pair not in ours])
        for pair in ours:
            found[pair] = 1 / (1 + math.exp(-log_odds(rows[pair][0], weights)))
    return found


class _Label(msgspec.Struct):
    same: bool
    signals: dict[str, float]
    features_version: int


def labelled(path: Path) -> list[Row]:
    """Return the rows of a file of judgements, as the page *Pairs* hands it out.

    Raises:
        CorpusError: a line is no judgement, or its signals are of another version.

    """
    rows: list[Row] = []
    for number, line in enumerate(path.read_bytes().splitlines(), 1):
        try:
            label = msgspec.json.decode(line, type=_Label)
            values = [label.signals[name] for name in SIGNALS]
        except (msgspec.MsgspecError, KeyError) as error:
            message = f"{path}:{number}: no judgement: {error}"
            raise CorpusError(message) from error
        if label.features_version != FEATURES_VERSION:
            message = f"{path}:{number}: signals of another version; get them anew"
            raise CorpusError(message)
        rows.append((values, float(label.same)))
    return rows


def main(arguments: Sequence[str]) -> int:
    """Print the module with the fitted parameters."""
    parser = argparse.ArgumentParser(prog="duplicates_fit.py", description=__doc__)
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER")
    parser.add_argument("--labels", action="append", type=Path, default=[])
    options = parser.parse_args(arguments)
    try:
        reports = [report for folder in options.folders for report in read(folder)]
        judged = [row for path in options.labels for row in labelled(path)]
    except CorpusError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    weights = fit([*rows_of(reports).values(), *judged])
    print(
        '"""Frozen parameters of the score; made by `benchmarks/duplicates_fit.py`."""'
    )
    print("\nfrom __future__ import annotations\n")
    print(f"BIAS = {weights[-1]:.2f}\nWEIGHTS: dict[str, float] = {{")
    for name, weight in zip(SIGNALS, weights, strict=False):
        print(f'    "{name}": {weight + 0.0:.2f},')
    print("}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
