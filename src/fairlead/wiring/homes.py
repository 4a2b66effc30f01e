"""The home folder: made once, and worked on by one server at a time."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from fairlead.errors import InUse, Misconfigured


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


@contextmanager
def alone(home: Path) -> Iterator[None]:
    """Be the only server on a home folder.

    Raises:
        InUse: another one is.

    """
    with (home / "server.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InUse(
                f"another server works on {home}; stop it first, or name another folder"
                " with --home"
            ) from error
        yield


def make_folder(path: Path) -> None:
    """Make a folder that only its owner may read, unless it is there.

    Raises:
        Misconfigured: it cannot be made.

    """
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured(f"home: {path} cannot be made: {error.strerror}") from error
