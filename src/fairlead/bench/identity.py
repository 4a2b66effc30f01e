"""Whether the endpoint was the same model throughout a run, as far as outsiders can tell.

Fixed prompts are asked before, during and after. Compared are the names that answers
carry, the answers to prompts that were answered alike at first, how likely the model held
its first words where that is told, and how long answers took. An endpoint that recognises
the prompts can answer them as another model than the one that is measured.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from statistics import median

from msgspec import Struct

from fairlead.bench.integrity import Mark
from fairlead.bench.outcomes import Flag

PROMPTS = (
    "Reply with one word: what colour is a ripe lemon?",
    "Continue the sequence with one number: 3, 9, 27,",
    "Spell the word rhythm backwards. Reply with the letters only.",
    "Which is heavier, a kilogram of iron or of feathers? One sentence.",
)
"""Answered in few tokens, and not by every model alike."""
BASELINE = 2
"""Rounds at first, from which it is known what varies by itself."""
_SLOWER = 4.0
_LIKELIHOOD = 1.0


class Probe(Struct, frozen=True, kw_only=True):
    """One answer to one fixed prompt."""

    round: int
    """From 0; the first `BASELINE` rounds are the baseline."""
    prompt: int
    at: datetime
    model: str
    """As the answer names it; text from outside."""
    answer: str
    seconds: float
    logprob: float | None = None
    """Of the first token, where it was told."""
    error: str = ""


def drift(probes: Sequence[Probe]) -> Sequence[Mark]:
    """Return what changed since the baseline; nothing where nothing did."""
    answered = [p for p in probes if not p.error]
    first = [p for p in answered if p.round < BASELINE]
    later = [p for p in answered if p.round >= BASELINE]
    if not first or not later:
        return []
    found = [
        *_names(first, later),
        *_answers(first, later),
        *_likelihoods(first, later),
    ]
    before, after = (median(p.seconds for p in part) for part in (first, later))
    slow, quick = max(before, after), min(before, after)
    if slow > _SLOWER * quick and slow - quick > 1:
        found.append(f"answers took {after:.2f} s, and {before:.2f} s at first")
    return [Mark(Flag.ENDPOINT_DRIFT, evidence) for evidence in found]


def _names(first: Sequence[Probe], later: Sequence[Probe]) -> Sequence[str]:
    was = {p.model for p in first}
    new = sorted({p.model for p in later} - was)
    return [f"answers name {new[0]!a}, and {min(was)!a} at first"] if new else []


def _answers(first: Sequence[Probe], later: Sequence[Probe]) -> Sequence[str]:
    """Compare prompts that were answered alike in every round of the baseline."""
    stable = {}
    for number in {p.prompt for p in first}:
        said = [p.answer for p in first if p.prompt == number]
        if len(said) >= BASELINE and len(set(said)) == 1:
            stable[number] = said[0]
    changed = [p for p in later if p.prompt in stable and p.answer != stable[p.prompt]]
    asked = [p for p in later if p.prompt in stable]
    if not asked or len(changed) * 2 < len(asked):
        return []
    counted = f"{len(changed)} of {len(asked)}"
    return [f"{counted} answers differ to prompts that were answered alike at first"]


def _likelihoods(first: Sequence[Probe], later: Sequence[Probe]) -> Sequence[str]:
    moved = []
    for number in {p.prompt for p in first}:
        was, now = (
            [p.logprob for p in part if p.prompt == number and p.logprob is not None]
            for part in (first, later)
        )
        if was and now:
            moved.append(abs(median(now) - median(was)))
    if moved and median(moved) > _LIKELIHOOD:
        return [f"log probabilities of first tokens moved by {median(moved):.2f}"]
    return []
