"""What package registries tell of a package: who publishes it, and in which words.

One table for all of them. From an answer only three things are taken: short texts that
whoever publishes a release chooses (no description of any length, into which the words of
others find their way), mail addresses of accounts that may publish, where the registry
itself has them, and the address of the repository.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from packageurl import PackageURL

from fairlead.formats import json_strict

MAX_BYTES = 8 * 1024 * 1024
"""Of an answer; npm sends every version that there ever was."""
TEXT = 1_000
"""Characters of one text that are looked at."""
TEXTS = 500
DEPTH = 32

Path = tuple[str, ...]
"""Keys from the top; `*` stands for each element of a list or value of an object, and
`@latest` for the value under the name of the newest version."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Registry:
    """Where one registry answers, and what of the answer counts."""

    path: str
    """What follows its address; `{name}` and `{namespace}` are put in."""
    texts: tuple[Path, ...]
    accounts: tuple[Path, ...] = ()
    """Mail addresses that the registry has of accounts that may publish."""
    repository: tuple[Path, ...] = ()
    latest: Path = ()
    """Where the name of the newest version stands, if `@latest` is used."""


REGISTRIES: dict[str, Registry] = {
    # PyPI's JSON API. The addresses of an author are what a publisher typed, often of a
    # list that everybody reads; so they are no account.
    "pypi": Registry(
        path="/pypi/{name}/json",
        texts=(
            ("info", "summary"),
            ("info", "keywords"),
            ("info", "project_urls", "*"),
        ),
        repository=(
            ("info", "project_urls", "Source"),
            ("info", "project_urls", "Repository"),
            ("info", "project_urls", "Source Code"),
            ("info", "project_urls", "source"),
            ("info", "project_urls", "repository"),
        ),
    ),
    # https://github.com/npm/registry/blob/main/docs/responses/package-metadata.md
    "npm": Registry(
        path="/{full}",
        texts=(
            ("versions", "@latest", "description"),
            ("versions", "@latest", "keywords", "*"),
        ),
        accounts=(("maintainers", "*", "email"),),
        repository=(("repository", "url"), ("repository",)),
        latest=("dist-tags", "latest"),
    ),
    # The API of crates.io.
    "cargo": Registry(
        path="/api/v1/crates/{name}",
        texts=(("crate", "description"), ("crate", "keywords", "*")),
        repository=(("crate", "repository"),),
    ),
    # The API of RubyGems, version 1.
    "gem": Registry(
        path="/api/v1/gems/{name}.json",
        texts=(("info",), ("metadata", "*")),
        repository=(("source_code_uri",),),
    ),
    # The API of Packagist.
    "composer": Registry(
        path="/packages/{namespace}/{name}.json",
        texts=(("package", "description"),),
        repository=(("package", "repository"),),
    ),
}
"""By the type of package URLs."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a registry tells of one package."""

    texts: tuple[str, ...] = ()
    accounts: tuple[str, ...] = ()
    repository: str = ""


def address(purl: str, homes: Mapping[str, str]) -> str | None:
    """Return where the registry tells of a package; nothing where none is known.

    *homes* are the addresses of registries by type, as the operator named them.
    """
    parsed = PackageURL.from_string(purl)
    registry, home = REGISTRIES.get(parsed.type), homes.get(parsed.type)
    if registry is None or home is None:
        return None
    name, space = quote(parsed.name, safe=""), quote(parsed.namespace or "", safe="@")
    # npm wants the slash after a scope escaped, and the @ before it not.
    full = f"{space}%2F{name}" if space else name
    path = registry.path.format(name=name, namespace=space, full=full)
    return home.rstrip("/") + path


def read(purl: str, answer: bytes) -> Listing:
    """Return what stands in the answer of the registry of *purl*.

    Raises:
        Invalid: it is no JSON, or too large.

    """
    registry = REGISTRIES[PackageURL.from_string(purl).type]
    document = json_strict.read(answer, max_bytes=MAX_BYTES, max_depth=DEPTH)
    latest = (
        next(_texts(document, [registry.latest], ""), "") if registry.latest else ""
    )
    repository = next(_texts(document, registry.repository, latest), "")
    return Listing(
        texts=tuple(_texts(document, registry.texts, latest))[:TEXTS],
        accounts=tuple(_texts(document, registry.accounts, latest))[:TEXTS],
        repository=repository.removeprefix("git+").removesuffix(".git"),
    )


def _texts(document: object, paths: Sequence[Path], latest: str) -> Iterator[str]:
    for path in paths:
        for found in _at(document, path, latest):
            if isinstance(found, str) and found:
                yield found[:TEXT]


def _at(found: object, path: Path, latest: str) -> Iterator[object]:
    if not path:
        yield found
        return
    key, rest = path[0], path[1:]
    if key == "*":
        inner: Sequence[object] = ()
        if isinstance(found, dict):
            inner = list(found.values())
        elif isinstance(found, list):
            inner = found
        for one in inner[:TEXTS]:
            yield from _at(one, rest, latest)
    elif isinstance(found, dict):
        name = latest if key == "@latest" else key
        if name in found:
            yield from _at(found[name], rest, latest)
