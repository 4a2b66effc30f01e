"""Whether a CycloneDX document fits the schema of its version; what does not is told."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs

MAX_BYTES = 16 * 1024 * 1024
"""Larger documents are read without being held against the schema."""
MAX_FAULTS = 5

Json = dict[str, Any]


def faults(document: bytes, version: str) -> tuple[str, ...]:
    """Return the first faults of a document, each with its JSON pointer."""
    if len(document) > MAX_BYTES:
        return (f"over {MAX_BYTES} bytes: not held against its schema",)
    try:
        value = json.loads(document)
    except (ValueError, RecursionError) as error:
        return (f"not held against its schema: {error}",)
    validator = _validator(version)
    if validator.is_valid(value):
        return ()
    found = []
    for fault in validator.iter_errors(value):
        place = "".join(f"/{part}" for part in fault.instance_path)
        found.append(f"{place or '/'}: {fault.message[:200]}")
        if len(found) == MAX_FAULTS:
            break
    return tuple(found)


@cache
def _validator(version: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(
        _load(f"bom-{version}"), retriever=_elsewhere, validate_formats=True
    )


def _elsewhere(address: str) -> Json:
    """Return a schema that another refers to; all of them are here."""
    for name in ("spdx", "jsf-0.82", "cryptography-defs"):
        if name in address:
            return _load(name)
    return {}


@cache
def _load(name: str) -> Json:
    read: Json = json.loads(files(__name__).joinpath(f"{name}.json").read_text("utf-8"))
    return read
