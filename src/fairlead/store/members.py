"""Organisations, people, tokens and what opens a session, in SQL."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from sqlalchemy import Table

from fairlead.access.credentials import credential_digest, login_digest
from fairlead.access.members import (
    ORGANISATIONS,
    PEOPLE,
    TOKENS,
    Organisation,
    Person,
    Token,
)
from fairlead.store import tables
from fairlead.store.subjects import Kept, Row, SQLSubjects
from fairlead.store.vault import Vault


def _ways_in(person: Person, vault: Vault) -> Mapping[Table, Sequence[Row]]:
    """Return by what a person is found who shows a passkey or a login.

    Of somebody who left there is nothing: a login can be linked by who enrols anew.
    """
    keys, others = (person.passkeys, person.logins) if person.active else ((), ())
    passkeys = [credential_digest(k.credential) for k in keys if k.credential]
    logins = [login_digest(o.issuer, o.subject) for o in others if o.subject]
    return {
        table: [{"person": person.id, "digest": _closed(d, vault)} for d in digests]
        for table, digests in (
            (tables.person_passkeys, passkeys),
            (tables.person_logins, logins),
        )
    }


def _closed(digest: str, vault: Vault) -> str:
    """Return *digest* as it is kept: a name at a provider could be guessed from it."""
    return vault.fingerprint(digest.encode(), "way in").hex()


KEPT_ORGANISATIONS = Kept(
    ORGANISATIONS, tables.organisations, lambda state: {"name": state.name}
)
KEPT_PEOPLE = Kept(
    PEOPLE,
    tables.people,
    lambda state: {"organisation": state.organisation, "active": state.active},
    _ways_in,
    (tables.person_passkeys, tables.person_logins),
)
KEPT_TOKENS = Kept(
    TOKENS,
    tables.tokens,
    lambda state: {"organisation": state.organisation, "digest": state.digest},
)


class SQLOrganisations(SQLSubjects[Organisation]):
    """All organisations."""

    def all(self) -> Sequence[Organisation]:
        """Return every organisation, by name."""
        return self._many(self._states().order_by(tables.organisations.c.name))


class SQLPeople(SQLSubjects[Person]):
    """All people."""

    def all(self) -> Sequence[Person]:
        """Return every person."""
        return self._many(self._states().order_by(tables.people.c.id))

    def by_credential(self, digest: str) -> Person | None:
        """Return whose passkey this is, by the digest of its credential id."""
        return self._found_in(tables.person_passkeys, digest)

    def by_login(self, digest: str) -> Person | None:
        """Return whose login this is, by the digest of issuer and subject."""
        return self._found_in(tables.person_logins, digest)

    def _found_in(self, table: Table, digest: str) -> Person | None:
        mine = self._states().join(table, table.c.person == tables.people.c.id)
        found = self._many(mine.where(table.c.digest == _closed(digest, self.vault)))
        return found[0] if found else None


class SQLTokens(SQLSubjects[Token]):
    """All tokens."""

    def all(self) -> Sequence[Token]:
        """Return every token, those that last longest first."""
        found = self._many(self._states())
        return sorted(found, key=lambda token: token.expires_at, reverse=True)

    def by_digest(self, digest: str) -> Token | None:
        """Return the token whose secret has this digest."""
        found = self._many(self._states().where(tables.tokens.c.digest == digest))
        return found[0] if found else None
