"""What is brought out of a sandbox: plain files of an archive, read strictly.

Read is ustar (POSIX.1-1988) and nothing else: no links, no devices, no long names, no
sparse files; sizes are those of bytes that are there. Nothing is written by this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fairlead.errors import Invalid, TooLarge

_BLOCK = 512
_FILES, _FOLDER = {b"0", b"\0"}, b"5"
MOST = 10_000
"""Files that are brought out at most."""


@dataclass(frozen=True, slots=True)
class Result:
    """One file that was brought out; name and content are untrusted."""

    name: str
    """Relative, without `.` and `..`."""
    content: bytes


def results_of(archive: bytes, *, most: int) -> Iterator[Result]:
    """Yield the files of *archive*, each name once.

    Raises:
        Invalid: something in it is no plain file, or named outside.
        TooLarge: there are more than *most* bytes, or too many files.

    """
    at, total, seen = 0, 0, set[str]()
    while block := archive[at : at + _BLOCK]:
        at += _BLOCK
        if not block.strip(b"\0"):
            return
        name, size, kind = _header(block)
        if kind == _FOLDER:
            continue
        if kind not in _FILES:
            raise Invalid(f"{name!r} is no plain file, but of type {kind!r}")
        content = archive[at : at + size]
        if len(content) != size:
            raise Invalid(
                f"{name!r} says that it has {size} bytes, which are not there"
            )
        at += -(-size // _BLOCK) * _BLOCK
        total += size
        if total > most or len(seen) >= MOST:
            raise TooLarge(f"more than {most} bytes or {MOST} files were handed back")
        if name in seen:
            raise Invalid(f"{name!r} is there twice")
        seen.add(name)
        yield Result(name, content)


def _header(block: bytes) -> tuple[str, int, bytes]:
    if len(block) != _BLOCK or block[257:262] != b"ustar":
        raise Invalid("what was handed back is no archive")
    if _number(block[148:156]) != sum(block) - sum(block[148:156]) + 8 * 0x20:
        raise Invalid("what was handed back is damaged")
    prefix, name = (_text(block[345:500]), _text(block[:100]))
    path = f"{prefix}/{name}" if prefix else name
    return _relative(path), _number(block[124:136]), block[156:157]


def _relative(path: str) -> str:
    if path.startswith("/"):
        raise Invalid(f"{path!r} is named outside the folder")
    steps = [step for step in path.split("/") if step not in {"", "."}]
    if ".." in steps:
        raise Invalid(f"{path!r} is named outside the folder")
    return "/".join(steps)


def _number(field: bytes) -> int:
    digits = field.strip(b" \0")
    if not digits:
        return 0
    if not digits.isdigit() or any(digit > ord("7") for digit in digits):
        raise Invalid("what was handed back has a number that is none")
    return int(digits, 8)


def _text(field: bytes) -> str:
    try:
        return field.partition(b"\0")[0].decode("utf-8")
    except UnicodeDecodeError as error:
        raise Invalid("what was handed back has a name that is no text") from error
