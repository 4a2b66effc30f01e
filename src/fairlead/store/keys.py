"""Keys in files that only their owner can read, outside the database and its backups."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path

from fairlead.base.ports import Randomness
from fairlead.errors import Damaged
from fairlead.record.notes import Signer, new_signer

RECORD = "record.key"
"""The file of the key that signs checkpoints."""


def record_signer(folder: Path, name: str, randomness: Randomness) -> Signer:
    """Return the signer of the record, making its key the first time.

    Raises:
        Damaged: the key file cannot be read, or is the key of another record.

    """
    path = folder / RECORD
    try:
        written = path.read_text("ascii")
    except FileNotFoundError:
        signer = new_signer(name, randomness)
        write_secret(path, signer.secret().encode("ascii"))
        return signer
    except (OSError, UnicodeDecodeError) as error:
        raise Damaged(f"{path} cannot be read: {error}") from error
    signer = Signer.read(written)
    if signer.name != name:
        raise Damaged(
            f"{path} signs for {signer.name}, not for {name}; name the right folder"
            " with FAIRLEAD_KEYS, or set FAIRLEAD_NAMESPACE as it was"
        )
    return signer


def write_secret(path: Path, secret: bytes, *, replace: bool = True) -> None:
    """Write a file that appears whole or not at all, and only its owner can read.

    Unless *replace*, a file that is there already stays as it is.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    unfinished = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(secret)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            unfinished.replace(path)
        else:
            with suppress(FileExistsError):
                path.hardlink_to(unfinished)
    finally:
        unfinished.unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
