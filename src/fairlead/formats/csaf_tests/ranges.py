"""Tests of version ranges: 6.1.50, 6.1.59, 6.2.18, 6.2.49 to 6.2.51 and 6.3.19.

A range is a VERS specifier, or one without scheme (“vls”), which can only be compared by
guessing: numbers as numbers, the rest as text.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator

from fairlead.errors import Invalid
from fairlead.formats import version_ranges
from fairlead.formats.csaf_tests.view import (
    CONTRADICTING,
    Branch,
    Finding,
    View,
    status_of,
)
from fairlead.formats.version_ranges import Range

_VERS = re.compile(r"vers:([^/]*)/(.*)", re.DOTALL)
_ALL = "vers:all/*"


def _ranges(view: View) -> Iterator[Branch]:
    for path in view.branches:
        if path[-1].category == "product_version_range":
            yield path[-1]


def parsed(name: str) -> Range | None:
    """Return the range that *name* is, in the order it is written; nothing if none."""
    if name == _ALL:
        return version_ranges.read(name)
    found = _VERS.fullmatch(name)
    if found is None and name.startswith("vers:"):
        return None
    scheme, written = found.groups() if found else ("", name)
    if found and (not scheme or scheme == "all"):
        return None
    if found and written == "*":
        return version_ranges.read(name)
    try:
        return Range(scheme, version_ranges.constraints_of(written))
    except Invalid:
        return None


def invalid_range(view: View) -> Iterator[Finding]:
    """6.1.50: ranges are VERS specifiers, or such without scheme."""
    for branch in _ranges(view):
        if parsed(branch.name) is None:
            yield Finding(f"{branch.pointer}/name", f"{branch.name!r} is no VERS range")


def single_version(view: View) -> Iterator[Finding]:
    """6.1.59: a range is of more than one version."""
    for branch in _ranges(view):
        found = parsed(branch.name)
        if found and [c.comparator for c in found.constraints] == ["="]:
            yield Finding(
                f"{branch.pointer}/name", "is one version; say product_version"
            )


def without_vers(view: View) -> Iterator[Finding]:
    """6.2.18: ranges have a scheme."""
    for branch in _ranges(view):
        if not branch.name.startswith(("vers:", "vls:")):
            yield Finding(f"{branch.pointer}/name", "write it as a VERS specifier")


def open_above(view: View) -> Iterator[Finding]:
    """6.2.49: a range ends somewhere."""
    for branch in _ranges(view):
        found = parsed(branch.name)
        bounds = [c.comparator for c in found.constraints] if found else []
        bounds = [comparator for comparator in bounds if comparator != "!="]
        if bounds and bounds[-1] in {">", ">="}:
            yield Finding(f"{branch.pointer}/name", "say where it ends")


def unknown_scheme(view: View) -> Iterator[Finding]:
    """6.2.51: the scheme of a range is registered, and known here."""
    for branch in _ranges(view):
        found = _VERS.fullmatch(branch.name)
        if found is None or found.group(1) in version_ranges.SCHEMES:
            continue
        scheme = found.group(1)
        known = (
            "registered" if scheme in version_ranges.REGISTERED else "not registered"
        )
        yield Finding(
            f"{branch.pointer}/name", f"{scheme!r} is {known}; not known here"
        )


Pair = tuple[Branch, Branch]


def _siblings(view: View) -> Iterator[Pair]:
    """Yield each range with each other range or version beside it."""
    levels: defaultdict[str, list[Branch]] = defaultdict(list)
    for path in view.branches:
        if path[-1].category in {"product_version", "product_version_range"}:
            levels[path[-1].pointer.rpartition("/")[0]].append(path[-1])
    for level in levels.values():
        for place, branch in enumerate(level):
            for other in level[place + 1 :]:
                first, second = branch, other
                if first.category == "product_version":
                    first, second = other, branch
                if first.category == "product_version_range":
                    yield first, second


def _overlap(pair: Pair) -> bool:
    """Tell whether two siblings have a version in common, where that can be said."""
    first, second = (branch.name for branch in pair)
    found = parsed(first)
    if found is None:
        return False
    if pair[1].category == "product_version":
        return found.contains(second) is True
    other = parsed(second)
    return other is not None and found.overlaps(other) is True


def _kind(pair: Pair) -> str:
    if pair[1].category == "product_version":
        return "version"
    return "vers" if pair[1].name.startswith("vers:") else "vls"


def _by_status(view: View, kind: str, *, same: bool) -> Iterator[Finding]:
    pairs = [
        (_product(a), _product(b))
        for a, b in _siblings(view)
        if "product" in a.node and "product" in b.node
        if _kind((a, b)) == kind and _overlap((a, b))
    ]
    for at, vulnerability in view.vulnerabilities:
        groups: dict[str, set[str]] = {}
        places: dict[str, str] = {}
        for pointer, group, product in status_of(vulnerability, at):
            if group in CONTRADICTING:
                groups.setdefault(product, set()).add(group)
                places.setdefault(product, pointer)
        for a, b in pairs:
            ours, theirs = groups.get(a, set()), groups.get(b, set())
            if not ours or not theirs or (ours == theirs) is not same:
                continue
            said = f"{a!r} and {b!r} overlap: {', '.join(sorted(ours | theirs))}"
            yield Finding(places[b], said)


def _product(branch: Branch) -> str:
    product = branch.node.get("product")
    return str(product.get("product_id", "")) if isinstance(product, dict) else ""


def contradicting_vers(view: View) -> Iterator[Finding]:
    """6.2.50.1: ranges that overlap are not of contradicting statuses."""
    yield from _by_status(view, "vers", same=False)


def contradicting_vls(view: View) -> Iterator[Finding]:
    """6.2.50.2: the same of ranges without scheme."""
    yield from _by_status(view, "vls", same=False)


def contradicting_version(view: View) -> Iterator[Finding]:
    """6.2.50.3: the same of ranges and versions."""
    yield from _by_status(view, "version", same=False)


def same_vers(view: View) -> Iterator[Finding]:
    """6.3.19.1: ranges of the same status do not overlap."""
    yield from _by_status(view, "vers", same=True)


def same_vls(view: View) -> Iterator[Finding]:
    """6.3.19.2: the same of ranges without scheme."""
    yield from _by_status(view, "vls", same=True)


def same_version(view: View) -> Iterator[Finding]:
    """6.3.19.3: the same of ranges and versions."""
    yield from _by_status(view, "version", same=True)


def _in_branches(view: View, *kinds: str) -> Iterator[Finding]:
    for pair in _siblings(view):
        within = all("branches" in branch.node for branch in pair)
        if within and _kind(pair) in kinds and _overlap(pair):
            yield Finding(f"{pair[1].pointer}/name", f"overlaps with {pair[0].name!r}")


def overlapping_branches(view: View) -> Iterator[Finding]:
    """6.3.19.4: ranges with branches of their own do not overlap."""
    yield from _in_branches(view, "vers", "vls")


def version_in_branch(view: View) -> Iterator[Finding]:
    """6.3.19.5: a version with branches of its own is in no range beside it."""
    yield from _in_branches(view, "version")
