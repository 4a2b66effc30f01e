"""Tests of what identifies products."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from fairlead.formats import purl as purls
from fairlead.formats.csaf_tests.view import (
    Finding,
    Json,
    Product,
    View,
    objects,
    strings,
    text,
)

_HASHES = frozenset(
    [
        "md5",
        "sha1",
        "sha224",
        "sha256",
        "sha384",
        "sha512",
        "sha512-224",
        "sha512-256",
        "sha3-224",
        "sha3-256",
        "sha3-384",
        "sha3-512",
        "shake128",
        "shake256",
        "blake2b512",
        "blake2s256",
        "blake2b",
        "blake2s",
        "blake3",
        "md4",
        "ripemd160",
        "sm3",
        "whirlpool",
    ]
)
"""Algorithms that CSAF names (3.1.3.3.2), and others in use."""
_SHORT = 64
"""Characters of a hash below which it is called short."""
_STAR = re.compile(r"(?<!\\)(?:\\\\)*\*")
_CPE = re.compile(r"(?<!\\):")


def _purls(view: View) -> Iterator[tuple[str, str]]:
    for at, helper in view.helpers:
        single = text(helper, "purl")
        if single:
            yield f"{at}/purl", single
        yield from strings(helper, "purls", at)


def invalid_purl(view: View) -> Iterator[Finding]:
    """6.1.13: package URLs are what their specification says."""
    for pointer, written in _purls(view):
        fault = purls.fault(written)
        if fault:
            yield Finding(pointer, fault)


def different_purls(view: View) -> Iterator[Finding]:
    """6.1.42: package URLs of one product differ in their qualifiers only."""
    for at, helper in view.helpers:
        bare = [
            (p, written.partition("?")[0])
            for p, written in strings(helper, "purls", at)
        ]
        for pointer, package in bare[1:]:
            if package != bare[0][1]:
                yield Finding(pointer, "is another package than the first")


def _file_hashes(view: View) -> Iterator[tuple[str, list[tuple[str, Json]]]]:
    for at, helper in view.helpers:
        for pointer, item in objects(helper, "hashes", at):
            yield pointer, list(objects(item, "file_hashes", pointer))


def same_algorithm(view: View) -> Iterator[Finding]:
    """6.1.25: a file has one hash of each algorithm."""
    for _, hashes in _file_hashes(view):
        seen: set[str] = set()
        for pointer, item in hashes:
            algorithm = text(item, "algorithm")
            if algorithm in seen:
                yield Finding(
                    f"{pointer}/algorithm", f"{algorithm} stands there before"
                )
            seen.add(algorithm)


def _only(view: View, name: str) -> Iterator[Finding]:
    for pointer, hashes in _file_hashes(view):
        if hashes and {text(item, "algorithm") for _, item in hashes} == {name}:
            yield Finding(f"{pointer}/file_hashes", f"{name} alone is not safe")


def only_md5(view: View) -> Iterator[Finding]:
    """6.2.8: no file is known by MD5 alone."""
    yield from _only(view, "md5")


def only_sha1(view: View) -> Iterator[Finding]:
    """6.2.9: no file is known by SHA-1 alone."""
    yield from _only(view, "sha1")


def unknown_hash(view: View) -> Iterator[Finding]:
    """6.2.52: hashes are of algorithms that are known."""
    for _, hashes in _file_hashes(view):
        for pointer, item in hashes:
            algorithm = text(item, "algorithm")
            if algorithm not in _HASHES:
                yield Finding(
                    f"{pointer}/algorithm",
                    f"{algorithm!r} is neither named by CSAF nor known here",
                )


def short_hash(view: View) -> Iterator[Finding]:
    """6.3.5: hashes are 64 characters or longer."""
    for _, hashes in _file_hashes(view):
        for pointer, item in hashes:
            if len(text(item, "value")) < _SHORT:
                yield Finding(f"{pointer}/value", "use a longer hash, such as SHA-256")


def _stars(view: View, name: str) -> Iterator[Finding]:
    for at, helper in view.helpers:
        for pointer, written in strings(helper, name, at):
            if len(_STAR.findall(written)) > 1:
                yield Finding(pointer, "has more than one star")


def model_stars(view: View) -> Iterator[Finding]:
    """6.1.43: a model number has one star at most."""
    yield from _stars(view, "model_numbers")


def serial_stars(view: View) -> Iterator[Finding]:
    """6.1.44: a serial number has one star at most."""
    yield from _stars(view, "serial_numbers")


def sku_stars(view: View) -> Iterator[Finding]:
    """6.1.61: a stock keeping unit has one star at most."""
    yield from _stars(view, "skus")


def missing_helper(view: View) -> Iterator[Finding]:
    """6.2.16: every product has something to recognise it by."""
    for product in view.products:
        if not product.helper and not product.combined:
            yield Finding(product.pointer, "add a product_identification_helper")


def hardware_and_software(view: View) -> Iterator[Finding]:
    """6.2.31: hardware is a part of product paths, not a branch of software."""
    used = set()
    for name in ("product_paths", "relationships"):
        for _, node in objects(view.tree, name):
            used |= {text(node, key) for key in node}
            used |= {
                text(s, "next_product_reference") for _, s in objects(node, "subpaths")
            }
    for product in view.products:
        for name in ("serial_numbers", "model_numbers"):
            if name in product.helper and product.id not in used:
                yield Finding(
                    f"{product.helper_pointer}/{name}", "no product path uses it"
                )
                break


def same_helper(view: View) -> Iterator[Finding]:
    """6.2.32: no two products are recognised by the same."""
    owner: dict[tuple[str, str], str] = {}
    for product in view.products:
        for name, value in product.helper.items():
            at = f"{product.helper_pointer}/{name}"
            values = value if isinstance(value, list) else [value]
            for item in values:
                key = (name, json.dumps(item, sort_keys=True, default=str))
                if owner.setdefault(key, product.pointer) != product.pointer:
                    yield Finding(at, "another product is recognised by the same")


def other_than_branches(view: View) -> Iterator[Finding]:
    """6.2.42: identifiers say what the branches say."""
    for product in view.products:
        if not product.path:
            continue
        yield from _cpe_faults(product)
        version = _named(product, "product_version")
        single = [(f"{product.helper_pointer}/purl", text(product.helper, "purl"))]
        for pointer, written in [
            *(single if single[0][1] else []),
            *strings(product.helper, "purls", product.helper_pointer),
        ]:
            parsed = purls.parse(written)
            if parsed is not None and version and parsed.version != version:
                yield Finding(pointer, f"says version {parsed.version}, not {version}")


def _named(product: Product, category: str) -> str:
    return next((b.name for b in product.path if b.category == category), "")


_CPE_PARTS = {5: "product_version", 6: "patch_level service_pack", 8: "language"}
"""Place within a CPE 2.3 name, and the branches that say the same."""


def _cpe_faults(product: Product) -> Iterator[Finding]:
    written = text(product.helper, "cpe")
    steps = _CPE.split(written)
    if not written.startswith("cpe:2.3:") or len(steps) != 13:  # noqa: PLR2004
        return
    at = f"{product.helper_pointer}/cpe"
    version = _named(product, "product_version")
    said = steps[5].replace("\\", "")
    if version and said.lower() != version.lower():
        yield Finding(at, f"says version {said}, not {version}")
    for place, categories in _CPE_PARTS.items():
        if place == 5 or steps[place] in {"*", "-"}:  # noqa: PLR2004
            continue
        if not any(_named(product, name) for name in categories.split()):
            yield Finding(at, f"says {steps[place]!r}, which no branch says")
