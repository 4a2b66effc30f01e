"""The same terms as Cedar policies: a second opinion, by an engine that is not ours.

Each clause that opens becomes `permit`, each that forbids `forbid`. Whoever asks Cedar
must take any diagnostic as a refusal: a `forbid` that errs is skipped there
(https://docs.cedarpolicy.com/auth/authorization.html).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from fairlead.base import instants
from fairlead.terms.agreement import Terms, instant
from fairlead.terms.clauses import Clause, Effect, level
from fairlead.terms.decide import Request


def policies(terms: Terms) -> str:
    """Return *terms* as Cedar policies, one for each clause that opens or forbids."""
    return "\n\n".join(
        _policy(clause) for clause in terms.clauses if clause.effect is not Effect.MUST
    )


def question(request: Request) -> dict[str, Any]:
    """Return *request* as Cedar's principal, action, resource and context."""
    return {
        "principal": f"Person::{_text(request.person)}",
        "action": f"Action::{_text(request.action)}",
        "resource": f"Asset::{_text(request.asset)}",
        "context": {
            "side": str(request.side),
            "organisation": request.organisation,
            "roles": sorted(request.roles),
            "attributes": sorted(request.attributes),
            "purpose": str(request.purpose),
            "suite": request.suite,
            "detail": -1 if request.detail is None else level(request.detail),
            "place": request.place,
            "second": request.second,
            "at": _micros(instants.text(request.at)),
            "calls": request.used.calls,
            "tokens": request.used.tokens,
            "cents": request.used.cents,
            "person": request.person,
        },
    }


def _policy(clause: Clause) -> str:
    word = "permit" if clause.effect is Effect.MAY else "forbid"
    conditions = " &&\n  ".join(_conditions(clause)) or "true"
    return (
        f"@clause({_text(str(clause.number))})\n"
        f"{word} (principal, {_actions(clause)}, resource)\n"
        f"when {{\n  {conditions}\n}};"
    )


def _actions(clause: Clause) -> str:
    if not clause.actions:
        return "action"
    return f"action in [{', '.join(f'Action::{_text(a)}' for a in clause.actions)}]"


def _conditions(clause: Clause) -> Iterator[str]:
    who = clause.who
    if clause.assets:
        named = ", ".join(f"Asset::{_text(name)}" for name in clause.assets)
        yield f"[{named}].contains(resource)"
    for field, values in (
        ("side", who.sides),
        ("organisation", who.organisations),
        ("person", who.people),
        ("purpose", clause.purposes),
        ("suite", clause.suites),
        ("place", clause.places),
    ):
        if values:
            yield f"{_set(values)}.contains(context.{field})"
    if who.roles:
        yield f"context.roles.containsAny({_set(who.roles)})"
    if who.attributes:
        yield f"context.attributes.containsAll({_set(who.attributes)})"
    if clause.not_before:
        yield f"context.at >= {_micros(clause.not_before)}"
    if clause.not_after:
        yield f"context.at < {_micros(clause.not_after)}"
    yield from _more(clause)


def _more(clause: Clause) -> Iterator[str]:
    """Yield what is read in another way by a clause that opens and one that forbids."""
    opens = clause.effect is Effect.MAY
    if clause.detail is not None:
        here = level(clause.detail)
        yield (
            f"context.detail >= 0 && context.detail <= {here}"
            if opens
            else f"(context.detail < 0 || context.detail >= {here})"
        )
    if not opens:
        return
    for field in ("calls", "tokens", "cents"):
        limit = getattr(clause.limits, field)
        if limit is not None:
            yield f"context.{field} < {limit}"
    if clause.people_needed > 1:
        yield 'context.second != "" && context.second != context.person'


def _set(values: tuple[str, ...]) -> str:
    return f"[{', '.join(map(_text, values))}]"


def _text(value: str) -> str:
    return json.dumps(str(value), ensure_ascii=False)


def _micros(written: str) -> int:
    at = instant(written)
    return int(at.timestamp()) * 1_000_000 + at.microsecond
