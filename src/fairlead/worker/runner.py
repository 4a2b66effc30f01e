"""The runner: does jobs as they come, rings timers, keeps the log up to date.

It lives in threads of the server's process. Everything it works from is in the database,
so a killed runner leaves nothing half done: each job is done and crossed off in one
transaction, and the log is continued from what was published.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from fairlead.access import joining
from fairlead.base.ids import (
    ApplicationId,
    CaseId,
    ClaimId,
    DeterminationId,
    EngagementId,
    Receipt,
)
from fairlead.base.letters import Letter
from fairlead.base.ports import Clock, Randomness
from fairlead.clearinghouse import deciding
from fairlead.clearinghouse.cases import Rules
from fairlead.clearinghouse.casework import timekeeping
from fairlead.clearinghouse.casework.timekeeping import Ringer
from fairlead.clearinghouse.claims import keeping
from fairlead.clearinghouse.claims.ports import Desk
from fairlead.clearinghouse.deciding import NOTHING
from fairlead.clearinghouse.ports import Job, Timer
from fairlead.clearinghouse.public import Published
from fairlead.clearinghouse.publishing import Press
from fairlead.errors import Error
from fairlead.programme import figures
from fairlead.programme.agenda import Due, Ringing
from fairlead.programme.unit import Store, Unit
from fairlead.review import certifying, concluding, granting, handing
from fairlead.review.engagement import ENGAGEMENTS
from fairlead.review.ports import SealedFiles
from fairlead.worker import owners
from fairlead.worker.owners import Errand, OwnerWork

log = logging.getLogger(__name__)

CADENCE = 1.0
"""Seconds between two checkpoints, whatever happens: their rhythm tells nothing."""

HELD = 0.01
"""Seconds after which a transaction of several jobs ends, to let others write."""

BATCH = 50

EXPIRY = 3600.0
"""Seconds between two looks at uploads that nobody went on with."""

ERRANDS = frozenset({Job.MAIL, *owners.ERRANDS})
"""Jobs that are done outside of any transaction, since they wait for the other side."""

DESTROYING = frozenset({Job.DESTROY_KEY, Job.DESTROY_ENGAGEMENT})
"""Jobs after which nothing may be left in the database's journal."""

READER = "second-reader"
"""The thread that has pairs read."""


