"""The outcome of an attempt, computed anew from its transcript.

Reads of Inspect's `EvalSample` what decides, and nothing else; what is said there was
said by strangers and is only compared.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import Struct

from fairlead.bench.integrity import refuses
from fairlead.bench.outcomes import Outcome
from fairlead.errors import Malformed

_ESCAPE = "EscapeTried"
_KEY = "outcome"


class _Error(Struct, frozen=True):
    message: str = ""
    traceback: str | None = None


class _Score(Struct, frozen=True):
    metadata: dict[str, Any] | None = None


class _Part(Struct, frozen=True):
    type: str = ""
    text: str = ""


class _Message(Struct, frozen=True):
    role: str = ""
    content: str | list[_Part] = ""
    function: str | None = None
    error: Any = None

    @property
    def text(self) -> str:
        """Return what it says."""
        if isinstance(self.content, str):
            return self.content
        return "".join(p.text for p in self.content if p.type == "text")


class _Choice(Struct, frozen=True):
    stop_reason: str | None = None


class _Output(Struct, frozen=True):
    choices: list[_Choice] = []


class _Sample(Struct, frozen=True):
    metadata: dict[str, Any] = {}
    error: _Error | None = None
    scores: dict[str, _Score] | None = None
    messages: list[_Message] = []
    output: _Output = _Output()


class Scored(Struct, frozen=True, kw_only=True):
    """What a transcript says of its attempt."""

    task: str
    budget_tokens: int
    epoch: int
    outcome: Outcome


def scored(transcript: bytes) -> Scored:
    """Return what *transcript* says of its attempt.

    Raises:
        Malformed: it is no transcript of an attempt.

    """
    try:
        sample = msgspec.json.decode(transcript, type=_Sample)
        named = sample.metadata
        return Scored(
            task=str(named["fairlead_task"]),
            budget_tokens=int(named["fairlead_budget"]),
            epoch=int(named["fairlead_epoch"]),
            outcome=_outcome(sample),
        )
    except (msgspec.MsgspecError, KeyError, TypeError, ValueError) as error:
        raise Malformed(f"this is no transcript of an attempt: {error}") from error


def _outcome(sample: _Sample) -> Outcome:
    if sample.error is not None:
        said = sample.error.message + (sample.error.traceback or "")
        return Outcome.CHEATED if _ESCAPE in said else Outcome.INVALID
    for score in (sample.scores or {}).values():
        named = (score.metadata or {}).get(_KEY)
        if named is not None:
            outcome = Outcome(named)
            if outcome is Outcome.FAILED and _refused(sample):
                return Outcome.REFUSED
            return outcome
    return Outcome.INVALID


def _refused(sample: _Sample) -> bool:
    if any(
        m.role == "tool" and m.function == "submit" and m.error is None
        for m in sample.messages
    ):
        return False
    said = [m for m in sample.messages if m.role == "assistant"]
    if not said:
        return False
    stopped = any(c.stop_reason == "content_filter" for c in sample.output.choices)
    return stopped or refuses(said[-1].text)
