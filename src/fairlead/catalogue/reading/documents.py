"""JSON from feeds: decoded once, held against its publisher's schema, faults pointed at.

`formats.json_strict` is for strangers' reports and names every fault of syntax by its
place; here a million documents pass, so the interpreter's own scanner does the reading,
with what two readers could understand differently refused all the same.
"""

from __future__ import annotations

import json
from functools import cached_property, lru_cache
from importlib.resources import files
from itertools import islice
from typing import Any, Never, TypeVar

import jsonschema_rs
import msgspec

from fairlead.errors import Invalid, Malformed, TooLarge, Violation
from fairlead.formats import schemas

T = TypeVar("T")
Json = dict[str, Any]

MAX_BYTES = 64 * 1024 * 1024
"""Larger documents are put aside."""
MAX_FAULTS = 5
"""Faults of one document that are told."""


def decode(document: bytes, *, max_bytes: int = MAX_BYTES) -> Any:  # noqa: ANN401 - any JSON
    """Return the value of one JSON document.

    Raises:
        TooLarge: more than *max_bytes*.
        Malformed: not UTF-8, not one document, nested too deep, a key twice in one
            object, no finite number, or half of a surrogate pair.

    """
    if len(document) > max_bytes:
        raise TooLarge(f"{len(document)} bytes; at most {max_bytes} are taken")
    try:
        value = msgspec.json.decode(document)
        if _has_every_key(document, value):
            return value
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        pass  # the slower way says what is wrong
    return _decode_slowly(document)


def _has_every_key(document: bytes, value: object) -> bool:
    """Tell whether no key stands twice: what was lost would have had a colon.

    Colons within strings are the same in both, unless some are written as escapes.
    """
    if b"\\u003" in document:
        return False
    return document.count(b":") == msgspec.json.encode(value).count(b":")


def _decode_slowly(document: bytes) -> Any:  # noqa: ANN401 - any JSON
    try:
        text = document.decode("utf-8-sig")
        value = _scan(text)
    except UnicodeDecodeError as error:
        raise Malformed(f"not UTF-8 at byte {error.start}") from error
    except json.JSONDecodeError as error:
        said = f"not one JSON document: {error.msg}"
        raise Malformed(
            f"{said} at line {error.lineno}, column {error.colno}"
        ) from error
    except RecursionError as error:
        raise Malformed("nested too deep") from error
    except ValueError as error:  # a number of more digits than the interpreter takes
        raise Malformed(str(error)) from error
    if "\\ud" in text or "\\uD" in text:
        refuse_half_characters(value)
    return value


def _object(pairs: list[tuple[str, Any]]) -> Json:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise Malformed(f"the key {twice[:64]!a} stands twice in one object")
    return found


def _constant(written: str) -> Never:
    raise Malformed(f"{written} is no JSON number")


_scan = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant).decode


def refuse_half_characters(value: object) -> None:
    """Raise `Malformed` where a text holds what cannot be written as UTF-8."""
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as error:
        raise Malformed("half of a surrogate pair") from error


# --- Schemas ----------------------------------------------------------------------


@lru_cache
def schema(name: str) -> Json:
    """Return a publisher's JSON schema."""
    text = files("fairlead.catalogue").joinpath("schemas", f"{name}.json")
    found: Json = json.loads(text.read_text("utf-8"))
    return found


class Shape:
    """A publisher's schema, to hold many values against."""

    def __init__(self, whole: Json, **options: Any) -> None:  # noqa: ANN401 - a library's
        """Take a schema; *options* are those of jsonschema-rs."""
        self._whole, self._options = whole, options
        self._quick = jsonschema_rs.validator_for(schemas.quick(whole), **options)

    def hold(self, value: object) -> None:
        """Make sure that *value* fits.

        Raises:
            Invalid: it does not; the first faults are named with their JSON pointers.

        """
        if self._quick.is_valid(value):
            return
        faults = [
            Violation("schema", pointer(error.instance_path), error.message[:300])
            for error in islice(self._published.iter_errors(value), MAX_FAULTS)
        ]
        raise Invalid("does not fit its schema", faults)

    @cached_property
    def _published(self) -> jsonschema_rs.Validator:
        """Return what tells faults: the schema as it was published."""
        return jsonschema_rs.validator_for(self._whole, **self._options)


def pointer(path: list[str | int]) -> str:
    """Return a JSON pointer (RFC 6901); empty for the whole document."""
    return "".join(
        "/" + str(part).replace("~", "~0").replace("/", "~1") for part in path
    )


def convert(value: object, kind: type[T]) -> T:
    """Return *value* as a typed one.

    Raises:
        Invalid: something has another type than it must; its JSON pointer is named.

    """
    try:
        return msgspec.convert(value, kind, strict=False)
    except msgspec.ValidationError as error:
        said, _, place = str(error).partition(" - at `$")
        place = place.rstrip("`").replace("[", "/").replace("]", "").replace(".", "/")
        raise Invalid(said, [Violation("schema", place, said)]) from error


def invalid(place: str, reason: str) -> Invalid:
    """Return the error for one fault, at a JSON pointer."""
    return Invalid(reason, [Violation("invalid_record", place, reason)])
