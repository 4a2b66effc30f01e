"""The vault: opens and shuts what the database keeps closed, with keys from elsewhere.

What stands in a column is one byte that says whether it is shut, then the content or its
box. Subjects that hold nothing confidential have no key, and theirs is not shut.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from fairlead.base.ports import Randomness
from fairlead.errors import Damaged
from fairlead.sealing import boxes
from fairlead.sealing.ports import Keys
from fairlead.store import tables
from fairlead.store.bulk import insert_many, run

CHUNK = 500
"""Names in one query: both databases take more, and no plan gets slower."""

_PLAIN, _SHUT = b"\x00", b"\x01"


@dataclass(frozen=True, slots=True)
class Vault:
    """Keys, and what is done with them."""

    keys: Keys
    randomness: Randomness

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

    def unlock(self, number: int | None, kept: bytes, context: str) -> bytes | None:
        """Return what was kept; nothing once its key was destroyed.

        Raises:
            Damaged: it was changed, or is another one's.

        """
        if kept[:1] == _PLAIN:
            return kept[1:]
        key = None if number is None else self.keys.get(number)
        return None if key is None else boxes.unlock(key, kept[1:], context)

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
