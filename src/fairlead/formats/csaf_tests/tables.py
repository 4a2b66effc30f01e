"""Facts that tests look up, from lists that others keep (see data/VENDOR.md)."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import msgspec


def _read(name: str) -> Any:  # noqa: ANN401 - each list has its own shape
    return msgspec.json.decode((files(__package__) / "data" / name).read_bytes())


@cache
def cwe() -> dict[str, Any]:
    """Return every weakness: its names by version, and whether it may be used."""
    found: dict[str, Any] = _read("cwe.json")
    return found


@cache
def licences() -> dict[str, frozenset[str]]:
    """Return the licence identifiers of SPDX and ScanCode, and which are deprecated."""
    return {name: frozenset(found) for name, found in _read("licences.json").items()}


@cache
def ssvc() -> dict[str, dict[str, dict[str, list[str]]]]:
    """Return the values of each decision point: namespace, key, version, values."""
    found: dict[str, dict[str, dict[str, list[str]]]] = _read("ssvc.json")
    return found


@cache
def id_systems() -> dict[str, str]:
    """Return the registered systems of vulnerability ids, each with its pattern."""
    found: dict[str, str] = _read("id_systems.json")
    return found


@cache
def translations() -> dict[str, dict[str, str]]:
    """Return the terms with a fixed wording, by language."""
    found: dict[str, dict[str, str]] = _read("translations.json")
    return found


@cache
def extensions() -> dict[str, dict[str, Any]]:
    """Return what is known of extensions: by address, their schema and metadata."""
    return {item["content"]["$id"]: item for item in _read("extensions.json")}


@cache
def languages() -> dict[str, frozenset[str]]:
    """Return the subtags of languages that IANA lists, by kind, in small letters."""
    found = _read("languages.json")
    return {
        kind: frozenset(tag.lower() for tag in tags) for kind, tags in found.items()
    }
