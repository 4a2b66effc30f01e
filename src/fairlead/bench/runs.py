"""Runs as subjects of the record: declared before, and what they came to after."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from fairlead.base.ids import EngagementId
from fairlead.bench.outcomes import RunId
from fairlead.errors import Refused
from fairlead.record.events import Event, Fact
from fairlead.record.subjects import Subject, name_of, unexpected


class State(StrEnum):
    """Where a run is."""

    DECLARED = "declared"
    RUNNING = "running"
    STOPPED = "stopped"
    """It can go on."""
    ENDED = "ended"


MOVES: dict[State, frozenset[State]] = {
    State.DECLARED: frozenset({State.RUNNING}),
    State.RUNNING: frozenset({State.RUNNING, State.STOPPED, State.ENDED}),
    State.STOPPED: frozenset({State.RUNNING}),
    State.ENDED: frozenset(),
}
"""A run that was killed is running still, and starts once more."""


class RunDeclared(Fact, frozen=True, tag="run.declared@1"):
    """Somebody declares a run, before anything of it is done."""

    manifest: str
    """SHA-256 of the manifest as it was declared."""
    suite: str
    """SHA-256 of the suite."""
    attempts: int
    """How many are declared."""
    tokens: tuple[int, ...]
    stopping: str
    threshold: str = ""
    engagement: EngagementId | None = None


class RunStarted(Fact, frozen=True, tag="run.started@1"):
    """It starts, or goes on."""

    sandbox: str
    """SHA-256 of the report of the sandbox before."""
    level: str


class AttemptsKept(Fact, frozen=True, tag="run.attempts_kept@1"):
    """So many attempts are kept, in a file of this digest so far."""

    count: int
    digest: str
    """SHA-256 of `attempts.ndjson` up to here."""


class RunStopped(Fact, frozen=True, tag="run.stopped@1"):
    """It stands still."""

    reason: str
    escape: bool = False
    """Whether something tried to leave the sandbox, which stops all runs."""


class EscapeReviewed(Fact, frozen=True, tag="run.escape_reviewed@1"):
    """A named person looked at what tried to leave, and lets runs go on."""


class RunEnded(Fact, frozen=True, tag="run.ended@1"):
    """Nothing more is done."""

    count: int
    digest: str
    """SHA-256 of the whole `attempts.ndjson`."""
    sandbox: str
    """SHA-256 of the report of the sandbox after."""
    complete: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """One run as the record has it."""

    id: RunId
    by: str
    declared_at: datetime
    manifest: str
    suite: str
    declared: int
    engagement: EngagementId | None
    state: State = State.DECLARED
    kept: int = 0
    digest: str = ""
    escaped: bool = False
    """Whether something tried to leave, and nobody has looked at it yet."""
    complete: bool = False
    version: int = 1


def started(run: RunState, sandbox: str, level: str) -> Sequence[Fact]:
    """Return what starting, or going on, means.

    Raises:
        Refused: it has ended, or something tried to leave and nobody has looked.

    """
    refuse_escaped([run])
    _move(run, State.RUNNING)
    return [RunStarted(sandbox=sandbox, level=level)]


def kept(run: RunState, count: int, digest: str) -> Sequence[Fact]:
    """Return what keeping more attempts means; nothing where there are no more."""
    _move(run, State.RUNNING)
    if (count, digest) == (run.kept, run.digest):
        return []
    return [AttemptsKept(count=count, digest=digest)]


def stopped(run: RunState, reason: str, *, escape: bool) -> Sequence[Fact]:
    """Return what standing still means."""
    _move(run, State.STOPPED)
    return [RunStopped(reason=reason, escape=escape)]


def reviewed(run: RunState) -> Sequence[Fact]:
    """Return what it means that a person looked at an attempt to leave.

    Raises:
        Refused: there was none, or it was looked at.

    """
    if not run.escaped:
        raise Refused(f"{run.id}: nothing tried to leave that nobody has looked at")
    return [EscapeReviewed()]


def ended(
    run: RunState, count: int, digest: str, sandbox: str, *, complete: bool
) -> Sequence[Fact]:
    """Return what ending means."""
    _move(run, State.ENDED)
    return [RunEnded(count=count, digest=digest, sandbox=sandbox, complete=complete)]


def refuse_escaped(runs: Sequence[RunState]) -> None:
    """Refuse to run while something tried to leave that nobody has looked at.

    Raises:
        Refused: there is such a run.

    """
    escaped = [run.id for run in runs if run.escaped]
    if escaped:
        raise Refused(
            f"something tried to leave the sandbox in {', '.join(escaped)}; look at its"
            f" transcript, then `fairlead bench reviewed {escaped[0]}`"
        )


def _move(run: RunState, to: State) -> None:
    if to not in MOVES[run.state]:
        raise Refused(f"{run.id} is {run.state}; it cannot become {to}")


def _evolve(state: RunState | None, event: Event) -> RunState:
    if state is None:
        if not isinstance(event.fact, RunDeclared):
            raise unexpected(event)
        fact = event.fact
        return RunState(
            id=RunId(name_of(event)),
            by=event.actor,
            declared_at=event.at,
            manifest=fact.manifest,
            suite=fact.suite,
            declared=fact.attempts,
            engagement=fact.engagement,
        )
    return replace(_changed(state, event), version=event.version)


def _changed(state: RunState, event: Event) -> RunState:
    match event.fact:
        case RunStarted():
            return replace(state, state=State.RUNNING)
        case AttemptsKept() as fact:
            return replace(state, kept=fact.count, digest=fact.digest)
        case RunStopped() as fact:
            return replace(
                state, state=State.STOPPED, escaped=state.escaped or fact.escape
            )
        case EscapeReviewed():
            return replace(state, escaped=False)
        case RunEnded() as fact:
            return replace(
                state,
                state=State.ENDED,
                kept=fact.count,
                digest=fact.digest,
                complete=fact.complete,
            )
    raise unexpected(event)


RUNS = Subject(
    "run",
    RunState,
    (RunDeclared, RunStarted, AttemptsKept, RunStopped, EscapeReviewed, RunEnded),
    _evolve,
)
