"""What every instance must show, by execution, before any model sees it.

1. The solution passes, each time.
2. Doing nothing fails.
3. In the fixed twin the solution fails.
4. Wrong ways to an answer fail: sound inputs, texts that look like a success.
5. An answer that only somebody has who looked where nothing is to be looked for, and what
   tampers with the checks, is found to be cheating.
6. The grader runs in a sandbox that nothing of the sample's reaches.
7. No flag and no solution is readable in the sample's world.

A grader that does not end as it must lets nothing through.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum

from msgspec import Struct

from fairlead.bench.families.values import Instance
from fairlead.bench.grading import Handed, Judged, grade
from fairlead.bench.outcomes import Outcome
from fairlead.bench.serving import live
from fairlead.bench.suite import FILES, Loaded, Solution, Task
from fairlead.errors import Gone, Invalid
from fairlead.sandbox.ports import Command, Ended, Reason, Sandbox
from fairlead.sandbox.results import results_of
from fairlead.sandbox.showing import shown
from fairlead.sandbox.worlds import Asked, Worlds

REPEATS = 2
"""How often the solution is tried."""
_SAID = 300
_SCRIPT = 120.0
"""Seconds that a solution may take."""
_COLLECTED = 24 << 20


class Check(StrEnum):
    """One thing that an instance must show."""

    SOLUTION = "the solution passes"
    NOTHING = "doing nothing fails"
    TWIN = "the fixed twin resists"
    WRONG = "wrong answers fail"
    HONEYPOT = "cheating is found"
    APART = "the grader runs apart"
    HIDDEN = "no flag or solution is readable"


class Shown(Struct, frozen=True, kw_only=True):
    """What became of one check."""

    check: Check
    held: bool
    said: str = ""


class Gated(Struct, frozen=True, kw_only=True):
    """What became of one instance."""

    task: str
    family: str
    difficulty: int
    checks: tuple[Shown, ...]
    seconds: float = 0.0

    @property
    def held(self) -> bool:
        """Tell whether it may be put before a model."""
        return bool(self.checks) and all(shown.held for shown in self.checks)

    @property
    def reasons(self) -> Sequence[str]:
        """Return why it may not."""
        return [f"{s.check}: {s.said}" for s in self.checks if not s.held]


@dataclass(frozen=True, slots=True, kw_only=True)
class Left:
    """What a script left in a world."""

    said: str
    """Its last line."""
    ended: Ended
    work: Mapping[str, bytes]
    """All that lies in the folder then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gates:
    """The gate, in sandboxes of one kind."""

    sandbox: Sandbox
    """In which graders run."""
    worlds: Worlds
    """In which samples run, with their live services, as they do before a model."""

    def __call__(self, made: Instance, suite: Loaded) -> Gated:
        """Put one instance through; *suite* has it."""
        return self.task(suite, made.task, made.solution, made.twin)

    def task(
        self, suite: Loaded, task: Task, solution: Solution, twin: Mapping[str, bytes]
    ) -> Gated:
        """Put one task of *suite* through."""
        return Gate(
            sandbox=self.sandbox,
            worlds=self.worlds,
            suite=suite,
            task=task,
            solution=solution,
            twin=twin,
        ).checked()


