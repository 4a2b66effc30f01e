"""Tests of product status and remediations: 6.1.6, 29, 35, 36; 6.2.2, 6.2.27."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.formats.csaf_tests.view import (
    CONTRADICTING,
    Finding,
    Json,
    View,
    in_groups,
    objects,
    status_of,
    text,
)

_FIXES = ("workaround", "mitigation", "vendor_fix")
_PLANS = ("fix_planned", "no_fix_planned")

TOGETHER: dict[str, frozenset[str]] = {
    "workaround": frozenset({*_FIXES, *_PLANS}),
    "mitigation": frozenset({*_FIXES, *_PLANS}),
    "vendor_fix": frozenset(_FIXES),
    "optional_patch": frozenset({"optional_patch"}),
    "none_available": frozenset({"none_available"}),
    "fix_planned": frozenset({"workaround", "mitigation", "fix_planned"}),
    "no_fix_planned": frozenset({"workaround", "mitigation", "no_fix_planned"}),
}
"""Remediations that one product may have together (CSAF 2.1, 3.2.4.14.1, table 1)."""

PROHIBITED: dict[str, frozenset[str]] = {
    "workaround": frozenset({"not affected", "fixed"}),
    "mitigation": frozenset({"not affected", "fixed"}),
    "vendor_fix": frozenset({"not affected", "fixed"}),
    "optional_patch": frozenset({"affected"}),
    "none_available": frozenset({"not affected", "fixed"}),
    "fix_planned": frozenset({"fixed"}),
    "no_fix_planned": frozenset({"fixed"}),
}
"""Status of a product that a remediation contradicts (the same, table 2)."""

_OPEN = frozenset({"under investigation", "unknown"})
DISCOURAGED: dict[str, frozenset[str]] = {
    "workaround": _OPEN,
    "mitigation": _OPEN,
    "vendor_fix": _OPEN,
    "optional_patch": frozenset({"fixed"}),
    "fix_planned": _OPEN | {"not affected"},
    "no_fix_planned": frozenset({"not affected"}),
}
"""Status of a product that a remediation should not be given for (the same)."""


def contradicting_status(view: View) -> Iterator[Finding]:
    """6.1.6: no product is of two contradicting statuses."""
    for at, vulnerability in view.vulnerabilities:
        first: dict[str, str] = {}
        for pointer, group, product in status_of(vulnerability, at):
            if group not in CONTRADICTING:
                continue
            known = first.setdefault(product, group)
            if known != group:
                yield Finding(pointer, f"{product!r} is {known} and {group}")


def without_product(view: View) -> Iterator[Finding]:
    """6.1.29: every remediation says for which products it is."""
    for at, vulnerability in view.vulnerabilities:
        for pointer, node in objects(vulnerability, "remediations", at):
            if "product_ids" not in node and "group_ids" not in node:
                yield Finding(pointer, "names neither products nor groups")


def flag_without_product(view: View) -> Iterator[Finding]:
    """6.1.32: every flag says for which products it is."""
    for at, vulnerability in view.vulnerabilities:
        for pointer, node in objects(vulnerability, "flags", at):
            if "product_ids" not in node and "group_ids" not in node:
                yield Finding(pointer, "names neither products nor groups")


def several_flags(view: View) -> Iterator[Finding]:
    """6.1.33: no product has more than one flag that is a VEX justification."""
    for at, vulnerability in view.vulnerabilities:
        seen: set[str] = set()
        for pointer, node in objects(vulnerability, "flags", at):
            products = view.products_of(node)
            for product in sorted(products & seen):
                yield Finding(pointer, f"{product!r} has a justification already")
            seen |= products


def contradicting_remediations(view: View) -> Iterator[Finding]:
    """6.1.35: no product has remediations that exclude each other."""
    for at, vulnerability in view.vulnerabilities:
        given: dict[str, set[str]] = {}
        for pointer, node in objects(vulnerability, "remediations", at):
            category = text(node, "category")
            allowed = TOGETHER.get(category)
            if allowed is None:
                continue
            for product in sorted(view.products_of(node)):
                for other in sorted(given.get(product, set()) - allowed):
                    yield Finding(
                        pointer, f"{product!r} has {category} together with {other}"
                    )
                given.setdefault(product, set()).add(category)


def _combined(
    view: View, table: dict[str, frozenset[str]], word: str
) -> Iterator[Finding]:
    for at, vulnerability in view.vulnerabilities:
        groups: dict[str, set[str]] = {}
        for _, group, product in status_of(vulnerability, at):
            groups.setdefault(product, set()).add(group)
        for pointer, node in objects(vulnerability, "remediations", at):
            category = text(node, "category")
            for product in sorted(view.products_of(node)):
                for group in sorted(groups.get(product, set())):
                    if group in table.get(category, ()):
                        yield Finding(
                            pointer, f"{category} is {word} for {product!r}: {group}"
                        )


def contradicting_combination(view: View) -> Iterator[Finding]:
    """6.1.36: no remediation contradicts the status of its products."""
    yield from _combined(view, PROHIBITED, "prohibited")


def discouraged_combination(view: View) -> Iterator[Finding]:
    """6.2.27: no remediation is discouraged by the status of its products."""
    yield from _combined(view, DISCOURAGED, "discouraged")


def missing_remediation(view: View) -> Iterator[Finding]:
    """6.2.2: whoever is affected, or may be, is told what to do."""
    for at, vulnerability in view.vulnerabilities:
        covered = _covered(view, vulnerability)
        waiting = in_groups(vulnerability, "affected", "under investigation")
        for product, pointer in waiting.items():
            if product not in covered:
                yield Finding(at + pointer, f"{product!r} has no remediation")


def _covered(view: View, vulnerability: Json) -> set[str]:
    return {
        product
        for _, node in objects(vulnerability, "remediations")
        for product in view.products_of(node)
    }
