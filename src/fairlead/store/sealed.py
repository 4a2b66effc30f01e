"""Sealed folders, opened: what was changed is named by file and chunk, the rest opens.

Without a key it can be verified that every sealed file is the one that was signed. With
both halves every chunk is verified, any range of bytes can be read, and everything can be
unsealed. Nothing is handed on that was not verified.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import cached_property, partial
from pathlib import Path
from typing import Self

from fairlead.errors import Damaged, Invalid, NotFound, Refused
from fairlead.formats import dsse, in_toto, model_signing
from fairlead.formats.model_signing import Manifest
from fairlead.sealing import chunked
from fairlead.sealing import folder as layout
from fairlead.sealing.chunked import HEADER, ChunkDamaged, Message, plain_size
from fairlead.sealing.folder import Piece, Seal
from fairlead.sealing.holders import Holder
from fairlead.store.sealed_shards import Fault, Place, Shard, Unreadable
from fairlead.store.sealing import Progress

_LARGEST = 1 << 30
"""Bytes of a head, signature or manifest that are read at most."""
_THREADS = 3


@dataclass(frozen=True, kw_only=True)
class SealedFolder:
    """A sealed folder whose signature was verified; made by `read`."""

    path: Path
    seal: Seal
    digests: dict[str, str]
    """The sealed files that were signed, and their digests."""

    @classmethod
    def read(cls, path: Path, sealed_by: Holder) -> Self:
        """Read a folder that *sealed_by* must have signed.

        1. The signature is by that key, over a list of sealed files.
        2. The head is the one that was signed, and names the same key.

        What is not checked: the sealed files; see `faults`.

        Raises:
            NotFound: there is no such folder, or no signature in it.
            Damaged: the signature or the head is not as it was signed.
            Malformed: they cannot be read.

        """
        envelope = dsse.parse(_small(path / layout.SIGNATURE))
        name, listed = model_signing.read(envelope.opened([sealed_by], in_toto.PAYLOAD))
        digests = {one.name: one.digest for one in listed.resources}
        head = _small(path / layout.HEAD)
        if digests.pop(layout.HEAD, None) != hashlib.sha256(head).hexdigest():
            raise Damaged(f"{layout.HEAD} is not the one that was signed")
        seal = layout.read_seal(head)
        if seal.id != name or seal.sealed_by != sealed_by:
            raise Damaged(f"{layout.HEAD} is of another folder than the signature")
        strange = [one for one in digests if not layout.is_sealed_file(one)]
        if strange or listed.serialization.method != "files":
            raise Damaged(f"the signature lists what is no sealed file: {strange}")
        return cls(path=path, seal=seal, digests=digests)

    def faults(self, progress: Progress = lambda _done, _all: None) -> list[Fault]:
        """Return what differs from what was signed; needs no key."""
        sizes = {name: _size(self.path / name) or 0 for name in self.digests}
        found = [
            Fault(file=name, chunk=None, reason="foreign: it was not signed")
            for name in self.foreign()
        ]
        jobs = [partial(self._file_fault, name) for name in sorted(self.digests)]
        weights = [sizes[name] for name in sorted(self.digests)]
        for faults in _in_threads(jobs, weights, progress):
            found += faults
        return found

    def foreign(self) -> list[str]:
        """Return the names of what is there, and was not signed."""
        there = {p.relative_to(self.path).as_posix() for p in self.path.rglob("*")}
        expected = {*self.digests, layout.HEAD, layout.SIGNATURE, layout.SHARDS}
        return sorted(there - expected)

    def _file_fault(self, name: str) -> list[Fault]:
        digest = _digest(self.path / name)
        if digest == self.digests[name]:
            return []
        others = [other for other, one in self.digests.items() if one == digest]
        if digest is None:
            reason = "missing"
        elif others:
            reason = f"swapped: it holds what belongs to {others[0]}"
        else:
            reason = "changed, cut off or foreign: not the file that was signed"
        return [Fault(file=name, chunk=None, reason=reason)]

    def open(self, key: bytes) -> Opened:
        """Open the folder with its data key.

        Raises:
            Damaged: the key does not open it, or the manifest is not as it was sealed.

        """
        names = [n for n in self.digests if n.startswith(layout.MANIFEST)]
        if len(names) != 1:
            raise Damaged("the signature lists no manifest, or several")
        content = _small(self.path / names[0])
        context = layout.context(self.seal.id, layout.MANIFEST)
        try:
            message = Message.resume(key, context, content[:HEADER])
            size = plain_size(len(content))
            pieces = chunked.open_range(message, _from(content), len(content), 0, size)
            signed = b"".join(pieces)
        except ChunkDamaged as error:
            why = (
                "the halves do not belong together or to this folder, or it was changed"
                if error.chunk is None
                else error.reason
            )
            raise Damaged(f"{names[0]}, {error}: {why}") from error
        envelope = dsse.parse(signed)
        statement = envelope.opened([self.seal.sealed_by], in_toto.PAYLOAD)
        model, manifest = model_signing.read(statement)
        return Opened(folder=self, key=key, model=model, manifest=manifest)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A sealed folder with its key."""

    folder: SealedFolder
    key: bytes = field(repr=False)
    model: str
    manifest: Manifest

    def __post_init__(self) -> None:
        """Make sure that manifest and signature are about the same files.

        Raises:
            Damaged: they contradict each other.
            Invalid: names are not safe, or shards are not all of the files.

        """
        sealing = self.manifest.sealing
        if not isinstance(sealing, model_signing.Sealing):
            raise Damaged("the manifest does not say where its shards lie")
        outer = {
            name: digest
            for name, digest in self.folder.digests.items()
            if not name.startswith(layout.MANIFEST)
        }
        listed = {one.file: one.digest for one in sealing.shards}
        names = [one.name for one in self.manifest.resources]
        if (
            sealing.seal != self.folder.seal.id
            or listed != outer
            or len(listed) != len(sealing.shards)
            or [one.name for one in sealing.shards] != names
        ):
            raise Damaged("the manifest and the signature are not about the same files")
        layout.check_files(list(self.sizes.items()), self._shards)
        if len(sealing.files) != len(self.sizes):
            raise Damaged("the manifest names a file twice")

    @cached_property
    def sizes(self) -> dict[str, int]:
        """The model's files, and how long each is."""
        sealing = self.manifest.sealing
        assert isinstance(sealing, model_signing.Sealing)  # noqa: S101 - see above
        return {one.name: one.size for one in sealing.files}

    @cached_property
    def _shards(self) -> dict[Piece, str]:
        sealing = self.manifest.sealing
        assert isinstance(sealing, model_signing.Sealing)  # noqa: S101 - see above
        return {Piece.parse(one.name): one.file for one in sealing.shards}

    @cached_property
    def _place(self) -> Place:
        return Place(
            path=self.folder.path,
            seal=self.folder.seal.id,
            key=self.key,
            files=self._shards,
            digests={one.name: one.digest for one in self.manifest.resources},
        )

    def range(self, path: str, start: int, end: int) -> Iterator[bytes]:
        """Return the bytes from *start* to *end* of a file, verified piece by piece.

        Raises:
            NotFound: there is no such file.
            Invalid: there is no such range.
            Damaged: a chunk in it does not open; file and chunk are named.

        """
        if path not in self.sizes:
            raise NotFound(f"the sealed folder has no file {path!r}")
        if not 0 <= start <= end <= self.sizes[path]:
            raise Invalid(f"{path} has {self.sizes[path]} bytes: no such range")
        return self._range(path, start, end)

    def _range(self, path: str, start: int, end: int) -> Iterator[bytes]:
        for piece in sorted(p for p in self._shards if p.path == path):
            first, last = max(start, piece.start), min(end, piece.end)
            if first >= last:
                continue
            shard = Shard.open(self._place, piece)
            try:
                yield from shard.read(first - piece.start, last - piece.start)
            except ChunkDamaged as error:
                raise Damaged(str(shard.fault(error))) from error
            finally:
                shard.close()

    def faults(self, progress: Progress = lambda _done, _all: None) -> list[Fault]:
        """Verify every chunk of every file; return what does not open, each by name."""
        return self._all(None, progress)

    def unseal(
        self, to: Path, progress: Progress = lambda _done, _all: None
    ) -> list[Fault]:
        """Write all files to *to*, a new or empty folder.

        A file with a fault is not kept; the others are. Stretches of zeros become holes.

        Raises:
            Refused: the folder is not empty.

        """
        if to.is_symlink() or (to.exists() and (not to.is_dir() or any(to.iterdir()))):
            raise Refused(f"{to} is not empty: unseal into a new folder")
        to.mkdir(mode=0o700, parents=True, exist_ok=True)
        for path, size in self.sizes.items():
            (to / path).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _create(to / path, size)
        faults = self._all(to, progress)
        for path in {fault.file for fault in faults} & self.sizes.keys():
            (to / path).unlink()
        return faults

    def _all(self, to: Path | None, progress: Progress) -> list[Fault]:
        found: list[Fault] = []
        jobs = [partial(self._shard, piece, to) for piece in self._shards]
        sizes = [piece.size for piece in self._shards]
        for faults in _in_threads(jobs, sizes, progress):
            found += faults
        return found

    def _shard(self, piece: Piece, to: Path | None) -> list[Fault]:
        """Verify a shard, and write it if it has a place; return its faults."""
        shard: Shard | None = None
        try:
            shard = Shard.open(self._place, piece)
            if to is None:
                return shard.verify(None)
            target = os.open(to / piece.path, os.O_WRONLY | os.O_NOFOLLOW)
            try:
                found = shard.verify(target)
                os.fsync(target)
            finally:
                os.close(target)
        except Unreadable as error:
            return [error.fault]
        else:
            return found
        finally:
            if shard is not None:
                shard.close()


