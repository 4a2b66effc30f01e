"""The product tree of a CSAF document: vendor, product, then the versions told apart."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from fairlead.formats import purl
from fairlead.formats.advisory import Advisory, Affected

Json = dict[str, Any]

_PLAIN = ":+~-._^,@"
"""Characters of a version that VERS writes as they are."""


class Products:
    """The products of an advisory, each with an id of its own."""

    def __init__(self, advisory: Advisory) -> None:
        """Give each product of *advisory* an id."""
        self.affected: list[str] = []
        self.fixed: list[str] = []
        self._count = 0
        self._vendors: dict[str, dict[str, list[Json]]] = {}
        for affected in advisory.affected:
            products = self._vendors.setdefault(affected.vendor, {})
            versions = products.setdefault(affected.product, [])
            versions += self._versions(affected)

    @property
    def status(self) -> Json:
        """Return the product status of the vulnerability."""
        fixed = {"fixed": self.fixed} if self.fixed else {}
        return {"known_affected": self.affected, **fixed}

    def branches(self, *, many: bool) -> list[Json]:
        """Return the branches; *many* if a product may have several package URLs."""
        return [
            {
                "branches": [
                    {
                        "branches": [_version(v, many=many) for v in versions],
                        "category": "product_name",
                        "name": product,
                    }
                    for product, versions in products.items()
                ],
                "category": "vendor",
                "name": vendor,
            }
            for vendor, products in self._vendors.items()
        ]

    def _versions(self, affected: Affected) -> Iterator[Json]:
        if affected.has_range:
            name = version_range(affected)
            yield self._branch(affected, "product_version_range", name, self.affected)
        for version in affected.versions:
            yield self._branch(affected, "product_version", version, self.affected)
        if affected.fixed:
            yield self._branch(affected, "product_version", affected.fixed, self.fixed)

    def _branch(
        self, affected: Affected, category: str, name: str, status: list[str]
    ) -> Json:
        self._count += 1
        product_id = f"FLPID-{self._count:04}"
        status.append(product_id)
        product: Json = {
            "name": f"{affected.vendor} {affected.product} {name}",
            "product_id": product_id,
        }
        if affected.purl:
            package = purl.read(affected.purl)
            version = name if category == "product_version" else None
            product["purl"] = purl.canonical(package._replace(version=version))
        return {"category": category, "name": name, "product": product}


def _version(branch: Json, *, many: bool) -> Json:
    product = dict(branch["product"])
    package = product.pop("purl", None)
    if package is not None:
        helper = {"purls": [package]} if many else {"purl": package}
        product["product_identification_helper"] = helper
    return {**branch, "product": product}


def version_range(affected: Affected) -> str:
    """Return the affected range as a version range specifier: `vers:pypi/<9.2.0`."""
    kind = purl.read(affected.purl).type if affected.purl else "generic"
    parts = [] if affected.introduced == "0" else [f">={_quoted(affected.introduced)}"]
    if affected.fixed:
        parts.append(f"<{_quoted(affected.fixed)}")
    if affected.last_affected:
        parts.append(f"<={_quoted(affected.last_affected)}")
    return f"vers:{kind}/{'|'.join(parts)}" if parts else "vers:all/*"


def _quoted(version: str) -> str:
    return quote(version, safe=_PLAIN)