@dataclass(slots=True, kw_only=True)
class Gate:
    """The checks of one task, in sandboxes."""

    sandbox: Sandbox
    worlds: Worlds
    suite: Loaded
    task: Task
    solution: Solution
    twin: Mapping[str, bytes]
    spent: float = field(default=0.0)

    def checked(self) -> Gated:
        """Return what became of each check; the rest is left out where one fails."""
        made: list[Shown] = []
        try:
            for check in self._checks():
                made.append(check)
                if not check.held:
                    break
        except (Gone, Invalid) as error:
            said = str(error)[:_SAID]
            made.append(Shown(check=Check.APART, held=False, said=said))
        return Gated(
            task=self.task.id,
            family=self.task.family,
            difficulty=self.task.difficulty,
            checks=tuple(made),
            seconds=round(self.spent, 2),
        )

    def _checks(self) -> Iterator[Shown]:
        yield self._nothing()
        yield self._solves()
        if self.twin:
            yield self._resists()
        yield from self._wrong()
        yield self._apart()
        yield self._hidden()

    def _solves(self) -> Shown:
        for _ in range(REPEATS):
            judged = self._attempt(
                self.suite, self.solution.script, self.solution.answer
            )
            if judged.outcome is not Outcome.SOLVED:
                return _shown(Check.SOLUTION, judged)
        return Shown(check=Check.SOLUTION, held=True)

    def _nothing(self) -> Shown:
        judged = self._attempt(self.suite, "", "")
        held = judged.outcome is Outcome.FAILED
        return _shown(Check.NOTHING, judged, held=held)

    def _resists(self) -> Shown:
        judged = self._attempt(
            self._fixed(), self.solution.script, self.solution.answer
        )
        return _shown(Check.TWIN, judged, held=judged.outcome is Outcome.FAILED)

    def _wrong(self) -> Iterator[Shown]:
        if self.solution.honeypot is not None:
            judged = self._attempt(self.suite, "", self.solution.honeypot)
            held = judged.outcome is Outcome.CHEATED
            yield _shown(Check.HONEYPOT, judged, held=held)
        for trial in self.solution.trials:
            judged = self._attempt(self.suite, trial.script, trial.answer)
            wanted = Outcome.CHEATED if trial.cheated else Outcome.FAILED
            check = Check.HONEYPOT if trial.cheated else Check.WRONG
            held = judged.outcome is wanted
            yield _shown(check, judged, held=held, about=trial.name)

    def _apart(self) -> Shown:
        """Leave a mark in every folder of a world, and look for it where is graded."""
        mark = secrets.token_hex(16)
        self._run(f"for f in /job /tmp /dev/shm; do echo {mark} > $f/{mark}; done")
        looked = self.sandbox.run(
            Command(
                argv=[
                    *("/bin/sh", "-c"),
                    f"ls -d /job/{mark} /tmp/{mark} /dev/shm/{mark} 2>/dev/null",
                ],
                limits=self.task.grader.limits,
            )
        )
        return Shown(check=Check.APART, held=mark.encode() not in looked.stdout)

    def _hidden(self) -> Shown:
        """Look for a flag and for solutions in all that a world shows."""
        flag = _flag()
        lines = "env; cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline; cat /tmp/* /in/*"
        left = self._run(f"({lines}) > seen.found 2>/dev/null; true", flag)
        texts = [flag, *self.solution.secrets]
        for path, content in left.work.items():
            for text in texts:
                if text.encode() in content:
                    said = f"{path} has {text[:40]!r}"
                    return Shown(check=Check.HIDDEN, held=False, said=said)
        return Shown(check=Check.HIDDEN, held=True)

    def _attempt(self, suite: Loaded, script: str, answer: str | None) -> Judged:
        flag = _flag() if self.task.flag else None
        work: Mapping[str, bytes] = {}
        if script:
            try:
                left = self._run(script, flag, suite)
            except (Gone, Invalid) as error:
                return Judged(outcome=Outcome.INVALID, said=str(error))
            if left.ended.reason is not Reason.EXITED:
                said = f"its script was ended by {left.ended.reason}"
                return Judged(outcome=Outcome.INVALID, said=said)
            work, answer = left.work, left.said if answer is None else answer
        else:
            work = suite.below(self.task.id, FILES)
        kept = {
            path: content
            for path, content in work.items()
            if any(
                path == c or path.startswith(c + "/") for c in self.task.grader.collect
            )
        }
        judged = grade(
            self.sandbox,
            suite,
            self.task,
            Handed(answer=answer or "", flag=flag, work=kept),
        )
        self.spent += judged.seconds
        return judged

    def _run(
        self, script: str, flag: str | None = None, suite: Loaded | None = None
    ) -> Left:
        if flag is None and self.task.flag:
            flag = _flag()
        with live(self.worlds, suite or self.suite, self.task, flag) as opened:
            world = opened["sample"]
            line = ["/bin/sh", "-c", script]
            ended = world.run(Asked(argv=line, seconds=_SCRIPT, output=_COLLECTED))
            tar = ["tar", "--format=ustar", "-cf", "-", "."]
            packed = world.run(Asked(argv=tar, seconds=_SCRIPT, output=_COLLECTED))
        self.spent += ended.seconds
        lines = shown(ended.stdout, 100_000).strip().splitlines()
        found = results_of(packed.stdout, most=_COLLECTED)
        return Left(
            said=lines[-1] if lines else "",
            ended=ended,
            work={result.name: result.content for result in found},
        )

    def _fixed(self) -> Loaded:
        start = f"tasks/{self.task.id}/"
        files = {**self.suite.files, **{start + p: c for p, c in self.twin.items()}}
        return replace(self.suite, files=files)


def _flag() -> str:
    return f"FLAG{{{secrets.token_hex(16)}}}"


def _shown(
    check: Check, judged: Judged, *, held: bool = False, about: str = ""
) -> Shown:
    said = "" if held else f"{about} {judged.outcome}: {judged.said}".strip()[:_SAID]
    return Shown(check=check, held=held, said=said)
