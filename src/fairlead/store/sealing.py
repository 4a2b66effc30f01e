"""Sealing a folder: in shards, by several threads, so that a killed one goes on later.

The sealed folder is whole at any time: shards get fresh names, and the signature, which
says which files count, is replaced last and at once. What it no longer names is removed
after that.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path

from fairlead.base.ports import Randomness
from fairlead.errors import Damaged, Invalid, Refused, Unavailable
from fairlead.formats import dsse, in_toto, model_signing
from fairlead.formats.model_signing import FileSize, Resource, SealedShard
from fairlead.sealing import folder as layout
from fairlead.sealing import halves
from fairlead.sealing.chunked import (
    CHUNK,
    KEY,
    SALT,
    SEALED,
    Message,
    sealed_size,
)
from fairlead.sealing.folder import Piece, Seal
from fairlead.sealing.holders import Holder, HolderKey
from fairlead.store import files
from fairlead.store.sealing_journal import Begun, Done, Journal, Stat
from fairlead.store.walking import walk

Progress = Callable[[int, int], None]
"""Told how many bytes are done, and how many there are."""

AT_ONCE = 64
"""Chunks that a thread reads, shuts and writes together: 1 MiB."""
_FLUSH = 8 * 1024 * 1024
_MOMENT = 2_000_000_000
"""Nanoseconds within which a file could change without another time of change."""
JOURNAL = ".sealing"
"""What the journal's name ends with; it stands beside the sealed folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealing:
    """What is to be sealed, by whom and for whom."""

    folder: Path
    out: Path
    key: HolderKey
    """The developer's: it signs, and holds the developer's half."""
    holders: Sequence[Holder]
    randomness: Randomness
    shard: int = layout.SHARD
    threads: int = 3
    recheck: bool = False
    """Read everything again, also what has not changed by its times."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What was done."""

    seal: Seal
    files: int
    size: int
    """Bytes of the model's files."""
    fresh: int
    """Shards that were sealed now."""
    kept: int
    """Shards that were sealed before and have not changed."""


def seal(what: Sealing, progress: Progress = lambda _done, _all: None) -> Sealed:
    """Seal a folder; or go on with, or renew, one that was sealed before.

    1. Everything in the folder is a plain file with a safe name.
    2. Each shard that is new or has changed is sealed under a fresh name and synced.
    3. The manifest is signed and sealed, then all sealed files are signed.
    4. What the signature does not name is removed.

    Raises:
        Invalid: the folder holds what cannot be sealed, or a half has no holder.
        Refused: a file changed while it was read, or the holders are others than before.
        Unavailable: the disk is full; run it again to go on.
        InUse: another sealing works on the same folder.

    """
    if what.shard < layout.SMALLEST or what.shard % CHUNK:
        raise Invalid(f"a shard has a multiple of {CHUNK} bytes")
    apart = what.out.absolute()
    if apart.is_relative_to(what.folder.absolute()):
        raise Invalid("the sealed folder must not lie in the one that is sealed")
    there = walk(what.folder)
    pieces = [p for path, size in there for p in layout.cut(path, size, what.shard)]
    layout.check_files(there, pieces)
    if not there:
        raise Invalid(f"{what.folder} has no files")
    apart.parent.mkdir(parents=True, exist_ok=True)
    journal = Journal(apart.with_name(apart.name + JOURNAL))
    try:
        run = _Run(what, journal)
        fresh = run.seal_all(pieces, sum(size for _, size in there), progress)
        run.sign(there, pieces)
    except OSError as error:
        raise _told(error) from error
    finally:
        journal.close()
    return Sealed(
        seal=run.seal,
        files=len(there),
        size=sum(size for _, size in there),
        fresh=fresh,
        kept=len(pieces) - fresh,
    )


