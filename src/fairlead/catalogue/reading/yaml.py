"""YAML as some databases of OSV records are kept: plain data, nothing else.

Anchors and aliases are refused, because a few lines of them can stand for gigabytes,
and so are tags, because they name types. Dates stay text, as JSON has them.
"""

from __future__ import annotations

from typing import Any

import yaml
from yaml import MappingNode, Node, ScalarNode, SequenceNode

from fairlead.catalogue.reading.documents import MAX_BYTES, refuse_half_characters
from fairlead.errors import Malformed, TooLarge

MAX_DEPTH = 64
_PLAIN = {"null", "bool", "int", "float", "str", "timestamp"}
_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def decode(document: bytes, *, max_bytes: int = MAX_BYTES) -> Any:  # noqa: ANN401 - any data
    """Return the value of one YAML document.

    Raises:
        TooLarge: more than *max_bytes*.
        Malformed: not YAML, more than plain data, nested too deep, or a key twice.

    """
    if len(document) > max_bytes:
        raise TooLarge(f"{len(document)} bytes; at most {max_bytes} are taken")
    try:
        _refuse_more_than_data(document)
        node = yaml.compose(document, Loader=_LOADER)
    except (yaml.YAMLError, UnicodeError, RecursionError, ValueError) as error:
        said = " ".join(str(error).split())[:200]
        raise Malformed(f"not one YAML document: {said}") from error
    value = None if node is None else _value(node)
    refuse_half_characters(value)
    return value


def _refuse_more_than_data(document: bytes) -> None:
    """Look at the events before anything is built."""
    depth = 0
    for event in yaml.parse(document, Loader=_LOADER):
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None):
            raise Malformed("anchors and aliases are not taken")
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
            if depth > MAX_DEPTH:
                raise Malformed(f"nested deeper than {MAX_DEPTH} levels")
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1


def _value(node: Node) -> Any:  # noqa: ANN401 - any data
    if isinstance(node, MappingNode):
        return _mapping(node)
    if isinstance(node, SequenceNode):
        return [_value(inner) for inner in node.value]
    return _scalar(node)


def _mapping(node: MappingNode) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, inner in node.value:
        if not isinstance(key, ScalarNode):
            raise Malformed("a key that is no text")
        if key.value in found:
            raise Malformed(f"the key {key.value[:64]!a} stands twice in one mapping")
        found[key.value] = _value(inner)
    return found


def _scalar(node: Node) -> Any:  # noqa: ANN401 - any data
    kind = node.tag.rpartition(":")[2]
    if kind not in _PLAIN:
        raise Malformed(f"a value of the type {kind[:40]!a}")
    text: str = node.value
    try:
        match kind:
            case "null":
                return None
            case "bool":
                return text.lower() in {"true", "yes", "on"}
            case "int":
                return int(text)
            case "float":
                return float(text)
    except ValueError:
        return text
    return text
