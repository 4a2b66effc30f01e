"""A run of a suite against a model, from its declaration to its end."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from fairlead.errors import Invalid, NoSandbox, Refused
from fairlead.wiring.homes import now
from fairlead.wiring.run_declaring import Declaring, Wanted
from fairlead.wiring.run_record import RunRecord
from fairlead.wiring.sandboxes import Sandboxes
from fairlead.wiring.suites import suite_of
from fairlead.wiring.system import System

ACCESS_KEY = "FAIRLEAD_ACCESS_KEY"
"""In the environment: the key of an engagement, for its broker."""


@dataclass(slots=True)
class BenchRun:
    """One run, in its folder and on the record."""

    sandboxes: Sandboxes
    wanted: Wanted
    opened: System | None = None
    """Where it is put on the record; nothing to run off the record."""
    say: Callable[[str], None] = lambda _: None
    tell: Callable[[Any, Any], None] = lambda _attempt, _progress: None
    prove: bool = True
    """Whether the sandbox is proved before and after; a run that is not says so."""
    declaring: Any = None
    unproved: str = ""
    """What the sandbox did not stop after the run, in words."""
    broken: bool = False
    """Whether something got out then: the run stands still until a person has looked."""
    record: RunRecord = field(init=False)

    def __post_init__(self) -> None:
        """Begin with nothing declared."""
        self.record = RunRecord(self.wanted.out, self.opened, self.tell)

    @property
    def run(self) -> Any:  # noqa: ANN401 - see fairlead.bench.outcomes.Run
        """Return the manifest of the run, once it is declared."""
        return self.record.run

    @property
    def suite(self) -> Any:  # noqa: ANN401 - see fairlead.bench.suite.Loaded
        """Return the suite that is run."""
        return self.declaring.suite

    def work(self) -> Any:  # noqa: ANN401 - see fairlead.evals.running.Stopped
        """Declare the run, or take up the one that was declared; make what is left.

        Raises:
            Refused: it was declared otherwise, or its sandbox is too weak.
            NoSandbox: the sandbox does not stop what it must.

        """
        from fairlead.evals import provider
        from fairlead.evals.running import Stopped

        self._load()
        sandbox = self._sandbox()
        self._declare(sandbox.level)
        before = "" if self.wanted.lend else self._proved(sandbox, "before")
        runner = self._runner()
        provider.put_up(self._walls(sandbox))
        with runner.keeper.open():
            self.record.start(before)
            reason = self._lend(runner) if self.wanted.lend else self._made(runner)
            self.record.spend(runner.took)
            after = "" if self.wanted.lend else self._proved(sandbox, "after")
            if self.broken:
                reason, runner.detail = Stopped.ESCAPE, self.unproved
            escape = reason is Stopped.ESCAPE
            if escape:
                self._alarm(runner.detail)
            self.record.end(
                reason, runner, after, escape=escape, unproved=self.unproved
            )
        return reason, runner

    def assist(self, run: str) -> Any:  # noqa: ANN401 - see fairlead.evals.running.Stopped
        """Make attempts of a run that another process offers, until none is left.

        Raises:
            NotFound: nothing of that run is offered.
            Refused: it was declared for another suite, or in a stronger sandbox.

        """
        from fairlead.bench import runs
        from fairlead.bench.outcomes import read_run
        from fairlead.evals import provider
        from fairlead.evals.lending import Worker, lease_key
        from fairlead.evals.running import Stopped
        from fairlead.evals.suites import keys_of

        if self.opened is None:
            raise Invalid("what is lent is lent over the database of a home folder")
        self._load()
        with self.opened.store.read() as unit:
            self.record.run = read_run(unit.leases.manifest(run))
        if self.run.suite_digest != self.suite.digest:
            raise Refused(f"{run} was declared for another suite than this folder is")
        sandbox = self._sandbox()
        if not sandbox.level.at_least(self.run.level):
            raise Refused(f"{run} was declared at level {self.run.level}")
        self._proved(sandbox, "before")
        provider.put_up(self._walls(sandbox))
        keys = keys_of(
            self.suite, self.run.budgets.tokens, self.run.attempts, self.run.seed
        )
        made: list[Any] = []

        def runner() -> Any:  # noqa: ANN401 - of evals
            made[:] = [self._runner()]
            return made[0]

        worker = Worker(
            books=self.opened.store,
            runner=runner,
            keys={lease_key(key): key for key in keys},
            name=f"{socket.gethostname()}-{os.getpid()}"[:80],
            clock=now,
            batch=2 * self.wanted.parallel,
        )
        reason = worker.work()
        self._proved(sandbox, "after")
        if reason is Stopped.ESCAPE:
            self._alarm(made[0].detail)
            self.record.save(lambda s: runs.stopped(s, reason.value, escape=True))
        return reason, made[0]

    def _load(self) -> None:
        """Read the suite, or the task of others.

        Raises:
            Invalid: neither or both are named.

        """
        wanted = self.wanted
        if (wanted.suite is None) == (not wanted.outside):
            raise Invalid("name a suite, or a task of Inspect's with --task")
        if wanted.suite is not None:
            self.declaring = Declaring(wanted, suite_of(wanted.suite))
            return
        from fairlead.evals.outside import Outside

        outside = Outside(wanted.outside, wanted.tokens)
        self.declaring = Declaring(wanted, outside.suite, outside)

    def _runner(self) -> Any:  # noqa: ANN401 - see fairlead.evals.running
        from fairlead.evals.keeping import Keeper, Prices
        from fairlead.evals.running import Endpoint, Runner

        wanted = self.wanted
        base_url, api_key = self._reached()
        return Runner(
            run=self.run,
            suite=self.suite,
            folder=wanted.out,
            endpoint=Endpoint(
                model=wanted.model,
                base_url=base_url,
                api_key=api_key,
                connections=max(8, wanted.parallel),
                request_seconds=wanted.request_seconds,
                retries=wanted.retries,
            ),
            keeper=Keeper(
                folder=wanted.out,
                suite=self.suite,
                clock=now,
                prices=Prices(input=wanted.prices[0], output=wanted.prices[1]),
            ),
            outside=self.declaring.outside,
            parallel=wanted.parallel,
            tell=self.record.told,
            halted=self.record.halted,
            probes=wanted.probes,
            spent=self.record.spent(),
        )

    def _lend(self, runner: Any) -> Any:  # noqa: ANN401 - of evals
        """Offer every attempt that is left, and collect what workers make of them."""
        import time

        from fairlead.bench.outcomes import encode_run
        from fairlead.evals.lending import collect, offer
        from fairlead.evals.running import Progress, Stopped
        from fairlead.evals.suites import keys_of

        if self.opened is None:
            raise Invalid("what is lent is lent over the database of a home folder")
        run, keeper, store = self.run, runner.keeper, self.opened.store
        keys = keys_of(self.suite, run.budgets.tokens, run.attempts, run.seed)
        offer(store, run.id, [k for k in keys if k not in keeper.kept], encode_run(run))
        self.say(f"workers: fairlead bench work {run.id} SUITE …")
        progress = Progress(len(keys), keeper.kept, before=len(keeper.kept))
        keeper.told = lambda attempt: self.record.told(attempt, progress)
        try:
            while collect(store, keeper, run.id):
                if self.record.halted():
                    return Stopped.HALTED
                time.sleep(1)
        except KeyboardInterrupt:
            return Stopped.INTERRUPTED
        with store.begin() as unit:
            unit.leases.drop(run.id)
        return Stopped.COMPLETE

    def _made(self, runner: Any) -> Any:  # noqa: ANN401 - of evals
        """Make what is left, round by round where the run may stop early."""
        from fairlead.bench.reading import FIXED
        from fairlead.evals.running import Stopped

        if self.run.stopping == FIXED:
            return runner.work()
        from fairlead.bench.estimate.betting import decided, rounds_in

        threshold, took = self.declaring.threshold(), 0.0
        for names in rounds_in(self.run.planned, threshold):
            keys = [
                (name, tokens, epoch)
                for name in names
                for tokens in self.run.budgets.tokens
                for epoch in range(1, self.run.attempts + 1)
            ]
            reason = runner.work(only=keys)
            took, runner.spent = took + runner.took, runner.spent + runner.took
            runner.took = 0.0
            if reason is not Stopped.COMPLETE:
                break
            if decided(self.run, list(runner.keeper.kept.values()), threshold):
                reason = Stopped.DECIDED
                break
        runner.took = took
        return reason

    def _sandbox(self) -> Any:  # noqa: ANN401 - see fairlead.sandbox.ports
        from fairlead.bench.declaring import needed_level, refuse_below

        suite, tasks = self.suite.suite, list(self.suite.tasks.values())
        needed = needed_level(suite, tasks, reference=self.declaring.reference)
        least = self.sandboxes.least
        wanted = self.wanted.level or max((needed, least), key=lambda v: v.rank).value
        sandbox = self.sandboxes.sandbox(wanted)
        if missing := sandbox.missing():
            raise NoSandbox("no sandbox: " + "; ".join(missing))
        refuse_below(sandbox.level, suite, tasks, reference=self.declaring.reference)
        return sandbox

    def _reached(self) -> tuple[str | None, str | None]:
        """Return the address and the key: those of the broker where one is named."""
        wanted = self.wanted
        if not wanted.engagement:
            return wanted.base_url, wanted.api_key
        key = os.environ.get(ACCESS_KEY)
        if not key:
            raise Invalid(f"the key of the engagement is in {ACCESS_KEY}")
        settings = self.sandboxes.settings
        address = settings.address or f"http://localhost:{settings.port}"
        own = f"{address.rstrip('/')}/broker/v1"
        if wanted.base_url and "/broker/" not in wanted.base_url + "/":
            raise Refused(
                "in an engagement the model is reached through its broker only; leave"
                f" --base-url away, or give {own}"
            )
        return wanted.base_url or own, key

    def _declare(self, level: Any) -> None:  # noqa: ANN401 - see fairlead.sandbox.levels
        """Declare the run, or take up the one that was declared in its folder."""
        from fairlead.bench import declaring, outcomes
        from fairlead.bench.bundle import THRESHOLD
        from fairlead.evals.keeping import write_whole

        wanted, threshold = self.wanted, self.declaring.threshold_file()
        declared = self.declaring.run(level)
        path = wanted.out / outcomes.MANIFEST
        if path.exists():
            self.record.run = outcomes.read_run(path.read_bytes())
            declaring.refuse_changed(self.run, declared)
            if not level.at_least(self.run.level):
                raise Refused(f"this run was begun at level {self.run.level}")
            return
        self.record.run = declared
        wanted.out.mkdir(parents=True, exist_ok=True)
        content = outcomes.encode_run(declared)
        if threshold is not None:
            write_whole(wanted.out / THRESHOLD, threshold)
        self.record.declare(content, len(self.suite.tasks))
        write_whole(path, content)

    def _proved(self, sandbox: Any, when: str) -> str:  # noqa: ANN401 - of the sandbox
        """Make every attempt to get out, keep the report, and return its digest.

        Raises:
            NoSandbox: before a run, one attempt was not stopped.

        """
        from fairlead.bench.outcomes import SANDBOX
        from fairlead.sandbox.canaries import Verdict
        from fairlead.sandbox.reports import encode, signed

        if not self.prove:
            return ""
        self.say(f"proving the sandbox {when} the run")
        report = self.sandboxes.prover(sandbox).prove()
        folder = self.wanted.out / SANDBOX
        folder.mkdir(parents=True, exist_ok=True)
        number = len(list(folder.glob(f"{when}*.json")))
        name = when if not number else f"{when}-{number + 1}"
        (folder / f"{name}.json").write_bytes(encode(report))
        signer = self.sandboxes.signer()
        if signer is not None:
            (folder / f"{name}.note").write_text(signed(report, signer), "utf-8")
        if not report.holds and when == "before":
            failed = ", ".join(a.canary for a in report.failures)
            raise NoSandbox(f"the sandbox does not stop: {failed}; nothing was run")
        if not report.holds:
            seen = [f"{a.canary} {a.verdict}" for a in report.failures]
            self.unproved = f"after the run the sandbox was not proved: {seen}"[:900]
            self.broken = any(a.verdict is Verdict.ESCAPED for a in report.failures)
            self.say(self.unproved)
        return str(report.digest())

    def _walls(self, sandbox: Any) -> Any:  # noqa: ANN401 - see fairlead.evals.provider
        from fairlead.evals.provider import Walls
        from fairlead.remote.sandbox.living import LivingWorlds

        return Walls(
            worlds=LivingWorlds(sandbox),
            grader=sandbox,
            told=lambda sample, tried: self.say(
                f"{sample}: tried to leave the sandbox ({tried.canary}: {tried.said!a})"
            ),
        )

    def _alarm(self, detail: str) -> None:
        """Tell the person who is responsible."""
        from fairlead.base.letters import Letter
        from fairlead.errors import Unavailable
        from fairlead.remote.mail import Mailer

        who = self.run.responsible or "nobody is named"
        said = f"{self.run.id}: something tried to leave the sandbox: {detail}"
        self.say(f"tell {who}: {said}")
        if "@" in who:
            settings = self.sandboxes.settings
            try:
                mailer = Mailer(settings.smtp, settings.mail_from)
                mailer.send(Letter(who, "A run tried to leave its sandbox", said))
            except Unavailable as error:
                self.say(f"{error}; tell {who} yourself")
