"""Clauses: who may or may not do what, with which asset, how much, and with what duty.

A clause is read by people as prose (`fairlead.terms.prose`) and by the system as a rule
(`fairlead.terms.decide`); both come from this one value, so neither can say what the
other does not.
"""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class Effect(StrEnum):
    """What a clause does."""

    MAY = "may"
    MAY_NOT = "may not"
    MUST = "must"
    """A duty alone: it opens nothing and closes nothing."""


class Side(StrEnum):
    """For whom somebody acts in an engagement."""

    DEVELOPER = "developer"
    PROGRAMME = "programme"
    PARTNER = "partner"


class Action(StrEnum):
    """What can be done with what a developer makes available."""

    CALL = "call"
    """Send requests to an endpoint and read what the model answers."""
    OPEN = "open-sealed"
    """Open sealed files, such as weights."""
    READ = "read"
    """Read logs or the system card."""
    RUN = "run-suite"
    """Run a suite of the benchmark."""
    SEE = "see-results"
    """See an assessment, at a level of detail."""
    SHARE = "share-results"
    """Hand an assessment on, at a level of detail."""
    PUBLISH = "publish-aggregate"
    """Publish figures that name neither model nor developer."""


class Purpose(StrEnum):
    """What somebody does it for; they say so with every request."""

    MEASUREMENT = "measurement"
    DEFENCE = "defence"
    DETERMINATION = "determination"
    TRAINING = "training on outputs"
    OFFENCE = "offence"
    PROCUREMENT = "procurement"
    ENFORCEMENT = "enforcement"


class Detail(StrEnum):
    """How much of an assessment is seen; each level holds the one before it."""

    OUTCOME = "outcome"
    SCORES = "scores"
    TRANSCRIPTS = "transcripts"


DETAILS = tuple(Detail)
"""The levels of detail, from the least to the most."""


class AssetKind(StrEnum):
    """What a developer can make available."""

    ENDPOINT = "endpoint"
    HELPFUL_ONLY = "helpful-only endpoint"
    LOGS = "logs"
    SYSTEM_CARD = "system card"
    WEIGHTS = "sealed weights"


ENDPOINTS = frozenset({AssetKind.ENDPOINT, AssetKind.HELPFUL_ONLY})
"""Assets that are called; the others are read or opened."""


class DutyKind(StrEnum):
    """What comes with doing something."""

    LOG = "log each use on the record"
    LOG_CONTENT = "log each use with its content"
    NOTIFY_SPILL = "tell the other side of a spill"
    NOTIFY_COMPELLED = "tell the other side of a demand to disclose"
    DESTROY = "destroy what was received"
    RETAIN = "keep transcripts no longer than"
    PROTECT = "protect what was received"
    SCREEN = "screen the people who get access"
    NO_COPY = "make no copy outside the named place"
    CONFIDENTIAL = "keep confidential what was received"
    OBJECT = "remove a named person on objection"


class Duty(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One duty."""

    kind: DutyKind
    within_hours: int | None = None
    """Until when after its cause; none: at once, or for as long as access lasts."""


class Who(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom a clause is about: every list that is not empty must have a match."""

    sides: tuple[Side, ...] = ()
    roles: tuple[str, ...] = ()
    organisations: tuple[str, ...] = ()
    people: tuple[str, ...] = ()
    attributes: tuple[str, ...] = ()
    """All of these must have been attested of the person: `citizenship:US`."""


class Limits(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much may be done under a clause in the whole window; none: no limit."""

    calls: int | None = None
    tokens: int | None = None
    cents: int | None = None


class Clause(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One numbered clause. An empty list stands for any."""

    number: int
    title: str
    effect: Effect
    who: Who = Who()
    actions: tuple[Action, ...] = ()
    assets: tuple[str, ...] = ()
    """Names of assets in the same terms."""
    purposes: tuple[Purpose, ...] = ()
    suites: tuple[str, ...] = ()
    detail: Detail | None = None
    """The most that may be seen or shared; the least that is forbidden."""
    places: tuple[str, ...] = ()
    """Named facilities."""
    not_before: str | None = None
    """RFC 3339 instant."""
    not_after: str | None = None
    limits: Limits = Limits()
    people_needed: int = 1
    """Two, where a second named person must take part."""
    duties: tuple[Duty, ...] = ()
    words: str = ""
    """What the clause says beyond what can be decided; read by people only."""


def level(detail: Detail) -> int:
    """Return the place of *detail* among the levels; more is more."""
    return DETAILS.index(detail)
