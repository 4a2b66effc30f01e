"""Deciding: may this person do this now? With every clause that stands in the way.

Nothing is open that no clause opens; a clause that forbids goes before all that open.
`Rulebook` is made once from signed terms and asked for every request.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from fairlead.terms.agreement import Terms, instant
from fairlead.terms.clauses import (
    Action,
    Clause,
    Detail,
    Duty,
    Effect,
    Purpose,
    Side,
    level,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Used:
    """What was used so far under one clause, or by one request."""

    calls: int = 0
    tokens: int = 0
    cents: int = 0

    def __add__(self, other: Used) -> Used:
        """Return both together."""
        return Used(
            calls=self.calls + other.calls,
            tokens=self.tokens + other.tokens,
            cents=self.cents + other.cents,
        )


NOTHING = Used()


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Who wants to do what, when, where and what for."""

    person: str
    side: Side
    organisation: str
    roles: frozenset[str] = frozenset()
    attributes: frozenset[str] = frozenset()
    action: Action
    asset: str = ""
    purpose: Purpose
    suite: str = ""
    detail: Detail | None = None
    place: str = ""
    second: str = ""
    """Another named person who takes part."""
    at: datetime
    used: Used = NOTHING
    """What was used of this asset so far, in the whole window."""


class Ground(StrEnum):
    """Why a clause does not open something; stable, for programs."""

    NO_CLAUSE = "no clause opens this"
    FORBIDDEN = "forbidden"
    WHO = "who"
    ATTRIBUTE = "attribute"
    PURPOSE = "purpose"
    SUITE = "suite"
    DETAIL = "detail"
    PLACE = "place"
    TOO_EARLY = "too early"
    TOO_LATE = "too late"
    BUDGET = "budget"
    SECOND_PERSON = "second person"
    WINDOW = "window"
    CLOCK = "clock"
    NOTE = "note"
    CUT = "cut"


