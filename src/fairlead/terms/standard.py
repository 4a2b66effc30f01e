"""Standard clauses and profiles: what most engagements begin with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from msgspec.structs import replace

from fairlead.terms.agreement import AssetTerm
from fairlead.terms.clauses import (
    Action,
    AssetKind,
    Clause,
    Detail,
    Duty,
    DutyKind,
    Effect,
    Limits,
    Purpose,
    Side,
    Who,
)

SPILL_HOURS = 24
DESTROY_HOURS = 72
KEEP_HOURS = 90 * 24

PROGRAMME = Who(sides=(Side.PROGRAMME,))
EVALUATORS = Who(sides=(Side.PROGRAMME,), roles=("evaluator",))
OFFICIAL = Who(sides=(Side.PROGRAMME,), roles=("official",))
PARTNERS = Who(sides=(Side.PARTNER,), roles=("partner",))
WORK = (Purpose.MEASUREMENT, Purpose.DEFENCE)


class Profile(StrEnum):
    """Terms to begin with."""

    API_ONLY = "API only"
    DEVELOPERS_BROKER = "API only, broker at the developer's side"
    HELPFUL_ONLY = "helpful-only variant"
    SEALED_WEIGHTS = "sealed weights in a named facility"


def _must(title: str, words: str, *duties: Duty) -> Clause:
    return Clause(number=0, title=title, effect=Effect.MUST, words=words, duties=duties)


def _never(title: str, purpose: Purpose, words: str) -> Clause:
    return Clause(
        number=0,
        title=title,
        effect=Effect.MAY_NOT,
        purposes=(purpose,),
        words=words,
    )


LIBRARY: dict[str, Clause] = {
    "confidentiality": _must(
        "Confidentiality",
        "This covers the model, its outputs, the developer's documents, and that the"
        " engagement exists.",
        Duty(kind=DutyKind.CONFIDENTIAL),
    ),
    "cybersecurity": _must(
        "Cybersecurity",
        "Assets are kept on systems that meet NIST SP 800-53 at the moderate baseline, or"
        " what the developer agrees is equal to it.",
        Duty(kind=DutyKind.PROTECT),
    ),
    "insider-risk": _must(
        "Insider risk",
        "Access is given to named people only, each with a key of their own.",
        Duty(kind=DutyKind.SCREEN),
        Duty(kind=DutyKind.LOG),
    ),
    "intellectual-property": _must(
        "Intellectual property",
        "No right in the model, its weights or its outputs passes to anyone but as far as"
        " a clause says.",
    ),
    "nondisclosure": _must(
        "Nondisclosure",
        "Whoever has access is bound by nondisclosure that lasts beyond the window.",
        Duty(kind=DutyKind.CONFIDENTIAL),
    ),
    "expiry": _must(
        "Expiry",
        "All access ends with the window, by itself; no act of anybody is needed.",
    ),
    "destruction": _must(
        "Destruction",
        "This covers assets, keys, logs of content and notes that quote the model.",
        Duty(kind=DutyKind.DESTROY, within_hours=DESTROY_HOURS),
    ),
    "named-persons": _must(
        "Named persons",
        "The programme names each person before the first access; the developer may"
        " object to any of them, without giving a reason, at any time.",
        Duty(kind=DutyKind.OBJECT, within_hours=0),
    ),
    "spill": _must(
        "Spill",
        "A spill is any access, copy or disclosure that no clause opens, or suspicion of"
        " one.",
        Duty(kind=DutyKind.NOTIFY_SPILL, within_hours=SPILL_HOURS),
    ),
    "compelled-disclosure": _must(
        "Compelled disclosure",
        "The developer may take part in answering, and what is disclosed is the least"
        " that the law demands.",
        Duty(kind=DutyKind.NOTIFY_COMPELLED, within_hours=SPILL_HOURS),
    ),
    "retention": _must(
        "Transcripts",
        "They are kept for as long as an assessment is answered and explained.",
        Duty(kind=DutyKind.RETAIN, within_hours=KEEP_HOURS),
    ),
    "residual-knowledge": _must(
        "Residual knowledge",
        "What people remember without notes they may use in their general work, but not"
        " to describe, reproduce or circumvent the model.",
    ),
    "no-training": _never(
        "No training on outputs",
        Purpose.TRAINING,
        "This includes distillation and fine-tuning of any other model.",
    ),
    "no-offence": _never(
        "No offensive use",
        Purpose.OFFENCE,
        "This includes finding targets, and any use against systems of third parties.",
    ),
    "no-procurement": _never(
        "No use in procurement",
        Purpose.PROCUREMENT,
        "Nothing learned counts for or against the developer in any award.",
    ),
    "no-enforcement": _never(
        "No use in enforcement",
        Purpose.ENFORCEMENT,
        "Nothing learned is used to open or support an action against the developer,"
        " except where the law commands it.",
    ),
    "export-control": Clause(
        number=0,
        title="Export control and citizenship",
        effect=Effect.MUST,
        words="Clauses that name citizenship:US open nothing to people of whom it is not"
        " attested.",
        duties=(Duty(kind=DutyKind.SCREEN),),
    ),
    "see-results": Clause(
        number=0,
        title="Who sees results",
        effect=Effect.MAY,
        who=OFFICIAL,
        actions=(Action.SEE,),
        purposes=(Purpose.DETERMINATION,),
        detail=Detail.SCORES,
    ),
    "evaluators-see": Clause(
        number=0,
        title="Evaluators see what they measured",
        effect=Effect.MAY,
        who=EVALUATORS,
        actions=(Action.SEE,),
        purposes=(Purpose.MEASUREMENT,),
        detail=Detail.TRANSCRIPTS,
    ),
    "partner-results": Clause(
        number=0,
        title="What trusted partners see of results",
        effect=Effect.MAY,
        who=PARTNERS,
        actions=(Action.SEE,),
        purposes=(Purpose.DEFENCE,),
        detail=Detail.OUTCOME,
    ),
    "publish-aggregate": Clause(
        number=0,
        title="Figures for the public",
        effect=Effect.MAY,
        who=PROGRAMME,
        actions=(Action.PUBLISH,),
        purposes=(Purpose.MEASUREMENT,),
        words="Figures are in bands and name neither model nor developer.",
    ),
}
"""Clauses by name, without numbers; `numbered` gives them theirs."""

_COMMON = (
    "see-results",
    "evaluators-see",
    "partner-results",
    "publish-aggregate",
    "no-training",
    "no-offence",
    "no-procurement",
    "no-enforcement",
    "confidentiality",
    "nondisclosure",
    "cybersecurity",
    "insider-risk",
    "intellectual-property",
    "named-persons",
    "expiry",
    "destruction",
    "spill",
    "compelled-disclosure",
    "retention",
    "residual-knowledge",
)


@dataclass(frozen=True, slots=True)
class Draft:
    """Assets and clauses to begin with."""

    assets: tuple[AssetTerm, ...]
    clauses: tuple[Clause, ...]


def draft(profile: Profile, *, facility: str = "") -> Draft:
    """Return what *profile* begins with; *facility* is where sealed weights are opened."""
    assets, opening = _opening(profile, facility)
    common = [LIBRARY[name] for name in _COMMON]
    return Draft(assets, numbered([*opening, *common]))


def numbered(clauses: Sequence[Clause]) -> tuple[Clause, ...]:
    """Return *clauses* numbered from 1, in order."""
    return tuple(replace(c, number=n) for n, c in enumerate(clauses, 1))


def _opening(
    profile: Profile, facility: str
) -> tuple[tuple[AssetTerm, ...], list[Clause]]:
    endpoint = AssetTerm(name="endpoint", kind=AssetKind.ENDPOINT)
    card = AssetTerm(name="system card", kind=AssetKind.SYSTEM_CARD)
    match profile:
        case Profile.API_ONLY | Profile.DEVELOPERS_BROKER:
            return (endpoint, card), [_calls("endpoint"), _partners(), _reads(card)]
        case Profile.HELPFUL_ONLY:
            variant = AssetTerm(
                name="helpful-only endpoint", kind=AssetKind.HELPFUL_ONLY
            )
            strict = replace(
                _calls(variant.name),
                title="Evaluators call the helpful-only variant, two together",
                people_needed=2,
                duties=(Duty(kind=DutyKind.LOG_CONTENT),),
            )
            clauses = [_calls("endpoint"), strict, _partners(), _reads(card)]
            return (endpoint, variant, card), clauses
        case Profile.SEALED_WEIGHTS:
            weights = AssetTerm(name="weights", kind=AssetKind.WEIGHTS)
            return (weights, card), [
                _opens(weights, facility or "the named facility"),
                LIBRARY["export-control"],
                _reads(card),
            ]


def _calls(asset: str) -> Clause:
    return Clause(
        number=0,
        title="Evaluators call the endpoint",
        effect=Effect.MAY,
        who=EVALUATORS,
        actions=(Action.CALL, Action.RUN),
        assets=(asset,),
        purposes=WORK,
        limits=Limits(calls=1_000_000, tokens=2_000_000_000, cents=5_000_000),
        duties=(Duty(kind=DutyKind.LOG),),
    )


def _partners() -> Clause:
    return Clause(
        number=0,
        title="Trusted partners call the endpoint, after the programme",
        effect=Effect.MAY,
        who=PARTNERS,
        actions=(Action.CALL,),
        assets=("endpoint",),
        purposes=(Purpose.DEFENCE,),
        limits=Limits(calls=1_000_000),
        duties=(Duty(kind=DutyKind.LOG),),
    )


def _reads(card: AssetTerm) -> Clause:
    return Clause(
        number=0,
        title="Reading the system card",
        effect=Effect.MAY,
        who=PROGRAMME,
        actions=(Action.READ,),
        assets=(card.name,),
        purposes=(*WORK, Purpose.DETERMINATION),
    )


def _opens(weights: AssetTerm, facility: str) -> Clause:
    return Clause(
        number=0,
        title="Sealed weights are opened by two people, in one place",
        effect=Effect.MAY,
        who=Who(
            sides=(Side.PROGRAMME,),
            roles=("evaluator",),
            attributes=("citizenship:US",),
        ),
        actions=(Action.OPEN, Action.RUN),
        assets=(weights.name,),
        purposes=(Purpose.MEASUREMENT,),
        places=(facility,),
        people_needed=2,
        duties=(Duty(kind=DutyKind.NO_COPY), Duty(kind=DutyKind.LOG)),
    )
