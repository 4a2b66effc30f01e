"""The embargo: which rules bind, which of them is the tightest, what changes it; pure.

Each rule that was found to apply to a case is a *term* with an instant of its own. The
earliest instant among the terms that bind is the embargo's end, and its rule is cited.
What each kind of rule counts from, and whether its term may ever become later, stands in
the table `RULES`; docs/cases.md draws it.

Instants are recorded, not the rules they came from: when a programme changes its rules,
or a project its policy, cases that run keep theirs until somebody records the new one.
A new one tightens at once; what is later than the old one changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum

from msgspec import Struct

from fairlead.base.ids import CaseId
from fairlead.base.instants import text
from fairlead.clearinghouse.casework.words import Explained, explained
from fairlead.errors import Invalid, Refused, Violation
from fairlead.record.events import Fact


class Kind(StrEnum):
    """Whence a rule comes; in the order in which one is cited where instants are equal."""

    EXPOSED = "exploited or leaked"
    RELAYED = "relayed with the report"
    LIST = "cap of a coordinating list"
    COLLISION = "found by others too"
    UPSTREAM = "policy of the owner or project"
    NEGOTIATED = "agreed with the owner"
    DISCLOSURE = "disclosure without the owner"
    PROGRAMME = "default of the programme"
    ASKED = "asked for"


class Start(StrEnum):
    """From when the time of a rule counts."""

    DELIVERY = "delivery to a verified owner"
    KNOWN = "when it became known"
    NAMED = "the instant is named itself"


@dataclass(frozen=True, slots=True)
class Rule:
    """What holds for every term of one kind."""

    start: Start
    binds: bool
    """One that does not bind is shown, and never wins."""
    extends: bool
    """Whether a named person may make its term later, for a reason."""
    about: str


RULES: Mapping[Kind, Rule] = {
    Kind.EXPOSED: Rule(
        Start.KNOWN, binds=True, extends=False, about="guidance goes out within 7 days"
    ),
    Kind.RELAYED: Rule(
        Start.NAMED,
        binds=True,
        extends=False,
        about="another's embargo, kept as it came",
    ),
    Kind.LIST: Rule(
        Start.KNOWN,
        binds=True,
        extends=False,
        about="counted from the post to the list",
    ),
    Kind.COLLISION: Rule(
        Start.KNOWN,
        binds=True,
        extends=False,
        about="whom two found, a third will find",
    ),
    Kind.UPSTREAM: Rule(
        Start.DELIVERY, binds=True, extends=True, about="what the project publishes"
    ),
    Kind.NEGOTIATED: Rule(
        Start.NAMED, binds=True, extends=True, about="an instant both agreed on"
    ),
    Kind.DISCLOSURE: Rule(
        Start.KNOWN, binds=True, extends=True, about="no owner could be reached"
    ),
    Kind.PROGRAMME: Rule(
        Start.DELIVERY,
        binds=True,
        extends=True,
        about="what holds where nothing else does",
    ),
    Kind.ASKED: Rule(
        Start.NAMED,
        binds=False,
        extends=False,
        about="a wish of the finder or the owner",
    ),
}
"""What each kind of rule counts from, whether it binds, whether it may be extended."""

LISTS: Mapping[str, timedelta] = {
    "linux-distros": timedelta(days=14),
    "distros": timedelta(days=14),
}
"""Coordinating lists, and for how long they keep anything closed (their own policies:
oss-security.openwall.org/wiki/mailing-lists/distros)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embargoes:
    """What a programme decides about embargoes."""

    default: timedelta = timedelta(days=90)
    """From delivery to a verified owner."""
    cited: str = "programme default: 90 days from delivery to the owner"
    """The rule as it is cited."""
    adoption: timedelta = timedelta(days=45)
    """From a fix that is out, for those who run the software to take it."""
    collision: timedelta = timedelta(days=21)
    """From when others are known to have found it too, at most."""
    exposed: timedelta = timedelta(days=7)
    """From when exploitation or a leak became known to guidance."""
    disclosure: timedelta = timedelta(days=21)
    """From the decision to disclose without an owner."""
    lists: Mapping[str, timedelta] = field(default_factory=lambda: LISTS)


class Term(Struct, frozen=True, kw_only=True):
    """One rule that was found to apply to a case, with its instant."""

    kind: Kind
    until: datetime
    cited: str
    """The rule as it is cited."""
    source: str = ""
    """Tells terms of one kind apart: the name of a list, who asked."""


class EmbargoRuled(Fact, frozen=True, tag="case.embargo_ruled@1"):
    """A rule was found to apply; it takes the place of what its source said before."""

    kind: Kind
    until: datetime
    cited: str
    source: str = ""
    counted_from: datetime | None = None
    body: Explained | None = None


class EmbargoSet(Fact, frozen=True, tag="case.embargo_set@1"):
    """The embargo ends at another instant, by another rule."""

    until: datetime
    rule: str
    body: Explained | None = None


