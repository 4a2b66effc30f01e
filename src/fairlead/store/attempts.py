"""Idempotency keys in SQL: what came with each, for as long as it counts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select
from sqlalchemy.exc import IntegrityError

from fairlead.base.ids import OrganisationId, Receipt
from fairlead.clearinghouse.ports import Attempt
from fairlead.errors import Conflict
from fairlead.store import tables
from fairlead.store.vault import Vault


@dataclass(frozen=True, slots=True)
class SQLAttempts:
    """Idempotency keys, in one transaction; kept as digests that need a key to make."""

    connection: Connection
    vault: Vault

    def get(
        self, organisation: OrganisationId, key: str, *, at: datetime
    ) -> Attempt | None:
        """Return what came with *key* from *organisation*, unless that is long ago."""
        table = tables.idempotency_keys
        query = select(table).where(
            table.c.digest == self._digest(organisation, key), table.c.ends_at > at
        )
        row = self.connection.execute(query).one_or_none()
        if row is None:
            return None
        return Attempt(fingerprint=row.fingerprint, receipt=Receipt(row.receipt))

    def keep(
        self,
        organisation: OrganisationId,
        key: str,
        attempt: Attempt,
        *,
        at: datetime,
        until: datetime,
    ) -> None:
        """Remember what came with *key*, and forget what ended before."""
        table = tables.idempotency_keys
        digest = self._digest(organisation, key)
        ended = (table.c.ends_at <= at) | (table.c.digest == digest)
        self.connection.execute(delete(table).where(ended))
        row = {
            "digest": digest,
            "fingerprint": attempt.fingerprint,
            "receipt": attempt.receipt,
            "ends_at": until,
        }
        try:
            self.connection.execute(insert(table), row)
        except IntegrityError as error:
            raise Conflict("the same key came twice at this moment; retry") from error

    def _digest(self, organisation: OrganisationId, key: str) -> str:
        content = f"{organisation} {key}".encode()
        return self.vault.fingerprint(content, "idempotency key").hex()
