"""The programme's halves: one key of the key service for each sealed asset, and its end.

A half has a key of its own, apart from the one that shuts what is said about the asset:
destroying the half must not destroy the record. The row says only that there is such a
key; the key itself lies in the key service, outside the database and its backups.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, insert, select, update

from fairlead.base.agenda import Job
from fairlead.errors import Conflict, Destroyed, NotFound
from fairlead.sealing import opening
from fairlead.sealing.folder import Seal
from fairlead.sealing.holders import Holder
from fairlead.sealing.opening import FailedOpening, OpenedHalf
from fairlead.store import tables
from fairlead.store.vault import Vault


@dataclass(frozen=True, slots=True)
class SQLHalves:
    """Halves, in one transaction."""

    connection: Connection
    vault: Vault

    def give_out(self, asset: str, name: str) -> Holder:
        """Return the public keys that a developer is to seal *asset* for.

        *name* says whose they are. The secret side is durable in the key service.

        Raises:
            Conflict: keys were given out for this asset before.

        """
        if self._find(asset) is not None:
            raise Conflict(f"keys were given out for {asset} before")
        number = self.vault.new_key(self.connection, _stream(asset))
        return opening.holder_key(self.vault.keys, number, name).holder

    def open(self, asset: str, holder: Holder, seal: Seal) -> OpenedHalf:
        """Return the programme's half, for one session.

        *holder* is what `give_out` returned.

        Raises:
            NotFound: no keys were given out for this asset.
            Destroyed: the half was destroyed, or is to be.
            Refused: the folder was not sealed for *holder*.
            Damaged: the half does not open.

        """
        number, destroyed_at = self._known(asset)
        if destroyed_at is not None:
            raise Destroyed(
                f"the programme's half of {asset} was destroyed at"
                f" {destroyed_at.isoformat()}: nobody opens it any more"
            )
        half = opening.open_half(self.vault.keys, number, holder, seal)
        return OpenedHalf(half=half)

    def attempt(
        self, asset: str, holder: Holder, seal: Seal
    ) -> OpenedHalf | FailedOpening:
        """Try to open the half as the key service is now, whatever the database says.

        This is what is done after a destruction, to record that it fails.

        Raises:
            NotFound: no keys were given out for this asset.

        """
        number, _ = self._known(asset)
        return opening.attempt(self.vault.keys, number, holder, seal)

    def destroy(self, asset: str, *, at: datetime) -> None:
        """Destroy the half: not opened from now on, its key gone by a job.

        The key is destroyed after the commit, so that nothing is destroyed which the
        record does not say; and again before anything is served, should a copy of the
        keys have been put back. Done twice it does nothing the second time.

        Raises:
            NotFound: no keys were given out for this asset.

        """
        _, destroyed_at = self._known(asset)
        if destroyed_at is not None:
            return
        table = tables.subject_keys
        self.connection.execute(
            update(table)
            .where(table.c.stream == _stream(asset))
            .values(destroyed_at=at)
        )
        job = {
            "kind": Job.DESTROY_KEY.value,
            "subject": _stream(asset),
            "due_at": at,
            "attempts": 0,
        }
        self.connection.execute(insert(tables.jobs), job)

    def _known(self, asset: str) -> tuple[int, datetime | None]:
        found = self._find(asset)
        if found is None:
            raise NotFound(f"no keys were given out for {asset}")
        return found

    def _find(self, asset: str) -> tuple[int, datetime | None] | None:
        table = tables.subject_keys
        query = select(table.c.number, table.c.destroyed_at).where(
            table.c.stream == _stream(asset)
        )
        row = self.connection.execute(query).one_or_none()
        return None if row is None else (row.number, row.destroyed_at)


def _stream(asset: str) -> str:
    return f"half/{asset}"
