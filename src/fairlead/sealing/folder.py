"""Sealed folders: what lies in one, how files are cut, which names are safe.

    seal.json         who sealed it, and the halves of its key, each shut to its holder
    signature.json    who signed which sealed files (OpenSSF layout, DSSE)
    manifest-….sealed names and digests of the model's files, signed, then sealed
    shards/….sealed   the files themselves, cut in shards

Names and digests of the model's files are inside: whoever has the folder alone learns
how many shards there are and how long each is, and nothing else about them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal, Self

import msgspec
from msgspec import Meta, Struct

from fairlead.base.ids import random_text
from fairlead.base.ports import Randomness
from fairlead.errors import Invalid, Malformed, Violation
from fairlead.sealing import halves
from fairlead.sealing.halves import Wrapped
from fairlead.sealing.holders import Holder, Part

CIPHER: Final = "c2sp.org/chunked-encryption@v1 Cobblestone-256"
HEAD = "seal.json"
SIGNATURE = "signature.json"
SHARDS = "shards"
SHARD = 256 * 1024 * 1024
"""Bytes of a shard, unless others are asked for; the last one of a file is shorter."""
SMALLEST = 16 * 1024
MANIFEST = "manifest"
"""The manifest's name in its context; a shard's has colons."""
_NAME_LENGTH, _PART_LENGTH = 1024, 255
_UNSAFE = re.compile(r"[\x00-\x1f\x7f:\\\ud800-\udfff]")
_SEALED_FILE = re.compile(rf"({MANIFEST}-|{SHARDS}/)[a-z0-9]{{24}}\.sealed")


class Seal(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The head of a sealed folder: public, and signed with the rest."""

    format: Literal["fairlead-sealed/1"] = "fairlead-sealed/1"
    id: Annotated[str, Meta(pattern="^seal-[a-z0-9]{24}$")]
    cipher: Literal["c2sp.org/chunked-encryption@v1 Cobblestone-256"] = CIPHER
    wrapping: Literal["HPKE MLKEM768-X25519 HKDF-SHA256 AES-256-GCM"] = halves.SUITE
    sealed_by: Holder
    halves: Annotated[tuple[Wrapped, ...], Meta(max_length=64)]

    def encode(self) -> bytes:
        """Return the file."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


@dataclass(frozen=True, slots=True, order=True)
class Piece:
    """A shard: some bytes of one file."""

    path: str
    start: int
    end: int

    @property
    def name(self) -> str:
        """Names it in manifests."""
        return f"{self.path}:{self.start}:{self.end}"

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return self.end - self.start

    @classmethod
    def parse(cls, name: str) -> Self:
        """Read what `name` wrote.

        Raises:
            Malformed: it is no such name.

        """
        found = re.fullmatch(r"([^:]+):(0|[1-9]\d{0,17}):(0|[1-9]\d{0,17})", name)
        if found is None:
            raise Malformed(f"{name!r} names no shard")
        return cls(found[1], int(found[2]), int(found[3]))


def new_seal(
    key: bytes, sealed_by: Holder, holders: Sequence[Holder], randomness: Randomness
) -> Seal:
    """Return the head of a new folder: *key* in two halves, each shut to its holders.

    Raises:
        Invalid: a half would have no holder, or *sealed_by* is not the developer.

    """
    everyone = {one.id: one for one in (sealed_by, *holders)}
    parts = {one.part for one in everyone.values()}
    if sealed_by.part is not Part.DEVELOPER:
        raise Invalid("whoever seals is the developer: use a key that says so")
    if Part.PROGRAMME not in parts:
        raise Invalid(
            "the programme's half has no holder: give the programme's public key"
            " (--for), which it makes with `fairlead seal key`"
        )
    name = "seal-" + random_text(randomness, 24)
    both = halves.split(key, randomness)
    return Seal(
        id=name,
        sealed_by=sealed_by,
        halves=tuple(
            halves.wrap(both[one.part], one.part, one, name)
            for one in everyone.values()
        ),
    )


def read_seal(written: bytes) -> Seal:
    """Read what `Seal.encode` wrote.

    What is not checked: who signed it.

    Raises:
        Malformed: it is no head of a sealed folder.

    """
    try:
        return msgspec.json.decode(written, type=Seal)
    except msgspec.MsgspecError as error:
        raise Malformed(f"{HEAD}: {error}") from error


def context(seal: str, name: str) -> bytes:
    """Return what a sealed file is bound to: its folder and its place in the model."""
    return f"urn:fairlead:sealed:v1\0{seal}\0{name}".encode()


def new_file(randomness: Randomness, *, manifest: bool = False) -> str:
    """Return a fresh name for a sealed file, which says nothing."""
    name = random_text(randomness, 24)
    return f"{MANIFEST}-{name}.sealed" if manifest else f"{SHARDS}/{name}.sealed"


def is_sealed_file(name: str) -> bool:
    """Tell whether *name* may name a sealed file."""
    return _SEALED_FILE.fullmatch(name) is not None


def cut(path: str, size: int, shard: int) -> Iterator[Piece]:
    """Return the shards of a file; an empty one has none."""
    for start in range(0, size, shard):
        yield Piece(path, start, min(start + shard, size))


def unsafe(path: str) -> str | None:
    """Say why a file cannot be called *path*, relative to its folder, if it cannot."""
    parts = path.split("/")
    if any(part in {"", ".", ".."} for part in parts):
        return "leads out of its folder"
    if _UNSAFE.search(path):
        return "has a colon, a backslash, or something that is no readable character"
    if len(path.encode()) > _NAME_LENGTH or any(
        len(part.encode()) > _PART_LENGTH for part in parts
    ):
        return "is too long"
    return None


def check_files(sizes: Sequence[tuple[str, int]], pieces: Iterable[Piece]) -> None:
    """Make sure that files have safe names and that shards are all of their bytes.

    Raises:
        Invalid: not so; every fault is named.

    """
    faults = [
        Violation("unsafe_name", path, f"{path!r} {why}")
        for path, _ in sizes
        if (why := unsafe(path)) is not None
    ]
    names = [path for path, _ in sizes]
    folders = {
        "/".join(p.split("/")[:n]) for p in names for n in range(1, p.count("/") + 1)
    }
    faults += [
        Violation("repeated_name", path, f"{path!r} is there twice, or also a folder")
        for path in set(names)
        if path in folders or (len(names) != len(set(names)) and names.count(path) > 1)
    ]
    ends = dict.fromkeys(names, 0)
    for piece in sorted(pieces):
        if ends.get(piece.path) != piece.start or piece.end <= piece.start:
            faults.append(
                Violation("wrong_shard", piece.name, f"{piece.name} does not fit")
            )
        else:
            ends[piece.path] = piece.end
    faults += [
        Violation("missing_shard", path, f"{path!r} has {size} bytes, not {ends[path]}")
        for path, size in sizes
        if ends[path] != size
    ]
    if faults:
        raise Invalid("the files cannot be taken as they are named", faults)
