"""Where documents come from: files, folders and archives, none of which is trusted.

Nothing is ever unpacked to disk under a name that an archive gave. Links are not
followed, and archives are read only as far as the limits below allow.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import re
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Self, cast

from fairlead.catalogue.reading import SUFFIXES
from fairlead.catalogue.reading.documents import MAX_BYTES

TAR = (".tar", ".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar.bz2", ".tbz2")
_WANTED = (*SUFFIXES, *(f"{s}.gz" for s in sorted(SUFFIXES)), ".zip", *TAR)
MAX_MEMBERS = 10_000_000
MAX_RATIO = 400
"""An archive may unpack to so many times its own size…"""
MAX_START = 512 * 1024 * 1024
"""…and to this many bytes in any case."""
MAX_NESTED = 8 * 1024**3
"""Bytes of an archive within an archive."""


@dataclass(frozen=True, slots=True)
class Document:
    """One document, or why there is none at its place."""

    place: str
    """File, and after `!` the path within the archive."""
    content: bytes = b""
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Input:
    """One file that was named, or lies in a folder that was named."""

    path: Path

    @property
    def fingerprint(self) -> str:
        """Return what tells whether the file is still the same."""
        found = self.path.lstat()
        return f"{found.st_size}-{found.st_mtime_ns}"

    @property
    def is_archive(self) -> bool:
        """Tell whether it holds other files."""
        return _is_tar(self.path.name) or self.path.suffix.lower() == ".zip"

    def documents(self) -> Iterator[Document]:
        """Return every document in it, always in the same order."""
        place = str(self.path)
        if self.path.is_symlink():
            yield Document(place, refused="a link; it is not followed")
            return
        try:
            with self.path.open("rb") as file:
                yield from _read(place, file, self.path.stat().st_size, nested=False)
        except OSError as error:
            # A full disk is none of the input's faults.
            yield Document(place, refused=f"cannot be read: {error.strerror or error}")


def inputs(paths: Iterable[Path]) -> Iterator[Input]:
    """Return every file that *paths* name, folders with all that lies in them, sorted."""
    for path in paths:
        if not path.is_dir():
            yield Input(path)
            continue
        found = (p for p in path.rglob("*") if _is_wanted(p.name))
        yield from (Input(p) for p in sorted(found) if p.is_symlink() or p.is_file())


def _is_wanted(name: str) -> bool:
    """Tell by its name whether a file may be one that is read."""
    base = name.replace("\\", "/").rpartition("/")[2].lower()
    return base.endswith(_WANTED) and not base.startswith(".")


def _is_tar(name: str) -> bool:
    return name.lower().endswith(TAR)


def _read(
    place: str, file: IO[bytes], size: int, *, nested: bool
) -> Iterator[Document]:
    name = place.lower()
    try:
        if _is_tar(name):
            yield from _tar(place, file, _Budget(size), nested=nested)
        elif name.endswith(".zip"):
            yield from _zip(place, file, _Budget(size), nested=nested)
        elif name.endswith(".gz"):
            with gzip.open(file) as unpacked:
                yield Document(place, unpacked.read(MAX_BYTES + 1))
        else:
            yield Document(place, _start(file, size))
    except _TooMuchError as error:
        yield Document(place, refused=str(error))
    except (
        tarfile.TarError,
        zipfile.BadZipFile,
        gzip.BadGzipFile,
        EOFError,
        lzma.LZMAError,
        zlib.error,
    ) as error:
        yield Document(place, refused=f"damaged from here on: {error}")
    except (NotImplementedError, RuntimeError) as error:
        # Encrypted, or packed in a way that this Python cannot unpack.
        yield Document(place, refused=f"cannot be unpacked: {error}")


class _TooMuchError(Exception):
    """An archive holds more than its limits allow."""


class _Budget:
    """How much an archive of a size may hold."""

    def __init__(self, size: int) -> None:
        self._bytes = MAX_START + MAX_RATIO * size
        self._members = MAX_MEMBERS

    def spend(self, size: int) -> None:
        self._members -= 1
        self._bytes -= size
        if self._bytes < 0 or self._members < 0:
            raise _TooMuchError(
                f"it unpacks to more than {MAX_RATIO} times its size, or holds more than"
                f" {MAX_MEMBERS} files: no archive of a feed does; the rest was not read"
            )


def _tar(
    place: str, file: IO[bytes], budget: _Budget, *, nested: bool
) -> Iterator[Document]:
    with (
        _unpacked(file) as stream,
        # As a stream, in which nothing leads back to where it was.
        tarfile.open(fileobj=stream, mode="r|", tarinfo=_Header) as archive,
    ):
        for member in archive:
            archive.members.clear()  # type: ignore[attr-defined]  # else it keeps all
            budget.spend(max(member.size, 0))
            within = f"{place}!{_shown(member.name)}"
            if member.isdir() or not _is_wanted(member.name):
                continue
            if refused := _refused(member.name, link=not member.isreg()):
                yield Document(within, refused=refused)
                continue
            unpacked, size = archive.extractfile(member), member.size
            if unpacked is not None:
                yield from _member(within, unpacked, size, nested=nested)


def _unpacked(file: IO[bytes]) -> IO[bytes]:
    """Return the archive in *file*, unpacked by what it begins with, whatever its name.

    `tarfile` would do so itself, and copy all that it has unpacked ahead at each step.
    """
    start = file.read(6)
    file.seek(-len(start), os.SEEK_CUR)
    for magic, opened in _PACKED:
        if start.startswith(magic):
            return cast("IO[bytes]", opened(file))
    return file


_PACKED: tuple[tuple[bytes, Callable[[IO[bytes]], object]], ...] = (
    (b"\x1f\x8b", gzip.open),
    (b"BZh", bz2.open),
    (b"\xfd7zXZ", lzma.open),
)
_USTAR = (b"ustar\x0000", b"ustar  \x00")


class _Header(tarfile.TarInfo):
    """The header of a member; those of plain files are read without a detour."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
        """Read a header as `tarfile` does; see `TarInfo.frombuf`."""
        if not _is_plain(buf):
            return super().frombuf(buf, encoding, errors)
        found = cls(buf[:100].partition(b"\0")[0].decode(encoding, errors))
        found.size = int(buf[124:135], 8)
        found.chksum = int(buf[148:154], 8)
        return found


