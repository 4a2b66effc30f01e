"""Tests of the product tree's branches: 6.1.31, 34, 57, 58; 6.2.48; 6.3.9 to 6.3.11."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from fairlead.formats.csaf_tests.view import Finding, View

_DEPTH = 30
_RANGE = re.compile(
    r"[<>]|(?<![\w-])(?:after|all|before|earlier|later|prior|versions)(?![\w-])",
    re.IGNORECASE,
)
_V = re.compile(r"[vV][0-9].*", re.DOTALL)
_ORDER = ("vendor", "product_name", "product_version")
_SEPARATORS = re.compile(r"[\s_\-\u00ad\u200b-\u200f\u2010-\u2015\u2060\ufeff\u2212]+")


def range_as_version(view: View) -> Iterator[Finding]:
    """6.1.31: a single version is no range."""
    for path in view.branches:
        branch = path[-1]
        if branch.category == "product_version" and _RANGE.search(branch.name):
            yield Finding(f"{branch.pointer}/name", f"{branch.name!r} is a range")


def too_deep(view: View) -> Iterator[Finding]:
    """6.1.34: branches are at most 30 deep."""
    for path in view.branches:
        if len(path) == _DEPTH + 1:
            yield Finding(path[-1].pointer, f"is deeper than {_DEPTH} branches")


def stacked(view: View) -> Iterator[Finding]:
    """6.1.57: no category but the family stands twice on a path to a product."""
    for product in view.products:
        several = Counter(b.category for b in product.path)
        for branch in product.path:
            if branch.category != "product_family" and several[branch.category] > 1:
                yield Finding(
                    f"{branch.pointer}/category", f"{branch.category} stands twice"
                )
                break


def version_and_range(view: View) -> Iterator[Finding]:
    """6.1.58: a path has versions or ranges of them."""
    for product in view.products:
        categories = {branch.category for branch in product.path}
        if {"product_version", "product_version_range"} <= categories:
            yield Finding(product.path[-1].pointer, "is below a version and a range")


def open_source(view: View) -> Iterator[Finding]:
    """6.2.48: nobody is called Open Source."""
    for path in view.branches:
        branch = path[-1]
        if branch.category == "vendor" and (
            _SEPARATORS.sub("", branch.name).lower() == "opensource"
        ):
            yield Finding(f"{branch.pointer}/name", "name who makes it")


def expected_order(view: View) -> Iterator[Finding]:
    """6.3.9: paths lead from vendor over product name to version."""
    for product in view.products:
        if not product.path:
            continue
        found = [b.category for b in product.path]
        places = [found.index(c) if c in found else -1 for c in _ORDER]
        if -1 in places or places != sorted(places):
            yield Finding(product.pointer, "use vendor, product_name, product_version")


def uses_range(view: View) -> Iterator[Finding]:
    """6.3.10: versions are listed."""
    for path in view.branches:
        if path[-1].category == "product_version_range":
            yield Finding(f"{path[-1].pointer}/category", "list the versions instead")


def leading_v(view: View) -> Iterator[Finding]:
    """6.3.11: versions do not begin with v."""
    for path in view.branches:
        branch = path[-1]
        if branch.category == "product_version" and _V.fullmatch(branch.name):
            yield Finding(f"{branch.pointer}/name", "leave the v out")
