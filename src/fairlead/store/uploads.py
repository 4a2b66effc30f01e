"""Uploads that are gone on with after an interruption: bytes on disk before the answer.

Each upload is a file of its bytes and a small file that says how many of them count. The
second is written after the first was synced, so what is told to be there is there, also
after a power cut. What counts never becomes less. A finished upload is moved to its place
among the files of its asset, which is one rename.
"""

from __future__ import annotations

import errno
import fcntl
import hmac
import os
import re
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import msgspec

from fairlead.base.ids import random_text
from fairlead.base.ports import Clock, Randomness
from fairlead.errors import (
    Conflict,
    Damaged,
    InUse,
    Invalid,
    NotFound,
    TooLarge,
    Unavailable,
    Violation,
)
from fairlead.formats.tus import Checksum, Mismatch, Upload
from fairlead.store import files

NAME = "filename"
"""The metadata that says which file of the asset it is."""
_ID = re.compile(r"up-[a-z0-9]{24}")
_ASSET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_SYNC_EVERY = 64 * 1024 * 1024
"""Bytes after which what came counts, also while a request goes on."""
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """How much may be sent, and how long an upload may take."""

    upload: int = 1 << 40
    """Bytes of one upload."""
    asset: int = 1 << 43
    """Bytes of all files of one asset, with what is on its way."""
    lasts: timedelta = timedelta(days=7)
    """After so long without a byte, what has come is removed."""
    open: int = 1000
    """Unfinished uploads of one asset."""