def _is_plain(buf: bytes | bytearray) -> bool:
    """Tell whether a header is of a file with a short name, written in the usual way."""
    if len(buf) != tarfile.BLOCKSIZE or buf[156:157] != b"0":
        return False
    if not buf.startswith(_USTAR, 257) or buf[99] or buf[345]:
        return False
    size, check = buf[124:136], buf[148:156]
    if not _NUMBER.fullmatch(size) or not _CHECKSUM.fullmatch(check):
        return False
    return sum(buf) - sum(check) + 8 * 32 == int(check[:6], 8)


_NUMBER = re.compile(rb"[0-7]{11}[\0 ]")
_CHECKSUM = re.compile(rb"[0-7]{6}\0 ")


def _zip(
    place: str, file: IO[bytes], budget: _Budget, *, nested: bool
) -> Iterator[Document]:
    with zipfile.ZipFile(file) as archive:
        for member in archive.infolist():
            if member.is_dir() or not _is_wanted(member.filename):
                continue
            budget.spend(member.file_size)
            within = f"{place}!{_shown(member.filename)}"
            link = stat.S_ISLNK(member.external_attr >> 16)
            if refused := _refused(member.filename, link=link):
                yield Document(within, refused=refused)
                continue
            size = member.file_size
            with archive.open(member) as unpacked:
                yield from _member(within, unpacked, size, nested=nested)


def _refused(name: str, *, link: bool) -> str:
    if link:
        return "a link or device; it is not followed"
    parts = name.replace("\\", "/").split("/")
    if not parts[0] or parts[0].endswith(":") or ".." in parts:
        return "its path leads out of the archive"
    return ""


def _start(file: IO[bytes], size: int) -> bytes:
    """Return what is in a file of *size* bytes; of one too large, enough to see that.

    What may be read is set aside in advance, so that it is no more than there is.
    """
    return file.read(min(max(size, 0), MAX_BYTES) + 1)


def _member(
    place: str, file: IO[bytes], size: int, *, nested: bool
) -> Iterator[Document]:
    """Return a document in an archive, or those of an archive in it, one level deep."""
    if not (_is_tar(place) or place.lower().endswith((".zip", ".gz"))):
        yield Document(place, _start(file, size))
        return
    if nested:
        yield Document(place, refused="an archive in an archive in an archive")
        return
    with tempfile.TemporaryFile() as copy:
        copied = 0
        while block := file.read(1 << 20):
            copied += len(block)
            if copied > MAX_NESTED:
                yield Document(place, refused=f"more than {MAX_NESTED} bytes")
                return
            copy.write(block)
        copy.seek(0)
        yield from _read(place, copy, copied, nested=True)


def _shown(name: str) -> str:
    """Return a name from an archive, short and printable."""
    if name.isprintable():
        return name[:500]
    return "".join(c if c.isprintable() else "�" for c in name[:500])
