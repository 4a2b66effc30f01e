"""The vault: opens and shuts what the database keeps closed, with keys from elsewhere.

What stands in a column is one byte that says whether it is shut, then the content or its
box. Subjects that hold nothing confidential have no key, and theirs is not shut.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    bindparam,
    delete,
    func,
    insert,
    select,
)

from fairlead.base.ports import Randomness
from fairlead.errors import Damaged
from fairlead.sealing import boxes
from fairlead.sealing.ports import Keys
from fairlead.store import tables
from fairlead.store.blobs import LARGE, Blobs
from fairlead.store.bulk import insert_many, run

CHUNK = 500
"""Names in one query: both databases take more, and no plan gets slower."""

_PLAIN, _SHUT, _ELSEWHERE = b"\x00", b"\x01", b"\x02"


@dataclass(frozen=True, slots=True)
class Vault:
    """Keys, and what is done with them."""

    keys: Keys
    randomness: Randomness
    blobs: Blobs | None = None
    """Where large content goes; without it everything stays in the database."""

    def shut(self, number: int | None, content: bytes, context: str) -> bytes:
        """Return *content* as it is kept, shut with the key *number* if there is one.

        Raises:
            Damaged: the key was destroyed.

        """
        if number is None:
            return _PLAIN + content
        key = self.keys.get(number)
        if key is None:
            raise Damaged(f"{context}: its key was destroyed, nothing more can be kept")
        return _SHUT + boxes.shut(key, content, context, self.randomness)

    def shut_large(self, number: int | None, content: bytes, context: str) -> bytes:
        """Return *content* as it is kept; what is large and shut lies in a blob.

        Raises:
            Damaged: the key was destroyed.

        """
        shut = self.shut(number, content, context)
        if self.blobs is None or number is None or len(content) <= LARGE:
            return shut
        name = self.blob_name(context)
        self.blobs.put(name, shut[1:])
        return _ELSEWHERE + name.encode("ascii")

    def blob_name(self, context: str) -> str:
        """Return the name of the blob of what is kept in *context*, if it has one."""
        return self.fingerprint(context.encode(), "blob").hex()

    def unlock(self, number: int | None, kept: bytes, context: str) -> bytes | None:
        """Return what was kept; nothing once its key was destroyed.

        Raises:
            Damaged: it was changed, is another one's, or its blob is lost.

        """
        if kept[:1] == _PLAIN:
            return kept[1:]
        key = None if number is None else self.keys.get(number)
        if key is None:
            return None
        box: bytes | None = kept[1:]
        if kept[:1] == _ELSEWHERE:
            name = kept[1:].decode("ascii")
            box = None if self.blobs is None else self.blobs.get(name)
            if box is None:
                raise Damaged(f"{context}: its blob {name} is lost; restore the blobs")
        return boxes.unlock(key, box or b"", context)

    def new_key(self, connection: Connection, stream: str) -> int:
        """Return the number of a fresh key for the subject whose stream this is."""
        table = tables.subject_keys
        while True:
            number = connection.execute(
                insert(table).values(stream=stream).returning(table.c.number)
            ).scalar_one()
            if self.keys.make(number) is not None:
                return int(number)
            # An older copy of the database counts again what was used and destroyed.
            connection.execute(delete(table).where(table.c.number == number))

    def new_keys(
        self, connection: Connection, streams: Sequence[str]
    ) -> dict[str, int]:
        """Return the numbers of fresh keys for many subjects, by stream."""
        table = tables.subject_keys
        insert_many(connection, table, [{"stream": stream} for stream in streams])
        found: dict[str, int] = {}
        for start in range(0, len(streams), CHUNK):
            mine = table.c.stream.in_(streams[start : start + CHUNK])
            query = select(table.c.stream, table.c.number).where(mine)
            found |= {row.stream: row.number for row in connection.execute(query)}
        for stream, number in found.items():
            if self.keys.make(number) is None:
                gone = table.c.number == number
                connection.execute(delete(table).where(gone))
                found[stream] = self.new_key(connection, stream)
        return found

    def shut_for_all(self, content: bytes, context: str) -> bytes:
        """Return *content* as it is kept that belongs to no subject, shut all the same."""
        return boxes.shut(self._shared(), content, context, self.randomness)

    def unlock_for_all(self, kept: bytes, context: str) -> bytes:
        """Return what `shut_for_all` was given.

        Raises:
            Damaged: it was changed, or is another one's.

        """
        return boxes.unlock(self._shared(), kept, context)

    def _shared(self) -> bytes:
        return self.fingerprint(b"what belongs to no subject", "shared key")

    def fingerprint(self, content: bytes, purpose: str) -> bytes:
        """Return 32 bytes by which equal content is recognised, and nothing else."""
        return boxes.fingerprint(self.keys.lookup, content, purpose)

    def quick_fingerprint(self, content: bytes) -> bytes:
        """Return 16 such bytes, for what is looked up by the thousand."""
        key = self.keys.lookup
        return hashlib.blake2b(content, key=key, digest_size=16).digest()


_KEY_OF = select(tables.subject_keys.c.number).where(
    tables.subject_keys.c.stream == bindparam("name"),
    tables.subject_keys.c.destroyed_at.is_(None),
)


def key_of(connection: Connection, stream: str) -> int | None:
    """Return the number of the key of a subject, if it has one and it is to be."""
    found: int | None = run(connection, _KEY_OF, {"name": stream}).scalar_one_or_none()
    return found


def destroyed_key(connection: Connection, stream: str) -> int | None:
    """Return the number of the key of a subject whose bodies were destroyed."""
    table = tables.subject_keys
    query = select(table.c.number).where(
        table.c.stream == stream, table.c.destroyed_at.is_not(None)
    )
    found: int | None = connection.execute(query).scalar_one_or_none()
    return found


def destroyed_keys(connection: Connection) -> Sequence[int]:
    """Return the numbers of all keys that are to be gone."""
    table = tables.subject_keys
    query = select(table.c.number).where(table.c.destroyed_at.is_not(None))
    return connection.execute(query).scalars().all()


def highest_key(connection: Connection) -> int | None:
    """Return the highest number that a key has."""
    query = select(func.max(tables.subject_keys.c.number))
    found: int | None = connection.execute(query).scalar_one()
    return found


def in_blobs(column: Column[Any]) -> ColumnElement[bool]:
    """Return the condition that what is kept in *column* lies in a blob."""
    return func.substr(column, 1, 1) == _ELSEWHERE
