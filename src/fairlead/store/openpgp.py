"""The OpenPGP key that signs advisories, kept as a file with the other keys."""

from __future__ import annotations

import os
import threading
from functools import cached_property
from pathlib import Path

from pysequoia import Cert, Sig, SignatureMode, Tsk, decrypt, encrypt, sign, verify

from fairlead.errors import Damaged, Invalid, Violation

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

    def seal(self, content: bytes, certificate: str) -> bytes:
        """Return *content* signed, and encrypted for *certificate*; armoured.

        Raises:
            Invalid: the certificate cannot be encrypted for any more.

        """
        receiver = _cert(certificate)
        try:
            with self._lock:
                sealed = encrypt(
                    content, recipients=[receiver], signer=self._key.signer()
                )
        except Exception as error:
            raise _unfit("it cannot be encrypted for; it may have expired") from error
        return bytes(sealed)

    def unseal(self, sealed: bytes, certificate: str) -> tuple[bytes, bool] | None:
        """Return what was encrypted for this key, and whether *certificate* signed it.

        Nothing where it was encrypted for another key, or is none of OpenPGP.
        """
        try:
            known = [Cert.from_bytes(certificate.encode())] if certificate else []
            with self._lock:
                opened = decrypt(
                    sealed, decryptor=self._key.decryptor(), store=lambda _ids: known
                )
        except Exception:  # noqa: BLE001 - the library raises its plain errors alone
            return None
        return opened.bytes or b"", bool(opened.valid_sigs)

    @staticmethod
    def signed(content: bytes, signature: str, certificate: str) -> bool:
        """Tell whether *certificate* made *signature*, detached, over *content*."""
        try:
            known = [Cert.from_bytes(certificate.encode())]
            made = Sig.from_bytes(signature.encode())
            found = verify(bytes=content, store=lambda _ids: known, signature=made)
        except Exception:  # noqa: BLE001 - the library raises its plain errors alone
            return False
        return bool(found.valid_sigs)

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


def read_certificate(written: str) -> tuple[str, str]:
    """Return an OpenPGP certificate, armoured, and its fingerprint.

    Raises:
        Invalid: it is none, holds a secret key, was revoked, has expired, or nothing can
            be encrypted for it.

    """
    certificate = _cert(written)
    if "PRIVATE KEY" in written:
        raise _unfit("this is a secret key; send the public one, and change the key")
    if certificate.is_revoked:
        raise _unfit("it was revoked")
    try:
        encrypt(b"", recipients=[certificate])
    except Exception as error:
        raise _unfit("nothing can be encrypted for it; it may have expired") from error
    return str(certificate), str(certificate.fingerprint).upper()


def _cert(written: str) -> Cert:
    try:
        return Cert.from_bytes(written.encode("ascii", "replace"))
    except Exception as error:
        raise _unfit("this is no OpenPGP certificate, armoured") from error


def _unfit(reason: str) -> Invalid:
    return Invalid(
        f"certificate: {reason}",
        [Violation("invalid_certificate", "certificate", reason)],
    )
