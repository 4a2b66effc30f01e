"""Saved views in SQL: what they ask for is kept closed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, delete, insert, select

from fairlead.base.ids import ViewId
from fairlead.clearinghouse.queues import View, Wanted
from fairlead.store import tables
from fairlead.store.vault import Vault


class _Content(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    wanted: Wanted


@dataclass(frozen=True, slots=True)
class SQLViews:
    """All saved views, in one transaction; see `fairlead.clearinghouse.ports.Views`."""

    connection: Connection
    vault: Vault

    def put(self, view: View) -> None:
        """Keep a new view."""
        content = _Content(name=view.name, wanted=view.wanted)
        row = {
            "id": view.id,
            "person": view.person,
            "organisation": view.organisation,
            "made_at": view.made_at,
            "content": self.vault.shut_for_all(
                msgspec.json.encode(content), _context(view.id)
            ),
        }
        self.connection.execute(insert(tables.views), row)

    def get(self, name: ViewId) -> View | None:
        """Return the view of this name."""
        found = self._read(select(tables.views).where(tables.views.c.id == name))
        return found[0] if found else None

    def of(self, person: str) -> Sequence[View]:
        """Return those that *person* saved, the first saved first."""
        table = tables.views
        query = select(table).where(table.c.person == person)
        return self._read(query.order_by(table.c.made_at, table.c.id))

    def drop(self, name: ViewId) -> None:
        """Have the view be no more."""
        self.connection.execute(delete(tables.views).where(tables.views.c.id == name))

    def _read(self, query: Select[Any]) -> Sequence[View]:
        return [
            View(
                id=ViewId(row["id"]),
                person=row["person"],
                organisation=row["organisation"],
                made_at=row["made_at"],
                name=content.name,
                wanted=content.wanted,
            )
            for row in self.connection.execute(query).mappings()
            for content in (self._content(row["id"], row["content"]),)
        ]

    def _content(self, name: str, kept: bytes) -> _Content:
        written = self.vault.unlock_for_all(kept, _context(name))
        return msgspec.json.decode(written, type=_Content)


def _context(name: str) -> str:
    return f"view {name}"
