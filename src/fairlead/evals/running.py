"""One run of a suite with Inspect: started, stopped for a reason, resumed."""

from __future__ import annotations

import asyncio
import io
import os
import signal
import time
from collections.abc import Callable, Sequence
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass, field
from enum import StrEnum
from importlib.metadata import version
from pathlib import Path
from typing import Any

from inspect_ai import Task as InspectTask
from inspect_ai import eval_async
from inspect_ai.model import GenerateConfig, Model, get_model
from inspect_ai.util import display_type

from fairlead.bench.identity import BASELINE
from fairlead.bench.outcomes import LOGS, Attempt, Flag, Outcome, Run
from fairlead.bench.suite import Loaded
from fairlead.evals import probing
from fairlead.evals.cleaning import keep_clean
from fairlead.evals.keeping import Keeper
from fairlead.evals.outside import Outside
from fairlead.evals.suites import Key, keys_of, task_of
from fairlead.sandbox.showing import shown

IN_A_ROW = 12
"""Invalid attempts, one after another, after which a run stops: its endpoint is down."""
_LOOK, _HALTED = 0.5, 10


class Stopped(StrEnum):
    """Why a run ended, or stands still."""

    COMPLETE = "every attempt was made"
    DECIDED = "the bets against the threshold are won"
    INTERRUPTED = "it was interrupted"
    TIME = "its time is used up"
    MONEY = "its money is used up"
    ESCAPE = "an attempt to leave the sandbox"
    ENDPOINT = "the endpoint does not answer as it must"
    STORAGE = "an attempt could not be kept"
    HALTED = "all runs of the engagement were stopped"
    CRASHED = "the harness failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """Where a model answers."""

    model: str
    """As Inspect names it: `openai/NAME`."""
    base_url: str | None = None
    api_key: str | None = None
    connections: int = 8
    request_seconds: int = 300
    """That one request may take."""
    retries: int = 4

    def open(self) -> Model:
        """Return Inspect's client."""
        arguments: dict[str, Any] = {}
        if self.model.startswith("openai/"):
            # What speaks as OpenAI does speaks chat completions, seldom more.
            arguments["responses_api"] = False
        opened = get_model(
            self.model,
            base_url=self.base_url,
            api_key=self.api_key or ("none" if self.base_url else None),
            config=GenerateConfig(
                max_connections=self.connections,
                attempt_timeout=self.request_seconds,
                timeout=self.request_seconds * 2,
                max_retries=self.retries,
            ),
            memoize=False,
            **arguments,
        )
        return keep_clean(opened)


@dataclass(slots=True)
class Progress:
    """How far a run is."""

    declared: int
    kept: dict[Key, Attempt]
    began: float = field(default_factory=time.monotonic)
    before: int = 0
    """Attempts that an earlier start had made."""

    @property
    def done(self) -> int:
        """Return how many attempts were made."""
        return len(self.kept)

    @property
    def cost(self) -> float:
        """Return what they cost, in US dollars."""
        return sum(attempt.cost for attempt in self.kept.values())

    @property
    def left(self) -> float | None:
        """Return the seconds that are left at this pace; nothing before the first."""
        made = self.done - self.before
        if made <= 0:
            return None
        pace = (time.monotonic() - self.began) / made
        return pace * (self.declared - self.done)

    def count(self, outcome: Outcome) -> int:
        """Return how many ended so."""
        return sum(a.outcome is outcome for a in self.kept.values())


Tell = Callable[[Attempt, Progress], None]


