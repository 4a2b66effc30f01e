"""The index of findings in SQL: earlier ones by what they share with a new one.

A finding has some thirty keys and is asked for by all of them, hundreds of times a
second. So one statement asks for all keys, and keys of one package lie together: a
finding reads and writes a few pages instead of thirty (`benchmarks/deciding.py`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

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
    package_of_key,
)
from fairlead.clearinghouse.submissions import SUBMISSIONS
from fairlead.store import tables
from fairlead.store.bulk import insert_many, run
from fairlead.store.vault import Vault, key_of

_PLACE_OF = select(tables.finding_features.c.place).where(
    tables.finding_features.c.receipt == bindparam("name")
)
_DECODER = msgspec.json.Decoder(Features)


class Indexed(NamedTuple):
    """A finding to be put into the index."""

    receipt: Receipt
    key: int | None
    """The number of the key that shuts what is kept of it."""
    features: Features


@dataclass(frozen=True, slots=True)
class SQLIndex:
    """The index in one transaction; see `fairlead.clearinghouse.duplicates.Index`."""

    connection: Connection
    vault: Vault

    def add(self, receipt: Receipt, features: Features) -> None:
        """Keep *features* under *receipt*, once."""
        name = {"name": receipt}
        if run(self.connection, _PLACE_OF, name).first() is not None:
            return
        key = key_of(self.connection, SUBMISSIONS.stream(receipt))
        row = self._row(Indexed(receipt, key, features))
        insert_many(self.connection, tables.finding_features, [row])
        place = run(self.connection, _PLACE_OF, name).scalar_one()
        self._insert_keys([(place, features)])

    def add_many(self, findings: Sequence[Indexed]) -> None:
        """Keep findings that are not in the index yet, in this order."""
        table = tables.finding_features
        insert_many(self.connection, table, [self._row(f) for f in findings])
        names = [finding.receipt for finding in findings]
        query = select(table.c.receipt, table.c.place).where(table.c.receipt.in_(names))
        places = {row.receipt: row.place for row in self.connection.execute(query)}
        self._insert_keys((places[f.receipt], f.features) for f in findings)

    def candidates(
        self, features: Features, limit: int = CANDIDATE_LIMIT
    ) -> Sequence[Candidate]:
        """Return at most *limit* findings that share a key, the likeliest first."""
        keys = keys_of(features)
        if not keys:
            return ()
        weights: defaultdict[int, float] = defaultdict(float)
        worth = [key_weight(key) for key in keys]
        for which, place in self._holders(keys):
            weights[place] += worth[which]
        best = sorted(weights, key=lambda p: (-weights[p], -p))[:limit]
        found: dict[int, tuple[Receipt, Features]] = {}
        for place, receipt, key, kept in self._kept(best):
            written = self.vault.unlock(key, kept, _context(receipt))
            if written is not None:
                found[place] = Receipt(receipt), _DECODER.decode(written)
        return [Candidate(*found[p], weights[p]) for p in best if p in found]

    def clear(self) -> None:
        """Drop everything that is known of any finding."""
        for table in (tables.finding_features, tables.finding_keys):
            self.connection.execute(delete(table))

    def forget(self, receipt: Receipt) -> None:
        """Drop everything that is known of a finding."""
        table, keys = tables.finding_features, tables.finding_keys
        row = self.connection.execute(
            select(table).where(table.c.receipt == receipt)
        ).one_or_none()
        if row is None:
            return
        written = self.vault.unlock(row.key, row.features, _context(receipt))
        mine = keys.c.place == row.place
        if written is not None:
            held = self._digests(keys_of(_DECODER.decode(written)))
            mine &= keys.c.key.in_(held)
        self.connection.execute(delete(keys).where(mine))
        self.connection.execute(delete(table).where(table.c.place == row.place))

    def _row(self, finding: Indexed) -> dict[str, Any]:
        written = msgspec.json.encode(finding.features)
        context = _context(finding.receipt)
        return {
            "receipt": finding.receipt,
            "key": finding.key,
            "features": self.vault.shut(finding.key, written, context),
        }

    def _insert_keys(self, findings: Iterable[tuple[int, Features]]) -> None:
        held = sorted(
            (digest, -detail(features), place)
            for place, features in findings
            for digest in self._digests(keys_of(features))
        )
        rows = [{"key": k, "vagueness": v, "place": p} for k, v, p in held]
        insert_many(self.connection, tables.finding_keys, rows)

    def _holders(self, keys: Sequence[str]) -> Iterable[Any]:
        """Return each key's holders, as the number of the key and a place."""
        dialect = self.connection.dialect.paramstyle
        asked = _asking(tuple(map(cap_of, keys)), "?" if dialect == "qmark" else "%s")
        return self._all(asked, self._digests(keys))

    def _kept(self, places: Sequence[int]) -> Iterable[Any]:
        if not places:
            return ()
        mark = "?" if self.connection.dialect.paramstyle == "qmark" else "%s"
        return self._all(_fetching(len(places), mark), places)

    def _all(self, statement: str, values: Sequence[Any]) -> Iterable[Any]:
        return self.connection.exec_driver_sql(statement, tuple(values)).all()

    def _digests(self, keys: Sequence[str]) -> list[bytes]:
        """Return each key in 12 bytes that say nothing to whoever has the database.

        What it does say is which findings are about one package, whichever that is.
        """
        quick = self.vault.quick_fingerprint
        packages: dict[str, bytes] = {}
        found = []
        for key in keys:
            package = package_of_key(key)
            if package not in packages:
                packages[package] = quick(package.encode("utf-8", "replace"))[:4]
            found.append(packages[package] + quick(key.encode("utf-8", "replace"))[:8])
        return found


@lru_cache(maxsize=1024)
def _asking(caps: tuple[int, ...], mark: str) -> str:
    """Return the one statement that asks for the holders of so many keys."""
    one = (
        "select {n} as k, place from (select place from finding_keys where key = {mark}"
        " order by vagueness, place limit {cap}) as h{n}"
    )
    parts = (one.format(n=n, mark=mark, cap=cap) for n, cap in enumerate(caps))
    return " union all ".join(parts)


@lru_cache(maxsize=256)
def _fetching(count: int, mark: str) -> str:
    marks = ", ".join([mark] * count)
    return (
        "select place, receipt, key, features from finding_features"  # noqa: S608 - marks
        f" where place in ({marks})"
    )


def _context(receipt: str) -> str:
    return f"features of {receipt}"
