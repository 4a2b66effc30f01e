"""Tests of profiles: 6.1.26, 6.1.27, 6.2.38 and 6.2.39."""

from __future__ import annotations

import re
from collections.abc import Iterator

from fairlead.formats.csaf_tests.languages import english
from fairlead.formats.csaf_tests.texts import term_in
from fairlead.formats.csaf_tests.view import (
    Branch,
    Finding,
    Json,
    Product,
    View,
    in_groups,
    objects,
    part,
    strings,
    text,
)

ADVISORY = "csaf_security_advisory"
OLD_ADVISORY = "csaf_deprecated_security_advisory"
VEX = "csaf_vex"
INFORMATIONAL = "csaf_informational_advisory"
INCIDENT = "csaf_security_incident_response"
WITHDRAWN = "csaf_withdrawn"
SUPERSEDED = "csaf_superseded"

_OF_2_0 = frozenset({ADVISORY, VEX, INFORMATIONAL, INCIDENT, "csaf_base"})
_OF_2_1 = _OF_2_0 | {OLD_ADVISORY, WITHDRAWN, SUPERSEDED}
_IGNORED = re.compile(
    r"[\s_\-\u00ad\u2010-\u2015\u2212\u2e3a\u2e3b\u301c\ufe58\ufe63\uff0d\u0332\uff3f]+"
)


def reserved_category(view: View) -> Iterator[Finding]:
    """6.1.26: a document of no profile does not look like one of a profile."""
    profiles = _OF_2_0 if view.version == "2.0" else _OF_2_1
    if view.category in profiles:
        return
    bare = _IGNORED.sub("", view.category).casefold()
    reserved = {_IGNORED.sub("", p) for p in profiles - {"csaf_base"}}
    reserved |= {p.removeprefix("csaf") for p in reserved}
    if bare in reserved or view.category.casefold().startswith("csaf_"):
        yield Finding("/document/category", f"{view.category!r} is reserved")


def _is(view: View, *categories: str) -> bool:
    return view.category in categories


def missing_note(view: View) -> Iterator[Finding]:
    """6.1.27.1: there is a note that says what it is about."""
    if not _is(view, INFORMATIONAL, INCIDENT):
        return
    wanted = {"description", "details", "general", "summary"}
    notes = objects(view.document, "notes")
    if not any(text(note, "category") in wanted for _, note in notes):
        yield Finding("/document/notes", f"add one of {', '.join(sorted(wanted))}")


def missing_reference(view: View) -> Iterator[Finding]:
    """6.1.27.2: there is a reference to more."""
    if not _is(view, INFORMATIONAL, INCIDENT):
        return
    references = objects(view.document, "references")
    if not any(text(item, "category") == "external" for _, item in references):
        yield Finding("/document/references", "add an external one")


def vulnerabilities_exist(view: View) -> Iterator[Finding]:
    """6.1.27.3: there are no vulnerabilities."""
    if (
        _is(view, INFORMATIONAL, WITHDRAWN, SUPERSEDED)
        and "vulnerabilities" in view.doc
    ):
        yield Finding("/vulnerabilities", "leave them out")


def missing_tree(view: View) -> Iterator[Finding]:
    """6.1.27.4: there are products."""
    if _is(view, ADVISORY, OLD_ADVISORY, VEX) and "product_tree" not in view.doc:
        yield Finding("/product_tree", "name the products")


def missing_notes(view: View) -> Iterator[Finding]:
    """6.1.27.5: every vulnerability has notes."""
    if _is(view, ADVISORY, OLD_ADVISORY, VEX):
        for pointer, vulnerability in view.vulnerabilities:
            if "notes" not in vulnerability:
                yield Finding(pointer, "add notes")


def missing_status(view: View) -> Iterator[Finding]:
    """6.1.27.6: every vulnerability says which products it is about."""
    if _is(view, ADVISORY, OLD_ADVISORY):
        for pointer, vulnerability in view.vulnerabilities:
            if "product_status" not in vulnerability:
                yield Finding(pointer, "add product_status")


def missing_vex_status(view: View) -> Iterator[Finding]:
    """6.1.27.7: every vulnerability has one of the statuses of VEX."""
    wanted = ("fixed", "known_affected", "known_not_affected", "under_investigation")
    if _is(view, VEX):
        for pointer, vulnerability in view.vulnerabilities:
            status = part(vulnerability, "product_status")
            if not any(name in status for name in wanted):
                yield Finding(
                    f"{pointer}/product_status", f"add one of {', '.join(wanted)}"
                )


