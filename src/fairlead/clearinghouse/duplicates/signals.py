"""Signals: what two findings have in common and what sets them apart, as numbers.

Each signal is between 0 and 1 and symmetric in the two findings. A signal speaks either
for or against one bug, never both ways; `score.SIGNS` says which.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import TypeVar

from fairlead.clearinghouse.duplicates.features import Features
from fairlead.clearinghouse.duplicates.kinds import families
from fairlead.clearinghouse.duplicates.locations import same_file, same_function
from fairlead.clearinghouse.duplicates.packages import Relation, relation
from fairlead.clearinghouse.duplicates.text import parts, stem
from fairlead.clearinghouse.duplicates.words import weight

T = TypeVar("T", str, int)
Signals = dict[str, float]

NEAR_LINES = 3
"""Two tools that mean one statement rarely name lines further apart."""


def signals_of(a: Features, b: Features) -> Signals:
    """Return every signal for the pair."""
    related = relation(a.packages, b.packages)
    return {
        "kin_package": float(related is Relation.KIN),
        "other_package": float(related in {Relation.OTHER, Relation.UNKNOWN}),
        **_place(a, b),
        **_lines(a, b),
        **_frames(a, b),
        **_content(a, b),
        **_circumstances(a, b),
    }


def _place(a: Features, b: Features) -> Signals:
    symbol, file, topic = shared_symbol(a, b), shared_file(a, b), shared_topic(a, b)
    apart = symbol < 0.2 and file < 0.3  # noqa: PLR2004
    both = bool(a.function and b.function)
    return {
        "symbol": symbol,
        "file": file,
        "topic": topic,
        "other_file": float(bool(a.file and b.file) and not same_file(a.file, b.file)),
        "other_function": float(
            both and not same_function(a.function, b.function) and symbol < 0.2  # noqa: PLR2004
        ),
        "no_shared_place": float(apart),
        "no_shared_topic": float(apart and topic < 0.3),  # noqa: PLR2004
    }


def shared_symbol(a: Features, b: Features) -> float:
    """Say how surely one function plays a part in both findings."""
    best = 0.0
    others = _symbols(b)
    for name, certainty in _symbols(a).items():
        for other, other_certainty in others.items():
            product = certainty * other_certainty
            if product > best:
                best = max(best, product * same_function(name, other))
    return best


def _symbols(features: Features) -> dict[str, float]:
    """Functions by how surely they are at fault: declared, on the stack, mentioned."""
    symbols: dict[str, float] = {}
    ranked = [(features.function, 1.0)]
    ranked += [
        (f, max(0.2, 0.9 - 0.2 * n)) for n, (f, _, _) in enumerate(features.frames)
    ]
    ranked += [(f, 0.5 if n < 4 else 0.3) for n, f in enumerate(features.mentions)]  # noqa: PLR2004
    for name, certainty in ranked:
        if name and certainty > symbols.get(name, 0.0):
            symbols[name] = certainty
    return symbols


def shared_file(a: Features, b: Features) -> float:
    """Say how surely one file plays a part in both findings."""
    best = 0.0
    others = _files(b)
    for path, certainty in _files(a):
        for other, other_certainty in others:
            product = certainty * other_certainty
            if product > best:
                best = max(best, product * same_file(path, other))
    return best


def _files(features: Features) -> list[tuple[str, float]]:
    files = [(features.file, 1.0)]
    files += [(file, 0.7) for _, file, _ in features.frames[:4]]
    return files + [(file, 0.6) for file in features.files]


def shared_topic(a: Features, b: Features) -> float:
    """Say how much of one's file and function name the other speaks of."""
    return max(_spoken(a.topic, b), _spoken(b.topic, a))


def _spoken(topic: tuple[str, ...], other: Features) -> float:
    spoken = [word for word in topic if word in other.words or word in other.topic]
    if not spoken:
        return 0.0
    return sum(map(weight, spoken)) / (sum(map(weight, topic)) + 0.3)


def _lines(a: Features, b: Features) -> Signals:
    distance = line_distance(a, b)
    if distance is None:
        return {"near_line": 0.0, "far_line": 0.0}
    return {
        "near_line": 1 / (1 + (distance / NEAR_LINES) ** 2),
        "far_line": min(1.0, math.log1p(max(0, distance - 6)) / 6),
    }


def line_distance(a: Features, b: Features) -> int | None:
    """Return how near the two come to one another in any file that both point into."""
    distances = [
        max(0, first - other_last, other_first - last)
        for file, first, last in a.spans
        for other, other_first, other_last in b.spans
        if file == other
    ]
    return min(distances, default=None)


def _frames(a: Features, b: Features) -> Signals:
    """Compare two stack traces; without two of them nothing is said."""
    if not a.frames or not b.frames:
        return {"other_trace": 0.0, "other_frame_line": 0.0}
    lines = {(f, _base(file)): line for f, file, line in b.frames[:3]}
    moved = any(
        line
        and lines.get((f, _base(file)), 0)
        and abs(line - lines[f, _base(file)]) > 2  # noqa: PLR2004
        for f, file, line in a.frames[:3]
    )
    return {
        "other_trace": float(common_frames(a, b) < 0.3),  # noqa: PLR2004
        "other_frame_line": float(moved),
    }


