"""Reasons in words: one readable line for each signal that counted."""

from __future__ import annotations

from fairlead.clearinghouse.duplicates.features import Features
from fairlead.clearinghouse.duplicates.packages import package_names
from fairlead.clearinghouse.duplicates.signals import line_distance, located_names
from fairlead.clearinghouse.duplicates.words import weight

_SHOWN = 4


def line_of(code: str, a: Features, b: Features) -> str:
    """Return the line for signal *code* between *a* and *b*; symmetric."""
    first, second = sorted((a, b), key=_order)
    writer = _WRITERS.get(code)
    return writer(first, second) if writer else code.replace("_", " ")


def _order(features: Features) -> tuple[object, ...]:
    return features.file, features.function, features.versions, features.words


def _listed(items: set[str]) -> str:
    ranked = sorted(items, key=lambda item: (-weight(item), -len(item), item))
    return ", ".join(ranked[:_SHOWN])


def _against(what: str, a: object, b: object) -> str:
    return f"different {what}: {a} and {b}"


def _base(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def _near(a: Features, b: Features) -> str:
    distance = line_distance(a, b)
    return (
        f"{distance} lines apart in {_common_file(a, b)}"
        if distance
        else (f"the same line of {_common_file(a, b)}")
    )


def _common_file(a: Features, b: Features) -> str:
    common = {file for file, _, _ in a.spans} & {file for file, _, _ in b.spans}
    return min(common, default=_base(a.file))


def _words(a: Features, b: Features) -> str:
    placed = {*a.topic, *b.topic}
    return "same words: " + _listed((set(a.words) & set(b.words)) - placed)


def _identifiers(a: Features, b: Features) -> str:
    both = set(a.identifiers) & set(b.identifiers) - located_names(a, b)
    return "same names in the code: " + _listed(both)


def _newest(features: Features) -> str:
    return max(
        features.versions, key=lambda v: [int(n) for n in v.lstrip("<").split(".")]
    )


_WRITERS = {
    "code": lambda _a, _b: "the same pieces of code are quoted",
    "far_line": lambda a, b: (
        f"{line_distance(a, b)} lines apart in {_common_file(a, b)}"
    ),
    "file": lambda a, b: f"same file {_base(a.file or b.file)}",
    "identifiers": _identifiers,
    "kin_package": lambda a, b: (
        "related, not equal packages: "
        + " and ".join(min(package_names(f.packages)) for f in (a, b))
    ),
    "near_line": _near,
    "no_shared_place": lambda _a, _b: "no file or function in common",
    "no_shared_topic": lambda _a, _b: "neither speaks of the other's file or function",
    "numbers": lambda a, b: "same numbers: " + _listed(set(a.numbers) & set(b.numbers)),
    "other_file": lambda a, b: _against("file", _base(a.file), _base(b.file)),
    "other_frame_line": lambda _a, _b: "the traces differ in the line of a frame",
    "other_function": lambda a, b: _against("function", a.function, b.function),
    "other_identifiers": lambda _a, _b: "each names other things in the code",
    "other_upstream_id": lambda a, b: _against(
        "identifier", a.upstream_ids[0], b.upstream_ids[0]
    ),
    "other_kind": lambda a, b: _against("kind", "/".join(a.kinds), "/".join(b.kinds)),
    "other_package": lambda _a, _b: "the packages differ, or one is not known",
    "other_trace": lambda _a, _b: "the traces have little in common",
    "other_version": lambda a, b: _against("newest version", _newest(a), _newest(b)),
    "same_commit": lambda a, b: (
        "same fix: " + max([*a.commits, *b.commits], key=len)[:12]
    ),
    "same_upstream_id": lambda a, b: (
        "same identifier " + _listed(set(a.upstream_ids) & set(b.upstream_ids))
    ),
    "same_kind": lambda a, b: "same kind: " + _listed(set(a.kinds) & set(b.kinds)),
    "same_tool": lambda a, _b: f"one tool told them apart: {a.tool}",
    "same_version": lambda a, b: (
        f"both affect up to {_newest(a)}"
        if _newest(a) == _newest(b)
        else f"neighbouring versions {_newest(a)} and {_newest(b)}"
    ),
    "symbol": lambda a, b: f"same function {a.function or b.function}",
    "topic": lambda a, b: (
        "one speaks of the other's "
        + _listed(
            set(a.topic) & {*b.topic, *b.words} or set(b.topic) & {*a.topic, *a.words}
        )
    ),
    "words": _words,
}