def missing_id(view: View) -> Iterator[Finding]:
    """6.1.27.8: every vulnerability has an identifier, for each of its products."""
    if not _is(view, VEX):
        return
    for pointer, vulnerability in view.vulnerabilities:
        ids = list(objects(vulnerability, "ids", pointer))
        if "cve" in vulnerability:
            continue
        if not ids:
            yield Finding(pointer, "add cve or ids")
            continue
        if any("product_ids" not in i and "group_ids" not in i for _, i in ids):
            continue
        covered = {product for _, item in ids for product in view.products_of(item)}
        status = part(vulnerability, "product_status")
        for name in status:
            for where, product in strings(status, name, f"{pointer}/product_status"):
                if product not in covered:
                    yield Finding(where, f"{product!r} has no identifier")


def _covered(
    view: View, vulnerability: Json, name: str, category: str = ""
) -> set[str]:
    return {
        product
        for _, node in objects(vulnerability, name)
        if not category or text(node, "category") == category
        for product in view.products_of(node)
    }


def missing_impact(view: View) -> Iterator[Finding]:
    """6.1.27.9: whatever is not affected says why."""
    if not _is(view, VEX):
        return
    for at, vulnerability in view.vulnerabilities:
        said = _covered(view, vulnerability, "flags")
        said |= _covered(view, vulnerability, "threats", "impact")
        for product, pointer in in_groups(vulnerability, "not affected").items():
            if product not in said:
                yield Finding(at + pointer, f"say why {product!r} is not affected")


def missing_action(view: View) -> Iterator[Finding]:
    """6.1.27.10: whatever is affected says what to do."""
    if not _is(view, VEX):
        return
    for at, vulnerability in view.vulnerabilities:
        said = _covered(view, vulnerability, "remediations")
        status = part(vulnerability, "product_status")
        where = f"{at}/product_status"
        for pointer, product in strings(status, "known_affected", where):
            if product not in said:
                yield Finding(pointer, f"say what to do about {product!r}")


def missing_vulnerabilities(view: View) -> Iterator[Finding]:
    """6.1.27.11: there are vulnerabilities."""
    if _is(view, ADVISORY, OLD_ADVISORY, VEX) and "vulnerabilities" not in view.doc:
        yield Finding("/vulnerabilities", "name them")


def nothing_affected(view: View) -> Iterator[Finding]:
    """6.1.27.12: every vulnerability affects something."""
    if _is(view, ADVISORY):
        for pointer, vulnerability in view.vulnerabilities:
            status = part(vulnerability, "product_status")
            if status and not in_groups(vulnerability, "affected"):
                yield Finding(f"{pointer}/product_status", "name what is affected")


def _package(product: Product | None) -> tuple[tuple[str, str], ...]:
    """Return the branches that lead to a product, its version aside."""
    path: tuple[Branch, ...] = product.path if product else ()
    versions = {"product_version", "product_version_range"}
    return tuple((b.category, b.name) for b in path if b.category not in versions)


def _kin(view: View, product: str) -> set[tuple[object, ...]]:
    """Return by what versions of one product are known for such.

    A product that is installed with something corresponds to itself without it.
    """
    paths = {
        text(part(node, "full_product_name"), "product_id"): node
        for name in ("product_paths", "relationships")
        for _, node in objects(view.tree, name)
    }
    node = paths.get(product)
    if node is None:
        return {_package(view.by_id.get(product))}
    start = text(node, "beginning_product_reference") or text(node, "product_reference")
    steps: list[object] = [_package(view.by_id.get(start))]
    kin: set[tuple[object, ...]] = set()
    for _, step in objects(node, "subpaths"):
        if text(step, "category") == "installed_with":
            kin.add(tuple(steps) if len(steps) > 1 else _package(view.by_id.get(start)))
        steps.append((text(step, "category"), text(step, "next_product_reference")))
    kin.add(tuple(steps))
    return kin


def nothing_corresponds(view: View) -> Iterator[Finding]:
    """6.1.27.13: of whatever is fixed, some version was affected."""
    if not _is(view, ADVISORY):
        return
    for at, vulnerability in view.vulnerabilities:
        affected = {
            kin
            for product in in_groups(vulnerability, "affected")
            for kin in _kin(view, product)
        }
        status = part(vulnerability, "product_status")
        for pointer, product in strings(status, "fixed", f"{at}/product_status"):
            if product in view.by_id and not _kin(view, product) & affected:
                yield Finding(pointer, f"no version of {product!r} is affected")


