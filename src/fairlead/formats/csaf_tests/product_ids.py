"""Tests of product and group ids: 6.1.1 to 6.1.5, 6.2.1 and 6.3.22."""

from __future__ import annotations

from collections.abc import Iterator

from fairlead.formats.csaf_tests.view import Finding, View, objects, part, text


def missing_definition(view: View) -> Iterator[Finding]:
    """6.1.1: every product that is named is defined."""
    for reference in view.product_references:
        if reference.id not in view.by_id:
            yield Finding(
                reference.pointer, f"no product is defined as {reference.id!r}"
            )


def multiple_definition(view: View) -> Iterator[Finding]:
    """6.1.2: every product is defined once."""
    seen: set[str] = set()
    for product in view.products:
        if product.id in seen:
            yield Finding(
                f"{product.pointer}/product_id", f"{product.id!r} is defined before"
            )
        seen.add(product.id)


def circular_definition(view: View) -> Iterator[Finding]:
    """6.1.3: no product is defined by way of itself."""
    parts: dict[str, set[str]] = {}
    at: dict[str, str] = {}
    for name in ("relationships", "product_paths"):
        for pointer, node in objects(view.tree, name, "/product_tree"):
            defined = text(part(node, "full_product_name"), "product_id")
            used = {
                text(node, key)
                for key in (
                    "product_reference",
                    "relates_to_product_reference",
                    "beginning_product_reference",
                )
            }
            for _, step in objects(node, "subpaths"):
                used.add(text(step, "next_product_reference"))
            parts.setdefault(defined, set()).update(used - {""})
            at[defined] = f"{pointer}/full_product_name/product_id"
    for name in parts:
        if _reaches(name, parts):
            yield Finding(at[name], f"{name!r} is defined by way of itself")


def _reaches(start: str, parts: dict[str, set[str]]) -> bool:
    seen: set[str] = set()
    waiting = list(parts.get(start, ()))
    while waiting:
        name = waiting.pop()
        if name == start:
            return True
        if name not in seen:
            seen.add(name)
            waiting += parts.get(name, ())
    return False


def missing_group(view: View) -> Iterator[Finding]:
    """6.1.4: every product group that is named is defined."""
    for reference in view.group_references:
        if reference.id not in view.members_of:
            yield Finding(reference.pointer, f"no group is defined as {reference.id!r}")


def multiple_group(view: View) -> Iterator[Finding]:
    """6.1.5: every product group is defined once."""
    seen: set[str] = set()
    for pointer, name, _ in view.groups:
        if name in seen:
            yield Finding(f"{pointer}/group_id", f"{name!r} is defined before")
        seen.add(name)


def unused_product(view: View) -> Iterator[Finding]:
    """6.2.1: every product that is defined is named somewhere."""
    if view.category == "csaf_informational_advisory":
        return
    used = {reference.id for reference in view.product_references}
    for product in view.products:
        if product.id not in used:
            yield Finding(
                f"{product.pointer}/product_id", f"{product.id!r} is named nowhere"
            )


def nested_path(view: View) -> Iterator[Finding]:
    """6.3.22: product paths are not built from product paths."""
    combined = {product.id for product in view.products if product.combined}
    for pointer, node in objects(view.tree, "product_paths", "/product_tree"):
        places = [(f"{pointer}/beginning_product_reference", node)]
        names = ["beginning_product_reference"]
        for inner, step in objects(node, "subpaths", pointer):
            places.append((f"{inner}/next_product_reference", step))
            names.append("next_product_reference")
        for (where, holder), name in zip(places, names, strict=True):
            if text(holder, name) in combined:
                yield Finding(where, f"{text(holder, name)!r} is itself a product path")
