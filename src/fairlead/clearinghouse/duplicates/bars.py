"""What forbids merging two findings without a person, however probable one bug is.

A wrong merge hides a vulnerability, a question costs a minute. So an automatic merge
needs one package, one place, agreement in substance, and nothing that speaks against.
"""

from __future__ import annotations

from fairlead.clearinghouse.duplicates.features import Features
from fairlead.clearinghouse.duplicates.locations import same_file, same_function
from fairlead.clearinghouse.duplicates.packages import Relation, relation
from fairlead.clearinghouse.duplicates.signals import Signals

_CONTRARY = {
    "other_frame_line": "their traces pass through different lines",
    "other_function": "they name different functions",
    "other_upstream_id": "they carry different identifiers",
    "other_version": "they affect different versions",
    "same_tool": "one tool reported them as two",
}
_FAR = 0.25
_NEAR = 0.5
_ALIKE = 0.5
_FEW_WORDS = 0.2
_SUBSTANCE = {"code": 0.06, "identifiers": 0.2, "numbers": 0.15, "words": 0.3}
"""From these values on a signal counts as agreement in substance."""


def bars_of(a: Features, b: Features, signals: Signals) -> tuple[str, ...]:
    """Return why the pair needs a person, in words; nothing when it does not."""
    related = relation(a.packages, b.packages)
    bars = [reason for signal, reason in _CONTRARY.items() if signals[signal]]
    if related is Relation.UNKNOWN:
        bars.append("the package of one of them is not known")
    elif related is not Relation.SAME:
        bars.append("their packages are not surely one")
    if signals["other_file"] and signals["near_line"] < _NEAR:
        bars.append("they name different files, and no line in common")
    if not all(_says_where(features) for features in (a, b)):
        bars.append("one of them does not say where, or names two places")
    if signals["far_line"] > _FAR:
        bars.append("they point at lines far apart")
    if a.kinds and b.kinds and set(a.kinds).isdisjoint(b.kinds):
        bars.append("they say that different things go wrong")
    if not _grounded(signals):
        # An identifier is not enough: one CVE may cover several fixes.
        bars.append("they do not agree in both place and substance")
    return tuple(bars)


def _says_where(features: Features) -> bool:
    """Whether it declares one place, and its own trace leads there.

    Else a report that copies the words of two bugs would join both.
    """
    if not features.file and not features.function:
        return False
    if not features.frames:
        return True
    return any(
        same_function(features.function, function) > 0
        or same_file(features.file, file) > 0
        for function, file, _ in features.frames
    )


def _grounded(signals: Signals) -> bool:
    if signals["same_commit"]:
        return True
    agreed = sum(signals[name] >= least for name, least in _SUBSTANCE.items())
    if signals["near_line"] >= _NEAR:
        # At one statement, fewer words are enough when the same thing goes wrong.
        alike = signals["same_kind"] >= _ALIKE and signals["words"] >= _FEW_WORDS
        return agreed > 0 or alike
    return agreed > 1 and not signals["no_shared_place"]