@dataclass(frozen=True)
class Uploads:
    """All uploads, in one folder, and the finished files of assets beside them.

    *takes* says which names the files of an asset may have.
    """

    folder: Path
    clock: Clock
    randomness: Randomness
    takes: Callable[[str], bool]
    quota: Quota = Quota()

    @property
    def largest(self) -> int:
        """How many bytes one upload may have."""
        return self.quota.upload

    def create(self, asset: str, length: int, metadata: dict[str, str]) -> Upload:
        """Begin an upload; it is on disk when this returns.

        Raises:
            Invalid: the asset or the name of the file is none.
            TooLarge: more than one upload, or all files of the asset, may have.
            Unavailable: there is no room for it, or too many are open.

        """
        name = metadata.get(NAME, "")
        if not self.takes(name):
            raise _wrong(f"the metadata {NAME!r} must name a file of a sealed folder")
        self._make_room(asset, length, name)
        made = Upload(
            id="up-" + random_text(self.randomness, 24),
            asset=asset,
            name=name,
            length=length,
            metadata=metadata,
            expires=self.clock() + self.quota.lasts,
        )
        try:
            files.write(self._bytes(made.id), b"")
            self._save(made)
            return self._place(made) if made.finished else made
        except OSError as error:
            raise _full(error) from error

    def get(self, asset: str, name: str) -> Upload:
        """Return an upload of an asset; a finished one is told until it expires.

        Raises:
            NotFound: there is none, or it has expired.

        """
        found = self._load(name)
        if found.asset != asset or self.clock() >= found.expires:
            raise NotFound(f"there is no upload {name}")
        return self._place(found) if found.finished else found

    def append(
        self, asset: str, name: str, offset: int, checksum: Checksum | None
    ) -> Appending:
        """Begin to add bytes from *offset* on; one request at a time.

        Raises:
            NotFound: there is no such upload.
            Conflict: so many bytes are not there, or more, or it is finished.
            InUse: another request adds to it.

        """
        _expect(self.get(asset, name), offset)
        handle = os.open(self._bytes(name), os.O_RDWR | os.O_NOFOLLOW)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            found = self.get(asset, name)  # another request may just have ended
            _expect(found, offset)
            # What came before and does not count is gone.
            os.ftruncate(handle, found.offset)
        except BlockingIOError as error:
            os.close(handle)
            raise InUse(f"another request adds to {name}") from error
        except BaseException:
            os.close(handle)
            raise
        return Appending(self, found, handle, checksum)

    def remove(self, asset: str, name: str) -> None:
        """Remove an upload and its bytes.

        Raises:
            NotFound: there is no such upload.

        """
        self._forget(self.get(asset, name).id)

    def remove_asset(self, asset: str) -> None:
        """Remove all files of an asset, and what is on its way."""
        for upload in list(self._all()):
            if upload.asset == asset:
                self._forget(upload.id)
        shutil.rmtree(self.path_of(asset), ignore_errors=True)
        files.sync_folder(self.path_of(asset).parent)

    def expire(self) -> int:
        """Remove what has expired; return how many uploads that were.

        What was finished when a server was killed is moved to its place before.
        """
        for one in self._all():
            if one.finished:
                self._place(one)
        gone = [one.id for one in self._all() if self.clock() >= one.expires]
        for name in gone:
            self._forget(name)
        return len(gone)

    def path_of(self, asset: str) -> Path:
        """Return the folder of an asset's finished files, made if need be.

        Raises:
            Invalid: this cannot name an asset.

        """
        if not _ASSET.fullmatch(asset):
            raise _wrong(f"{asset!r} cannot name an asset")
        path = self.folder / "assets" / asset
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        return path

    def _make_room(self, asset: str, length: int, name: str) -> None:
        if length > self.quota.upload:
            raise TooLarge(f"an upload has at most {self.quota.upload} bytes")
        coming = [o for o in self._all() if o.asset == asset and not o.finished]
        if len(coming) >= self.quota.open:
            raise Unavailable(f"{len(coming)} uploads are open: finish or remove some")
        folder = self.path_of(asset)
        there = sum(p.stat().st_size for p in folder.rglob("*") if p.is_file())
        with suppress(FileNotFoundError):
            there -= (folder / name).stat().st_size
        if there + sum(one.length for one in coming) + length > self.quota.asset:
            raise TooLarge(
                f"the files of {asset} have at most {self.quota.asset} bytes"
            )
        if shutil.disk_usage(folder).free < length:
            raise Unavailable("there is no room for it now; nothing was begun")

    def _place(self, upload: Upload) -> Upload:
        """Move a finished upload to its place, unless that was done."""
        target = self.path_of(upload.asset) / upload.name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with suppress(FileNotFoundError):
            self._bytes(upload.id).replace(target)
            files.sync_folder(target.parent)
        return upload

    def _forget(self, name: str) -> None:
        with self._alone():
            files.remove(self._facts(name))
            files.remove(self._bytes(name))

    def _keep(self, upload: Upload) -> None:
        """Write how far an upload is, unless it was removed meanwhile."""
        with self._alone():
            self._load(upload.id)
            self._save(upload)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Keep other threads and processes from removing or keeping an upload."""
        handle = os.open(self.folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
        finally:
            os.close(handle)

    def _all(self) -> Iterator[Upload]:
        for path in (self.folder / "open").glob("up-*.json"):
            with suppress(NotFound):
                yield self._load(path.stem)

    def _load(self, name: str) -> Upload:
        if not _ID.fullmatch(name):
            raise NotFound(f"there is no upload {name!r}")
        try:
            return msgspec.json.decode(self._facts(name).read_bytes(), type=Upload)
        except FileNotFoundError as error:
            raise NotFound(f"there is no upload {name}") from error
        except msgspec.MsgspecError as error:
            raise Damaged(f"{self._facts(name)} cannot be read") from error

    def _save(self, upload: Upload) -> None:
        files.write(self._facts(upload.id), msgspec.json.encode(upload))

    def _facts(self, name: str) -> Path:
        return self.folder / "open" / f"{name}.json"

    def _bytes(self, name: str) -> Path:
        return self.folder / "open" / f"{name}.bytes"


class Appending:
    """Bytes that come in: `write` them, then `finish`; `close` in any case."""

    def __init__(
        self, uploads: Uploads, upload: Upload, handle: int, checksum: Checksum | None
    ) -> None:
        """Begin; only `Uploads.append` does."""
        self._uploads = uploads
        self._upload = upload
        self._handle = handle
        self._checksum = checksum
        self._hashed = None if checksum is None else checksum.hasher()
        self._at = upload.offset

    def close(self) -> None:
        """Keep what came, if it may be kept, and let others add."""
        if self._handle >= 0:
            with suppress(NotFound, Unavailable):
                self.abandon()

    def write(self, content: bytes) -> None:
        """Add bytes.

        Raises:
            TooLarge: more than the upload was said to have.
            Unavailable: the disk is full; what counted before still does.

        """
        if self._at + len(content) > self._upload.length:
            raise TooLarge(f"the upload has {self._upload.length} bytes, and no more")
        if self._hashed is not None:
            self._hashed.update(content)
        view = memoryview(content)
        try:
            while view:
                count = os.pwrite(self._handle, view, self._at)
                view, self._at = view[count:], self._at + count
        except OSError as error:
            raise _full(error) from error
        if self._checksum is None and self._at - self._upload.offset >= _SYNC_EVERY:
            self._count()

    def finish(self) -> Upload:
        """Let what came count; on return it is on disk.

        Raises:
            Mismatch: it is not what the checksum says; it does not count.
            NotFound: the upload was removed meanwhile.
            Unavailable: it could not be put on disk.

        """
        try:
            if self._checksum is not None and self._hashed is not None:
                right = hmac.compare_digest(
                    self._hashed.digest(), self._checksum.digest
                )
                if not right:
                    raise Mismatch("the bytes are not what their checksum says")
            self._count()
            if self._upload.finished:
                return self._uploads._place(self._upload)  # noqa: SLF001 - one thing
            return self._upload
        finally:
            self._close()

    def abandon(self) -> None:
        """Keep what came before the connection ended, unless it had a checksum."""
        try:
            if self._checksum is None:
                self._count()
                if self._upload.finished:
                    self._uploads._place(self._upload)  # noqa: SLF001 - one thing
        finally:
            self._close()

    def _count(self) -> None:
        uploads = self._uploads
        expires = uploads.clock() + uploads.quota.lasts
        grown = msgspec.structs.replace(self._upload, offset=self._at, expires=expires)
        try:
            os.fsync(self._handle)
            uploads._keep(grown)  # noqa: SLF001 - one thing
        except OSError as error:
            raise _full(error) from error
        self._upload = grown

    def _close(self) -> None:
        if self._handle >= 0:
            os.close(self._handle)
            self._handle = -1


def _expect(upload: Upload, offset: int) -> None:
    if upload.finished:
        raise Conflict(f"all {upload.length} bytes are there: it is finished")
    if upload.offset != offset:
        raise Conflict(f"{upload.offset} bytes are there, not {offset}")


def _full(error: OSError) -> Unavailable:
    if error.errno in _FULL:
        return Unavailable("no room is left for it now; what was told to be there is")
    return Unavailable(f"it could not be put on disk: {error.strerror}")


def _wrong(reason: str) -> Invalid:
    return Invalid(reason, [Violation("invalid_upload", "upload", reason)])
