"""A world with members who claim."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field, replace

import pytest

from fairlead.access.roles import Asker, Role, scopes_of
from fairlead.clearinghouse.claims import keeping, taking
from fairlead.clearinghouse.claims.asking import Asked
from fairlead.clearinghouse.claims.claim import (
    Coverage,
    Depth,
    Method,
    Outcome,
    Visibility,
)
from fairlead.clearinghouse.claims.ports import Desk
from fairlead.clearinghouse.claims.targets import Target

NOTHING = Coverage(outcome=Outcome.NOTHING, depth=Depth.DEEP)


def asked(purl="pkg:pypi/django", **rest):
    """Return what somebody asks for; exclusive, for a day, seen by all."""
    if rest.get("tokens"):
        target = None
    else:
        names = ("repository", "product", "host", "versions", "commits", "part")
        named = {name: rest.pop(name) for name in names if name in rest}
        other = {"repository", "product", "host"} & set(named)
        target = Target(purl="" if other else purl, **named)
    return Asked(**{"target": target, "method": Method.STATIC} | rest)


@dataclass
class Ground:
    """A world, and shortcuts to claim in it."""

    world: object
    desk: Desk
    homes: dict = field(default_factory=dict)

    def member(self, name, *roles):
        if name not in self.homes:
            self.homes[name] = self.world.join(name).id
        return Asker(
            actor=f"person/per-{name}",
            organisation=self.homes[name],
            scopes=scopes_of(frozenset(roles or {Role.FINDER})),
            verified_at=self.world.clock(),
        )

    def take(self, who, wanted=None, request="", **rest):
        wanted = wanted or asked(**rest)
        me = self.member(who)
        with self.world.store.begin() as unit:
            return taking.take(
                unit,
                me,
                wanted,
                self.desk,
                at=self.world.clock(),
                request=request,
            )

    def claim(self, who, **rest):
        found = self.take(who, **rest).claim
        assert found is not None
        return found

    def release(self, who, claim, coverage=NOTHING):
        me = self.member(who)
        with self.world.store.begin() as unit:
            return keeping.release(
                unit,
                me,
                claim.id,
                coverage,
                "",
                self.desk,
                at=self.world.clock(),
            )

    def get(self, claim):
        with self.world.store.read() as unit:
            return unit.claims.get(claim.id)

    def rules(self, **changes):
        self.desk = replace(self.desk, rules=replace(self.desk.rules, **changes))
        self.world.runner.claims = self.desk

    def does(self, act, who, *rest, role=None, **named):
        """Call a use case with an open unit, as somebody, now."""
        asker = self.member(who, *([role] if role else []))
        with self.world.store.begin() as unit:
            return act(unit, asker, *rest, at=self.world.clock(), **named)


@pytest.fixture
def ground(world):
    return Ground(world, Desk(randomness=secrets.token_bytes))


@pytest.fixture
def sqlite_ground(sqlite_world):
    return Ground(sqlite_world, Desk(randomness=secrets.token_bytes))


__all__ = ["NOTHING", "Visibility", "asked"]