class EmbargoEnded(Fact, frozen=True, tag="case.embargo_ended@2"):
    """The instant came at which the embargo ends."""

    due: datetime | None
    """That instant; unknown to what was recorded first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Embargo:
    """The embargo of one case."""

    case: CaseId
    until: datetime
    rule: str
    over: bool
    terms: tuple[Term, ...]
    latest: datetime
    """The end of the case, past which nothing is put off."""


def tightest(terms: Sequence[Term]) -> Term:
    """Return the term that decides: of those that bind, the earliest.

    Raises:
        ValueError: none binds; a case always has one that does.

    """
    binding = [term for term in terms if RULES[term.kind].binds]
    order = list(Kind)
    return min(binding, key=lambda t: (t.until, order.index(t.kind), t.source))


def replaced(terms: Sequence[Term], new: Term) -> tuple[Term, ...]:
    """Return *terms* with *new* in the place of what its source said before."""
    kept = [t for t in terms if (t.kind, t.source) != (new.kind, new.source)]
    return (*kept, new)


def begun(embargo: Embargo, at: datetime, rules: Embargoes) -> Sequence[Fact]:
    """Return what delivery at *at* means: the programme's default counts from it."""
    until = at + rules.default
    term = Term(kind=Kind.PROGRAMME, until=until, cited=rules.cited)
    return _ruled(embargo, term, counted_from=at)


def ruled(
    embargo: Embargo, term: Term, reason: str, *, counted_from: datetime | None = None
) -> Sequence[Fact]:
    """Return what it means that the rule behind *term* applies.

    Where its source said something earlier before, nothing changes: a term becomes later
    only by `extended`.

    Raises:
        Refused: the embargo is over.
        Invalid: no reason is given, or the rule is not cited.

    """
    _refuse_over(embargo)
    if not term.cited.strip():
        raise Invalid(
            "cite the rule", [Violation("missing_field", "rule", "by which rule?")]
        )
    return _ruled(embargo, term, explained(reason), counted_from)


def fixed(embargo: Embargo, at: datetime, rules: Embargoes) -> Sequence[Fact]:
    """Return what a fix that is out since *at* means for the programme's default.

    Those who run the software get `rules.adoption` from then on. This can be later than
    the default counted from delivery, and is the one thing besides an extension that is:
    the default says so beforehand. Every other term stays as it is.
    """
    if embargo.over or not rules.adoption:
        return []
    days = rules.adoption.days
    term = Term(
        kind=Kind.PROGRAMME,
        until=min(at + rules.adoption, embargo.latest),
        cited=f"{rules.cited}; with a fix {days} days from it, to take it up",
    )
    mine = next((t for t in embargo.terms if t.kind is Kind.PROGRAMME), None)
    if mine == term:
        return []
    return _changed(embargo, [term], None, at)


def extended(embargo: Embargo, until: datetime, reason: str) -> Sequence[Fact]:
    """Return what a later end means; every term in its way must be one that extends.

    Raises:
        Refused: the embargo is over, a rule binds that is never extended, or the case
            itself ends before.
        Invalid: *until* is no later than the present end, or no reason is given.

    """
    _refuse_over(embargo)
    why = explained(reason)
    if until <= embargo.until:
        raise Invalid(
            f"the embargo of {embargo.case} ends {text(embargo.until)} already",
            [Violation("invalid_instant", "until", "must be later than it ends now")],
        )
    if until > embargo.latest:
        raise Refused(
            f"{embargo.case} itself ends {text(embargo.latest)}; an embargo ends before"
        )
    ways = [t for t in embargo.terms if RULES[t.kind].binds and t.until < until]
    fast = next((t for t in ways if not RULES[t.kind].extends), None)
    if fast is not None:
        raise Refused(
            f"{embargo.case} is bound until {text(fast.until)} by a rule that is never"
            f" extended: {fast.cited} ({fast.kind})"
        )
    later = [
        Term(
            kind=t.kind,
            until=until,
            cited=t.cited if t.cited.endswith(EXTENDED) else t.cited + EXTENDED,
            source=t.source,
        )
        for t in ways
    ]
    return _changed(embargo, later, why, None)


EXTENDED = ", extended for a reason on record"


def ended(embargo: Embargo, *, at: datetime) -> Sequence[Fact]:
    """Return what the passing of time means."""
    if embargo.over or at < embargo.until:
        return []
    return [EmbargoEnded(due=embargo.until)]


def _ruled(
    embargo: Embargo,
    term: Term,
    why: Explained | None = None,
    counted_from: datetime | None = None,
) -> Sequence[Fact]:
    before = {(t.kind, t.source): t for t in embargo.terms}
    mine = before.get((term.kind, term.source))
    if mine is not None and mine.until <= term.until:
        return []
    return _changed(embargo, [term], why, counted_from)


def _changed(
    embargo: Embargo,
    new: Sequence[Term],
    why: Explained | None,
    counted_from: datetime | None,
) -> Sequence[Fact]:
    """Return the facts that put *new* on record, and the end that follows, if another."""
    facts: list[Fact] = [
        EmbargoRuled(
            kind=term.kind,
            until=term.until,
            cited=term.cited,
            source=term.source,
            counted_from=counted_from,
            body=why,
        )
        for term in new
    ]
    terms = embargo.terms
    for term in new:
        terms = replaced(terms, term)
    now = tightest(terms)
    if (now.until, now.cited) != (embargo.until, embargo.rule):
        facts.append(EmbargoSet(until=now.until, rule=now.cited, body=why))
    return facts


def _refuse_over(embargo: Embargo) -> None:
    if embargo.over:
        raise Refused(f"the embargo of {embargo.case} is over")
