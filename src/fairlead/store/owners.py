"""Owners and deliveries, in SQL."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import func, select

from fairlead.base.ids import CaseId, OrganisationId, OwnerId
from fairlead.base.pages import Page
from fairlead.clearinghouse.owners import tokens
from fairlead.clearinghouse.owners.owner import OWNERS, Owner
from fairlead.clearinghouse.owners.routing import LIVE, ROUTINGS, Routing, Stage
from fairlead.clearinghouse.owners.tokens import About, Token
from fairlead.store import tables
from fairlead.store.bulk import chunks
from fairlead.store.subjects import Kept, SQLSubjects
from fairlead.store.vault import Vault

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


def _place(place: str, vault: Vault) -> bytes:
    return vault.fingerprint(place.encode(), "place of an owner")


KEPT_OWNERS = Kept(
    OWNERS,
    tables.owners,
    lambda state: {
        "organisation": state.organisation,
        "active": state.active,
        "entered_at": state.entered_at,
    },
    lambda state, vault: {
        tables.owner_places: [
            {"owner_id": state.id, "place": place}
            for place in sorted(_place(h.place, vault) for h in state.held)
        ]
    },
    (tables.owner_places,),
)
KEPT_ROUTINGS = Kept(
    ROUTINGS,
    tables.routings,
    lambda state: {
        "owner": state.owner,
        "case_id": state.case,
        "stage": state.stage.value,
        "queued_at": state.queued_at,
        "turn_at": state.turn_at,
    },
)
KEPT = (KEPT_OWNERS, KEPT_ROUTINGS)
"""Every kind of subject around owners."""

_WAITING = (Stage.QUEUED.value, Stage.HELD.value)


class SQLOwners(SQLSubjects[Owner]):
    """All owners."""

    def maybe(self, name: str) -> Owner | None:
        """Return an owner, if there is one of that name."""
        found = self._many(self._states().where(tables.owners.c.id == name))
        return found[0] if found else None

    def about(self, places: Sequence[str]) -> Mapping[str, Sequence[Owner]]:
        """Return who is said to maintain *places*, by place; ended ones left out."""
        table, children = tables.owners, tables.owner_places
        wanted = {_place(place, self.vault): place for place in places}
        named: dict[str, set[str]] = {}
        for some in chunks(list(wanted)):
            about = select(children.c.owner_id, children.c.place).where(
                children.c.place.in_(some)
            )
            for row in self.connection.execute(about):
                named.setdefault(row.owner_id, set()).add(wanted[bytes(row.place)])
        found: dict[str, list[Owner]] = {}
        for some_names in chunks(list(named)):
            query = self._states().where(table.c.id.in_(some_names), table.c.active)
            for owner in self._many(query.order_by(table.c.entered_at, table.c.id)):
                for place in named[owner.id]:
                    found.setdefault(place, []).append(owner)
        return found

    def of(self, organisation: OrganisationId) -> Sequence[Owner]:
        """Return the owners that are this member, the first entered first."""
        table = tables.owners
        query = self._states().where(table.c.organisation == organisation)
        return self._many(query.order_by(table.c.entered_at, table.c.id))

    def many(self, names: Sequence[OwnerId]) -> Mapping[OwnerId, Owner]:
        """Return owners by their names."""
        found: dict[OwnerId, Owner] = {}
        for some in chunks(list(names)):
            query = self._states().where(tables.owners.c.id.in_(some))
            found |= {owner.id: owner for owner in self._many(query)}
        return found

    def listed(self, page: Page) -> Sequence[Owner]:
        """Return owners, the one entered last first."""
        table = tables.owners
        query = self._states().order_by(table.c.entered_at.desc(), table.c.id)
        return self._many(query.offset(page.after).limit(page.size))

    def token(self, about: About, name: str, epoch: int, extra: str = "") -> Token:
        """Return the token for what an owner is sent; only this clearinghouse can."""
        said = tokens.sealed_text(about, name, epoch, extra)
        made = self.vault.fingerprint(said.encode(), "token in a mail address")
        # A byte of 248 or more would favour the first letters; of 32, one or none is.
        letters = [_LETTERS[b % 31] for b in made if b < 31 * 8]
        return Token(about, name, "".join(letters[: tokens.LETTERS]))

    def genuine(self, token: Token, epoch: int, extra: str = "") -> bool:
        """Tell whether *token* was made here, for that contact; in constant time."""
        expected = self.token(token.about, token.name, epoch, extra)
        return hmac.compare_digest(expected.seal.encode(), token.seal.encode())


class SQLRoutings(SQLSubjects[Routing]):
    """All deliveries."""

    def maybe(self, name: str) -> Routing | None:
        """Return a delivery, if there is one of that name."""
        found = self._many(self._states().where(tables.routings.c.id == name))
        return found[0] if found else None

    def queue(self, owner: OwnerId) -> Sequence[Routing]:
        """Return what waits for an owner, and what is held back."""
        return self.queues([owner]).get(owner, ())

    def queues(self, owners: Sequence[OwnerId]) -> Mapping[OwnerId, Sequence[Routing]]:
        """Return the same for many owners, with few statements."""
        table = tables.routings
        found: dict[OwnerId, list[Routing]] = {}
        for some in chunks(list(owners)):
            query = self._states().where(
                table.c.owner.in_(some), table.c.stage.in_(_WAITING)
            )
            for one in self._many(query.order_by(table.c.queued_at, table.c.id)):
                found.setdefault(one.owner, []).append(one)
        return found

    def sent(
        self, owners: Sequence[OwnerId], since: datetime
    ) -> Mapping[OwnerId, Sequence[datetime]]:
        """Return when something went to each of *owners*, after *since*."""
        table = tables.routings
        found: dict[OwnerId, list[datetime]] = {}
        for some in chunks(list(owners)):
            query = select(table.c.owner, table.c.turn_at).where(
                table.c.owner.in_(some), table.c.turn_at > since
            )
            for row in self.connection.execute(query):
                found.setdefault(OwnerId(row.owner), []).append(row.turn_at)
        return found

    def of_owner(self, owner: OwnerId, page: Page) -> Sequence[Routing]:
        """Return what an owner has, what was sent last first."""
        table = tables.routings
        query = self._states().where(
            table.c.owner == owner, table.c.turn_at.is_not(None)
        )
        query = query.order_by(table.c.turn_at.desc(), table.c.id)
        return self._many(query.offset(page.after).limit(page.size))

    def of_case(self, case: CaseId) -> Sequence[Routing]:
        """Return every delivery of a case, the first queued first."""
        table = tables.routings
        query = self._states().where(table.c.case_id == case)
        return self._many(query.order_by(table.c.queued_at, table.c.id))

    def staged(self, stages: Sequence[Stage], page: Page) -> Sequence[Routing]:
        """Return deliveries in one of *stages*, the first queued first."""
        table = tables.routings
        query = self._states().where(table.c.stage.in_([s.value for s in stages]))
        query = query.order_by(table.c.queued_at, table.c.id)
        return self._many(query.offset(page.after).limit(page.size))

    def counts(self, owner: OwnerId) -> Mapping[Stage, int]:
        """Count an owner's deliveries by stage."""
        table = tables.routings
        query = select(table.c.stage, func.count()).where(table.c.owner == owner)
        rows = self.connection.execute(query.group_by(table.c.stage))
        return {Stage(row[0]): int(row[1]) for row in rows}

    def live(self) -> Sequence[Routing]:
        """Return every delivery of which something may still come by itself."""
        table = tables.routings
        query = self._states().where(table.c.stage.in_([s.value for s in LIVE]))
        return self._many(query.order_by(table.c.queued_at, table.c.id))
