"""Lock files of pip, npm, cargo and go: what is installed, with its exact versions."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

from fairlead.errors import Invalid, Malformed, Violation
from fairlead.formats.components import Component, Inventory

Json = dict[str, Any]

_PINNED = re.compile(
    r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*===?\s*"
    r"(?P<version>[^\s;,#\\]+)"
)
_NAMED = re.compile(r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)")
_GO_SUM = re.compile(r"^(?P<name>\S+)\s+v(?P<version>\S+?)(?P<mod>/go\.mod)?\s+h1:\S+$")
_GO_MOD = re.compile(r"^\s*(?:require\s+)?(?P<name>[^\s()]+)\s+v(?P<version>\S+)")


def read(name: str, text: str) -> Inventory | None:
    """Return what the lock file called *name* lists; nothing if it is none.

    Raises:
        Malformed: it is no JSON or TOML, though its name says so.
        Invalid: it has not the shape of what its name says.

    """
    base = name.replace("\\", "/").rpartition("/")[2].lower()
    readers = {
        "package-lock.json": _npm,
        "npm-shrinkwrap.json": _npm,
        "pipfile.lock": _pipfile,
        "poetry.lock": _toml_packages,
        "uv.lock": _toml_packages,
        "cargo.lock": _cargo,
        "go.sum": _go_sum,
        "go.mod": _go_mod,
    }
    reader = readers.get(base)
    if reader is None and re.fullmatch(r"pylock(\.[^.]+)?\.toml", base):
        reader = _toml_packages
    if reader is None and base.endswith(".txt"):
        reader = _requirements
    if reader is None:
        return None
    try:
        found = tuple(reader(text))
    except (ValueError, RecursionError) as error:  # of JSON and TOML alike
        raise Malformed(f"{base} cannot be read: {str(error)[:200]}") from error
    except (AttributeError, TypeError, KeyError) as error:
        said = f"it has not the shape of a {base}"
        raise Invalid(said, [Violation("schema", "", said)]) from error
    return Inventory(format=base, components=found)


def looks_like(document: bytes) -> str:
    """Return the name of the lock file that JSON looks like; empty if it is none."""
    if b'"lockfileVersion"' in document[:4096]:
        return "package-lock.json"
    if b'"_meta"' in document[:4096] and b'"default"' in document:
        return "pipfile.lock"
    return ""


def _component(kind: str, name: str, version: str) -> Component:
    path = name.replace("@", "%40") if kind == "npm" else name
    version = version.strip()
    marked = f"@{version}" if version else ""
    return Component(name=name, version=version, purl=f"pkg:{kind}/{path}{marked}")


def _npm(text: str) -> Iterator[Component]:
    lock: Json = json.loads(text)
    packages = lock.get("packages")
    if packages is not None:
        for path, entry in packages.items():
            name = entry.get("name") or path.rpartition("node_modules/")[2]
            if path and name and not entry.get("link"):
                yield _component("npm", name, str(entry.get("version") or ""))
        return
    ahead = [lock.get("dependencies") or {}]
    while ahead:
        for name, entry in ahead.pop().items():
            yield _component("npm", name, str(entry.get("version") or ""))
            if entry.get("dependencies"):
                ahead.append(entry["dependencies"])


def _pipfile(text: str) -> Iterator[Component]:
    lock: Json = json.loads(text)
    for part in ("default", "develop"):
        for name, entry in (lock.get(part) or {}).items():
            yield _component("pypi", name, (entry.get("version") or "").lstrip("="))


def _toml_packages(text: str) -> Iterator[Component]:
    lock = tomllib.loads(text)
    for entry in (*lock.get("package", ()), *lock.get("packages", ())):
        if not entry.get("source", {}).get("virtual"):
            yield _component("pypi", entry["name"], str(entry.get("version") or ""))


def _cargo(text: str) -> Iterator[Component]:
    for entry in tomllib.loads(text).get("package", ()):
        # What has no source is the project's own.
        if entry.get("source"):
            yield _component("cargo", entry["name"], entry["version"])


def _requirements(text: str) -> Iterator[Component]:
    for line in text.replace("\\\n", " ").splitlines():
        bare = line.strip()
        if pinned := _PINNED.match(bare):
            yield _component("pypi", pinned["name"], pinned["version"])
        elif not bare.startswith(("-", "#")) and (named := _NAMED.match(bare)):
            yield _component("pypi", named["name"], "")


def _go_sum(text: str) -> Iterator[Component]:
    # Lines that end in /go.mod only say that a version was looked at.
    for line in text.splitlines():
        found = _GO_SUM.match(line.strip())
        if found and not found["mod"]:
            yield _component("golang", found["name"], found["version"])


def _go_mod(text: str) -> Iterator[Component]:
    within = False
    for line in text.splitlines():
        bare = line.partition("//")[0].rstrip()
        if bare.startswith("go "):
            yield _component("golang", "stdlib", bare.removeprefix("go ").strip())
        if bare.strip() == ")":
            within = False
        found = _GO_MOD.match(bare) if within or bare.startswith("require ") else None
        if found:
            yield _component("golang", found["name"], found["version"])
        if bare.replace(" ", "") == "require(":
            within = True
