"""The OpenPGP key that signs advisories, kept as a file with the other keys."""

from __future__ import annotations

import os
import threading
from functools import cached_property
from pathlib import Path

from pysequoia import SignatureMode, Tsk, sign

from fairlead.errors import Damaged

NAME = "openpgp.asc"
"""The file within the folder of keys."""


class OpenPGPKey:
    """A key that signs documents; it is made when it is first needed."""

    def __init__(self, folder: Path, owner: str) -> None:
        """Keep the key in *folder*; a new one says that it belongs to *owner*."""
        self._path = folder / NAME
        self._owner = owner
        self._lock = threading.Lock()

    @cached_property
    def fingerprint(self) -> str:
        """Return the fingerprint of the key, in capital letters."""
        return str(self._key.extract_certificate().fingerprint).upper()

    @cached_property
    def certificate(self) -> str:
        """Return the public key, armoured."""
        return str(self._key.extract_certificate())

    def sign(self, document: bytes) -> str:
        """Return a detached signature of *document*, armoured."""
        with self._lock:
            signed = sign(self._key.signer(), document, mode=SignatureMode.DETACHED)
        return bytes(signed).decode("ascii")

    @cached_property
    def _key(self) -> Tsk:
        try:
            written = self._path.read_bytes()
        except FileNotFoundError:
            return self._make()
        try:
            return Tsk.from_bytes(written)
        except Exception as error:
            raise Damaged(
                f"{self._path} is no OpenPGP key; put back what was there"
            ) from error

    def _make(self) -> Tsk:
        """Make a key, and keep it before it signs anything; nobody else may read it."""
        key = Tsk.generate(self._owner)
        part = self._path.with_suffix(".part")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
        with os.fdopen(os.open(part, flags, 0o600), "wb") as file:
            file.write(bytes(key))
            file.flush()
            os.fsync(file.fileno())
        part.replace(self._path)
        return key
