"""Prose: the agreement as a contract that people read, made from the clauses alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from msgspec import UnsetType

from fairlead.terms.agreement import Terms
from fairlead.terms.clauses import Action, Clause, Detail, Duty, DutyKind, Effect, Who

WHAT: dict[Action, str] = {
    Action.CALL: "call",
    Action.OPEN: "open",
    Action.READ: "read",
    Action.RUN: "run suites of the benchmark on",
    Action.SEE: "see assessments of the model",
    Action.SHARE: "hand on assessments of the model",
    Action.PUBLISH: "publish figures that name neither model nor developer",
}
"""Each action as it is said; those about results name no asset."""

WITHOUT_ASSET = frozenset({Action.SEE, Action.SHARE, Action.PUBLISH})

DUTIES: dict[DutyKind, str] = {
    DutyKind.LOG: "each use is logged on the record",
    DutyKind.LOG_CONTENT: "each use is logged on the record together with its content",
    DutyKind.NOTIFY_SPILL: "the other side is told of any spill",
    DutyKind.NOTIFY_COMPELLED: (
        "the other side is told of any demand to disclose, such as a request under the"
        " Freedom of Information Act, a subpoena or an inquiry of Congress, before it is"
        " answered as far as the law allows"
    ),
    DutyKind.DESTROY: "what was received is destroyed, which each holder states",
    DutyKind.RETAIN: "transcripts are kept no longer than the work needs, then destroyed",
    DutyKind.PROTECT: "what was received is protected as the holder protects its own",
    DutyKind.SCREEN: "the people who get access are screened for insider risk",
    DutyKind.NO_COPY: "no copy is made outside the named place",
    DutyKind.CONFIDENTIAL: "what was received is kept confidential",
    DutyKind.OBJECT: "a named person to whom the developer objects is removed",
}

DETAIL: dict[Detail, str] = {
    Detail.OUTCOME: "the outcome alone",
    Detail.SCORES: "scores",
    Detail.TRANSCRIPTS: "transcripts",
}


@dataclass(frozen=True, slots=True)
class Section:
    """One numbered part of the contract."""

    heading: str
    text: str


def contract(terms: Terms) -> Sequence[Section]:
    """Return the whole contract: what it is about, then every clause by its number."""
    assets = "; ".join(f"{asset.name} ({asset.kind})" for asset in terms.assets)
    about = (
        f"{terms.developer.name} (the developer) makes available to"
        f" {terms.programme.name} (the programme), of its own will: {assets or 'nothing'}."
        f" It concerns the model called {terms.model}. Nothing in these terms is a"
        " condition of releasing it: the developer may release at any time, and may"
        " withdraw at any time, in one action, without giving a reason."
    )
    window = (
        f"Access lasts {_days(terms.window.days)} from the instant at which it is live,"
        f" and ends by itself. It ends earlier when the developer withdraws, or releases"
        f" to trusted partners. If it is not live by {terms.window.opens_by}, nothing"
        " opens any more. Each trusted partner's own access needs the developer's consent"
        f" and lasts {_days(terms.partner_days)} at most."
    )
    results = (
        "An assessment goes to the developer first and stays with it for"
        f" {_days(terms.reply_days)}. Its answer travels with the assessment."
    )
    front = (
        Section("What this is about", about),
        Section("Window", window),
        Section("Results", results),
        *_broker(terms),
    )
    clauses = tuple(
        Section(f"{clause.number}. {clause.title}", sentence(clause))
        for clause in terms.clauses
    )
    return front + clauses


def _broker(terms: Terms) -> Sequence[Section]:
    """Return who runs the broker, where that was agreed to be the developer."""
    if isinstance(terms.broker, UnsetType):
        return ()
    said = (
        "Endpoints are called through a broker that the developer runs on its own side;"
        " their credentials never leave it. These same terms decide there about each"
        " call. The programme's server signs a note about each call with the key"
        f" {terms.broker.key}, which holds for {terms.broker.seconds} seconds and once;"
        " while a call goes on it is renewed, and where it is not, the call is cut. Both"
        " sides count what is used, sign it, and compare. Either side ends access at"
        " once: the developer by stopping its broker, the programme by signing nothing"
        " more."
    )
    return (Section("The broker is the developer's", said),)


def sentence(clause: Clause) -> str:
    """Return what *clause* says, as prose."""
    parts: list[str] = []
    if clause.effect is not Effect.MUST:
        parts.append(_rule(clause) + ".")
    if clause.duties:
        told = "; ".join(map(_duty, clause.duties))
        parts.append(f"{told[0].upper()}{told[1:]}.")
    if clause.words.strip():
        parts.append(clause.words.strip())
    return " ".join(parts)


def _rule(clause: Clause) -> str:
    said = [_who(clause.who), str(clause.effect), _what(clause)]
    if clause.purposes:
        said.append("for " + _either(clause.purposes))
    if clause.suites:
        said.append("with the suites " + _either(clause.suites))
    if clause.detail is not None:
        more = "up to" if clause.effect is Effect.MAY else "from"
        said.append(f"({more} {DETAIL[clause.detail]})")
    if clause.places:
        said.append("at " + _either(clause.places))
    if clause.not_before:
        said.append(f"from {clause.not_before}")
    if clause.not_after:
        said.append(f"until {clause.not_after}")
    limits = clause.limits
    amounts = [
        f"{amount:,} {name}"
        for name, amount in (("calls", limits.calls), ("tokens", limits.tokens))
        if amount is not None
    ]
    if limits.cents is not None:
        amounts.append(f"{limits.cents / 100:,.2f} dollars")
    if amounts:
        said.append("for no more than " + " and ".join(amounts) + " in all")
    if clause.people_needed > 1:
        said.append("by two named people together")
    return " ".join(said)


def _what(clause: Clause) -> str:
    if not clause.actions:
        return "do anything"
    things = _either(clause.assets) if clause.assets else "any asset"
    plain = [WHAT[a] for a in clause.actions if a in WITHOUT_ASSET]
    with_asset = [WHAT[a] for a in clause.actions if a not in WITHOUT_ASSET]
    told = [f"{_either(with_asset)} {things}"] if with_asset else []
    return _either([*told, *plain])


def _who(who: Who) -> str:
    parts: list[str] = []
    if who.people:
        parts.append(_either(who.people))
    if who.roles:
        parts.append(f"whoever acts as {_either(who.roles)}")
    if who.organisations:
        parts.append(f"of {_either(who.organisations)}")
    if who.sides:
        parts.append(f"for the {_either(who.sides)}")
    told = " ".join(parts) or "anyone"
    if who.attributes:
        told += f", of whom {' and '.join(who.attributes)} is attested,"
    return told[0].upper() + told[1:]


def _duty(duty: Duty) -> str:
    told = DUTIES[duty.kind]
    if duty.within_hours is None:
        return told
    hours = duty.within_hours
    if hours % 24 == 0 and hours > 24:  # noqa: PLR2004 - hours of a day
        return f"{told}, within {_days(hours // 24)}"
    return f"{told}, within {hours} hour{'s' if hours != 1 else ''}"


def _either(values: Sequence[str]) -> str:
    *most, last = map(str, values)
    return f"{', '.join(most)} or {last}" if most else last


def _days(count: int) -> str:
    return f"{count} day{'s' if count != 1 else ''}"
