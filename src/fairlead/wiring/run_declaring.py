"""What is declared of a run before anything of it is done."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fairlead.errors import Invalid
from fairlead.wiring.homes import now


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What the evaluator asks for; see the options of `fairlead bench run`."""

    suite: Path | None
    out: Path
    model: str
    base_url: str | None = None
    api_key: str | None = None
    level: str = ""
    attempts: int = 1
    tokens: Sequence[int] = ()
    seconds: float | None = None
    dollars: float | None = None
    attempt_seconds: float = 1800.0
    variant: str = "release"
    access: str = "AL1"
    seed: int = 0
    parallel: int = 4
    prices: tuple[float, float] = (0.0, 0.0)
    responsible: str = ""
    engagement: str = ""
    probes: float = 300.0
    request_seconds: int = 300
    retries: int = 4
    outside: str = ""
    """A task of Inspect's, instead of a suite: `FILE.py@NAME`, or as registered."""
    lend: bool = False
    """Whether workers make the attempts, see `BenchRun.assist`."""
    threshold: Path | None = None
    """Its file; that of the suite otherwise."""
    early: bool = False
    """Whether the run may stop between rounds, once the bets are won."""


@dataclass(frozen=True, slots=True)
class Declaring:
    """What follows from what is asked for, and the suite."""

    wanted: Wanted
    suite: Any
    """See `fairlead.bench.suite.Loaded`."""
    outside: Any = None
    """See `fairlead.evals.outside`; nothing of a suite of ours."""

    def run(self, level: Any) -> Any:  # noqa: ANN401 - see fairlead.bench.outcomes.Run
        """Return the manifest of a new run in a sandbox of this level.

        Raises:
            Invalid: a budget from which nothing can be read, or nobody is responsible.

        """
        from fairlead.bench import declaring, outcomes
        from fairlead.bench.reading import FIXED, ROUNDS
        from fairlead.evals.running import harness
        from fairlead.evals.suites import SCAFFOLD, TOOLS

        wanted, suite = self.wanted, self.suite
        tokens = tuple(wanted.tokens) or suite.suite.budgets
        declaring.judge_budgets(tokens, reference=self.reference)
        if not self.reference and not wanted.responsible:
            raise Invalid(
                "name with --responsible who is told where something tries to leave"
            )
        threshold = self.threshold_file()
        return outcomes.Run(
            id=outcomes.RunId("run-" + secrets.token_hex(8)),
            suite=suite.suite.name,
            version=suite.suite.version,
            suite_digest=suite.digest,
            model=wanted.model,
            reference=self.reference,
            variant=outcomes.Variant(wanted.variant),
            access=outcomes.Access(wanted.access),
            scaffold="of the task" if self.outside else SCAFFOLD,
            tools=() if self.outside else TOOLS,
            attempts=wanted.attempts,
            budgets=outcomes.Budgets(
                tokens=tokens,
                seconds=wanted.seconds,
                dollars=wanted.dollars,
                attempt_seconds=wanted.attempt_seconds,
            ),
            stopping=ROUNDS if wanted.early else FIXED,
            threshold_digest=hashlib.sha256(threshold).hexdigest()
            if threshold
            else None,
            errors=suite.suite.errors,
            level=level,
            seed=wanted.seed,
            planned=tuple(self.planned()),
            declared=now(),
            harness=harness(),
            engagement=wanted.engagement,
            responsible=wanted.responsible,
            prices=wanted.prices,
        )

    @property
    def reference(self) -> bool:
        """Tell whether a reference policy is run, which is served on this machine."""
        from fairlead.bench.declaring import is_reference

        host = urlsplit(self.wanted.base_url or "").hostname or ""
        return is_reference(self.wanted.model) and host in {
            "localhost",
            "127.0.0.1",
            "::1",
        }

    def threshold(self) -> Any:  # noqa: ANN401 - see fairlead.bench.threshold
        """Return the threshold of the run.

        Raises:
            Invalid: there is none.

        """
        from fairlead.bench.threshold import read_threshold

        content = self.threshold_file()
        if content is None:
            raise Invalid("stopping early needs a threshold: name it with --threshold")
        return read_threshold(content)

    def threshold_file(self) -> bytes | None:
        """Return the file of the threshold: as given, as begun with, or the suite's."""
        from fairlead.bench.bundle import THRESHOLD
        from fairlead.bench.threshold import read_threshold

        begun = self.wanted.out / THRESHOLD
        path = self.wanted.threshold or (begun if begun.exists() else None)
        named = self.suite.suite.threshold
        if path is not None:
            content = path.read_bytes()
        elif named is not None:
            content = self.suite.files[named.file]
        else:
            return None
        read_threshold(content)  # so that a run is not begun with one that is none
        return content

    def planned(self) -> Sequence[Any]:
        """Return every task, in the order in which they are tried."""
        from fairlead.wiring.assessing import needs_extra, planned_of

        planned = planned_of(self.suite)
        if not self.wanted.early:
            return list(planned)
        if self.wanted.lend:
            raise Invalid("workers make every attempt: give --lend or --stop-early")
        needs_extra()
        from fairlead.bench.estimate.betting import ordered

        return list(ordered(planned, self.threshold(), self.wanted.seed))