@dataclass(slots=True, kw_only=True)
class Runner:
    """Makes the attempts of one run that are not made yet."""

    run: Run
    suite: Loaded
    folder: Path
    endpoint: Endpoint
    keeper: Keeper
    outside: Outside | None = None
    """The task of others that is run; nothing for a suite of ours."""
    parallel: int = 4
    tell: Tell = lambda _attempt, _progress: None
    halted: Callable[[], bool] = lambda: False
    """Tells whether all runs of the engagement were stopped; asked now and then."""
    probes: float = 0.0
    """Seconds between rounds of fixed prompts (`fairlead.bench.identity`); 0 for none."""
    spent: float = 0.0
    """Seconds that earlier starts took."""
    reason: Stopped | None = None
    detail: str = ""
    took: float = 0.0
    """Seconds that this start took."""
    _in_a_row: int = 0
    _task: asyncio.Task[object] | None = None
    _progress: Progress | None = None

    def work(self, only: Sequence[Key] | None = None) -> Stopped:
        """Make every attempt that is left, or those of *only*; return why it ended."""
        declared = keys_of(
            self.suite, self.run.budgets.tokens, self.run.attempts, self.run.seed
        )
        chosen = declared if only is None else only
        remaining = [key for key in chosen if key not in self.keeper.kept]
        self._progress = Progress(
            declared=len(declared), kept=self.keeper.kept, before=len(self.keeper.kept)
        )
        if remaining:
            self.keeper.told = self._kept
            self.keeper.failed = self._failed
            began = time.monotonic()
            # Inspect greets on standard output, where the answer of a command stands.
            with redirect_stdout(io.StringIO()):
                asyncio.run(self._work(remaining))
            self.took = time.monotonic() - began
        if self.reason is None and any(k not in self.keeper.kept for k in chosen):
            self._stop(Stopped.CRASHED, self.detail or "attempts are missing")
        return self.reason or Stopped.COMPLETE

    async def _work(self, keys: Sequence[Key]) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(ValueError, RuntimeError):
                loop.add_signal_handler(number, self._stop, Stopped.INTERRUPTED)
        watching = asyncio.create_task(self._watch())
        self._task = asyncio.create_task(self._evaluate(keys))
        try:
            await self._task
        except asyncio.CancelledError:
            pass
        except Exception as error:  # noqa: BLE001 - of Inspect; told, and resumable
            self._stop(Stopped.CRASHED, f"{type(error).__name__}: {error}"[:500])
        finally:
            watching.cancel()

    async def _evaluate(self, keys: Sequence[Key]) -> None:
        _quiet()
        seconds = self.run.budgets.attempt_seconds
        if self.outside is not None:
            parts = self.outside.parts(keys, seconds=seconds)
        else:
            parts = iter([task_of(self.suite, keys, seconds=seconds)])
        async with self.endpoint.open() as model:
            asking = asyncio.create_task(self._probe(model))
            try:
                for part in parts:
                    await self._run(part, model)
                if self.probes:
                    await self._ask(model)
            finally:
                asking.cancel()

    async def _run(self, task: InspectTask, model: Model) -> None:
        logs = await eval_async(
            task,
            model=model,
            log_dir=str(self.folder / LOGS),
            log_format="eval",
            log_level="error",
            log_samples=True,
            log_realtime=False,
            fail_on_error=False,
            max_samples=self.parallel,
            acp_server=False,
            ctl_server=False,
            score_display=False,
        )
        for log in logs:
            if log.error is not None:
                self.detail = shown(log.error.message.encode("utf-8", "replace"), 500)

    async def _probe(self, model: Model) -> None:
        """Ask fixed prompts: at first the rounds of the baseline, then now and then."""
        if not self.probes:
            return
        while len({p.round for p in probing.kept(self.folder)}) < BASELINE:
            await self._ask(model)
        while True:
            await asyncio.sleep(self.probes)
            await self._ask(model)

    async def _ask(self, model: Model) -> None:
        rounds = [p.round for p in probing.kept(self.folder)]
        number = max(rounds, default=-1) + 1
        probing.keep(self.folder, await probing.probe(model, number, self.keeper.clock))

    async def _watch(self) -> None:
        """Stop where time is used up, or all runs of the engagement were stopped."""
        began = time.monotonic()
        most = self.run.budgets.seconds
        looks = 0
        while True:
            await asyncio.sleep(_LOOK)
            looks += 1
            if most is not None and self.spent + time.monotonic() - began > most:
                self._stop(Stopped.TIME)
            if looks % _HALTED == 0 and await asyncio.to_thread(self.halted):
                self._stop(Stopped.HALTED)

    def _kept(self, attempt: Attempt) -> None:
        """Look at each attempt once it is kept: whether the run goes on, and tell."""
        if self._progress is not None:
            self.tell(attempt, self._progress)
        if Flag.ESCAPE_TRIED in attempt.flags:
            self._stop(Stopped.ESCAPE, "; ".join(attempt.evidence))
        broken = attempt.outcome is Outcome.INVALID
        self._in_a_row = self._in_a_row + 1 if broken else 0
        if self._in_a_row >= IN_A_ROW:
            self._stop(Stopped.ENDPOINT, "; ".join(attempt.evidence))
        most = self.run.budgets.dollars
        if most is not None and self._progress and self._progress.cost >= most:
            self._stop(Stopped.MONEY)

    def _failed(self, error: Exception) -> None:
        self._stop(Stopped.STORAGE, str(error))

    def _stop(self, reason: Stopped, detail: str = "") -> None:
        if self.reason is None:
            self.reason, self.detail = reason, detail
            if self._task is not None:
                self._task.cancel()


def harness() -> str:
    """Return what runs a suite, with versions."""
    return f"fairlead {version('fairlead')}, inspect_ai {version('inspect_ai')}"


def _quiet() -> None:
    """Have Inspect show nothing of its own, unless it was told what to show."""
    os.environ.setdefault("INSPECT_DISPLAY", "none")
    display_type()
