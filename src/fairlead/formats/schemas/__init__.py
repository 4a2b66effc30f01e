"""JSON schemas that others publish, vendored beside this file (see VENDOR.md).

Validated with jsonschema-rs: 1,973 CVE records a second, against 64 of `jsonschema`.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema_rs
import msgspec

Json = dict[str, Any]

CSAF_2_0 = "https://docs.oasis-open.org/csaf/csaf/v2.0/csaf_json_schema.json"
CSAF_2_1 = "https://docs.oasis-open.org/csaf/csaf/v2.1/schema/csaf.json"
CSAF_PROVIDER = "https://docs.oasis-open.org/csaf/csaf/v2.0/provider_json_schema.json"
CSAF_PROVIDER_2_1 = "https://docs.oasis-open.org/csaf/csaf/v2.1/schema/provider.json"
CSAF_EXTENSION = (
    "https://docs.oasis-open.org/csaf/csaf/v2.1/schema/extension-content.json"
)
SSVC = "https://certcc.github.io/SSVC/data/schema/v2/SelectionList_2_0_0.schema.json"
OSV = "https://raw.githubusercontent.com/ossf/osv-schema/main/validation/schema.json"
CVE = "https://cveproject.github.io/cve-schema/schema/CVE_Record_Format.json"
_CVSS = "https://www.first.org/cvss/cvss-v{}.json"

FILES = {
    CSAF_2_0: "csaf-2.0.json",
    CSAF_2_1: "csaf-2.1.json",
    CSAF_PROVIDER: "csaf-provider-2.0.json",
    CSAF_PROVIDER_2_1: "csaf-provider-2.1.json",
    CSAF_EXTENSION: "csaf-extension-content-2.1.json",
    CSAF_EXTENSION.replace(
        "content", "metaschema"
    ): "csaf-extension-metaschema-2.1.json",
    SSVC: "ssvc-selection-list-2.0.0.json",
    OSV: "osv.json",
    CVE: "cve-5.1.1.json",
    **{
        _CVSS.format(version): f"cvss-v{version}.json"
        for version in ("2.0", "3.0", "3.1", "4.0")
    },
}
"""Address of a schema, and the file it is in."""

LENGTH = 300
"""Characters of a message, at most: it may quote the document."""
_SHORT = 2
"""Numbers of a list that are tried one after the other."""
_VALUES = frozenset({"const", "default", "enum", "examples"})
"""Keywords that hold values, and no schemas."""
_DIALECTS = ("http://json-schema.org/", "https://json-schema.org/")


@dataclass(frozen=True, slots=True)
class Fault:
    """What breaks a schema, and where."""

    pointer: str
    message: str


def violations(
    schema: str, instance: object, *, strict: bool = False
) -> Iterator[Fault]:
    """Yield everything in *instance* that breaks the schema at that address.

    Formats such as date-time and uri are asserted. With *strict* a property that the
    schema does not name is a fault, whatever the schema allows.
    """
    validator = _validator(schema, strict=strict)
    if validator.is_valid(instance):
        return
    for error in validator.iter_errors(instance):
        yield from _faults(error)


def _faults(error: Any) -> Iterator[Fault]:  # noqa: ANN401 - of jsonschema-rs
    """Yield what is wrong; of alternatives that all fail, those of the closest one."""
    alternatives = getattr(error.kind, "context", None)
    if alternatives:
        closest = min(alternatives, key=_distance)
        for inner in closest:
            yield from _faults(inner)
        return
    pointer = "".join(f"/{_escaped(str(step))}" for step in error.instance_path)
    yield Fault(pointer, _short(error.message))


def _distance(errors: Any) -> tuple[int, int]:  # noqa: ANN401 - of jsonschema-rs
    """Tell how far an alternative is from what was meant: not at all if errors are deep."""
    depths = [len(list(error.instance_path)) for error in errors]
    return (-min(depths, default=0), len(depths))


def quick(schema: Json) -> Json:
    """Return a schema that takes exactly what *schema* takes, and sooner.

    A list of numbers, as CVSS has them of all its scores, is searched from its beginning:
    of 150 µs that a CVE record took, 120 went into these. Here each is cut in two until
    it is short. What is told of a fault is less: tell it with the schema as published.
    """
    halved = _halved(schema)
    kept = {n: part for n, part in schema.items() if not halved or n != "enum"}
    return {
        name: part if name in _VALUES else _quick(part) for name, part in kept.items()
    } | halved


def _quick(part: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(part, list):
        return [_quick(inner) for inner in part]
    return quick(part) if isinstance(part, dict) else part


def _halved(schema: Json) -> Json:
    """Return what stands in place of a long list of numbers, if there is one."""
    numbers = schema.get("enum")
    alone = {"if", "then", "else"}.isdisjoint(schema)
    if not isinstance(numbers, list) or len(numbers) <= _SHORT or not alone:
        return {}
    if any(type(number) not in {int, float} for number in numbers):
        return {}
    return _half(sorted(numbers))


def _half(numbers: list[float]) -> Json:
    if len(numbers) <= _SHORT:
        return {"enum": numbers}
    middle = len(numbers) // 2
    return {
        "type": "number",
        "if": {"maximum": numbers[middle - 1]},
        "then": _half(numbers[:middle]),
        "else": _half(numbers[middle:]),
    }


def load(name: str) -> Json:
    """Return the vendored file called *name*."""
    return load_bytes((files(__name__) / name).read_bytes())


def load_bytes(document: bytes) -> Json:
    """Return the schema in *document*; a dialect that nobody else knows is left out."""
    schema: Json = msgspec.json.decode(document)
    if not str(schema.get("$schema", "")).startswith(_DIALECTS):
        # A schema of the 2020-12 dialect with its own name for it.
        schema["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    return schema


def validator_for(schema: Json, *, strict: bool = False) -> Any:  # noqa: ANN401 - of jsonschema-rs
    """Return what validates with *schema*, which may refer to any that is vendored."""
    return jsonschema_rs.validator_for(
        schema, registry=_registry(strict=strict), validate_formats=True
    )


@cache
def _resources(*, strict: bool) -> dict[str, Json]:
    resources = {}
    for address, name in FILES.items():
        schema = load(name)
        schema.pop("id", None)
        schema["$id"] = address
        resources[address] = _strict(schema) if strict else schema
    return resources


@cache
def _registry(*, strict: bool) -> Any:  # noqa: ANN401 - of jsonschema-rs
    return jsonschema_rs.Registry(list(_resources(strict=strict).items()))


@cache
def _validator(address: str, *, strict: bool) -> Any:  # noqa: ANN401 - of jsonschema-rs
    return validator_for(_resources(strict=strict)[address], strict=strict)


def _strict(schema: Json) -> Json:
    """Return *schema* refusing every property that it does not name."""
    schema = copy.deepcopy(schema)
    waiting: list[Any] = [schema]
    while waiting:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node
        if not isinstance(node, dict):
            continue
        waiting += node.values()
        if node.get("type") != "object" or "properties" not in node:
            continue
        if "unevaluatedProperties" not in node:
            node.setdefault("additionalProperties", False)
    return schema


def _escaped(step: str) -> str:
    return step.replace("~", "~0").replace("/", "~1")


def _short(message: str) -> str:
    return message if len(message) <= LENGTH else f"{message[: LENGTH - 1]}…"
