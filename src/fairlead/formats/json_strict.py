"""JSON from strangers: bounded, exactly one document, no key twice.

A general decoder takes the last of two equal keys, recurses as deep as it is told to and
makes numbers of any length; what two readers understand differently can be used to show
each something else. So this one comes first, and decoders to types after it.
"""

from __future__ import annotations

import json
import re
from typing import Any, Never

from fairlead.errors import Malformed, TooLarge, Violation

DIGITS = 32
"""Digits that a number may have."""

_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"?|[\[\]{}]', re.DOTALL)
_SURROGATE = re.compile("[\ud800-\udfff]")


def read(document: bytes, *, max_bytes: int, max_depth: int) -> Any:  # noqa: ANN401 - any JSON
    """Return the value of the one JSON document in *document* (RFC 8259).

    Raises:
        TooLarge: more than *max_bytes*.
        Malformed: not UTF-8, not one document, nested deeper than *max_depth*, a key
            twice in one object, a number of more than `DIGITS` digits, NaN or infinity,
            or half of a surrogate pair.

    """
    if len(document) > max_bytes:
        raise TooLarge(f"{len(document)} bytes; at most {max_bytes} are taken")
    try:
        text = document.decode("utf-8")
    except UnicodeDecodeError as error:
        raise _malformed(f"not UTF-8 at byte {error.start}") from error
    _check_depth(document, max_depth)
    try:
        value = json.loads(
            text,
            object_pairs_hook=_object,
            parse_int=_integer,
            parse_float=_float,
            parse_constant=_constant,
        )
    except json.JSONDecodeError as error:
        raise _malformed(
            f"not one JSON document: {error.msg} at line {error.lineno},"
            f" column {error.colno}"
        ) from error
    except RecursionError as error:  # pragma: no cover - the depth is checked before
        raise _malformed("nested too deep") from error
    if "\\u" in text:
        _check_surrogates(value, "")
    return value


def _check_depth(document: bytes, max_depth: int) -> None:
    """Count brackets outside strings; in linear time, whatever stands there."""
    depth = 0
    for token in _TOKENS.finditer(document):
        first = document[token.start()]
        if first in b"[{":
            depth += 1
            if depth > max_depth:
                raise _malformed(
                    f"nested deeper than {max_depth} levels at byte {token.start()}"
                )
        elif first in b"]}":
            depth -= 1


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise _malformed(f"the key {_shown(twice)} stands twice in one object", twice)
    return found


def _integer(written: str) -> int:
    if len(written) > DIGITS:
        raise _malformed(f"a number of {len(written)} digits; at most {DIGITS}")
    return int(written)


def _float(written: str) -> float:
    if len(written) > DIGITS:
        raise _malformed(f"a number of {len(written)} characters; at most {DIGITS}")
    number = float(written)
    if number in {float("inf"), float("-inf")}:
        raise _malformed("a number too large")
    return number


def _constant(written: str) -> Never:
    raise _malformed(f"{written} is no JSON number")


def _check_surrogates(value: object, where: str) -> None:
    match value:
        case str() if _SURROGATE.search(value):
            raise _malformed("half of a surrogate pair", where)
        case dict():
            for name, inner in value.items():
                _check_surrogates(name, where)
                _check_surrogates(inner, f"{where}.{name}" if where else name)
        case list():
            for place, inner in enumerate(value):
                _check_surrogates(inner, f"{where}[{place}]")


def _malformed(said: str, field: str = "") -> Malformed:
    violations = [Violation("malformed", _shown(field), said)] if field else []
    return Malformed(said, violations)


def _shown(text: str) -> str:
    """Return a name from outside, short and printable."""
    return ascii(text[:64])[1:-1]
