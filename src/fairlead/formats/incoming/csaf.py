"""CSAF 2.0 and 2.1 documents: a report for each vulnerability.

It is about the first package that is affected; the others are named as left out.

Every category is read, the 2.1 profile `csaf_vulnerability_report` too. What is not
checked: the schema and the mandatory tests; a document is read as far as it goes.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from packageurl import PackageURL

from fairlead.formats.incoming.reading import (
    Draft,
    Hints,
    Json,
    Reading,
    at,
    list_at,
    text_at,
)

AFFECTED = ("known_affected", "first_affected", "last_affected", "under_investigation")
_DEPTH = 40


def read(value: object, _content: bytes, hints: Hints) -> Sequence[Reading]:
    """Return a reading for each package of each vulnerability."""
    version = text_at(value, "document", "csaf_version")
    if version not in {"2.0", "2.1"}:
        return [Reading(why=f"CSAF {version!r}; 2.0 and 2.1 are read")]
    if text_at(value, "document", "category") == "csaf_withdrawn":
        return [Reading(why="it was withdrawn", ignored=True)]
    products = dict(_products(value))
    readings: list[Reading] = []
    for place, found in enumerate(list_at(value, "vulnerabilities")):
        where = f"vulnerabilities[{place}]"
        readings.append(_reading(where, value, found, products, hints))
    return readings


def _reading(
    where: str, document: object, found: object, products: dict[str, Json], hints: Hints
) -> Reading:
    title = text_at(found, "title") or text_at(document, "document", "title")
    title = f"{text_at(found, 'cve')} {title}".strip()
    status = at(found, "product_status")
    ids = [i for kind in AFFECTED for i in list_at(status, kind)]
    if isinstance(status, dict) and status and not ids:
        why = "it names no product as affected"
        return Reading(place=where, title=title, why=why, ignored=True)
    packages: dict[str, list[str]] = {}
    for name in ids:
        product = products.get(name) if isinstance(name, str) else None
        for purl, version in _purls(product):
            packages.setdefault(purl, []).extend([version] if version else [])
    draft = Draft(hints)
    first, *others = packages or [""]
    draft.name_package(first or None, "", "")
    if first.startswith("pkg:generic/"):
        draft.left_out.append(f"no product has a purl: reported as {first}")
    draft.left_out += [f"also affected: {purl}"[:200] for purl in others]
    draft.put_list("versions", packages.get(first, ()), most=64, size=64)
    draft.identify([text_at(found, "cve")])
    for other in list_at(found, "ids"):
        name = f"{text_at(other, 'system_name')} {text_at(other, 'text')}"
        draft.left_out.append(f"identifier {name[:100]}")
    links = [text_at(r, "url") for r in list_at(found, "references")]
    links += [text_at(r, "url") for r in list_at(document, "document", "references")]
    links = [u for u in links if u.startswith(("https://", "http://"))]
    draft.put_list("references", links, most=16, size=512)
    _assess(draft, found)
    _origin(draft, document, found)
    draft.put("discovery_method", "upstream-report")
    draft.attach("report.md", "\n\n".join(_prose(title, document, found)))
    draft.attach_source("vulnerability.csaf.json", found)
    return draft.reading(where, title)


def _assess(draft: Draft, found: object) -> None:
    cwe = text_at(found, "cwe", "id") or text_at(found, "cwes", 0, "id")
    draft.weigh(cwe=cwe)
    for metric in list_at(found, "metrics"):  # 2.1
        content = at(metric, "content")
        draft.weigh(cvss=at(content, "cvss_v4", "vectorString"))
        for version in ("cvss_v4", "cvss_v3"):
            draft.weigh(score=at(content, version, "baseSeverity"))
    for score in list_at(found, "scores"):  # 2.0
        draft.weigh(cvss=at(score, "cvss_v3", "vectorString"))
        draft.weigh(score=at(score, "cvss_v3", "baseSeverity"))


def _origin(draft: Draft, document: object, found: object) -> None:
    """Carry who found it word for word, who conveys it, and where it comes from."""
    thanked = list_at(found, "acknowledgments")
    thanked = thanked or list_at(document, "document", "acknowledgments")
    finders = []
    for thanks in thanked:
        names = [n for n in list_at(thanks, "names") if isinstance(n, str)]
        organisation = text_at(thanks, "organization")
        if names and organisation:
            finders += [f"{name} ({organisation})" for name in names]
        else:
            finders += names or [organisation]
    if any(finders):
        draft.provenance["finders"] = [name for name in finders if name]
    publisher = text_at(document, "document", "publisher", "name")
    if publisher:
        draft.provenance["reporters"] = [publisher]
    own = [
        text_at(reference, "url")
        for reference in list_at(document, "document", "references")
        if text_at(reference, "category") == "self"
    ]
    tracking = text_at(document, "document", "tracking", "id")
    if any(own):
        draft.provenance["origins"] = [url for url in own if url]
    elif tracking:
        draft.left_out.append(f"tracking id {tracking[:100]} without an address")
    label = text_at(document, "document", "distribution", "tlp", "label")
    if label and label not in {"CLEAR", "WHITE"}:
        draft.provenance["embargo"] = f"TLP:{label}"


def _prose(title: str, document: object, found: object) -> Iterator[str]:
    yield f"# {title}"
    notes = list_at(found, "notes") or list_at(document, "document", "notes")
    for note in notes:
        said = text_at(note, "text")
        if said and text_at(note, "category") != "legal_disclaimer":
            yield f"## {text_at(note, 'title') or text_at(note, 'category')}\n\n{said}"


def _products(document: object) -> Iterator[tuple[str, Json]]:
    """Return every product by its id, with the branches it hangs on."""
    tree = at(document, "product_tree")
    for product in list_at(tree, "full_product_names"):
        yield text_at(product, "product_id"), {"product": product, "path": {}}
    yield from _branches(list_at(tree, "branches"), {}, _DEPTH)
    for relation in list_at(tree, "relationships"):
        product = at(relation, "full_product_name")
        yield text_at(product, "product_id"), {"product": product, "path": {}}


def _branches(
    branches: Sequence[object], path: dict[str, str], depth: int
) -> Iterator[tuple[str, Json]]:
    for branch in branches if depth else ():
        here = {**path, text_at(branch, "category"): text_at(branch, "name")}
        product = at(branch, "product")
        if product is not None:
            yield text_at(product, "product_id"), {"product": product, "path": here}
        yield from _branches(list_at(branch, "branches"), here, depth - 1)


def _purls(product: Json | None) -> Iterator[tuple[str, str]]:
    """Return the packages of a product, without their version, and the version."""
    if product is None:
        return
    help_ = at(product, "product", "product_identification_helper")
    written = [text_at(help_, "purl"), *list_at(help_, "purls")]
    found = False
    for one in written:
        try:
            purl = PackageURL.from_string(one) if isinstance(one, str) and one else None
        except ValueError:
            purl = None
        if purl is not None:
            found = True
            bare = PackageURL(purl.type, purl.namespace, purl.name)
            yield bare.to_string(), purl.version or ""
    if found:
        return
    path = product["path"]
    vendor, name = path.get("vendor"), path.get("product_name")
    name = name or text_at(product, "product", "name")
    if name:
        generic = PackageURL("generic", vendor or None, name).to_string()
        yield generic, path.get("product_version", "")
