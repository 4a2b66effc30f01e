"""A CSAF document as the tests look at it: what is defined where, and who refers to it.

The tests are run on documents that may break the schema too, so nothing here trusts the
type of a value: what is not of the expected type is passed over, for the schema to tell.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Finding:
    """What a test found wrong, and where."""

    pointer: str
    """JSON pointer (RFC 6901) into the document."""
    message: str


def part(node: Json, *names: str) -> Json:
    """Return the object under *names*; an empty one where there is none."""
    for name in names:
        inner = node.get(name)
        if not isinstance(inner, dict):
            return {}
        node = inner
    return node


def text(node: Json, name: str) -> str:
    """Return the string called *name*; an empty one where there is none."""
    value = node.get(name)
    return value if isinstance(value, str) else ""


def objects(node: Json, name: str, at: str = "") -> Iterator[tuple[str, Json]]:
    """Yield the objects of the array called *name*, each with its pointer."""
    value = node.get(name)
    if isinstance(value, list):
        for place, item in enumerate(value):
            if isinstance(item, dict):
                yield f"{at}/{name}/{place}", item


def strings(node: Json, name: str, at: str = "") -> Iterator[tuple[str, str]]:
    """Yield the strings of the array called *name*, each with its pointer."""
    value = node.get(name)
    if isinstance(value, list):
        for place, item in enumerate(value):
            if isinstance(item, str):
                yield f"{at}/{name}/{place}", item


@dataclass(frozen=True, slots=True)
class Branch:
    """One node of the product tree."""

    pointer: str
    category: str
    name: str
    node: Json


@dataclass(frozen=True, slots=True)
class Product:
    """A full product name, and the branches that lead to it."""

    pointer: str
    id: str
    node: Json
    path: tuple[Branch, ...] = ()
    combined: bool = False
    """Whether it is defined by a relationship or a product path."""

    @property
    def helper(self) -> Json:
        """Return its identification helper."""
        return part(self.node, "product_identification_helper")

    @property
    def helper_pointer(self) -> str:
        """Return where that helper is."""
        return f"{self.pointer}/product_identification_helper"


@dataclass(frozen=True, slots=True)
class Reference:
    """Somewhere a product or a group is named by its id."""

    pointer: str
    id: str


DEPTH = 64
"""Branches deeper than this are not looked at; test 6.1.34 says so."""

STATUS_GROUPS = {
    "first_affected": "affected",
    "known_affected": "affected",
    "last_affected": "affected",
    "known_not_affected": "not affected",
    "first_fixed": "fixed",
    "fixed": "fixed",
    "under_investigation": "under investigation",
    "unknown": "unknown",
    "recommended": "recommended",
}
"""Product status, and the group it belongs to (CSAF 2.1, 3.2.4.12)."""

_WEB = ("http://", "https://")

CONTRADICTING = ("affected", "not affected", "fixed", "under investigation", "unknown")

_WITH_PRODUCTS = (
    "first_known_exploitation_dates",
    "flags",
    "ids",
    "involvements",
    "notes",
    "remediations",
    "threats",
)


@dataclass(frozen=True)
class View:
    """A document, with what many tests need worked out once."""

    doc: Json
    now: Decimal | None = None
    """Seconds since 1970, for what depends on the day of the test."""
    resolves: Callable[[str], bool] | None = None
    """Tells whether an address leads somewhere; nothing where nobody may look."""

    @cached_property
    def document(self) -> Json:
        """Return `/document`."""
        return part(self.doc, "document")

    @cached_property
    def tracking(self) -> Json:
        """Return `/document/tracking`."""
        return part(self.document, "tracking")

    @cached_property
    def tree(self) -> Json:
        """Return `/product_tree`."""
        return part(self.doc, "product_tree")

    @cached_property
    def vulnerabilities(self) -> list[tuple[str, Json]]:
        """Return each vulnerability with its pointer."""
        return list(objects(self.doc, "vulnerabilities"))

    @cached_property
    def version(self) -> str:
        """Return the version of CSAF that the document declares."""
        return text(self.document, "csaf_version")

    @cached_property
    def category(self) -> str:
        """Return the category of the document, which names its profile."""
        return text(self.document, "category")

    @cached_property
    def tlp(self) -> str:
        """Return the label of the Traffic Light Protocol."""
        return text(part(self.document, "distribution", "tlp"), "label")

    @cached_property
    def released(self) -> bool:
        """Tell whether the document is out: final or interim."""
        return text(self.tracking, "status") in {"final", "interim"}

    @cached_property
    def branches(self) -> list[tuple[Branch, ...]]:
        """Return every branch, as the path that leads to and includes it."""
        found: list[tuple[Branch, ...]] = []
        waiting: list[tuple[Json, str, tuple[Branch, ...]]] = [
            (self.tree, "/product_tree", ())
        ]
        while waiting:
            node, at, above = waiting.pop()
            for pointer, inner in objects(node, "branches", at):
                branch = Branch(
                    pointer, text(inner, "category"), text(inner, "name"), inner
                )
                path = (*above, branch)
                found.append(path)
                if len(path) < DEPTH:
                    waiting.append((inner, pointer, path))
        return sorted(found, key=lambda path: _order(path[-1].pointer))

    @cached_property
    def products(self) -> list[Product]:
        """Return every full product name."""
        found = []
        for path in self.branches:
            node = path[-1].node.get("product")
            if isinstance(node, dict):
                found.append(_product(f"{path[-1].pointer}/product", node, path))
        for pointer, node in objects(self.tree, "full_product_names", "/product_tree"):
            found.append(_product(pointer, node))
        for name in ("relationships", "product_paths"):
            for pointer, item in objects(self.tree, name, "/product_tree"):
                node = part(item, "full_product_name")
                if node:
                    at = f"{pointer}/full_product_name"
                    found.append(_product(at, node, combined=True))
        return found

    @cached_property
    def by_id(self) -> dict[str, Product]:
        """Return every product by its id; the first of those that share one."""
        found: dict[str, Product] = {}
        for product in self.products:
            found.setdefault(product.id, product)
        return found

    @cached_property
    def groups(self) -> list[tuple[str, str, frozenset[str]]]:
        """Return every product group: its pointer, id and members."""
        return [
            (pointer, text(node, "group_id"), _ids(node, "product_ids"))
            for pointer, node in objects(self.tree, "product_groups", "/product_tree")
        ]

    @cached_property
    def members_of(self) -> dict[str, frozenset[str]]:
        """Return the members of every product group by its id."""
        return {name: members for _, name, members in self.groups}

    def products_of(self, node: Json) -> frozenset[str]:
        """Return the products that *node* names, by themselves or as a group."""
        found = _ids(node, "product_ids")
        for _, group in strings(node, "group_ids"):
            found |= self.members_of.get(group, frozenset())
        return found

    @cached_property
    def product_references(self) -> list[Reference]:
        """Return every place that names a product without defining it."""
        return [Reference(*found) for found in self._product_references()]

    @cached_property
    def group_references(self) -> list[Reference]:
        """Return every place that names a product group without defining it."""
        places = list(objects(self.document, "notes", "/document"))
        for at, vulnerability in self.vulnerabilities:
            for name in _WITH_PRODUCTS:
                places += objects(vulnerability, name, at)
        return [
            Reference(*found)
            for at, node in places
            for found in strings(node, "group_ids", at)
        ]

    def _product_references(self) -> Iterator[tuple[str, str]]:
        yield from self._references_in_tree()
        for pointer, node in objects(self.document, "notes", "/document"):
            yield from strings(node, "product_ids", pointer)
        for pointer, vulnerability in self.vulnerabilities:
            yield from _references_in(vulnerability, pointer)

    def _references_in_tree(self) -> Iterator[tuple[str, str]]:
        at = "/product_tree"
        for pointer, node in objects(self.tree, "product_groups", at):
            yield from strings(node, "product_ids", pointer)
        for pointer, node in objects(self.tree, "relationships", at):
            for name in ("product_reference", "relates_to_product_reference"):
                yield from _one(node, name, pointer)
        for pointer, node in objects(self.tree, "product_paths", at):
            yield from _one(node, "beginning_product_reference", pointer)
            for inner, step in objects(node, "subpaths", pointer):
                yield from _one(step, "next_product_reference", inner)

    @cached_property
    def revisions(self) -> list[tuple[str, Json]]:
        """Return each item of the revision history with its pointer."""
        return list(objects(self.tracking, "revision_history", "/document/tracking"))

    @cached_property
    def objects(self) -> list[tuple[str, Json]]:
        """Return every object of the document with its pointer."""
        found: list[tuple[str, Json]] = []
        waiting: list[tuple[str, Any]] = [("", self.doc)]
        while waiting:
            at, node = waiting.pop()
            if isinstance(node, dict):
                found.append((at, node))
                for key, item in node.items():
                    if isinstance(item, dict | list):
                        waiting.append((f"{at}/{key}", item))
            else:
                for place, item in enumerate(node):
                    if isinstance(item, dict | list):
                        waiting.append((f"{at}/{place}", item))
        return found

    @cached_property
    def links(self) -> list[tuple[str, str, bool]]:
        """Return (pointer, address, whether it leads to the document itself)."""
        found: list[tuple[str, str, bool]] = []
        for at, node in self.objects:
            own = node.get("category") == "self"
            for key, item in node.items():
                if isinstance(item, str):
                    if item.startswith(_WEB):
                        found.append((f"{at}/{key}", item, own))
                elif isinstance(item, list):
                    found += [
                        (pointer, address, own)
                        for pointer, address in strings(node, key, at)
                        if address.startswith(_WEB)
                    ]
        return found

    @cached_property
    def helpers(self) -> list[tuple[str, Json]]:
        """Return each identification helper of a product with its pointer."""
        return [(p.helper_pointer, p.helper) for p in self.products if p.helper]


def status_of(vulnerability: Json, at: str) -> Iterator[tuple[str, str, str]]:
    """Yield (pointer, group, product id) for each product status."""
    status = part(vulnerability, "product_status")
    for name, group in STATUS_GROUPS.items():
        for pointer, product in strings(status, name, f"{at}/product_status"):
            yield pointer, group, product


def in_groups(vulnerability: Json, *groups: str) -> dict[str, str]:
    """Return the products whose status is in *groups*, and where that is said."""
    found: dict[str, str] = {}
    for pointer, group, product in status_of(vulnerability, ""):
        if group in groups:
            found.setdefault(product, pointer)
    return found


def _references_in(vulnerability: Json, at: str) -> Iterator[tuple[str, str]]:
    status = part(vulnerability, "product_status")
    for name in status:
        yield from strings(status, name, f"{at}/product_status")
    for name in _WITH_PRODUCTS:
        for pointer, node in objects(vulnerability, name, at):
            yield from strings(node, "product_ids", pointer)
    for name in ("scores", "metrics"):
        for pointer, node in objects(vulnerability, name, at):
            yield from strings(node, "products", pointer)


def _product(
    pointer: str, node: Json, path: tuple[Branch, ...] = (), *, combined: bool = False
) -> Product:
    return Product(pointer, text(node, "product_id"), node, path, combined)


def _ids(node: Json, name: str) -> frozenset[str]:
    return frozenset(item for _, item in strings(node, name))


def _one(node: Json, name: str, at: str) -> Iterator[tuple[str, str]]:
    value = node.get(name)
    if isinstance(value, str):
        yield f"{at}/{name}", value


def _order(pointer: str) -> tuple[int, ...]:
    return tuple(int(step) for step in pointer.split("/") if step.isdigit())
