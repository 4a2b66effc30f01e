"""Where claims are found: by fingerprints of the ground they are on, never by a scan.

Two claims are on the same ground where the own place of one is the own place of the other,
or contains it; and what contains a place is listed with each claim. So one lookup in an
index finds them all, however many claims there are. The names themselves lie nowhere in
this table: whoever has the database alone cannot read who scans what.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, select, text, update

from fairlead.base import instants
from fairlead.base.ids import ClaimId
from fairlead.clearinghouse.claims.claim import Claim, State
from fairlead.clearinghouse.claims.ports import Hit, Keys
from fairlead.store import tables
from fairlead.store.bulk import insert_many
from fairlead.store.vault import CHUNK, Vault


@dataclass(frozen=True, slots=True)
class SQLPlaces:
    """The table of grounds, in one transaction."""

    connection: Connection
    vault: Vault

    def keys(
        self, place: str, containers: Sequence[str], tokens: Sequence[str] = ()
    ) -> Keys:
        """Return under what a ground is looked up; *tokens* are those of the same."""
        blind = self.blind_keys(tokens)
        return Keys(
            (self._key("place", place), *blind.own),
            (*(self._key("place", c) for c in containers), *blind.containers),
        )

    def blind_keys(self, tokens: Sequence[str]) -> Keys:
        """Return under what a blind claim is looked up: its place's token comes first."""
        found = [self._key("token", token) for token in tokens]
        return Keys(tuple(found[:1]), tuple(found[1:]))

    def lock(self, keys: Keys) -> None:
        """Let nobody else decide about the same ground until this unit is left."""
        if self.connection.dialect.name != "postgresql":
            return  # one writer at a time
        own = set(keys.own)
        for key in sorted({*keys.own, *keys.containers}):  # one order: no deadlock
            number = int.from_bytes(key[:8], "big", signed=True)
            shared = "" if key in own else "_shared"
            statement = text(f"select pg_advisory_xact_lock{shared}(:key)")
            self.connection.execute(statement, {"key": number})

    def put(self, claim: Claim, keys: Keys) -> None:
        """Have the claim found."""
        self.put_many([(claim, keys)])

    def put_many(self, claims: Sequence[tuple[Claim, Keys]]) -> None:
        """Have many claims found."""
        rows = [row for claim, keys in claims for row in _rows_of(claim, keys)]
        insert_many(self.connection, tables.claim_places, rows)

    def move(self, claim: Claim) -> None:
        """Have the claim found as it is now."""
        table = tables.claim_places
        change = {"state_name": claim.state.value, "until": _until(claim)}
        mine = table.c.claim_id == claim.id
        self.connection.execute(update(table).where(mine), change)

    def keys_of(self, claim: ClaimId) -> Keys:
        """Return under what the claim is found."""
        table = tables.claim_places
        query = select(table.c.place, table.c.own).where(table.c.claim_id == claim)
        rows = self.connection.execute(query.order_by(table.c.place)).all()
        return Keys(
            tuple(row.place for row in rows if row.own),
            tuple(row.place for row in rows if not row.own),
        )

    def hits(
        self, keys: Keys, states: Sequence[State], *, after: datetime, limit: int = 500
    ) -> Sequence[Hit]:
        """Return claims on the same ground that end, or ended, later than *after*."""
        return self.hits_of_many([keys], states, after=after)[0][:limit]

    def hits_of_many(
        self, asked: Sequence[Keys], states: Sequence[State], *, after: datetime
    ) -> Sequence[Sequence[Hit]]:
        """Return the same for many grounds, in their order, with few statements."""
        owns = {key for keys in asked for key in keys.own}
        above = {key for keys in asked for key in keys.containers}
        same = self._found(owns | above, states, after, own=True)
        below = self._found(owns, states, after, own=False)
        found: list[list[Hit]] = []
        for keys in asked:
            hits: dict[ClaimId, Hit] = {}
            for key in keys.own:
                hits |= {c: Hit(c, same=True) for c in same.get(key, ())}
            contained = [below.get(key, ()) for key in keys.own]
            contained += [same.get(key, ()) for key in keys.containers]
            for claims in contained:
                hits = {c: Hit(c, same=False) for c in claims} | hits
            found.append(list(hits.values()))
        return found

    def on(self, key: bytes) -> Sequence[ClaimId]:
        """Return the claims that are found under *key*."""
        table = tables.claim_places
        query = select(table.c.claim_id).where(table.c.place == key)
        return [ClaimId(name) for name in self.connection.execute(query).scalars()]

    def drop(self, claims: Sequence[ClaimId]) -> None:
        """Have claims not found any more."""
        table = tables.claim_places
        for start in range(0, len(claims), CHUNK):
            part = claims[start : start + CHUNK]
            self.connection.execute(delete(table).where(table.c.claim_id.in_(part)))

    def clear(self) -> None:
        """Forget everything."""
        self.connection.execute(delete(tables.claim_places))

    def _found(
        self, keys: set[bytes], states: Sequence[State], after: datetime, *, own: bool
    ) -> dict[bytes, list[ClaimId]]:
        found: dict[bytes, list[ClaimId]] = {}
        ordered = sorted(keys)
        rest = ([state.value for state in states], instants.text(after))
        for start in range(0, len(ordered), CHUNK):
            rows = self._rows(ordered[start : start + CHUNK], own, *rest)
            for place, claim in rows:
                found.setdefault(bytes(place), []).append(ClaimId(claim))
        return found

    def _rows(
        self,
        keys: list[bytes],
        own: bool,  # noqa: FBT001 - a column
        states: list[str],
        after: str,
    ) -> Sequence[Any]:
        """Return rows of the index, asked of the driver itself.

        SQLAlchemy prepares each of hundreds of keys, which costs more than the look-up.
        """
        if self.connection.dialect.name == "postgresql":
            query = (
                "select place, claim_id from claim_places where place = any(%s)"
                " and own = %s and state_name = any(%s) and until > %s"
            )
            asked: tuple[Any, ...] = (keys, own, states, after)
        else:
            query = (
                f"select place, claim_id from claim_places where place in"  # noqa: S608 - question marks only
                f" ({_marks(len(keys))}) and own = ? and state_name in"
                f" ({_marks(len(states))}) and until > ?"
            )
            asked = (*keys, own, *states, after)
        return self.connection.exec_driver_sql(query, asked).all()

    def _key(self, kind: str, name: str) -> bytes:
        return self.vault.quick_fingerprint(f"{kind} of a claim: {name}".encode())


def _marks(count: int) -> str:
    return ",".join("?" * count)


def _rows_of(claim: Claim, keys: Keys) -> list[dict[str, Any]]:
    until = _until(claim)
    owns = dict.fromkeys(keys.own, True)
    above = {key: False for key in keys.containers if key not in owns}
    return [
        {
            "claim_id": claim.id,
            "place": key,
            "own": own,
            "state_name": claim.state.value,
            "until": until,
        }
        for key, own in (owns | above).items()
    ]


def _until(claim: Claim) -> datetime:
    return claim.ended_at or claim.ends_at