@dataclass(slots=True, kw_only=True)
class Runner:
    """Threads: one works, one keeps the log, one shows it, one has pairs read."""

    store: Store
    keep_log: Callable[[], int]
    clock: Clock
    randomness: Randomness
    rules: Rules
    assets: SealedFiles
    """What was uploaded of sealed assets."""
    programme: str = "Fairlead"
    """What the programme is called in its mail."""
    send: Callable[[Letter], None] = lambda _letter: None
    """Sends a mail."""
    show_log: Callable[[], object] = lambda: None
    """Shows others the log when an instant for that has come; may take seconds."""
    owners: OwnerWork | None = None
    """What is done about owners; as usual, and seeing nothing outside, where not said."""
    claims: Desk | None = None
    """What claims are granted by; the usual rules where nothing is said."""
    published: Published = NOTHING
    """What findings are compared with besides one another."""
    press: Press | None = None
    """With what advisories go out that were scheduled."""
    read_pairs: Callable[[], bool] = lambda: False
    """Has a second reader read one pair, which may take a minute; tells if there was
    one."""
    _bell: threading.Event = field(default_factory=threading.Event)
    _stop: threading.Event = field(default_factory=threading.Event)
    _threads: list[threading.Thread] = field(default_factory=list)

    @property
    def desk(self) -> Desk:
        """What claims are granted by."""
        return self.claims or Desk(randomness=self.randomness)

    @property
    def owner_work(self) -> OwnerWork:
        """What is done about owners."""
        return self.owners or OwnerWork(
            store=self.store,
            clock=self.clock,
            randomness=self.randomness,
            send=self.send,
            rules_of_cases=self.rules,
            programme=self.programme,
        )

    def start(self) -> None:
        """Begin to work."""
        loops = {
            "worker": self._work,
            "sequencer": self._sequence,
            "publisher": self._show,
            READER: self._read_pairs,
        }
        for name, loop in loops.items():
            thread = threading.Thread(target=loop, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def wake(self) -> None:
        """Say that there is something to do now."""
        self._bell.set()

    def stop(self) -> None:
        """Finish what is under way, publish the log once more, and return."""
        self._stop.set()
        self._bell.set()
        for thread in self._threads:
            # Whoever waits for a model far away is left behind: it holds no transaction.
            thread.join(timeout=1.0 if thread.name == READER else None)
        self._threads.clear()

    def run_until_idle(self) -> None:
        """Do everything that is due now, in this thread."""
        while self._ring_some() or self._do_some():
            pass
        self.keep_log()

    def _work(self) -> None:
        while not self._stop.is_set():
            # Both are tried: a timer that fails must not keep jobs from being done.
            busy = [self._attempt(self._ring_some), self._attempt(self._do_some)]
            if not any(busy):
                self._bell.wait(CADENCE / 2)
                self._bell.clear()

    def _attempt(self, work: Callable[[], bool]) -> bool:
        try:
            return work()
        except Exception:
            # The database may be full or away; the next round tries again.
            log.exception("work.interrupted")
            return False

    def _sequence(self) -> None:
        due = time.monotonic()
        while not self._stop.is_set():
            self._keep_log()
            due = max(due + CADENCE, time.monotonic())
            self._stop.wait(max(0.0, due - time.monotonic()))
        self._keep_log()

    def _keep_log(self) -> None:
        try:
            self.keep_log()
        except (Error, OSError):
            # Places given stay given; what was not published is published next time.
            log.exception("record.not_published")

    def _show(self) -> None:
        # Apart from the sequencer, which must not wait for a witness far away.
        due = time.monotonic() + EXPIRY
        while not self._stop.wait(CADENCE):
            try:
                self.show_log()
            except (Error, OSError):
                log.exception("record.not_shown")
            if time.monotonic() >= due:
                due += EXPIRY
                self.expire()

    def plan(self) -> None:
        """Have rung, from now on, what rings at the same time in every month."""
        with self.store.begin() as unit:
            figures.plan(unit, at=self.clock())

    def expire(self) -> None:
        """Remove uploads that nobody went on with."""
        try:
            self.assets.expire()
        except (Error, OSError):
            log.exception("uploads.not_expired")

    def _read_pairs(self) -> None:
        while not self._stop.is_set():
            if not self._attempt(self.read_pairs):
                self._stop.wait(CADENCE)

    def _do_some(self) -> bool:
        """Do some jobs that are due; tell whether there were any."""
        began = time.monotonic()
        under_way: Due | None = None
        destroyed = False
        errands: list[tuple[Due, Errand | None]] = []
        try:
            with self.store.begin() as unit:
                for job in unit.agenda.due(self.clock(), limit=BATCH):
                    under_way = job
                    if job.job in ERRANDS:
                        errands.append((job, self._errand(unit, job)))
                        continue
                    self._do(unit, job)
                    destroyed |= job.job in DESTROYING
                    unit.agenda.done(job)
                    if time.monotonic() - began > HELD:
                        break
        except Exception as error:
            if under_way is None:
                raise
            log.warning("job.failed", exc_info=True, extra={"job": under_way.id})
            with self.store.begin() as unit:
                # Its words may be confidential, and this table is not kept closed.
                said = type(error).__name__
                unit.agenda.failed(under_way, said, at=self.clock())
        if destroyed:
            self.store.wipe_journal()
        for job, errand in errands:
            self._run(job, errand)
        return under_way is not None

    def _errand(self, unit: Unit, job: Due) -> Errand | None:
        """Return what a job does outside of any transaction; nothing once it is moot."""
        if job.job is not Job.MAIL:
            return self.owner_work.errand(unit, job)
        letter = joining.letter(unit, ApplicationId(job.subject), self.programme)
        return None if letter is None else lambda: self.send(letter)

    def _run(self, job: Due, errand: Errand | None) -> None:
        """Do what takes long, while no transaction waits for the other side."""
        try:
            if errand is not None:
                errand()
        except Error as error:
            log.warning("errand.failed", extra={"job": job.id, "error": str(error)})
            with self.store.begin() as unit:
                unit.agenda.failed(job, error.code, at=self.clock())
            return
        with self.store.begin() as unit:
            unit.agenda.done(job)

    def _do(self, unit: Unit, job: Due) -> None:
        match job.job:
            case Job.DECIDE:
                deciding.decide(
                    unit,
                    Receipt(job.subject),
                    self.rules,
                    at=self.clock(),
                    randomness=self.randomness,
                    published=self.published,
                )
            case Job.DESTROY_KEY:
                self.store.destroy_key(job.subject)
            case Job.DESTROY_ENGAGEMENT:
                name = EngagementId(job.subject)
                self.store.destroy_key(ENGAGEMENTS.stream(name))
                self._end_assets(unit, name)
                concluding.note_opening(
                    unit,
                    name,
                    certifying.KEY,
                    opened=unit.engagements.opens(name),
                    at=self.clock(),
                )
            case Job.OWNER_PACE:
                self.owner_work.pace(unit, job.subject)
            case Job.CLAIM_LINE:
                keeping.grant(unit, ClaimId(job.subject), self.desk, at=self.clock())

    def _end_assets(self, unit: Unit, name: EngagementId) -> None:
        """Destroy the halves of sealed assets, try to open each, remove its files."""
        engagement = unit.engagements.get(name)
        for asset in engagement.sealed:
            self.store.destroy_key(f"half/{handing.address(name, asset)}")
        tried = list(handing.attempts(unit, engagement, self.assets))
        for asset, opened in tried:
            concluding.note_opening(unit, name, asset, opened=opened, at=self.clock())
        for asset in engagement.sealed:
            self.assets.remove(handing.address(name, asset))

    def _ring_some(self) -> bool:
        """Ring timers that are due, in the order of their instants.

        What rings may be put on the list again for an instant that is past too, so the
        first is looked up each time.
        """
        rang = 0
        with self.store.begin() as unit:
            while rang < BATCH:
                ringing = unit.agenda.ringing(self.clock(), limit=1)
                for timer in ringing:
                    unit.agenda.cancel(timer.timer, timer.subject)
                    self._ring(unit, timer)
                if not ringing:
                    break
                rang += 1
        return rang > 0

    def _ring(self, unit: Unit, timer: Ringing) -> None:
        if timer.timer in owners.TIMERS:
            self.owner_work.ring(unit, timer)
            return
        match timer.timer:
            case Timer.CASE:
                ringer = Ringer(randomness=self.randomness, press=self.press)
                timekeeping.ring(unit, CaseId(timer.subject), ringer, at=self.clock())
            case Timer.WINDOW:
                granting.ring_window(unit, EngagementId(timer.subject), at=self.clock())
            case Timer.PARTNER:
                concluding.ring_partner(unit, timer.subject, at=self.clock())
            case Timer.DETERMINATION:
                concluding.ring_determination(
                    unit, DeterminationId(timer.subject), at=self.clock()
                )
            case Timer.DESTRUCTION:
                concluding.ring_destruction(
                    unit, EngagementId(timer.subject), at=self.clock()
                )
            case Timer.FIGURES:
                figures.ring(unit, at=self.clock())
            case Timer.APPLICATION:
                joining.erase(unit, ApplicationId(timer.subject), at=self.clock())
            case Timer.CLAIM:
                keeping.end(unit, ClaimId(timer.subject), self.desk, at=self.clock())
