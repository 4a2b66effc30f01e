"""What the benchmark of duplicates measures, as pure functions over pairs."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

from duplicates_corpus import Report

Pair = tuple[int, int]
RESAMPLES = 500
SEED = 14409


@dataclass(frozen=True, slots=True)
class Agreement:
    """Precision and recall of a set of pairs against the labels."""

    precision: float
    recall: float
    f1: float

    @classmethod
    def of(cls, right: float, wrong: float, missed: float) -> Agreement:
        """Count: pairs found rightly, found wrongly, and not found."""
        precision = right / (right + wrong) if right + wrong else 1.0
        recall = right / (right + missed) if right + missed else 1.0
        both = precision + recall
        return cls(precision, recall, 2 * precision * recall / both if both else 0.0)


def counted(reports: Sequence[Report], *, disputed: bool) -> set[int]:
    """Return the places of the reports that count: valid, and not disputed if asked."""
    return {
        place
        for place, report in enumerate(reports)
        if report.valid and (disputed or not report.disputed)
    }


def duplicates(reports: Sequence[Report], places: Collection[int]) -> set[Pair]:
    """Return all pairs of *places* that the labels call one bug."""
    return {
        (i, j)
        for i, j in itertools.combinations(sorted(places), 2)
        if reports[i].bug == reports[j].bug
    }


def closed(pairs: Collection[Pair], size: int) -> set[Pair]:
    """Return the transitive closure of *pairs* over `range(size)`."""
    group = list(range(size))
    for i, j in pairs:
        old, new = group[j], group[i]
        if old != new:
            group = [new if number == old else number for number in group]
    members: dict[int, list[int]] = {}
    for place, number in enumerate(group):
        members.setdefault(number, []).append(place)
    return {pair for m in members.values() for pair in itertools.combinations(m, 2)}


def agreement(
    found: Collection[Pair],
    truth: Collection[Pair],
    places: Collection[int],
    reports: Sequence[Report],
    weight: Mapping[str, int] | None = None,
) -> Agreement:
    """Compare *found* with *truth* among *places*; a pair weighs as its bugs do."""

    def worth(pair: Pair) -> float:
        if weight is None:
            return 1.0
        return sum(weight.get(reports[place].bug, 0) for place in pair) / 2

    ours = {pair for pair in found if pair[0] in places and pair[1] in places}
    right = sum(worth(pair) for pair in ours & set(truth))
    wrong = sum(worth(pair) for pair in ours - set(truth))
    return Agreement.of(right, wrong, sum(map(worth, set(truth) - ours)))


def interval(
    found: Collection[Pair],
    truth: Collection[Pair],
    places: Collection[int],
    reports: Sequence[Report],
) -> dict[str, list[float]]:
    """Return 95 % intervals by drawing bugs with replacement, seeded."""
    bugs = sorted({reports[place].bug for place in places})
    generator = random.Random(SEED)  # noqa: S311
    drawn: dict[str, list[float]] = {}
    for _ in range(RESAMPLES):
        weight = Counter(generator.choices(bugs, k=len(bugs)))
        sample = agreement(found, truth, places, reports, weight)
        for name, value in asdict(sample).items():
            drawn.setdefault(name, []).append(value)
    low, high = int(RESAMPLES * 0.025), int(RESAMPLES * 0.975)
    return {n: [sorted(v)[low], sorted(v)[high]] for n, v in drawn.items()}


def top(
    ranked: Mapping[int, Sequence[int]],
    reports: Sequence[Report],
    places: Collection[int],
    first: int = 5,
) -> float:
    """Return the share of reports whose *first* best-ranked hold a duplicate.

    Only reports that have a duplicate among *places* are asked for.
    """
    many = Counter(reports[place].bug for place in places)
    asked = [place for place in places if many[reports[place].bug] > 1]
    hits = sum(
        any(
            other in places and reports[other].bug == reports[place].bug
            for other in ranked.get(place, ())[:first]
        )
        for place in asked
    )
    return hits / len(asked) if asked else 1.0


WRONG_MERGE, QUESTION, MISSED = 60.0, 1.0, 5.0
"""What errors cost, in minutes: a hidden bug that somebody has to find again, one pair
that a coordinator looks at, a duplicate that is worked on as a bug of its own."""


def curve(
    probability: Mapping[Pair, float], truth: Collection[Pair], steps: int = 20
) -> list[dict[str, float]]:
    """Return precision and recall of single cuts, without closure."""
    found = []
    for step in range(1, steps):
        cut = step / steps
        pairs = {pair for pair, p in probability.items() if p >= cut}
        right = len(pairs & set(truth))
        score = Agreement.of(right, len(pairs) - right, len(truth) - right)
        found.append({"cut": cut, "precision": score.precision, "recall": score.recall})
    return found


def b_cubed(
    merged: Collection[Pair], reports: Sequence[Report], places: Collection[int]
) -> Agreement:
    """Compare clusters report by report (Bagga and Baldwin 1998).

    *merged* is closed. Precision is the share of a report's cluster that is on its bug,
    recall the share of its bug that is in its cluster, each averaged over reports.
    """
    together: dict[int, set[int]] = {place: {place} for place in places}
    for i, j in merged:
        if i in together and j in together:
            together[i].add(j)
            together[j].add(i)
    bugs: dict[str, set[int]] = {}
    for place in places:
        bugs.setdefault(reports[place].bug, set()).add(place)
    precision = recall = 0.0
    for place, cluster in together.items():
        bug = bugs[reports[place].bug]
        precision += len(cluster & bug) / len(cluster)
        recall += len(cluster & bug) / len(bug)
    precision, recall = precision / len(together), recall / len(together)
    return Agreement(precision, recall, 2 * precision * recall / (precision + recall))


def reliability(
    probability: Mapping[Pair, float], truth: Collection[Pair], bins: int = 10
) -> list[dict[str, float]]:
    """Return for each tenth what was said on average, and how often it was so."""
    held: list[list[tuple[float, bool]]] = [[] for _ in range(bins)]
    for pair, said in probability.items():
        held[min(bins - 1, int(said * bins))].append((said, pair in truth))
    return [
        {
            "said": sum(said for said, _ in some) / len(some),
            "was": sum(was for _, was in some) / len(some),
            "pairs": float(len(some)),
        }
        for some in held
        if some
    ]


def cost(
    merged: Collection[Pair], asked: Collection[Pair], truth: Collection[Pair]
) -> float:
    """Return the minutes that errors and questions cost, for each duplicate pair."""
    wrong = len(set(merged) - set(truth)) * WRONG_MERGE
    missed = len(set(truth) - set(merged) - set(asked)) * MISSED
    questions = len(set(asked) - set(merged)) * QUESTION
    return (wrong + missed + questions) / max(1, len(truth))
