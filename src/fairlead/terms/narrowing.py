"""Narrowing: what the developer may change alone, at once.

Narrower terms open nothing that the signed ones did not. It is proved from how they
came about, not guessed from how they look: narrowing takes clauses that open something
away, lowers limits, ends them earlier, or shortens the window.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct
from msgspec.structs import replace

from fairlead.base import instants
from fairlead.errors import Invalid, Violation
from fairlead.terms.agreement import Terms, check, instant
from fairlead.terms.clauses import Clause, Effect, Limits


class Narrowing(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What becomes narrower; nothing said, nothing changed."""

    clauses_dropped: tuple[int, ...] = ()
    """Numbers of clauses that open nothing from now on."""
    not_after: str | None = None
    """Every clause that opens something ends at the latest at this RFC 3339 instant."""
    calls: int | None = None
    """At most so many calls in all, under each clause."""
    tokens: int | None = None
    cents: int | None = None
    people_removed: tuple[str, ...] = ()
    """Named people who do nothing more in the engagement."""


def narrowed(terms: Terms, narrowing: Narrowing) -> Terms:
    """Return *terms* with *narrowing* applied; clauses keep their numbers.

    Raises:
        Invalid: it names no clause, or one that opens nothing; or says nothing.

    """
    violations = list(_violations(terms, narrowing))
    if violations:
        raise Invalid(f"{violations[0].field}: {violations[0].reason}", violations)
    after = replace(
        terms,
        clauses=tuple(_narrow(clause, narrowing) for clause in terms.clauses),
    )
    check(after)
    return after


def _narrow(clause: Clause, narrowing: Narrowing) -> Clause:
    if clause.effect is not Effect.MAY:
        return clause
    if clause.number in narrowing.clauses_dropped:
        return Clause(
            number=clause.number,
            title=clause.title,
            effect=Effect.MUST,
            duties=clause.duties,
            words="The developer has ended what this clause opened.",
        )
    ends = clause.not_after
    if narrowing.not_after is not None and (
        ends is None or instant(narrowing.not_after) < instant(ends)
    ):
        ends = narrowing.not_after
    return replace(
        clause,
        not_after=ends,
        limits=Limits(
            calls=_less(clause.limits.calls, narrowing.calls),
            tokens=_less(clause.limits.tokens, narrowing.tokens),
            cents=_less(clause.limits.cents, narrowing.cents),
        ),
    )


def _less(old: int | None, new: int | None) -> int | None:
    given = [amount for amount in (old, new) if amount is not None]
    return min(given, default=None)


def _violations(terms: Terms, narrowing: Narrowing) -> Iterator[Violation]:
    if narrowing == Narrowing():
        yield Violation("empty", "narrowing", "say what becomes narrower")
    grants = {c.number for c in terms.clauses if c.effect is Effect.MAY}
    for number in narrowing.clauses_dropped:
        if number not in grants:
            yield Violation(
                "unknown_clause", "clauses_dropped", f"clause {number} opens nothing"
            )
    if narrowing.not_after is not None:
        try:
            instants.parse(narrowing.not_after, field="not_after")
        except Invalid as error:
            yield from error.violations
    for field in ("calls", "tokens", "cents"):
        amount = getattr(narrowing, field)
        if amount is not None and amount < 0:
            yield Violation("invalid_limit", field, "must not be negative")
