"""Visibility: a rule is one value; for one asker it becomes a condition on objects.

A condition is read twice: by `holds`, on a value in Python, and by
`fairlead.store.visibility`, as a SQL condition. A property test proves that both agree
on every object and asker.
"""

from __future__ import annotations

from dataclasses import dataclass

from fairlead.access.roles import Asker, Scope

# --- Conditions: what is left of a rule once the asker is known --------------------


@dataclass(frozen=True, slots=True)
class Always:
    """Holds for every object."""


@dataclass(frozen=True, slots=True)
class Never:
    """Holds for no object."""


@dataclass(frozen=True, slots=True)
class Equals:
    """Holds where the object's *field* is *value*."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class Contains:
    """Holds where the object's set *field* contains *value*."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Holds where one of *conditions* holds."""

    conditions: tuple[Condition, ...]


Condition = Always | Never | Equals | Contains | AnyOf


def holds(condition: Condition, thing: object) -> bool:
    """Tell whether *condition* holds for *thing*, reading its attributes."""
    match condition:
        case Always():
            return True
        case Never():
            return False
        case Equals(field, value):
            return bool(getattr(thing, field) == value)
        case Contains(field, value):
            return value in getattr(thing, field)
        case AnyOf(conditions):
            return any(holds(c, thing) for c in conditions)


# --- Rules: before the asker is known ------------------------------------------------


@dataclass(frozen=True, slots=True)
class Everything:
    """Whoever holds *scope* sees all objects."""

    scope: Scope

    def condition(self, asker: Asker) -> Condition:
        """Return what is left for *asker*."""
        return Always() if asker.may(self.scope) else Never()


@dataclass(frozen=True, slots=True)
class Own:
    """Whoever holds *scope* sees objects whose *field* is its organisation."""

    scope: Scope
    field: str

    def condition(self, asker: Asker) -> Condition:
        """Return what is left for *asker*."""
        if asker.organisation is None or not asker.may(self.scope):
            return Never()
        return Equals(self.field, asker.organisation)


@dataclass(frozen=True, slots=True)
class Joined:
    """Whoever holds *scope* sees objects whose set *field* has its organisation."""

    scope: Scope
    field: str

    def condition(self, asker: Asker) -> Condition:
        """Return what is left for *asker*."""
        if asker.organisation is None or not asker.may(self.scope):
            return Never()
        return Contains(self.field, asker.organisation)


@dataclass(frozen=True, slots=True)
class NamedIn:
    """Whoever holds *scope* sees objects whose set *field* has it or its organisation."""

    scope: Scope
    field: str

    def condition(self, asker: Asker) -> Condition:
        """Return what is left for *asker*."""
        if not asker.may(self.scope):
            return Never()
        named: list[Condition] = [Contains(self.field, asker.actor)]
        if asker.organisation is not None:
            named.append(Contains(self.field, asker.organisation))
        return AnyOf(tuple(named))


EVERYONE = "everyone"
"""Stands among readers for all who take part."""


@dataclass(frozen=True, slots=True)
class Addressed:
    """Whoever holds *scope* sees objects whose set *field* has its organisation.

    Or has everyone: those who take part, which is asked beside this.
    """

    scope: Scope
    field: str

    def condition(self, asker: Asker) -> Condition:
        """Return what is left for *asker*."""
        if asker.organisation is None or not asker.may(self.scope):
            return Never()
        named = Contains(self.field, asker.organisation)
        return AnyOf((Contains(self.field, EVERYONE), named))


@dataclass(frozen=True, slots=True)
class Marked:
    """Whoever holds *scope* sees objects whose *field* is one of *values*."""

    scope: Scope
    field: str
    values: tuple[str, ...]

    def condition(self, asker: Asker) -> Condition:
        """Return what is left for *asker*."""
        if not asker.may(self.scope):
            return Never()
        return AnyOf(tuple(Equals(self.field, value) for value in self.values))


@dataclass(frozen=True, slots=True)
class Either:
    """An object is visible if one of *rules* makes it so."""

    rules: tuple[Everything | Own | Joined | NamedIn | Marked | Addressed, ...]

    def condition(self, asker: Asker) -> Condition:
        """Return what is left for *asker*, as simple as it can be."""
        conditions = [rule.condition(asker) for rule in self.rules]
        if Always() in conditions:
            return Always()
        left = tuple(c for c in conditions if c != Never())
        return left[0] if len(left) == 1 else AnyOf(left) if left else Never()


SUBMISSIONS = Either(
    (Everything(Scope.REPORT_READ_ALL), Own(Scope.REPORT_READ_OWN, "organisation"))
)
"""A report is seen by coordinators and by the organisation that conveyed it."""

CASES = Either(
    (Everything(Scope.CASE_READ_ALL), Joined(Scope.CASE_READ_JOINED, "participants"))
)
"""A case is seen by coordinators and by organisations that were read in.

Having a finding merged into a case is not being read in (promise P6).
"""

CASE_PARTS = Either(
    (
        Everything(Scope.CASE_READ_ALL),
        Addressed(Scope.CASE_READ_JOINED, "readers"),
    )
)
"""Messages, statements and tasks of a case are seen by coordinators and by those whom
they are for. Whoever asks must see the case itself too: who was read out sees none of
them any more, and a case that becomes part of another one brings no readers along.
"""

ENGAGEMENTS = Either(
    (
        Everything(Scope.ENGAGEMENT_KEEP),
        Own(Scope.ENGAGEMENT_OWN, "developer"),
        NamedIn(Scope.ENGAGEMENT_JOINED, "members"),
    )
)
"""An engagement is seen by its developer, by those who keep engagements for the
programme, by the people named in it, and by partners while they have access."""

CLAIMS = Either(
    (
        Everything(Scope.CLAIM_READ_ALL),
        Own(Scope.CLAIM_READ, "organisation"),
        Marked(Scope.CLAIM_READ, "visibility", ("all", "someone")),
    )
)
"""A claim is seen by coordinators, by its holder, and by members unless it is blind.

Who holds it is another question: see `fairlead.clearinghouse.claims.seeing`.
"""

INTRODUCTIONS = Joined(Scope.CLAIM_READ, "organisations")
"""An introduction is seen by the two whom it concerns."""
