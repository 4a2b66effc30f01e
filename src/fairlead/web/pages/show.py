"""How values are shown to people: instants, states, facts."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from fairlead.catalogue.priority import decisions
from fairlead.clearinghouse.cases import State
from fairlead.clearinghouse.submissions import Outcome, Submission
from fairlead.record.events import Event
from fairlead.review import facts as engaged
from fairlead.web.pages.happenings import happened
from fairlead.web.pages.zones import instant

INVISIBLE = {
    code: f"\\u{code:04x}"
    for code in (
        *range(0x09),
        *range(0x0B, 0x20),
        *range(0x7F, 0xA0),
        0x061C,
        *range(0x200B, 0x2010),
        *range(0x2028, 0x202F),
        *range(0x2060, 0x2070),
        0xFEFF,
    )
}
"""Characters that hide or reorder text, and what is shown in their place."""

OUTCOMES = {
    Outcome.NEW: "New: nothing like it was known.",
    Outcome.KNOWN: "Already known: it is the same bug as an earlier report.",
    Outcome.IN_REVIEW: "In review: a coordinator decides whether it is a known bug.",
    Outcome.UNREADABLE: "A coordinator looks at it: it could not be read.",
}


def distance(at: datetime, now: datetime) -> str:
    """Say how far *at* lies from *now*: `in 12 days`, `3 hours ago`."""
    seconds = (at - now).total_seconds()
    # What began a moment ago and lasts 90 days is 90 days long.
    length = abs(seconds) + 30
    for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        count = int(length // size)
        if count:
            far = f"{count} {unit}{'' if count == 1 else 's'}"
            return f"in {far}" if seconds > 0 else f"{far} ago"
    return "now"


def plain(text: str) -> str:
    """Return *text* with what hides or reorders it made visible."""
    return text.translate(INVISIBLE)


def percent(probability: float) -> str:
    """Show a probability, never as certainty."""
    return f"{min(99, max(1, round(probability * 100)))} %"


def share(part: float) -> str:
    """Show a part of a whole."""
    return f"{round(part * 100)} %"


def outcome(submission: Submission) -> str:
    """Say how a submission was answered."""
    if submission.outcome is None:
        return "Being compared with earlier reports."
    return OUTCOMES[submission.outcome]


def who(actor: str) -> str:
    """Say who did something, without naming people to those who may not know them."""
    kind, _, name = actor.partition("/")
    return f"the system ({name})" if kind == "system" else actor


ENGAGED: dict[type, Callable[[Any], str]] = {
    engaged.EngagementAsked: lambda _: "The developer asked.",
    engaged.EngagementProposed: lambda _: "The programme proposed it.",
    engaged.EngagementAnswered: lambda _: "The programme answered.",
    engaged.TermsOffered: lambda f: f"The {f.side} offered terms {f.digest[:12]}…",
    engaged.TermsSigned: lambda f: f"Terms {f.digest[:12]}… signed for the {f.side}.",
    engaged.TermsNarrowed: lambda _: "The developer made the terms narrower.",
    engaged.PersonNamed: lambda f: f"{f.person} was named.",
    engaged.PersonRemoved: lambda f: f"{f.person} was removed by the {f.by}.",
    engaged.AssetProvided: lambda f: f"The asset “{f.asset}” was made available.",
    engaged.AssetKeyed: lambda f: f"Keys to seal “{f.asset}” for were given out.",
    engaged.AssetSealed: lambda f: f"All sealed files of “{f.asset}” have come.",
    engaged.AssetOpened: lambda f: f"{f.person} got our half of “{f.asset}”.",
    engaged.AccessOpened: lambda _: "Access opened.",
    engaged.AccessEnded: lambda f: f"The programme's access ended: {f.ending}.",
    engaged.KeyIssued: lambda f: f"{f.person} made the key {f.key}.",
    engaged.KeyEnded: lambda f: f"The key {f.key} was ended.",
    engaged.UsageCompared: lambda f: (
        f"Both sides compared {f.calls} calls; {f.differing} differ."
    ),
    engaged.AssessmentDelivered: lambda f: f"{f.assessment} went to the developer.",
    engaged.AssessmentAnswered: lambda f: f"The developer answered {f.assessment}.",
    engaged.ReleaseRecorded: lambda f: f"Released to {f.to}, says the developer.",
    engaged.PartnerNominated: lambda f: f"{f.partner} was nominated by the {f.by}.",
    engaged.PartnerAgreed: lambda f: f"The developer consents to {f.partner}.",
    engaged.PartnerOpened: lambda f: f"Access of {f.partner} opened.",
    engaged.PartnerRemoved: lambda f: f"Access of {f.partner} ended: {f.ending}.",
    engaged.ClosingBegun: lambda _: "Closing began.",
    engaged.HolderStated: lambda f: f"{f.organisation} stated what it destroyed.",
    engaged.EngagementWithdrawn: lambda _: "The developer withdrew.",
    engaged.OpeningTried: lambda f: (
        f"An attempt to open {f.what} {'succeeded' if f.opened else 'did not succeed'}."
    ),
    engaged.EngagementDestroyed: lambda _: "Everything confidential was destroyed.",
    engaged.EngagementClosed: lambda _: "Closed.",
}
"""What happened to an engagement, as a sentence for each fact."""


def engagement_event(event: Event) -> str:
    """Say in a sentence what happened to an engagement."""
    told = ENGAGED.get(type(event.fact))
    return told(event.fact) if told else type(event.fact).__name__


TRACK = (State.OPEN, State.TRIAGED, State.WITH_OWNER, State.FIXED, State.PUBLISHED)
"""The way of a case that goes well, as drawn on its page."""


def steps(state: State) -> list[tuple[State, str]]:
    """Return the track with where a case stands on it: complete, current or ahead."""
    place = (
        TRACK.index(state)
        if state in TRACK
        else len(TRACK)
        if state == State.CLOSED
        else -1
    )
    return [
        (step, "complete" if i < place else "current" if i == place else "ahead")
        for i, step in enumerate(TRACK)
    ]


FILTERS: dict[str, Callable[..., Any]] = {
    "instant": instant,
    "distance": distance,
    "plain": plain,
    "percent": percent,
    "share": share,
    "outcome": outcome,
    "who": who,
    "happened": happened,
    "engaged": engagement_event,
    "steps": steps,
    "answer": decisions.answer,
    "outcome_of": decisions.answer_of,
}
"""What templates may use."""