def _in_threads(
    jobs: Sequence[Callable[[], list[Fault]]], sizes: Sequence[int], progress: Progress
) -> Iterator[list[Fault]]:
    """Return what *jobs* return, in their order, and tell how far they are."""
    done, whole = 0, sum(sizes)
    progress(0, whole)
    with ThreadPoolExecutor(_THREADS) as pool:
        try:
            for faults, size in zip(pool.map(_call, jobs), sizes, strict=True):
                done += size
                progress(done, whole)
                yield faults
        finally:
            pool.shutdown(cancel_futures=True)


def _call(job: Callable[[], list[Fault]]) -> list[Fault]:
    return job()


def _small(path: Path) -> bytes:
    """Return the content of a file that must be a plain one and not too large."""
    try:
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError as error:
        raise NotFound(f"{path}: {error.strerror}") from error
    with os.fdopen(file, "rb") as opened:
        found = os.fstat(opened.fileno())
        if not stat.S_ISREG(found.st_mode) or found.st_size > _LARGEST:
            raise Damaged(f"{path} is no plain file, or too large")
        return opened.read()


def _size(path: Path) -> int | None:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


def _digest(path: Path) -> str | None:
    """Return the digest of a plain file; none if there is none."""
    if _size(path) is None:
        return None
    with path.open("rb", buffering=0) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _from(content: bytes) -> chunked.Read:
    return lambda offset, length: content[offset : offset + length]


def _create(path: Path, size: int) -> None:
    """Make a file of *size* bytes, all of them a hole."""
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
    file = os.open(path, flags, 0o600)
    try:
        os.ftruncate(file, size)
    finally:
        os.close(file)
