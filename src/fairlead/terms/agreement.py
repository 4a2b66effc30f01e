"""The agreement: one object, one canonical form, one digest that both sides sign."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import datetime, timedelta

import msgspec
import rfc8785
from msgspec import UNSET, Struct, UnsetType

from fairlead.base import instants
from fairlead.errors import Damaged, Invalid, Violation
from fairlead.record.notes import Verifier
from fairlead.terms.clauses import (
    ENDPOINTS,
    Action,
    AssetKind,
    Clause,
    Effect,
    Purpose,
    Side,
)

FORMAT = "fairlead-terms@1"
LONGEST = 30
"""Days of the longest window (Executive Order 14409, access before release)."""
MOST_CLAUSES = 200
NOTE_SECONDS = (5, 300)
"""The least and the most for which a note about a call holds."""
PROHIBITED = frozenset(
    {Purpose.TRAINING, Purpose.OFFENCE, Purpose.PROCUREMENT, Purpose.ENFORCEMENT}
)
"""Purposes that no clause can open."""


class Party(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One side of the agreement."""

    organisation: str
    name: str
    key: str = ""
    """The key that signs for it from the command line, as a signed-note verifier key;
    without one, people sign with their passkeys."""


class AssetTerm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One thing that the developer makes available."""

    name: str
    kind: AssetKind


class WindowTerm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How long access lasts once it is live."""

    days: int
    """1 to 30."""
    opens_by: str
    """RFC 3339 instant; not live by then, nothing opens any more."""


