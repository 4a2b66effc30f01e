"""What happened to a case, as a sentence for each fact."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from fairlead.base import instants
from fairlead.clearinghouse import cases
from fairlead.clearinghouse.casework import delivered, embargo, facts
from fairlead.record.events import Event

LATE = timedelta(minutes=5)
"""What happened later than this after it was due is said to be late."""


def minute(at: datetime) -> str:
    """Write an instant to the minute, in UTC and saying so."""
    return instants.in_utc(at).strftime("%Y-%m-%d %H:%M UTC")


def late(due: datetime | None, at: datetime) -> str:
    """Say how late something was done that was due before, if it was."""
    if due is None or at - due <= LATE:
        return ""
    hours = (at - due) // timedelta(hours=1)
    much = f"{hours} h" if hours else "minutes"
    return f"; it was due {minute(due)}, done {much} late"


def why(fact: Any) -> str:  # noqa: ANN401 - any fact that has a reason
    """Return the reason that somebody gave, as far as it is kept."""
    return fact.body.reason if fact.body else "no reason is kept"


def _delivered(fact: delivered.CaseDelivered, _: datetime) -> str:
    there = minute(fact.delivered_at)
    return (
        f"Got to its owner {fact.owner} by {fact.channel}, {there};"
        f" verified by {fact.proof}."
    )


def _answered(fact: delivered.OwnerAnswered, _: datetime) -> str:
    planned = fact.fix_planned
    date = f" A fix is planned by {minute(planned)}." if planned else ""
    words = f" “{fact.body.text}”" if fact.body else ""
    return f"{fact.owner} says “{fact.answer}”, by {fact.channel}.{date}{words}"


def _reached(fact: facts.HoldingReached, at: datetime) -> str:
    who = f"person/{fact.coordinator}" if fact.coordinator else "nobody is named who"
    return (
        f"It should be with its owner by now: {who} must send it, re-route it, or start"
        f" disclosure{late(fact.due, at)}."
    )


SAID: dict[type, Callable[[Any, datetime], str]] = {
    cases.CaseOpened: lambda f, _: f"Opened for {f.finding}.",
    cases.FindingAdded: lambda f, _: f"{f.finding} joined: the same bug.",
    cases.CaseAbsorbed: lambda f, _: (
        f"{f.other} became part of this case, with {f.findings} of its findings."
    ),
    cases.CaseMerged: lambda f, _: f"Became part of {f.into}.",
    cases.FindingParted: lambda f, _: (
        f"{f.finding} turned out to be another bug, and left."
    ),
    cases.CaseRestored: lambda _f, _: (
        "It is a case of its own again: the merge was undone."
    ),
    cases.CaseMoved: lambda f, _: f"Moved to “{f.to}”: {why(f)}",
    embargo.EmbargoRuled: lambda f, _: (
        f"A rule for the embargo: {f.cited} ({f.kind}), until {minute(f.until)}."
    ),
    embargo.EmbargoSet: lambda f, _: (
        f"Embargo now ends {minute(f.until)} by “{f.rule}”"
        + (f": {why(f)}" if f.body else ".")
    ),
    embargo.EmbargoEnded: lambda f, at: f"The embargo ended{late(f.due, at)}.",
    delivered.CaseDelivered: _delivered,
    delivered.OwnerAnswered: _answered,
    cases.ParticipantReadIn: lambda f, _: f"{f.organisation} was read in as {f.part}.",
    cases.ParticipantReadOut: lambda f, _: f"{f.organisation} was read out.",
    cases.AdvisoryPublished: lambda f, at: (
        f"Published as {f.advisory}{', as scheduled' if f.due else ''}{late(f.due, at)}."
    ),
    cases.CaseWeighed: lambda f, _: f"Inputs of its urgency: {why(f)}",
    cases.CaseDestroyed: lambda f, _: f"Destroyed, because {f.ground}.",
    facts.CoordinatorNamed: lambda f, _: f"person/{f.coordinator} answers for it.",
    facts.CaseExtended: lambda f, _: (
        f"Put off: {f.limit}, until {minute(f.until)}: {why(f)}"
    ),
    facts.HoldingSet: lambda f, _: (
        f"To be with its owner by {minute(f.until)}: {f.rule}."
    ),
    facts.HoldingReached: _reached,
    facts.DisclosureStarted: lambda f, _: (
        f"Disclosure without the owner began: {why(f)}"
    ),
    facts.CaseExposed: lambda f, _: f"{f.how}, known {minute(f.known_at)}: {why(f)}",
    facts.FixAvailable: lambda f, _: f"A fix is out since {minute(f.since)}: {why(f)}",
    facts.CaseEnded: lambda f, at: f"Its time was over; it is closed{late(f.due, at)}.",
    facts.CaseRated: lambda f, _: f"Severity rated: {why(f)}",
    facts.RangesGiven: lambda f, _: f"Affected versions given: {why(f)}",
    facts.AdvisoryHeld: lambda _f, _: "An advisory is held ready.",
    facts.PublicationScheduled: lambda f, _: (
        f"The advisory that is held goes out {minute(f.due)}, by itself."
    ),
    facts.PublicationCalledOff: lambda f, _: (
        f"It does not go out by itself {minute(f.due)}: {why(f)}"
    ),
}
"""For each fact what is said of it, given when it was recorded."""


def happened(event: Event) -> str:
    """Say in a sentence what happened to a case."""
    said = SAID.get(type(event.fact))
    return said(event.fact, event.at) if said else type(event.fact).__name__
