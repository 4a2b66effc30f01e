"""Package URLs (https://github.com/package-url/purl-spec), read and written exactly.

`packageurl-python` does the work; what its specification's test suite finds wrong with
version 0.17 is mended here, and nowhere else:

1. `/` in the value of a qualifier is written as `%2F`.
2. Names of brew and git are written small; a git name has all steps after the host.
3. A key of a qualifier that begins with a capital letter is refused by `read`; `canonical`
   of `normalised` writes it small, as the suite wants of validation.
4. What a type prohibits, requires or permits is checked (`_RULES`).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from packageurl import PackageURL

from fairlead.errors import Invalid, Violation

MAX = 4096
"""Characters that a package URL may have."""

_SMALL = frozenset({"brew", "git"})
_CHROME_NAME = re.compile(r"[a-p]{32}")
_CHROME_VERSION = re.compile(r"\d+(?:\.\d+){0,3}")
_MODULE = "::"

Rule = Callable[[PackageURL], str]


def _chrome(purl: PackageURL) -> str:
    if not _CHROME_NAME.fullmatch(purl.name):
        return "the name of an extension is 32 letters from a to p"
    if purl.version and not _CHROME_VERSION.fullmatch(purl.version):
        return "the version of an extension is one to four numbers"
    return ""


def _cpan(purl: PackageURL) -> str:
    return "name the distribution, not a module" if _MODULE in purl.name else ""


def _julia(purl: PackageURL) -> str:
    return "" if "uuid" in (purl.qualifiers or {}) else "add the qualifier uuid"


def _no_namespace(purl: PackageURL) -> str:
    return "this type has no namespace" if purl.namespace else ""


def _namespace(purl: PackageURL) -> str:
    return "" if purl.namespace else "this type needs a namespace"


def _swift(purl: PackageURL) -> str:
    if "/" in (purl.namespace or ""):
        return ""
    return "the namespace is host and owner: pkg:swift/github.com/owner/name"


_RULES: dict[str, Rule] = {
    "chrome-extension": _chrome,
    "cpan": _cpan,
    "julia": _julia,
    "oci": _no_namespace,
    "otp": _no_namespace,
    "swift": _swift,
    "vcpkg": _no_namespace,
    "vscode-extension": _namespace,
}
"""What a type asks beyond what every package URL must have."""


def read(written: str) -> PackageURL:
    """Return the package URL in *written*, in its canonical parts.

    Raises:
        Invalid: it is none; the reason is named.

    """
    qualifiers = written.partition("#")[0].partition("?")[2]
    for pair in qualifiers.split("&"):
        if pair[:1].isupper():
            raise _invalid(f"the qualifier {pair.partition('=')[0]!r} is written small")
    return normalised(written)


def normalised(written: str) -> PackageURL:
    """Return what *written* most likely means, capitals in keys aside.

    Raises:
        Invalid: it is no package URL; the reason is named.

    """
    if len(written) > MAX:
        raise _invalid(f"a package URL of {len(written)} characters; at most {MAX}")
    try:
        return _checked(PackageURL.from_string(written))
    except (ValueError, TypeError, AttributeError, UnicodeError) as error:
        raise _invalid(str(error) or "no package URL") from error


def build(  # noqa: PLR0913 - one value a part
    kind: str,
    name: str | None,
    *,
    namespace: str | None = None,
    version: str | None = None,
    qualifiers: Mapping[str, str] | None = None,
    subpath: str | None = None,
) -> PackageURL:
    """Return a package URL of these parts.

    Raises:
        Invalid: they are none together.

    """
    given: dict[str, Any] = {
        "type": kind,
        "namespace": namespace,
        "name": name,
        "version": version,
        "qualifiers": dict(qualifiers) if qualifiers else None,
        "subpath": subpath,
    }
    try:
        return _checked(PackageURL(**given))
    except (ValueError, TypeError, AttributeError, UnicodeError) as error:
        raise _invalid(str(error) or "no package URL") from error


def parse(written: str) -> PackageURL | None:
    """Return the package URL in *written*; nothing where it is none."""
    try:
        return read(written)
    except Invalid:
        return None


def fault(written: str) -> str:
    """Return what is wrong with a package URL; nothing where nothing is."""
    try:
        read(written)
    except Invalid as error:
        return str(error)
    return ""


def canonical(purl: PackageURL) -> str:
    """Return *purl* in its canonical form."""
    plain = purl
    if purl.type == "git" and "/" in purl.name:
        steps = "/".join(filter(None, [purl.namespace, purl.name]))
        namespace, _, name = steps.rpartition("/")
        plain = purl._replace(namespace=namespace, name=name)
    text = plain.to_string()
    head, question, rest = text.partition("?")
    qualifiers, hash_, subpath = rest.partition("#")
    return head + question + qualifiers.replace("/", "%2F") + hash_ + subpath


def without_version(purl: PackageURL) -> PackageURL:
    """Return *purl* as the package, whatever its version."""
    return purl._replace(version=None)


def _checked(purl: PackageURL) -> PackageURL:
    if purl.type in _SMALL:
        namespace = purl.namespace.lower() if purl.namespace else None
        purl = purl._replace(namespace=namespace, name=purl.name.lower())
    if purl.type == "git" and purl.namespace and "/" in purl.namespace:
        host, _, steps = purl.namespace.partition("/")
        purl = purl._replace(namespace=host, name=f"{steps}/{purl.name}")
    rule = _RULES.get(purl.type)
    wrong = rule(purl) if rule else ""
    if wrong:
        raise _invalid(wrong)
    return purl


def _invalid(said: str) -> Invalid:
    return Invalid(said, [Violation("invalid_purl", "purl", said)])