class BrokerTerm(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Endpoints are called through a broker that the developer runs on its own side."""

    key: str
    """The key with which the programme's server signs a note about each call."""
    seconds: int = 30
    """For how long a note holds, and so until when access ends at the latest once the
    programme's server says nothing more; 5 to 300."""


class Terms(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that is agreed."""

    format: str = FORMAT
    engagement: str
    model: str
    """A code name does."""
    developer: Party
    programme: Party
    window: WindowTerm
    reply_days: int
    """For how long an assessment stays with the developer before anybody else sees it."""
    partner_days: int = 30
    """How long a trusted partner's own access lasts at most."""
    profile: str = ""
    """The standard profile they began with."""
    broker: BrokerTerm | UnsetType = UNSET
    """Where the developer runs the broker; unset, the programme's server does."""
    assets: tuple[AssetTerm, ...]
    clauses: tuple[Clause, ...]

    def asset(self, name: str) -> AssetTerm | None:
        """Return the asset called *name*."""
        return next((asset for asset in self.assets if asset.name == name), None)

    def party(self, side: Side) -> Party:
        """Return who signs for *side*."""
        return self.developer if side is Side.DEVELOPER else self.programme

    @property
    def broker_side(self) -> Side:
        """Return at whose side endpoints are called, and their credentials kept."""
        return Side.PROGRAMME if self.broker is UNSET else Side.DEVELOPER

    @property
    def length(self) -> timedelta:
        """Return how long the window lasts."""
        return timedelta(days=self.window.days)


def canonical(terms: Terms) -> bytes:
    """Return *terms* as canonical JSON (RFC 8785): the bytes that are signed."""
    return rfc8785.dumps(msgspec.to_builtins(terms))


def digest(terms: Terms) -> str:
    """Return by what the agreement is named: SHA-256 over its canonical form, in hex."""
    return hashlib.sha256(canonical(terms)).hexdigest()


def read(written: bytes) -> Terms:
    """Return the terms in *written*, checked.

    Raises:
        Invalid: they cannot be read, or a rule is broken; every violation is named.

    """
    try:
        terms = msgspec.json.decode(written, type=Terms)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise Invalid(
            f"these are no terms: {error}",
            [Violation("malformed_terms", "terms", str(error))],
        ) from error
    check(terms)
    return terms


def check(terms: Terms) -> None:
    """Raise `Invalid`, naming every violation, unless *terms* can be signed."""
    violations = list(_violations(terms))
    if violations:
        first = violations[0]
        raise Invalid(f"{first.field}: {first.reason}", violations)


def statement(terms_digest: str, engagement: str, side: Side) -> bytes:
    """Return what a side signs: this agreement, of this engagement, as this side.

    A signature of one side, or of one engagement, is none of another.
    """
    return (
        f"fairlead terms 1\nengagement {engagement}\nside {side}\n"
        f"sha256 {terms_digest}\n"
    ).encode()


def _violations(terms: Terms) -> Iterator[Violation]:
    if terms.format != FORMAT:
        yield Violation("unknown_format", "format", f"must be {FORMAT}")
    if not 1 <= terms.window.days <= LONGEST:
        yield Violation("invalid_window", "window.days", f"must be 1 to {LONGEST}")
    yield from _instant(terms.window.opens_by, "window.opens_by")
    if not 0 <= terms.reply_days <= LONGEST:
        yield Violation("invalid_reply", "reply_days", f"must be 0 to {LONGEST}")
    if not 1 <= terms.partner_days <= LONGEST:
        yield Violation("invalid_window", "partner_days", f"must be 1 to {LONGEST}")
    yield from _parties(terms)
    yield from _broker(terms)
    if len(terms.clauses) > MOST_CLAUSES:
        yield Violation("too_many", "clauses", f"at most {MOST_CLAUSES}")
    if [clause.number for clause in terms.clauses] != list(
        range(1, len(terms.clauses) + 1)
    ):
        yield Violation("invalid_number", "clauses", "number them 1, 2, 3, … in order")
    for place, clause in enumerate(terms.clauses):
        yield from _of_clause(terms, clause, f"clauses[{place}]")


def _parties(terms: Terms) -> Iterator[Violation]:
    if terms.developer.organisation == terms.programme.organisation:
        yield Violation("same_party", "programme", "must differ from the developer")
    for field in ("developer", "programme"):
        yield from _key(getattr(terms, field), f"{field}.key")
    names = [asset.name for asset in terms.assets]
    if len(set(names)) != len(names) or "" in names:
        yield Violation("invalid_asset", "assets", "give each a name of its own")


def _broker(terms: Terms) -> Iterator[Violation]:
    if isinstance(terms.broker, UnsetType):
        return
    least, most = NOTE_SECONDS
    if not least <= terms.broker.seconds <= most:
        yield Violation(
            "invalid_seconds", "broker.seconds", f"must be {least} to {most}"
        )
    if not terms.broker.key:
        yield Violation("missing_field", "broker.key", "name the key that signs notes")
    yield from _readable(terms.broker.key, "broker.key")


def _key(party: Party, field: str) -> Iterator[Violation]:
    yield from _readable(party.key, field)


def _readable(key: str, field: str) -> Iterator[Violation]:
    try:
        if key:
            Verifier.read(key)
    except Damaged as error:
        yield Violation("invalid_key", field, str(error))


def _of_clause(terms: Terms, clause: Clause, where: str) -> Iterator[Violation]:
    if not clause.title.strip():
        yield Violation("missing_field", f"{where}.title", "say what it is about")
    for name in clause.assets:
        if terms.asset(name) is None:
            yield Violation(
                "unknown_asset", f"{where}.assets", f"no asset is called {name!r}"
            )
    yield from _amounts(clause, where)
    if clause.effect is Effect.MUST:
        if not clause.duties and not clause.words.strip():
            yield Violation("empty_clause", where, "name a duty, or say it in words")
        return
    if clause.effect is Effect.MAY:
        yield from _of_grant(terms, clause, where)


def _amounts(clause: Clause, where: str) -> Iterator[Violation]:
    for field in ("not_before", "not_after"):
        written = getattr(clause, field)
        if written is not None:
            yield from _instant(written, f"{where}.{field}")
    if clause.people_needed not in (1, 2):
        yield Violation("invalid_people", f"{where}.people_needed", "must be 1 or 2")
    for field in ("calls", "tokens", "cents"):
        amount = getattr(clause.limits, field)
        if amount is not None and amount < 0:
            yield Violation(
                "invalid_limit", f"{where}.limits.{field}", "must not be negative"
            )


def _of_grant(terms: Terms, clause: Clause, where: str) -> Iterator[Violation]:
    if not clause.actions:
        yield Violation("missing_field", f"{where}.actions", "say what may be done")
    if prohibited := PROHIBITED.intersection(clause.purposes):
        yield Violation(
            "prohibited_purpose",
            f"{where}.purposes",
            f"no clause can open {', '.join(sorted(prohibited))}",
        )
    if not clause.purposes:
        yield Violation("missing_field", f"{where}.purposes", "say what for")
    if Action.CALL in clause.actions:
        for name in clause.assets:
            asset = terms.asset(name)
            if asset is not None and asset.kind not in ENDPOINTS:
                yield Violation(
                    "wrong_asset", f"{where}.assets", f"{name} is no endpoint"
                )


def _instant(written: str, field: str) -> Iterator[Violation]:
    try:
        instants.parse(written, field=field)
    except Invalid as error:
        yield from error.violations


def instant(written: str) -> datetime:
    """Return an instant of terms that were checked."""
    return instants.parse(written)
