"""Suites as files: TOML that reads back as the same values, always the same bytes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping

import msgspec
from msgspec import Struct

from fairlead.bench.families.values import Instance
from fairlead.bench.suite import SOLUTIONS, SUITE, SUMS, TASK, TASKS, Suite, sums_of


def toml(value: Struct) -> bytes:
    """Return *value* as TOML 1.0; fields that are nothing are left out."""
    builtins = msgspec.to_builtins(value, order="deterministic")
    return "".join(_table(builtins, ())).lstrip("\n").encode()


def instance_files(made: Instance) -> Mapping[str, bytes]:
    """Return the files of one instance, by path in the folder of the suite."""
    name = made.task.id
    return {
        f"{TASKS}/{name}/{TASK}": toml(made.task),
        **{f"{TASKS}/{name}/{path}": data for path, data in made.files.items()},
        f"{SOLUTIONS}/{name}.toml": toml(made.solution),
        **{f"{SOLUTIONS}/{name}/twin/{path}": d for path, d in made.twin.items()},
    }


def sealed_by_sums(suite: Suite, files: Mapping[str, bytes]) -> Mapping[str, bytes]:
    """Return what makes *files* a suite: `suite.toml` and `SHA256SUMS`."""
    head = {SUITE: toml(suite)}
    return {**head, SUMS: sums_of({**files, **head})}


def _table(table: Mapping[str, object], path: tuple[str, ...]) -> Iterator[str]:
    tables: list[tuple[str, object]] = []
    for name, value in table.items():
        if value is None:
            continue
        nested = isinstance(value, dict) or (
            isinstance(value, list | tuple) and value and isinstance(value[0], dict)
        )
        if nested:
            tables.append((name, value))
        else:
            yield f"{_key(name)} = {_value(value)}\n"
    for name, value in tables:
        inside = (*path, name)
        dotted = ".".join(map(_key, inside))
        if isinstance(value, dict):
            yield f"\n[{dotted}]\n"
            yield from _table(value, inside)
        elif isinstance(value, list | tuple):
            for one in value:
                yield f"\n[[{dotted}]]\n"
                yield from _table(one, inside)


def _key(name: str) -> str:
    plain = name.replace("_", "").replace("-", "")
    return name if plain.isalnum() and plain.isascii() else _value(name)


def _value(value: object) -> str:
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, str):
        # TOML has the escapes of JSON, and takes no bare delete sign.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)
