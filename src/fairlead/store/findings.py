"""The index of findings in SQL: earlier ones by what they share with a new one."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import Connection, bindparam, delete, select

from fairlead.base.ids import Receipt
from fairlead.clearinghouse.duplicates import (
    CANDIDATE_LIMIT,
    Candidate,
    Features,
    cap_of,
    detail,
    key_weight,
    keys_of,
)
from fairlead.clearinghouse.submissions import SUBMISSIONS
from fairlead.store import tables
from fairlead.store.bulk import insert_many
from fairlead.store.vault import Vault, key_of

_HOLDERS = (
    select(tables.finding_keys.c.id, tables.finding_keys.c.receipt)
    .where(tables.finding_keys.c.key == bindparam("wanted"))
    .order_by(tables.finding_keys.c.vagueness, tables.finding_keys.c.id)
    .limit(bindparam("cap"))
)
"""Built once: it is asked some thirty times a finding."""


@dataclass(frozen=True, slots=True)
class SQLIndex:
    """The index in one transaction; see `fairlead.clearinghouse.duplicates.Index`."""

    connection: Connection
    vault: Vault

    def add(self, receipt: Receipt, features: Features) -> None:
        """Keep *features* under *receipt*, once."""
        kept = select(tables.finding_features.c.receipt).where(
            tables.finding_features.c.receipt == receipt
        )
        if self.connection.execute(kept).first() is not None:
            return
        key = key_of(self.connection, SUBMISSIONS.stream(receipt))
        written = msgspec.json.encode(features)
        row = {
            "receipt": receipt,
            "key": key,
            "features": self.vault.shut(key, written, _context(receipt)),
        }
        insert_many(self.connection, tables.finding_features, [row])
        rows = [
            {
                "key": self._digest(key),
                "vagueness": -detail(features),
                "receipt": receipt,
            }
            for key in keys_of(features)
        ]
        insert_many(self.connection, tables.finding_keys, rows)

    def candidates(
        self, features: Features, limit: int = CANDIDATE_LIMIT
    ) -> Sequence[Candidate]:
        """Return at most *limit* findings that share a key, the likeliest first."""
        weights: defaultdict[Receipt, float] = defaultdict(float)
        places: dict[Receipt, int] = {}
        for key in keys_of(features):
            for place, receipt in self._holders(key):
                weights[receipt] += key_weight(key)
                places[receipt] = max(place, places.get(receipt, 0))
        best = sorted(weights, key=lambda r: (-weights[r], -places[r]))[:limit]
        table = tables.finding_features
        query = select(table).where(table.c.receipt.in_(best))
        found: dict[Receipt, Features] = {}
        for row in self.connection.execute(query):
            written = self.vault.unlock(row.key, row.features, _context(row.receipt))
            if written is not None:
                found[row.receipt] = msgspec.json.decode(written, type=Features)
        return [Candidate(r, found[r], weights[r]) for r in best if r in found]

    def clear(self) -> None:
        """Drop everything that is known of any finding."""
        for table in (tables.finding_features, tables.finding_keys):
            self.connection.execute(delete(table))

    def forget(self, receipt: Receipt) -> None:
        """Drop everything that is known of a finding."""
        for table in (tables.finding_features, tables.finding_keys):
            self.connection.execute(delete(table).where(table.c.receipt == receipt))

    def _holders(self, key: str) -> Sequence[tuple[int, Receipt]]:
        wanted = {"wanted": self._digest(key), "cap": cap_of(key)}
        return [(p, Receipt(r)) for p, r in self.connection.execute(_HOLDERS, wanted)]

    def _digest(self, key: str) -> bytes:
        """Return *key* in 16 bytes that say nothing to whoever has the database alone."""
        return self.vault.quick_fingerprint(key.encode("utf-8", "replace"))


def _context(receipt: Receipt) -> str:
    return f"features of {receipt}"