class _Run:
    """One sealing, with the key at hand."""

    def __init__(self, what: Sealing, journal: Journal) -> None:
        self._what = what
        self._journal = journal
        self.out = what.out.absolute()
        (self.out / layout.SHARDS).mkdir(mode=0o700, parents=True, exist_ok=True)
        begun = journal.begun
        if begun is None or begun.shard != what.shard:
            key = what.randomness(KEY)
            head = layout.new_seal(key, what.key.holder, what.holders, what.randomness)
            whole = halves.keep_whole(key, what.key, head.id)
            begun = Begun(seal=head, whole=whole, shard=what.shard)
            journal.begin(begun)
        self.seal = begun.seal
        wanted = {one.id for one in (what.key.holder, *what.holders)}
        if wanted != {one.holder.id for one in self.seal.halves}:
            raise Refused(
                "this folder was sealed for other holders; for others it needs another"
                " key: seal into a new folder"
            )
        self._key = halves.whole(begun.whole, what.key, self.seal.id)

    def seal_all(self, pieces: Sequence[Piece], size: int, progress: Progress) -> int:
        """Seal what is new or changed; return how many shards that were."""
        done = fresh = 0
        progress(0, size)
        with ThreadPoolExecutor(self._what.threads) as pool:
            rest = iter(pieces)
            running: dict[Future[Done | None], Piece] = {}
            try:
                while True:
                    self._start(pool, rest, running)
                    if not running:
                        return fresh
                    ended = wait(running, return_when=FIRST_COMPLETED).done
                    made = [one for f in ended if (one := f.result()) is not None]
                    if made:
                        files.sync_folder(self.out / layout.SHARDS)
                        self._journal.add(made)
                        fresh += len(made)
                    done += sum(running.pop(future).size for future in ended)
                    progress(done, size)
            finally:
                pool.shutdown(cancel_futures=True)

    def _start(
        self,
        pool: ThreadPoolExecutor,
        rest: Iterator[Piece],
        running: dict[Future[Done | None], Piece],
    ) -> None:
        while len(running) < 2 * self._what.threads:
            piece = next(rest, None)
            if piece is None:
                return
            running[pool.submit(self._shard, piece)] = piece

    def _shard(self, piece: Piece) -> Done | None:
        """Seal a shard; nothing if it is sealed already and has not changed."""
        path = self._what.folder / piece.path
        source = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        try:
            if not stat.S_ISREG(os.fstat(source).st_mode):
                raise Refused(f"{piece.path} changed while it was sealed; try again")
            before = _stat(source)
            known = self._journal.done.get(piece.name)
            if known is not None and not self._there(known, piece):
                known = None
            if known is not None and known.stat == before and not self._what.recheck:
                return None
            if known is not None and _hash(source, piece) == known.digest:
                return None
            made = self._write(source, piece, before)
            if _stat(source) != before:
                (self.out / made.file).unlink(missing_ok=True)
                raise Refused(f"{piece.path} changed while it was sealed; try again")
            return made
        finally:
            os.close(source)

    def _there(self, known: Done, piece: Piece) -> bool:
        try:
            size = (self.out / known.file).lstat().st_size
        except FileNotFoundError:
            return False
        return size == sealed_size(piece.size)

    def _write(self, source: int, piece: Piece, before: Stat) -> Done:
        context = layout.context(self.seal.id, piece.name)
        message = Message.begin(self._key, context, self._what.randomness(SALT))
        file = layout.new_file(self._what.randomness)
        target = os.open(
            self.out / file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600
        )
        try:
            digest, sealed_digest = _seal_into(source, piece, message, target)
            os.fsync(target)
            written = os.fstat(target).st_mtime_ns
        finally:
            os.close(target)
        settled = max(before[1], before[2]) < written - _MOMENT
        return Done(
            name=piece.name,
            file=file,
            digest=digest,
            sealed_digest=sealed_digest,
            stat=before if settled else None,
        )

    def sign(self, there: Sequence[tuple[str, int]], pieces: Sequence[Piece]) -> None:
        """Write manifest, head and signature, then remove what no longer counts."""
        done = [self._journal.done[piece.name] for piece in pieces]
        manifest = self._manifest(there, done)
        head = self.seal.encode()
        files.write(self.out / layout.HEAD, head)
        resources = [
            Resource(name=layout.HEAD, digest=hashlib.sha256(head).hexdigest()),
            *(Resource(name=one.file, digest=one.sealed_digest) for one in done),
            manifest,
        ]
        resources.sort(key=lambda one: model_signing.order(one.name))
        public = model_signing.Manifest(
            serialization=model_signing.Serialization(method="files"),
            resources=tuple(resources),
        )
        files.write(
            self.out / layout.SIGNATURE,
            self._signed(model_signing.say(self.seal.id, public)),
        )
        self._remove_others({one.name for one in resources})

    def _manifest(
        self, there: Sequence[tuple[str, int]], done: Sequence[Done]
    ) -> Resource:
        """Seal the manifest of the model's files; return what it is as a file."""
        cut = model_signing.Serialization(method="shards", shard_size=self._what.shard)
        manifest = model_signing.Manifest(
            serialization=cut,
            resources=tuple(
                Resource(name=one.name, algorithm=cut.algorithm, digest=one.digest)
                for one in done
            ),
            sealing=model_signing.Sealing(
                seal=self.seal.id,
                files=tuple(FileSize(name=path, size=size) for path, size in there),
                shards=tuple(
                    SealedShard(name=o.name, file=o.file, digest=o.sealed_digest)
                    for o in done
                ),
            ),
        )
        content = self._signed(model_signing.say(self._what.folder.name, manifest))
        context = layout.context(self.seal.id, layout.MANIFEST)
        message = Message.begin(self._key, context, self._what.randomness(SALT))
        chunks = range(len(content) // CHUNK + 1)
        written = message.header + b"".join(
            message.seal(n, content[n * CHUNK : (n + 1) * CHUNK]) for n in chunks
        )
        file = layout.new_file(self._what.randomness, manifest=True)
        files.write(self.out / file, written)
        return Resource(name=file, digest=hashlib.sha256(written).hexdigest())

    def _signed(self, statement: bytes) -> bytes:
        return dsse.sign(statement, in_toto.PAYLOAD, [self._what.key]).encode()

    def _remove_others(self, counted: set[str]) -> None:
        for path in [*self.out.glob("*.sealed"), *self.out.glob("shards/*.sealed")]:
            name = path.relative_to(self.out).as_posix()
            if layout.is_sealed_file(name) and name not in counted:
                path.unlink()
        for path in self.out.glob(".*.new"):
            # A manifest that a killed sealing had not finished writing.
            if layout.is_sealed_file(path.name[1:].removesuffix(".new")):
                path.unlink()


def _seal_into(
    source: int, piece: Piece, message: Message, target: int
) -> tuple[str, str]:
    """Seal a shard into a file; return the digests of what was read and written.

    Memory: one megabyte of each.
    """
    plain, sealed = bytearray(AT_ONCE * CHUNK), bytearray(AT_ONCE * SEALED)
    read, shut = memoryview(plain), memoryview(sealed)
    hashed, sealed_hash = hashlib.sha256(), hashlib.sha256(message.header)
    _write_all(target, memoryview(message.header))
    flushed = 0
    for number in range(piece.size // CHUNK // AT_ONCE + 1):
        start = number * AT_ONCE * CHUNK
        length = min(len(read), piece.size - start)
        _read_exactly(source, read[:length], piece.start + start, piece.path)
        hashed.update(read[:length])
        full = length // CHUNK * CHUNK
        used = message.seal_into(number * AT_ONCE, read[:full], shut)
        if length < len(read):
            last = message.seal(start // CHUNK + full // CHUNK, read[full:length])
            shut[used : used + len(last)] = last
            used += len(last)
        sealed_hash.update(shut[:used])
        _write_all(target, shut[:used])
        if start + length - flushed >= _FLUSH:
            # Begins to write what is still in memory, so that the sync ends soon.
            os.posix_fadvise(target, 0, 0, os.POSIX_FADV_DONTNEED)
            flushed = start + length
    return hashed.hexdigest(), sealed_hash.hexdigest()


def _hash(source: int, piece: Piece) -> str:
    """Return the digest of a shard as it is now."""
    view = memoryview(bytearray(AT_ONCE * CHUNK))
    hashed = hashlib.sha256()
    for start in range(0, piece.size, len(view)):
        part = view[: min(len(view), piece.size - start)]
        _read_exactly(source, part, piece.start + start, piece.path)
        hashed.update(part)
    return hashed.hexdigest()


def _read_exactly(source: int, into: memoryview, offset: int, path: str) -> None:
    while into:
        count = os.preadv(source, [into], offset)
        if not count:
            raise Refused(f"{path} became shorter while it was sealed; try again")
        into, offset = into[count:], offset + count


def _write_all(target: int, content: memoryview) -> None:
    while content:
        content = content[os.write(target, content) :]


def _stat(file: int) -> Stat:
    found = os.fstat(file)
    return (found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


def _told(error: OSError) -> Unavailable | Damaged:
    if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
        return Unavailable(
            f"no room is left ({error.strerror}): make some and run it again; what is"
            " sealed already is kept"
        )
    return Unavailable(f"{error.filename or 'a file'}: {error.strerror}; run it again")
