"""`multipart/mixed` from strangers: bounded, strict, read as it arrives (RFC 2046, 5.1).

Two readers that disagree about where a part ends, or which of two headers counts, can be
shown different reports. So lines end in CR LF and nothing else, no header continues on a
second line, and what is malformed is refused instead of guessed at. What stands before
the first boundary and after the last is passed over, as the standard says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from fairlead.errors import BadEnvelope

PARTS = 64
"""Parts of a body, at most."""
HEAD = 16 * 1024
"""Bytes of the headers of one part, at most."""
HEADERS = 32
"""Headers of one part, at most."""
PREAMBLE = 16 * 1024
"""Bytes before the first boundary, at most."""

_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,\-./:=? ]{0,69}[0-9A-Za-z'()+_,\-./:=?]")
_WORD = r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
_HEADER = re.compile(rf"({_WORD}):([^\r\n]*)")
_PARAMETER = re.compile(
    rf'[ \t]*;[ \t]*({_WORD})=(?:({_WORD})|"((?:[^"\\\r\n]|\\[^\r\n])*)")'
)
_QUOTED_PAIR = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Value:
    """A header value with parameters, such as `attachment; name=report`."""

    main: str
    """In small letters."""
    parameters: tuple[tuple[str, str], ...] = ()
    """Names in small letters, in order; a name may stand there twice."""

    def get(self, name: str) -> str | None:
        """Return the first parameter called *name*."""
        return next((v for n, v in self.parameters if n == name), None)


@dataclass(frozen=True, slots=True)
class Part:
    """One part: its headers, names in small letters, and its bytes."""

    headers: tuple[tuple[str, str], ...]
    """Values as sent; bytes that are no UTF-8 are lone surrogates (PEP 383)."""
    content: bytes

    def get(self, name: str) -> str | None:
        """Return the first header called *name*."""
        return next((v for n, v in self.headers if n == name), None)


def value_of(written: str) -> Value:
    """Read a header value with parameters (RFC 9110, 5.6.6).

    Raises:
        BadEnvelope: something in it is no parameter.

    """
    main, semicolon, rest = written.partition(";")
    rest = semicolon + rest
    found: list[tuple[str, str]] = []
    at = 0
    while at < len(rest):
        match = _PARAMETER.match(rest, at)
        if match is None:
            if rest[at:].strip(" \t"):
                raise BadEnvelope("a header's parameters cannot be read")
            break
        name, token, quoted = match.groups()
        value = token if quoted is None else _QUOTED_PAIR.sub(r"\1", quoted)
        found.append((name.lower(), value))
        at = match.end()
    return Value(main.strip(" \t").lower(), tuple(found))


def boundary_of(content_type: Value) -> str:
    """Return the boundary that a `multipart/mixed` type names.

    Raises:
        BadEnvelope: it names none, two, or one that is none (RFC 2046, 5.1.1).

    """
    named = [value for name, value in content_type.parameters if name == "boundary"]
    if len(named) != 1:
        raise BadEnvelope("multipart/mixed needs exactly one boundary")
    if not _BOUNDARY.fullmatch(named[0]):
        raise BadEnvelope("the boundary must be 1 to 70 characters of RFC 2046")
    return named[0]


@dataclass(slots=True)
class Parser:
    """Reads a body as it arrives; `feed` it, then `close` it.

    Whoever feeds it bounds the body; what is kept here is at most the body once more.
    Each byte is looked at a bounded number of times, whatever stands there.
    """

    boundary: str
    _buffer: bytearray = field(default_factory=bytearray)
    _looked: int = 0
    """How far the buffer was searched in vain."""
    _state: str = "preamble"
    _head: tuple[tuple[str, str], ...] = ()
    _parts: list[Part] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Begin as if a line ended just before the body."""
        self._buffer += b"\r\n"

    def feed(self, chunk: bytes) -> None:
        """Take the next bytes of the body.

        Raises:
            BadEnvelope: they cannot be part of a well-formed body.

        """
        if self._state == "epilogue":
            return
        self._buffer += chunk
        while self._step():
            pass

    def close(self) -> tuple[Part, ...]:
        """Return the parts, once the whole body was fed.

        Raises:
            BadEnvelope: the last boundary is lacking.

        """
        if self._state == "after":
            # The last line of a body needs no end of its own.
            self._line_after(bytes(self._buffer))
        if self._state != "epilogue":
            raise BadEnvelope("the multipart body ends before its last boundary")
        return tuple(self._parts)

    def _step(self) -> bool:
        match self._state:
            case "preamble" | "content":
                return self._to_boundary()
            case "after":
                return self._after()
            case "head":
                return self._to_content()
        return False

    def _to_boundary(self) -> bool:
        delimiter = b"\r\n--" + self.boundary.encode("ascii")
        found = self._find(delimiter)
        if self._state == "preamble" and self._before(found) > PREAMBLE:
            raise BadEnvelope("no boundary where the body begins")
        if found is None:
            return False
        if self._state == "content":
            content = bytes(self._buffer[:found])
            if content.startswith(delimiter[2:]):
                # Some readers take this for a part without content, some do not.
                raise BadEnvelope("an empty line is lacking before a boundary")
            if len(self._parts) == PARTS:
                raise BadEnvelope(f"more than {PARTS} parts")
            self._parts.append(Part(self._head, content))
        self._drop(found + len(delimiter))
        self._state = "after"
        return True

    def _after(self) -> bool:
        """Read the rest of a boundary's line: `--` where it is the last one."""
        found = self._find(b"\r\n")
        if self._before(found) > HEAD:
            raise BadEnvelope("a boundary's line does not end")
        if found is None:
            return False
        line = bytes(self._buffer[:found])
        self._drop(found)  # the line's end may also be that of empty headers
        self._line_after(line)
        return True

    def _line_after(self, line: bytes) -> None:
        if line.rstrip(b" \t") == b"--":
            self._state = "epilogue"
            self._buffer.clear()
        elif line.strip(b" \t"):
            raise BadEnvelope("a boundary's line holds something else")
        else:
            self._state = "head"

    def _to_content(self) -> bool:
        found = self._find(b"\r\n\r\n")
        if self._before(found) > HEAD:
            raise BadEnvelope(f"the headers of a part exceed {HEAD} bytes")
        if found is None:
            return False
        self._head = _headers(bytes(self._buffer[2:found])) if found else ()
        self._drop(found + 4)
        self._state = "content"
        return True

    def _find(self, wanted: bytes) -> int | None:
        found = self._buffer.find(wanted, self._looked)
        if found < 0:
            self._looked = max(0, len(self._buffer) - len(wanted) + 1)
            return None
        return found

    def _before(self, found: int | None) -> int:
        """Return how many bytes surely stand before what is looked for."""
        return self._looked if found is None else found

    def _drop(self, count: int) -> None:
        del self._buffer[:count]
        self._looked = 0


def _headers(block: bytes) -> tuple[tuple[str, str], ...]:
    lines = block.decode("utf-8", "surrogateescape").split("\r\n")
    if len(lines) > HEADERS:
        raise BadEnvelope(f"a part with more than {HEADERS} headers")
    found: list[tuple[str, str]] = []
    for line in lines:
        match = _HEADER.fullmatch(line)
        if match is None:
            raise BadEnvelope("a header of a part cannot be read")
        found.append((match.group(1).lower(), match.group(2).strip(" \t")))
    return tuple(found)
