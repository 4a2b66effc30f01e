"""What every command shares: `--home`, `--json`, how errors are told, exit codes."""

from __future__ import annotations

import functools
import json
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import IntEnum
from pathlib import Path
from typing import Any, ParamSpec, TypeVar
from unicodedata import category

import click

from fairlead import errors
from fairlead.wiring import Settings, System

P = ParamSpec("P")
R = TypeVar("R")


class Exit(IntEnum):
    """Exit codes; 2 is what click gives for a wrong command line."""

    FAILED = 1
    INVALID = 3
    NOT_FOUND = 4
    REFUSED = 5
    UNAVAILABLE = 6
    DAMAGED = 7
    WAITING = 8
    """Still in line."""


EXIT: dict[type[errors.Error], Exit] = {
    errors.Invalid: Exit.INVALID,
    errors.NotFound: Exit.NOT_FOUND,
    errors.NotAllowed: Exit.REFUSED,
    errors.Unauthenticated: Exit.REFUSED,
    errors.Refused: Exit.REFUSED,
    errors.Unavailable: Exit.UNAVAILABLE,
    errors.Damaged: Exit.DAMAGED,
    errors.Misconfigured: Exit.INVALID,
}
"""The first class that fits decides."""


def command(function: Callable[P, R]) -> Callable[P, R]:
    """Give a command `--home` and `--json`, and tell errors of ours in one line."""

    @click.option(
        "--home",
        type=click.Path(file_okay=False, path_type=Path),
        help="Folder to work in; FAIRLEAD_HOME otherwise, else ./fairlead-home.",
    )
    @click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
    @told
    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        return function(*args, **kwargs)

    return wrapped


def told(function: Callable[P, R]) -> Callable[P, R]:
    """Have a command tell errors of ours in one line, and end with their exit code."""

    @functools.wraps(function)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except errors.Error as error:
            _tell(error, as_json=bool(kwargs.get("as_json")))
            raise SystemExit(
                next((c for k, c in EXIT.items() if isinstance(error, k)), Exit.FAILED)
            ) from error

    return wrapped


@contextmanager
def system(
    home: Path | None,
    *,
    create: bool = False,
    **given: Any,  # noqa: ANN401 - values of settings
) -> Iterator[System]:
    """Open the system on *home*, and close it afterwards.

    Only a command that begins something creates one: a folder misspelt is said.
    """
    opened = System(Settings.read(os.environ, home=home, **given), create=create)
    try:
        yield opened
    finally:
        opened.close()


def show(value: Mapping[str, Any], *, as_json: bool, text: str) -> None:
    """Print *value* as JSON, or *text* for people, without what steers a terminal."""
    if as_json:
        click.echo(json.dumps(value, indent=2, default=str))
        return
    click.echo("\n".join(map(plain, text.split("\n"))))


def plain(text: str) -> str:
    """Return *text* as one line that a terminal only shows.

    Reports are written by strangers: escapes, line breaks and signs that turn the
    direction of writing become question marks.
    """
    return "".join("\ufffd" if category(c) in _STEERING else c for c in text)


_STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def lines(rows: Sequence[Sequence[object]], heads: Sequence[str]) -> str:
    """Return a plain table: columns as wide as they need to be."""
    table = [list(heads), *([str(cell) for cell in row] for row in rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(heads))]
    return "\n".join(
        "  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip()
        for row in table
    )


def _tell(error: errors.Error, *, as_json: bool) -> None:
    violations = error.violations if isinstance(error, errors.Invalid) else ()
    if as_json:
        told = {
            "error": error.code,
            "detail": str(error),
            "errors": [
                {"code": v.code, "field": v.field, "reason": v.reason}
                for v in violations
            ],
        }
        click.echo(json.dumps(told), err=True)
        return
    click.echo(plain(f"Error: {error}"), err=True)
    for violation in violations:
        if violation.field or violation.reason != str(error):
            where = f"{violation.field}: " if violation.field else ""
            click.echo(plain(f"  {where}{violation.reason}"), err=True)
