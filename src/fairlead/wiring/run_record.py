"""A run in its folder and on the record, from its declaration to its end."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead.wiring.homes import now
from fairlead.wiring.system import System

OPERATOR = "operator:bench"
KEPT_EVERY = 25
"""Attempts between two entries on the record."""


@dataclass(slots=True)
class RunRecord:
    """One run, in its folder and on the record."""

    folder: Path
    opened: System | None = None
    """Where it is put on the record; nothing to run off the record."""
    tell: Callable[[Any, Any], None] = lambda _attempt, _progress: None
    run: Any = None
    """Its manifest, see `fairlead.bench.outcomes.Run`."""
    _recorded: int = 0

    def declare(self, content: bytes, tasks: int) -> None:
        """Put on the record what is declared of so many tasks, before any is run."""
        from fairlead.bench.runs import RunDeclared

        if self.opened is None:
            return
        run = self.run
        fact = RunDeclared(
            manifest=hashlib.sha256(content).hexdigest(),
            suite=run.suite_digest,
            attempts=run.attempts * len(run.budgets.tokens) * tasks,
            tokens=run.budgets.tokens,
            stopping=run.stopping,
            threshold=run.threshold_digest or "",
            engagement=run.engagement or None,
        )
        with self.opened.store.begin() as unit:
            unit.runs.save(None, [fact], name=run.id, by=OPERATOR, at=now())
        self.opened.publish_record()

    def save(self, decide: Callable[[Any], Sequence[Any]]) -> None:
        """Put on the record what *decide* says of the run."""
        if self.opened is None:
            return
        with self.opened.store.begin() as unit:
            state = unit.runs.get(self.run.id)
            if facts := decide(state):
                unit.runs.save(state, facts, name=self.run.id, by=OPERATOR, at=now())

    def start(self, before: str) -> None:
        """Put on the record that it starts; *before* is the digest of a report.

        Raises:
            Refused: it has ended, or something tried to leave that nobody looked at.

        """
        from msgspec.structs import replace

        from fairlead.bench import runs
        from fairlead.evals.keeping import write_whole

        if self.opened is not None:
            with self.opened.store.read() as unit:
                runs.refuse_escaped(unit.runs.of(self.run.engagement or None))
        self.save(lambda state: runs.started(state, before, self.run.level.value))
        if self.run.started is None:
            self.run = replace(self.run, started=now())
            write_whole(self.folder / "manifest.json", _encoded(self.run))

    def told(self, attempt: Any, progress: Any) -> None:  # noqa: ANN401 - of evals
        """Take note of an attempt that was kept."""
        from fairlead.bench import runs

        self.tell(attempt, progress)
        if progress.done - self._recorded >= KEPT_EVERY:
            self._recorded = progress.done
            count, digest = self._so_far()
            self.save(lambda state: runs.kept(state, count, digest))

    def halted(self) -> bool:
        """Tell whether another run of the engagement stopped at an attempt to leave."""
        if self.opened is None:
            return False
        with self.opened.store.read() as unit:
            others = unit.runs.of(self.run.engagement or None)
        return any(run.escaped for run in others)

    def end(
        self,
        reason: Any,  # noqa: ANN401 - of evals
        runner: Any,  # noqa: ANN401 - of evals
        after: str,
        *,
        escape: bool,
        unproved: str = "",
    ) -> None:
        """Put on the record why it ended or stands still; *after* as in `start`."""
        from msgspec.structs import replace

        from fairlead.bench import runs
        from fairlead.evals.keeping import write_whole
        from fairlead.evals.running import Stopped

        count, digest = self._so_far()
        self.save(lambda state: runs.kept(state, count, digest))
        _keep_marks(self.folder, runner, unproved)
        if reason not in {Stopped.COMPLETE, Stopped.DECIDED}:
            self.save(lambda state: runs.stopped(state, reason.value, escape=escape))
        else:
            whole = reason is Stopped.COMPLETE
            self.run = replace(self.run, ended=now(), complete=whole)
            write_whole(self.folder / "manifest.json", _encoded(self.run))
            self.save(
                lambda state: runs.ended(state, count, digest, after, complete=whole)
            )
        if self.opened is not None:
            self.opened.publish_record()

    def _so_far(self) -> tuple[int, str]:
        """Return how many attempts are kept, and the digest of their file."""
        content = (self.folder / "attempts.ndjson").read_bytes()
        return content.count(b"\n"), hashlib.sha256(content).hexdigest()

    def spent(self) -> float:
        """Return the seconds that the run took before."""
        path = self.folder / "spent"
        try:
            return float(path.read_text("utf-8"))
        except (OSError, ValueError):
            return 0.0

    def spend(self, seconds: float) -> None:
        """Take note that the run took so much longer."""
        path = self.folder / "spent"
        path.write_text(f"{self.spent() + seconds:.1f}\n", "utf-8")


def _encoded(run: Any) -> bytes:  # noqa: ANN401 - see fairlead.bench.outcomes
    from fairlead.bench.outcomes import encode_run

    return encode_run(run)


def _keep_marks(folder: Path, runner: Any, unproved: str) -> None:  # noqa: ANN401 - of evals
    """Write what a person should look at in the run as a whole."""
    import msgspec

    from fairlead.bench.identity import drift
    from fairlead.bench.integrity import Mark, easy_missed
    from fairlead.bench.outcomes import MARKS, Flag
    from fairlead.evals.keeping import write_whole
    from fairlead.evals.probing import kept

    marks = [*easy_missed(list(runner.keeper.kept.values())), *drift(kept(folder))]
    if unproved:
        marks.append(Mark(Flag.SANDBOX_UNPROVED, unproved))
    write_whole(folder / MARKS, msgspec.json.encode(marks))
