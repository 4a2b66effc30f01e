"""Index keys: what two findings must share to be looked at as a pair.

A key is text: a letter for its class, then what is shared. Keys of one finding come
most specific first. Only findings that share a key are ever compared: nothing is
scanned.

The package alone is no key: findings that have nothing else in common are never one bug
by what is known of them, and would be most of what is compared.

Against flooding: of the holders of one key only the `cap_of(key)` most detailed are
taken (`detail`, then the earliest), so a thousand vague reports on a package neither
hide a precise one nor slow down the answer; and a finding without file, function or
trace holds no precise key at all, because it cannot form one.
"""

from __future__ import annotations

from collections.abc import Iterable

from fairlead.clearinghouse.duplicates.features import Features
from fairlead.clearinghouse.duplicates.locations import GENERIC_FUNCTIONS
from fairlead.clearinghouse.duplicates.packages import names_of
from fairlead.clearinghouse.duplicates.text import parts, stem
from fairlead.clearinghouse.duplicates.words import weight

KEY_CAP = 64
"""At most so many holders of a precise key are looked at."""
VAGUE_KEY_CAP = 32
KEYS_CAP = 40
"""At most so many keys a finding has."""
CANDIDATE_LIMIT = 40
"""So many candidates are compared, unless the caller says otherwise."""

_WEIGHTS = {
    "c": 8.0,  # a commit
    "l": 5.0,  # package, file and line, in steps of eight lines
    "f": 4.0,  # package, file and function
    "t": 4.0,  # package and two innermost frames
    "u": 4.0,  # package and identifier of a vulnerability
    "x": 3.0,  # file and function, whatever the package
    "s": 3.0,  # package and function
    "i": 2.0,  # package and an identifier of the program
    "n": 1.5,  # package and a number with its noun
    "p": 1.5,  # package and file
    "w": 1.0,  # package and a rare word
    "v": 0.7,  # package and newest version
}
_VAGUE = frozenset("vw")
_NO_PACKAGE = frozenset("cx")
_WORDS = 8
_MIN_NAME = 6


def keys_of(features: Features) -> tuple[str, ...]:
    """Return the keys of a finding, the most specific first, at most `KEYS_CAP`.

    A finding without a package has only keys that need none: commits, and a file with
    a function of a distinctive name.
    """
    keys = [f"c:{commit[:7]}" for commit in features.commits]
    base = features.file.rsplit("/", 1)[-1]
    function = features.function.rsplit(".", 1)[-1]
    for name in _package_names(features):
        keys += _located(name, base, function, features)
    if base and len(function) >= _MIN_NAME and function not in GENERIC_FUNCTIONS:
        keys.append(f"x:{base}:{function}")
    ordered = sorted(dict.fromkeys(keys), key=lambda key: -key_weight(key))
    return tuple(ordered[:KEYS_CAP])


def _package_names(features: Features) -> list[str]:
    """Return the fullest and the plainest name of each identity, as keys need both."""
    names = [names_of(identity) for identity in features.packages]
    return list(dict.fromkeys(n for ns in names for n in (ns[0], ns[-1])))[:3]


def _located(name: str, base: str, function: str, features: Features) -> Iterable[str]:
    if base:
        yield f"p:{name}:{base}"
        if function:
            yield f"f:{name}:{base}:{function}"
    for file, first, last in features.spans[:3]:
        # Eight lines a step, and the next step too, so that neighbours always meet.
        yield from (
            f"l:{name}:{file}:{step}" for step in sorted({first // 8, (last + 4) // 8})
        )
    if len(features.frames) > 1:
        yield f"t:{name}:{features.frames[0][0]}:{features.frames[1][0]}"
    yield from (f"u:{name}:{identifier}" for identifier in features.upstream_ids[:4])
    symbols = [features.function, *(f for f, _, _ in features.frames[:3])]
    for symbol in dict.fromkeys([*symbols, *features.mentions[:6]]):
        if symbol:
            yield f"s:{name}:{symbol.rsplit('.', 1)[-1]}"
    yield from (f"i:{name}:{word}" for word in _rare_identifiers(features))
    yield from (f"n:{name}:{number}" for number in features.numbers[:4])
    yield from (f"w:{name}:{word}" for word in _rare_words(features))
    affected = [version for version in features.versions if version[0] != "<"]
    if affected:
        yield f"v:{name}:{max(affected, key=_order)}"


def _rare_identifiers(features: Features) -> list[str]:
    ranked = sorted(features.identifiers, key=lambda i: (-len(parts(i)), -len(i), i))
    return ranked[:6]


def _rare_words(features: Features) -> list[str]:
    words = {*features.topic, *features.words}
    ranked = sorted(words, key=lambda word: (-weight(stem(word)), -len(word), word))
    return ranked[:_WORDS]


def _order(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in version.split("."))


def key_weight(key: str) -> float:
    """Return how much sharing *key* counts when candidates are ranked."""
    return _WEIGHTS[key[0]]


def package_of_key(key: str) -> str:
    """Return the package that *key* is about; of the few without one, their class."""
    return key[0] if key[0] in _NO_PACKAGE else key.split(":", 2)[1]


def cap_of(key: str) -> int:
    """Return how many holders of *key* may become candidates."""
    return VAGUE_KEY_CAP if key[0] in _VAGUE else KEY_CAP


def detail(features: Features) -> int:
    """Return how much a finding says that can be checked, 0 to 7.

    Holders of a key are taken in the order of this, highest first, then the earliest.
    """
    return sum(
        (
            bool(features.file),
            bool(features.function),
            bool(features.spans),
            bool(features.frames),
            bool(features.commits),
            len(features.identifiers) > 1,
            len(features.grams) > 3,  # noqa: PLR2004
        )
    )


def rank(shared: Iterable[str]) -> float:
    """Return the weight of the keys that a candidate shares; the highest come first."""
    return sum(key_weight(key) for key in shared)