def _base(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def common_frames(a: Features, b: Features) -> float:
    """Return the longest common subsequence of frames, inner ones weighing more."""
    ours, theirs = a.frames[:8], b.frames[:8]
    row = [0.0] * (len(theirs) + 1)
    for i in range(len(ours) - 1, -1, -1):
        previous, row = row, [0.0] * (len(theirs) + 1)
        for j in range(len(theirs) - 1, -1, -1):
            row[j] = max(previous[j], row[j + 1])
            if same_function(ours[i][0], theirs[j][0]) >= 0.5:  # noqa: PLR2004
                row[j] = max(row[j], previous[j + 1] + math.exp(-0.5 * max(i, j)))
    shortest = min(len(ours), len(theirs))
    return (
        row[0] / sum(math.exp(-0.5 * n) for n in range(shortest)) if shortest else 0.0
    )


def _content(a: Features, b: Features) -> Signals:
    names = located_names(a, b)
    ours, theirs = _free(a.identifiers, names), _free(b.identifiers, names)
    # A word inside an identifier that both have would count twice.
    said = {stem(part) for name in ours & theirs for part in parts(name)}
    said |= {*a.topic, *b.topic}
    words = sum(weight(word) ** 1.5 for word in set(a.words) & set(b.words) - said)
    return {
        "words": min(1.0, math.log1p(words) / 3),
        "identifiers": _shared(ours, theirs, _rarity, 0.7),
        "other_identifiers": 0.0
        if ours & theirs
        else min(1.0, min(len(ours), len(theirs)) / 4),
        "code": _shared(set(a.grams), set(b.grams), lambda _: 1.0, 2.0),
        "numbers": _shared(set(a.numbers), set(b.numbers), lambda _: 1.0, 1.0),
    }


def located_names(a: Features, b: Features) -> frozenset[str]:
    """Names that say where, not what: functions, classes and files of both."""
    names = {n for f in (a, b) for n in f.function.split(".")}
    names |= {n for f in (a, b) for frame in f.frames for n in frame[0].split(".")}
    bases = (_base(f.file).rpartition(".")[0] for f in (a, b))
    names |= {name for base in bases for name in (base, *base.split("-"))}
    return frozenset(name for name in names if name)


def _free(identifiers: Iterable[str], names: frozenset[str]) -> set[str]:
    long = [name for name in names if len(name) > 4]  # noqa: PLR2004
    return {
        identifier
        for identifier in identifiers
        if identifier not in names and not any(name in identifier for name in long)
    }


def _rarity(identifier: str) -> float:
    said = sum(0.3 if p.isdigit() else weight(stem(p)) for p in parts(identifier))
    return min(1.0, 0.15 + said / 2)


def _shared(a: set[T], b: set[T], worth: Callable[[T], float], doubt: float) -> float:
    """Return the worth of what is in both as a share of what is in either.

    *doubt* keeps two very short lists from agreeing wholly.
    """
    both = a & b
    if not both:
        return 0.0
    shared = sum(worth(token) for token in both)
    either = math.sqrt(sum(map(worth, a)) * sum(map(worth, b)))
    return shared / (either + doubt)


def _circumstances(a: Features, b: Features) -> Signals:
    ids_a, ids_b = set(a.upstream_ids), set(b.upstream_ids)
    kinds_a, kinds_b = set(a.kinds), set(b.kinds)
    families_a, families_b = families(a.kinds), families(b.kinds)
    same, other = _versions(a, b)
    return {
        "same_kind": len(kinds_a & kinds_b) / max(1, len(kinds_a | kinds_b)),
        "other_kind": float(
            bool(families_a and families_b) and families_a.isdisjoint(families_b)
        ),
        "same_version": same,
        "other_version": other,
        "same_upstream_id": float(bool(ids_a & ids_b)),
        "other_upstream_id": float(bool(ids_a and ids_b) and ids_a.isdisjoint(ids_b)),
        "same_commit": float(shared_commit(a, b)),
        "same_tool": float(bool(a.tool) and a.tool == b.tool and not verbatim(a, b)),
    }


def verbatim(a: Features, b: Features) -> bool:
    """Whether two reports say nearly the same in the same words: one sent twice."""
    if a.frames != b.frames or a.function != b.function:
        return False
    said = [{*f.words, *f.identifiers, *f.numbers} for f in (a, b)]
    return len(said[0] & said[1]) >= 0.9 * len(said[0] | said[1])


def shared_commit(a: Features, b: Features) -> bool:
    """Whether both name one fix; a commit may be given by its first digits."""
    return any(
        one.startswith(other) or other.startswith(one)
        for one in a.commits
        for other in b.commits
    )


def _versions(a: Features, b: Features) -> tuple[float, float]:
    """Compare the newest versions affected: those just before the fix."""
    ours, theirs = affected_versions(a), affected_versions(b)
    if not ours or not theirs:
        return _bounds(a, b)
    newest, newest_other = max(ours), max(theirs)
    if newest == newest_other:
        return 1.0, 0.0
    if newest[:2] != newest_other[:2] and ours.isdisjoint(theirs):
        return 0.0, 1.0
    disjoint = newest < min(theirs) or newest_other < min(ours)
    return (0.2 if disjoint else 0.3), 0.0


def _bounds(a: Features, b: Features) -> tuple[float, float]:
    """Compare where one says only which version is good again (`<2.0`)."""
    for one, other in ((a, b), (b, a)):
        good = [_version(v[1:]) for v in one.versions if v.startswith("<")]
        affected = affected_versions(other)
        if good and affected:
            newest, bound = max(affected), max(good)
            near = newest < bound and newest[0] == bound[0]
            return (0.3 if near else 0.0), float(newest >= bound)
    return 0.0, 0.0


def affected_versions(features: Features) -> set[tuple[int, ...]]:
    """Return the versions said to be affected, of three numbers at most."""
    return {_version(v) for v in features.versions if not v.startswith("<")}


def _version(written: str) -> tuple[int, ...]:
    return tuple(int(number) for number in written.split("."))[:3]