@dataclass(frozen=True, slots=True)
class Failed:
    """One thing that stands in the way."""

    clause: int | None
    """Its number; none where no clause speaks of it."""
    ground: Ground
    what: str
    remedy: str
    """What would satisfy it."""


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer, with its reasons."""

    clause: int | None
    """The clause that opens it."""
    duties: tuple[Duty, ...] = ()
    failed: tuple[Failed, ...] = ()

    @property
    def allowed(self) -> bool:
        """Tell whether it may be done."""
        return not self.failed


class Rulebook:
    """Signed terms, in the order in which they are asked."""

    def __init__(self, terms: Terms) -> None:
        """Sort the clauses of *terms* by action and asset."""
        self.terms = terms
        opens: dict[tuple[Action, str], list[_Rule]] = {}
        forbids: dict[tuple[Action, str], list[_Rule]] = {}
        names = ["", *(asset.name for asset in terms.assets)]
        for clause in terms.clauses:
            if clause.effect is Effect.MUST:
                continue
            target = opens if clause.effect is Effect.MAY else forbids
            rule = _Rule(clause)
            for action in clause.actions or tuple(Action):
                for name in clause.assets or names:
                    target.setdefault((action, name), []).append(rule)
        self._opens = {key: tuple(rules) for key, rules in opens.items()}
        self._forbids = {key: tuple(rules) for key, rules in forbids.items()}

    def decide(self, request: Request) -> Decision:
        """Return whether *request* may be done, and why or why not."""
        key = (request.action, request.asset)
        failed = [
            rule.forbidding(request)
            for rule in self._forbids.get(key, ())
            if rule.speaks_of(request)
        ]
        opened: _Rule | None = None
        missing: list[Failed] = []
        for rule in self._opens.get(key, ()):
            lacks = rule.lacking(request)
            if not lacks:
                opened = rule
                break
            missing += lacks
        if opened is not None and not failed:
            return opened.yes
        if opened is None:
            failed += missing or [_no_clause(request)]
        return Decision(None, (), tuple(failed))


class _Rule:
    """One clause, with its lists as sets and its instants read."""

    __slots__ = ("_attributes", "_clause", "_who", "not_after", "not_before", "yes")

    def __init__(self, clause: Clause) -> None:
        self._clause = clause
        who = clause.who
        self._who = tuple(
            (name, frozenset(values))
            for name, values in (
                ("side", who.sides),
                ("organisation", who.organisations),
                ("person", who.people),
            )
            if values
        )
        self._attributes = frozenset(who.attributes)
        self.not_before = instant(clause.not_before) if clause.not_before else None
        self.not_after = instant(clause.not_after) if clause.not_after else None
        self.yes = Decision(clause.number, clause.duties)

    def speaks_of(self, request: Request) -> bool:
        """Tell whether a clause that forbids is about this request."""
        clause = self._clause
        return (
            self._is_about(request)
            and self._attributes <= request.attributes
            and (not clause.purposes or request.purpose in clause.purposes)
            and (not clause.suites or request.suite in clause.suites)
            and (not clause.places or request.place in clause.places)
            and (
                clause.detail is None
                or request.detail is None
                or level(request.detail) >= level(clause.detail)
            )
            and (self.not_before is None or request.at >= self.not_before)
            and (self.not_after is None or request.at < self.not_after)
        )

    def forbidding(self, request: Request) -> Failed:
        """Return what a clause that forbids says."""
        clause = self._clause
        if clause.purposes:
            remedy = f"do it for another purpose than {request.purpose}"
        elif clause.detail is not None:
            remedy = f"ask for less than {clause.detail}"
        elif self.not_after is not None:
            remedy = f"wait until {clause.not_after}"
        else:
            remedy = "an amendment that both sides sign"
        return Failed(
            clause.number, Ground.FORBIDDEN, f"{clause.title} forbids it", remedy
        )

    def lacking(self, request: Request) -> list[Failed]:
        """Return everything that this clause wants and *request* does not have."""
        if self._fits(request):
            return []
        return [
            Failed(self._clause.number, ground, what, remedy)
            for ground, what, remedy in self._lacks(request)
        ]

    def _fits(self, request: Request) -> bool:
        """Tell quickly whether nothing is lacking."""
        for _ in self._lacks(request):
            return False
        return True

    def _is_about(self, request: Request) -> bool:
        return all(
            getattr(request, name) in values for name, values in self._who
        ) and not (
            self._clause.who.roles and request.roles.isdisjoint(self._clause.who.roles)
        )

    def _lacks(self, request: Request) -> Iterator[tuple[Ground, str, str]]:
        clause = self._clause
        if not self._is_about(request):
            who = clause.who
            named = _listed((*who.sides, *who.roles, *who.organisations, *who.people))
            yield Ground.WHO, f"it is for {named}", f"have {named} do it"
        for attribute in sorted(self._attributes - request.attributes):
            yield (
                Ground.ATTRIBUTE,
                f"{attribute} is not attested of {request.person}",
                f"have the programme attest {attribute}",
            )
        if clause.purposes and request.purpose not in clause.purposes:
            allowed = _listed(clause.purposes)
            yield Ground.PURPOSE, f"it is for {allowed}", f"do it for {allowed}"
        if clause.suites and request.suite not in clause.suites:
            named = _listed(clause.suites)
            yield Ground.SUITE, f"it names the suites {named}", f"run {named}"
        if clause.detail is not None and (
            request.detail is None or level(request.detail) > level(clause.detail)
        ):
            yield (
                Ground.DETAIL,
                f"it goes as far as {clause.detail}",
                f"ask for {clause.detail}",
            )
        if clause.places and request.place not in clause.places:
            named = _listed(clause.places)
            yield Ground.PLACE, f"it is for {named}", f"do it at {named}"
        yield from self._when_and_how_much(request)

    def _when_and_how_much(self, request: Request) -> Iterator[tuple[Ground, str, str]]:
        clause, limits, used = self._clause, self._clause.limits, request.used
        if self.not_before is not None and request.at < self.not_before:
            begins = clause.not_before or ""
            yield Ground.TOO_EARLY, f"it begins {begins}", f"wait until {begins}"
        if self.not_after is not None and request.at >= self.not_after:
            yield (
                Ground.TOO_LATE,
                f"it ended {clause.not_after}",
                "an amendment that both sides sign",
            )
        for what, limit, spent in (
            ("calls", limits.calls, used.calls),
            ("tokens", limits.tokens, used.tokens),
            ("cents", limits.cents, used.cents),
        ):
            if limit is not None and spent >= limit:
                yield (
                    Ground.BUDGET,
                    f"{spent} of {limit} {what} are used",
                    f"an amendment with more than {limit} {what}",
                )
        if clause.people_needed > 1 and request.second in ("", request.person):
            yield (
                Ground.SECOND_PERSON,
                "it takes two people",
                "have a second named person take part",
            )


def _no_clause(request: Request) -> Failed:
    what = f"no clause opens {request.action}"
    if request.asset:
        what += f" of {request.asset}"
    return Failed(None, Ground.NO_CLAUSE, what, "an amendment that both sides sign")


def _listed(values: Sequence[str]) -> str:
    return " or ".join(values) or "nobody"
