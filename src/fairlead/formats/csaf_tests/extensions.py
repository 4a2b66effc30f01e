"""Tests of extensions: 6.1.60, 6.2.39.5, 6.2.54 and 6.3.21."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from functools import cache
from typing import Any

from fairlead.formats.csaf_tests.tables import extensions
from fairlead.formats.csaf_tests.view import Finding, Json, View, objects, part, text
from fairlead.formats.schemas import CSAF_EXTENSION, validator_for, violations

OFFICIAL = "https://docs.oasis-open.org/csaf/"
"""Extensions of the committee are under this address; none is published yet."""
REGISTERED: frozenset[str] = frozenset()
"""Extensions that the committee registered; none is yet."""


def _places(view: View) -> Iterator[tuple[str, str, Json]]:
    """Yield (pointer, path as metadata writes it, the object that may hold extensions)."""
    yield "", "$.x_extensions", view.doc
    yield "/document", "$.document.x_extensions", view.document
    for product in view.products:
        kind = "branches..product" if product.path else "full_product_names[*]"
        if product.combined:
            kind = "relationships[*].full_product_name"
        yield product.pointer, f"$.product_tree.{kind}.x_extensions", product.node
    for at, vulnerability in view.vulnerabilities:
        yield at, "$.vulnerabilities[*].x_extensions", vulnerability
        for pointer, item in objects(vulnerability, "metrics", at):
            yield (
                f"{pointer}/content",
                "$.vulnerabilities[*].metrics[*].content.x_extensions",
                part(item, "content"),
            )


def _all(view: View) -> Iterator[tuple[str, Json]]:
    for at, _, holder in _places(view):
        yield from objects(holder, "x_extensions", at)


def wrong_content(view: View) -> Iterator[Finding]:
    """6.1.60.1: extensions have what every extension has."""
    for pointer, extension in _all(view):
        for fault in violations(CSAF_EXTENSION, extension):
            yield Finding(pointer + fault.pointer, fault.message)


@cache
def _validator(address: str) -> Any:  # noqa: ANN401 - of jsonschema-rs
    schema = dict(extensions()[address]["content"])
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return validator_for(schema)


def wrong_extension(view: View) -> Iterator[Finding]:
    """6.1.60.2: extensions are what their own schema says, where it is known here."""
    for pointer, extension in _all(view):
        address = text(extension, "$schema")
        if address not in extensions():
            continue
        for error in _validator(address).iter_errors(extension):
            at = "".join(f"/{step}" for step in error.instance_path)
            yield Finding(pointer + at, error.message[:300])


def wrong_use(view: View) -> Iterator[Finding]:
    """6.1.60.3: extensions are used where and as often as they may be."""
    for at, path, holder in _places(view):
        addresses = [text(e, "$schema") for _, e in objects(holder, "x_extensions", at)]
        for address, count in Counter(addresses).items():
            known = extensions().get(address)
            if known is None:
                continue
            metadata = known["metadata"]
            limit = metadata.get("requirement", {}).get(path, {}).get("max_occurrence")
            if limit is not None and count > limit:
                yield Finding(f"{at}/x_extensions", f"{address}: at most {limit} here")
            for other in metadata.get("incompatible_extensions", ()):
                if other in addresses:
                    yield Finding(
                        f"{at}/x_extensions", f"{address} does not go with {other}"
                    )


def in_withdrawn(view: View) -> Iterator[Finding]:
    """6.2.39.5: what is withdrawn or superseded has no extension."""
    if view.category in {"csaf_withdrawn", "csaf_superseded"}:
        for at, holder in (("", view.doc), ("/document", view.document)):
            if "x_extensions" in holder:
                yield Finding(f"{at}/x_extensions", "leave it out")


def unregistered(view: View) -> Iterator[Finding]:
    """6.2.54.1: extensions are registered."""
    for pointer, extension in _all(view):
        address = text(extension, "$schema")
        if not address.startswith(OFFICIAL) and address not in REGISTERED:
            yield Finding(pointer, "is not registered")


def unofficial(view: View) -> Iterator[Finding]:
    """6.2.54.2: extensions are the committee's."""
    for pointer, extension in _all(view):
        if not text(extension, "$schema").startswith(OFFICIAL):
            yield Finding(pointer, "is not official")


def critical(view: View) -> Iterator[Finding]:
    """6.2.54.3: the document can be understood without its extensions."""
    for pointer, extension in _all(view):
        if extension.get("critical") is True:
            yield Finding(f"{pointer}/critical", "is critical")


def _experimental(view: View, *, public: bool) -> Iterator[Finding]:
    if (view.tlp == "CLEAR") is public:
        for pointer, extension in _all(view):
            address = text(extension, "$schema")
            if not address.startswith(OFFICIAL) and address not in REGISTERED:
                yield Finding(pointer, "is an experiment")


def experiment_in_public(view: View) -> Iterator[Finding]:
    """6.2.54.4: what is for all has no experiments."""
    yield from _experimental(view, public=True)


def essential(view: View) -> Iterator[Finding]:
    """6.3.21.1: no extension is essential."""
    for pointer, extension in _all(view):
        if text(extension, "category") in {"critical", "essential"}:
            yield Finding(f"{pointer}/category", "may be missed by readers")


def experiment_elsewhere(view: View) -> Iterator[Finding]:
    """6.3.21.2: what is not for all has no experiments."""
    yield from _experimental(view, public=False)


def _at(view: View, start: str) -> Iterator[Finding]:
    for at, path, holder in _places(view):
        if path.startswith(start) and "x_extensions" in holder:
            yield Finding(f"{at}/x_extensions", "there is an extension")


def at_document(view: View) -> Iterator[Finding]:
    """6.3.21.3: none at the document."""
    yield from _at(view, "$.document")


def at_branches(view: View) -> Iterator[Finding]:
    """6.3.21.4: none in branches."""
    yield from _at(view, "$.product_tree.branches")


def at_names(view: View) -> Iterator[Finding]:
    """6.3.21.5: none in full product names."""
    yield from _at(view, "$.product_tree.full_product_names")


def at_paths(view: View) -> Iterator[Finding]:
    """6.3.21.6: none in product paths."""
    yield from _at(view, "$.product_tree.relationships")


def at_metrics(view: View) -> Iterator[Finding]:
    """6.3.21.7: none in metrics."""
    yield from _at(view, "$.vulnerabilities[*].metrics")


def at_vulnerabilities(view: View) -> Iterator[Finding]:
    """6.3.21.8: none at vulnerabilities."""
    yield from _at(view, "$.vulnerabilities[*].x")


def at_root(view: View) -> Iterator[Finding]:
    """6.3.21.9: none at the root."""
    yield from _at(view, "$.x_extensions")