def missing_reasoning_note(view: View) -> Iterator[Finding]:
    """6.1.27.14: what is withdrawn or superseded has a description."""
    if _is(view, WITHDRAWN, SUPERSEDED):
        notes = objects(view.document, "notes")
        if not any(text(note, "category") == "description" for _, note in notes):
            yield Finding("/document/notes", "add one of category description")


def tree_exists(view: View) -> Iterator[Finding]:
    """6.1.27.15: what is withdrawn or superseded has no products."""
    if _is(view, WITHDRAWN, SUPERSEDED) and "product_tree" in view.doc:
        yield Finding("/product_tree", "leave it out")


def short_history(view: View) -> Iterator[Finding]:
    """6.1.27.16: what is withdrawn or superseded was there before."""
    if _is(view, WITHDRAWN, SUPERSEDED) and len(view.revisions) < 2:  # noqa: PLR2004
        yield Finding("/document/tracking/revision_history", "has one entry only")


def _reasoning(view: View, title: str) -> Iterator[Finding]:
    notes = [
        (pointer, note)
        for pointer, note in objects(view.document, "notes", "/document")
        if text(note, "title") == title
    ]
    if len(notes) != 1:
        yield Finding("/document/notes", f"add one note with the title {title!r}")
    for pointer, note in notes:
        if text(note, "category") != "description":
            yield Finding(f"{pointer}/category", "is description for a reasoning")


def withdrawal_unexplained(view: View) -> Iterator[Finding]:
    """6.1.27.17: a withdrawal is explained."""
    if _is(view, WITHDRAWN) and english(view):
        yield from _reasoning(view, "Reasoning for Withdrawal")


def supersession_unexplained(view: View) -> Iterator[Finding]:
    """6.1.27.18: a supersession is explained."""
    if _is(view, SUPERSEDED) and english(view):
        yield from _reasoning(view, "Reasoning for Supersession")


def _successor(view: View, words: str) -> Iterator[Finding]:
    for _, reference in objects(view.document, "references"):
        external = text(reference, "category") == "external"
        if external and text(reference, "summary").startswith(words):
            return
    yield Finding("/document/references", f"add an external one: {words!r}")


def missing_successor(view: View) -> Iterator[Finding]:
    """6.1.27.19: what is superseded says by what."""
    if _is(view, SUPERSEDED) and english(view):
        yield from _successor(view, "Superseding Document")


def deprecated_profile(view: View) -> Iterator[Finding]:
    """6.2.38: the profile is not deprecated."""
    if view.category.startswith("csaf_deprecated_"):
        yield Finding("/document/category", "the profile is deprecated")


def missing_fixed(view: View) -> Iterator[Finding]:
    """6.2.39.1: of whatever is affected, some version is fixed, unless none is."""
    if not _is(view, ADVISORY):
        return
    for at, vulnerability in view.vulnerabilities:
        fixed = {
            kin
            for product in in_groups(vulnerability, "fixed")
            for kin in _kin(view, product)
        }
        none = set()
        for category in ("fix_planned", "no_fix_planned", "none_available"):
            none |= _covered(view, vulnerability, "remediations", category)
        for product, pointer in in_groups(vulnerability, "affected").items():
            if product not in none and not _kin(view, product) & fixed:
                yield Finding(at + pointer, f"no version of {product!r} is fixed")


def withdrawal_in_language(view: View) -> Iterator[Finding]:
    """6.2.39.2: the same as 6.1.27.17 in other languages, where the term is known."""
    title = term_in(view, "reasoning_for_withdrawal", "")
    if _is(view, WITHDRAWN) and title:
        yield from _reasoning(view, title)


def supersession_in_language(view: View) -> Iterator[Finding]:
    """6.2.39.3: the same as 6.1.27.18 in other languages, where the term is known."""
    title = term_in(view, "reasoning_for_supersession", "")
    if _is(view, SUPERSEDED) and title:
        yield from _reasoning(view, title)


def successor_in_language(view: View) -> Iterator[Finding]:
    """6.2.39.4: the same as 6.1.27.19 in other languages, where the term is known."""
    words = term_in(view, "superseding_document", "")
    if _is(view, SUPERSEDED) and words:
        yield from _successor(view, words)
