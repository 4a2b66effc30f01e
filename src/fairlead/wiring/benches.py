"""What measures models: suites on disk, reference policies, runs from start to end."""

from __future__ import annotations

import hashlib
import os
import secrets
import socket
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from fairlead.errors import Invalid, NoSandbox, NotFound, Refused
from fairlead.wiring.homes import now
from fairlead.wiring.sandboxes import Sandboxes
from fairlead.wiring.system import System

OPERATOR = "operator:bench"
KEPT_EVERY = 25
"""Attempts between two entries on the record."""
ACCESS_KEY = "FAIRLEAD_ACCESS_KEY"
"""In the environment: the key of an engagement, for its broker."""


def suite_of(folder: Path) -> Any:  # noqa: ANN401 - see fairlead.bench.suite.Loaded
    """Return the suite in *folder*; see `fairlead.bench.suite.load`."""
    from fairlead.bench.suite import load
    from fairlead.store.suites import read_folder

    return load(read_folder(folder))


def reference_model(folder: Path, *, seed: str = "", hunger: int = 0) -> Any:  # noqa: ANN401 - see fairlead.web.reference_model
    """Return the reference policies for the suite in *folder*, as an ASGI application.

    Raises:
        NotFound: the suite has no solutions.

    """
    from fairlead.bench.references import Known
    from fairlead.bench.suite import load, solutions_of
    from fairlead.store.suites import read_folder
    from fairlead.web.reference_model import ReferenceModel

    files = read_folder(folder)
    suite, solutions = load(files), solutions_of(files)
    known = {
        name: Known(task, solutions[name])
        for name, task in suite.tasks.items()
        if name in solutions
    }
    if not known:
        raise NotFound(f"{folder} has no solutions, which an oracle is told")
    return ReferenceModel(known, seed=seed, hunger=hunger)


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
    run: Any = None
    suite: Any = None
    outside: Any = None
    unproved: str = ""
    """What the sandbox did not stop after the run, in words."""
    broken: bool = False
    """Whether something got out then: the run stands still until a person has looked."""
    _recorded: int = 0

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
            self.start(before)
            reason = self._lend(runner) if self.wanted.lend else self._made(runner)
            self._spend(runner.took)
            after = "" if self.wanted.lend else self._proved(sandbox, "after")
            if self.broken:
                reason, runner.detail = Stopped.ESCAPE, self.unproved
            escape = reason is Stopped.ESCAPE
            if escape:
                self._alarm(runner.detail)
            self.end(reason, runner, after, escape=escape)
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
            self.run = read_run(unit.leases.manifest(run))
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
            self._record(lambda s: runs.stopped(s, reason.value, escape=True))
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
            self.suite = suite_of(wanted.suite)
            return
        from fairlead.evals.outside import Outside

        self.outside = Outside(wanted.outside, wanted.tokens)
        self.suite = self.outside.suite

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
            outside=self.outside,
            parallel=wanted.parallel,
            tell=self.told,
            halted=self.halted,
            probes=wanted.probes,
            spent=self._spent(),
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
        keeper.told = lambda attempt: self.told(attempt, progress)
        try:
            while collect(store, keeper, run.id):
                if self.halted():
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

        threshold, took = self._threshold(), 0.0
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

    def _threshold(self) -> Any:  # noqa: ANN401 - see fairlead.bench.threshold
        """Return the threshold of the run.

        Raises:
            Invalid: there is none.

        """
        from fairlead.bench.threshold import read_threshold

        content = self._threshold_file()
        if content is None:
            raise Invalid("stopping early needs a threshold: name it with --threshold")
        return read_threshold(content)

    def _threshold_file(self) -> bytes | None:
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

    def _planned(self) -> Sequence[Any]:
        """Return every task, in the order in which they are tried."""
        from fairlead.wiring.assessing import needs_extra, planned_of

        planned = planned_of(self.suite)
        if not self.wanted.early:
            return list(planned)
        if self.wanted.lend:
            raise Invalid("workers make every attempt: give --lend or --stop-early")
        needs_extra()
        from fairlead.bench.estimate.betting import ordered

        return list(ordered(planned, self._threshold(), self.wanted.seed))

    def _sandbox(self) -> Any:  # noqa: ANN401 - see fairlead.sandbox.ports
        from fairlead.bench.declaring import needed_level, refuse_below

        suite, tasks = self.suite.suite, list(self.suite.tasks.values())
        needed = needed_level(suite, tasks, reference=self._reference())
        least = self.sandboxes.least
        wanted = self.wanted.level or max((needed, least), key=lambda v: v.rank).value
        sandbox = self.sandboxes.sandbox(wanted)
        if missing := sandbox.missing():
            raise NoSandbox("no sandbox: " + "; ".join(missing))
        refuse_below(sandbox.level, suite, tasks, reference=self._reference())
        return sandbox

    def _reference(self) -> bool:
        """Tell whether a reference policy is run, which is served on this machine."""
        from fairlead.bench.declaring import is_reference

        host = urlsplit(self.wanted.base_url or "").hostname or ""
        return is_reference(self.wanted.model) and host in {
            "localhost",
            "127.0.0.1",
            "::1",
        }

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
        from fairlead.bench import declaring, outcomes
        from fairlead.bench.bundle import THRESHOLD
        from fairlead.bench.reading import FIXED, ROUNDS
        from fairlead.evals.keeping import write_whole
        from fairlead.evals.running import harness
        from fairlead.evals.suites import SCAFFOLD, TOOLS

        wanted, suite = self.wanted, self.suite
        tokens = tuple(wanted.tokens) or suite.suite.budgets
        declaring.judge_budgets(tokens, reference=self._reference())
        if not self._reference() and not wanted.responsible:
            raise Invalid(
                "name with --responsible who is told where something tries to leave"
            )
        threshold = self._threshold_file()
        declared = outcomes.Run(
            id=outcomes.RunId("run-" + secrets.token_hex(8)),
            suite=suite.suite.name,
            version=suite.suite.version,
            suite_digest=suite.digest,
            model=wanted.model,
            reference=self._reference(),
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
            planned=tuple(self._planned()),
            declared=now(),
            harness=harness(),
            engagement=wanted.engagement,
            responsible=wanted.responsible,
            prices=wanted.prices,
        )
        path = wanted.out / outcomes.MANIFEST
        if path.exists():
            self.run = outcomes.read_run(path.read_bytes())
            declaring.refuse_changed(self.run, declared)
            if not level.at_least(self.run.level):
                raise Refused(f"this run was begun at level {self.run.level}")
            return
        self.run = declared
        wanted.out.mkdir(parents=True, exist_ok=True)
        content = outcomes.encode_run(declared)
        if threshold is not None:
            write_whole(wanted.out / THRESHOLD, threshold)
        self.record_declared(content)
        write_whole(path, content)

    def record_declared(self, content: bytes) -> None:
        """Put on the record what is declared, before anything of it is done."""
        from fairlead.bench.runs import RunDeclared

        if self.opened is None:
            return
        run = self.run
        fact = RunDeclared(
            manifest=hashlib.sha256(content).hexdigest(),
            suite=run.suite_digest,
            attempts=run.attempts * len(run.budgets.tokens) * len(self.suite.tasks),
            tokens=run.budgets.tokens,
            stopping=run.stopping,
            threshold=run.threshold_digest or "",
            engagement=run.engagement or None,
        )
        with self.opened.store.begin() as unit:
            unit.runs.save(None, [fact], name=run.id, by=OPERATOR, at=now())
        self.opened.publish_record()

    def _record(self, decide: Callable[[Any], Sequence[Any]]) -> None:
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
        self._record(lambda state: runs.started(state, before, self.run.level.value))
        if self.run.started is None:
            self.run = replace(self.run, started=now())
            write_whole(self.wanted.out / "manifest.json", _encoded(self.run))

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

    def told(self, attempt: Any, progress: Any) -> None:  # noqa: ANN401 - of evals
        """Take note of an attempt that was kept."""
        from fairlead.bench import runs

        self.tell(attempt, progress)
        if progress.done - self._recorded >= KEPT_EVERY:
            self._recorded = progress.done
            count, digest = self._so_far()
            self._record(lambda state: runs.kept(state, count, digest))

    def _so_far(self) -> tuple[int, str]:
        """Return how many attempts are kept, and the digest of their file."""
        content = (self.wanted.out / "attempts.ndjson").read_bytes()
        return content.count(b"\n"), hashlib.sha256(content).hexdigest()

    def halted(self) -> bool:
        """Tell whether another run of the engagement stopped at an attempt to leave."""
        if self.opened is None:
            return False
        with self.opened.store.read() as unit:
            others = unit.runs.of(self.run.engagement or None)
        return any(run.escaped for run in others)

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

    def end(self, reason: Any, runner: Any, after: str, *, escape: bool) -> None:  # noqa: ANN401 - of evals
        """Put on the record why it ended or stands still; *after* as in `start`."""
        from msgspec.structs import replace

        from fairlead.bench import runs
        from fairlead.evals.keeping import write_whole
        from fairlead.evals.running import Stopped

        count, digest = self._so_far()
        self._record(lambda state: runs.kept(state, count, digest))
        _keep_marks(self.wanted.out, runner, self.unproved)
        if reason not in {Stopped.COMPLETE, Stopped.DECIDED}:
            self._record(lambda state: runs.stopped(state, reason.value, escape=escape))
        else:
            whole = reason is Stopped.COMPLETE
            self.run = replace(self.run, ended=now(), complete=whole)
            write_whole(self.wanted.out / "manifest.json", _encoded(self.run))
            self._record(
                lambda state: runs.ended(state, count, digest, after, complete=whole)
            )
        if self.opened is not None:
            self.opened.publish_record()

    def _spent(self) -> float:
        path = self.wanted.out / "spent"
        try:
            return float(path.read_text("utf-8"))
        except (OSError, ValueError):
            return 0.0

    def _spend(self, seconds: float) -> None:
        path = self.wanted.out / "spent"
        path.write_text(f"{self._spent() + seconds:.1f}\n", "utf-8")


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
