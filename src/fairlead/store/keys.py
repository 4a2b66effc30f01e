"""Keys in files that only their owner can read, outside the database and its backups."""

from __future__ import annotations

import os
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
        _write_secret(path, signer.secret())
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


def _write_secret(path: Path, secret: str) -> None:
    """Write a file that appears whole or not at all, and only its owner can read."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    unfinished = path.with_suffix(".new")
    handle = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
