"""What claims need from the store, and from whoever holds the key of blind matching."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from fairlead.access.visibility import Condition
from fairlead.base.ids import ClaimId, OrganisationId
from fairlead.base.ports import Randomness
from fairlead.clearinghouse.claims.claim import Claim, Rules, State
from fairlead.clearinghouse.claims.introductions import Introduction
from fairlead.clearinghouse.claims.owners import OwnerWord
from fairlead.clearinghouse.claims.subjects import Alias, Allowance, Inventory
from fairlead.clearinghouse.claims.targets import Named
from fairlead.clearinghouse.ports import ClearinghouseUnit, Page
from fairlead.record.events import Fact
from fairlead.record.subjects import Destroyable, Subjects


@dataclass(frozen=True, slots=True)
class Keys:
    """Under what a claim is looked up: fingerprints of its place, and of what contains it.

    A place has two where blind claims can be matched: its own, and its token's.
    """

    own: tuple[bytes, ...]
    containers: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class Hit:
    """A claim that has to do with the same ground."""

    claim: ClaimId
    same: bool
    """Whether its place is the same one; else one contains the other."""


class Claims(Destroyable[Claim], Protocol):
    """All claims."""

    def find(self, name: ClaimId, condition: Condition) -> Claim:
        """Return the claim if *condition* holds for it, or raise `NotFound`."""

    def add_many(
        self, new: Mapping[str, Sequence[Fact]], *, by: str, at: datetime
    ) -> Sequence[Claim]:
        """Record the first facts of many claims, by name; return their states."""

    def many(self, names: Sequence[ClaimId]) -> Mapping[ClaimId, Claim]:
        """Return claims by their names."""

    def seen(
        self, condition: Condition, page: Page, *, states: Sequence[State]
    ) -> Sequence[Claim]:
        """Return those for which *condition* holds, the newest first."""

    def of(
        self, organisation: OrganisationId, page: Page, *, states: Sequence[State]
    ) -> Sequence[Claim]:
        """Return those of one organisation, the newest first."""

    def held(self, organisation: OrganisationId) -> tuple[int, int]:
        """Return how much it holds, and how many of its claims wait in line."""

    def by_request(self, organisation: OrganisationId, request: str) -> Claim | None:
        """Return what this request led to before, if it was made."""

    def newest_at(self) -> datetime | None:
        """Return when the newest claim was taken."""

    def count(self, state: State) -> int:
        """Count those in one state."""


class Places(Protocol):
    """Where claims are looked up by the ground they are on."""

    def keys(
        self, place: str, containers: Sequence[str], tokens: Sequence[str] = ()
    ) -> Keys:
        """Return under what a ground is looked up; *tokens* are those of the same."""

    def blind_keys(self, tokens: Sequence[str]) -> Keys:
        """Return under what a blind claim is looked up: its place's token comes first."""

    def lock(self, keys: Keys) -> None:
        """Let nobody else decide about the same ground until this unit is left.

        Two claims on separate grounds within one organisation do not wait for each other.
        """

    def put(self, claim: Claim, keys: Keys) -> None:
        """Have the claim found."""

    def put_many(self, claims: Sequence[tuple[Claim, Keys]]) -> None:
        """Have many claims found."""

    def move(self, claim: Claim) -> None:
        """Have the claim found as it is now."""

    def keys_of(self, claim: ClaimId) -> Keys:
        """Return under what the claim is found."""

    def hits(
        self, keys: Keys, states: Sequence[State], *, after: datetime, limit: int = 500
    ) -> Sequence[Hit]:
        """Return claims on the same ground that end, or ended, later than *after*."""

    def hits_of_many(
        self, asked: Sequence[Keys], states: Sequence[State], *, after: datetime
    ) -> Sequence[Sequence[Hit]]:
        """Return the same for many grounds, in their order, with few statements."""

    def on(self, key: bytes) -> Sequence[ClaimId]:
        """Return the claims that are found under *key*."""

    def drop(self, claims: Sequence[ClaimId]) -> None:
        """Have claims not found any more."""

    def clear(self) -> None:
        """Forget everything."""


class OwnerWords(Subjects[OwnerWord], Protocol):
    """What owners say."""

    def about(self, places: Sequence[str]) -> Sequence[OwnerWord]:
        """Return the words about these places that count, verified ones first."""

    def of(self, organisation: OrganisationId) -> Sequence[OwnerWord]:
        """Return the words of one organisation that count."""

    def unverified(self) -> Sequence[OwnerWord]:
        """Return the words that a coordinator has yet to look at."""


class Aliases(Subjects[Alias], Protocol):
    """Names of one project over ecosystems."""

    def of(self, places: Sequence[str]) -> Mapping[str, Named]:
        """Return what is said of places, by place; of most nothing is."""

    def listed(self) -> Sequence[Alias]:
        """Return all that hold, in the order of their places."""


class Allowances(Subjects[Allowance], Protocol):
    """What members used up."""

    def maybe(self, name: OrganisationId) -> Allowance | None:
        """Return what a member used, if it ever did."""


class Inventories(Subjects[Inventory], Protocol):
    """What members run."""

    def maybe(self, name: OrganisationId) -> Inventory | None:
        """Return what a member told, if it ever did."""

    def listed(self) -> Sequence[Inventory]:
        """Return all that count."""


class Introductions(Subjects[Introduction], Protocol):
    """Questions from claim to claim."""

    def find(self, name: str, condition: Condition) -> Introduction:
        """Return it if *condition* holds for it, or raise `NotFound`."""

    def seen(self, condition: Condition, page: Page) -> Sequence[Introduction]:
        """Return those for which *condition* holds, the newest first."""

    def between(self, claim: ClaimId, other: ClaimId) -> Introduction | None:
        """Return what was asked from the one to the other."""


class ClaimsUnit(ClearinghouseUnit, Protocol):
    """The part of a unit of work that claims need."""

    @property
    def claims(self) -> Claims:
        """All claims."""

    @property
    def places(self) -> Places:
        """Where claims are found."""

    @property
    def owner_words(self) -> OwnerWords:
        """What owners say."""

    @property
    def aliases(self) -> Aliases:
        """Names of projects."""

    @property
    def allowances(self) -> Allowances:
        """What members used up."""

    @property
    def inventories(self) -> Inventories:
        """What members run."""

    @property
    def introductions(self) -> Introductions:
        """Questions from claim to claim."""


class Matching(Protocol):
    """Whoever holds the key by which blind claims are matched."""

    @property
    def holders(self) -> tuple[str, ...]:
        """Who holds a part of the key; this server alone, or it and another one."""

    def tokens(self, places: Sequence[str]) -> tuple[str, ...]:
        """Return the tokens of *places*; none where this server alone cannot."""

    def evaluate(self, elements: Sequence[bytes]) -> Sequence[bytes]:
        """Return this holder's part of the answer to blinded elements (RFC 9497).

        Raises:
            Invalid: one is no element of the group.

        """


class NoMatching:
    """Where blind claims are not offered."""

    holders: tuple[str, ...] = ()

    def tokens(self, _places: Sequence[str]) -> tuple[str, ...]:
        """Return no token."""
        return ()

    def evaluate(self, _elements: Sequence[bytes]) -> Sequence[bytes]:
        """Return nothing."""
        return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every use case about claims is given."""

    randomness: Randomness
    rules: Rules = field(default_factory=Rules)
    matching: Matching = field(default_factory=NoMatching)
