"""What is done about owners: mail goes out, challenges are looked for, silence is noted."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from fairlead.access.traces import Moment
from fairlead.base.agenda import Job, Timer
from fairlead.base.ids import OwnerId, RoutingId
from fairlead.base.letters import Letter
from fairlead.base.ports import Clock, Randomness
from fairlead.clearinghouse import cases
from fairlead.clearinghouse.owners import directory, sending, verifying, writing
from fairlead.clearinghouse.owners.directory import Desk
from fairlead.clearinghouse.owners.letters import House
from fairlead.clearinghouse.owners.owner import lapses_at
from fairlead.clearinghouse.owners.verifying import Outside, Question, Shown
from fairlead.errors import Error, Unavailable
from fairlead.programme.agenda import Due, Ringing
from fairlead.programme.unit import Store, Unit

log = logging.getLogger(__name__)

Errand = Callable[[], None]
"""What a job does while no transaction is open."""

ERRANDS = frozenset(
    {
        Job.OWNER_LETTER,
        Job.OWNER_CHECK,
        Job.OWNER_REPLY,
        Job.CASE_LETTER,
    }
)
TIMERS = frozenset({Timer.OWNER_PACE, Timer.OWNER_CHECK, Timer.ROUTING})
LOOK_AGAIN = timedelta(days=1)
LOOK_FOR = timedelta(days=60)
"""How long after it was entered a challenge is looked for by itself."""


class NoOutside:
    """Where nothing outside can be looked at."""

    def file(self, _repository: str, _name: str) -> None:
        """See no repository."""
        raise Unavailable("nothing outside is looked at from here")

    def records(self, _name: str) -> tuple[str, ...]:
        """See no DNS."""
        raise Unavailable("nothing outside is looked at from here")

    def security_txt(self, _host: str) -> None:
        """See no host."""
        raise Unavailable("nothing outside is looked at from here")

    def listing(self, _purl: str) -> None:
        """See no registry."""
        raise Unavailable("nothing outside is looked at from here")


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnerWork:
    """Everything about owners that takes time, or comes with it."""

    store: Store
    clock: Clock
    randomness: Randomness
    send: Callable[[Letter], None]
    rules_of_cases: cases.Rules
    programme: str = "Fairlead"
    address: str = ""
    fingerprint: str = ""
    desk_of: Desk | None = None
    outside: Outside = field(default_factory=NoOutside)

    @property
    def desk(self) -> Desk:
        """What use cases about owners are given."""
        return self.desk_of or Desk(randomness=self.randomness)

    @property
    def house(self) -> House:
        """Who writes."""
        return House(
            programme=self.programme,
            address=self.address,
            fingerprint=self.fingerprint,
        )

    def errand(self, unit: Unit, job: Due) -> Errand | None:
        """Return what *job* does outside of any transaction; nothing once it is moot."""
        at, name = self.clock(), job.subject
        match job.job:
            case Job.OWNER_LETTER:
                unit.agenda.schedule(Timer.OWNER_CHECK, name, due=at + LOOK_AGAIN)
                return self._sending(writing.challenge(unit, OwnerId(name), self.house))
            case Job.OWNER_REPLY:
                if name.startswith("rtg-"):
                    return self._sending(writing.answer_noted(unit, name))
                return self._sending(
                    writing.standing(unit, OwnerId(name), self.desk, at=at)
                )
            case Job.CASE_LETTER:
                return self._case_letter(unit, RoutingId(name))
            case Job.OWNER_CHECK:
                found = unit.owners.get(name)
                asked = directory.questions(found, self.desk.rules, at)
                return (lambda: self._look(OwnerId(name), asked)) if asked else None
        return None

    def pace(self, unit: Unit, name: str) -> None:
        """Send what an owner can bear now."""
        sending.pace(unit, OwnerId(name), self.desk, at=self.clock())

    def ring(self, unit: Unit, ringing: Ringing) -> None:
        """Do what follows from the passing of time."""
        match ringing.timer:
            case Timer.OWNER_PACE:
                self.pace(unit, ringing.subject)
            case Timer.OWNER_CHECK:
                self._check_again(unit, ringing.subject)
            case Timer.ROUTING:
                name = RoutingId(ringing.subject)
                sending.ring(unit, name, self.desk, at=self.clock())

    def _check_again(self, unit: Unit, name: str) -> None:
        """Have it looked again whether a challenge stands where it was, or must.

        What was shown is looked at again when it is too old to count; where the challenge
        is gone by then, the owner is mailed anew.
        """
        found, at = unit.owners.get(name), self.clock()
        if not found.active:
            return
        ends = sorted(
            end for one in found.held if (end := lapses_at(one, self.desk.rules))
        )
        if not directory.questions(found, self.desk.rules, at):
            if ends:
                unit.agenda.schedule(Timer.OWNER_CHECK, name, due=ends[0])
            return
        unit.agenda.enqueue(Job.OWNER_CHECK, name, at=at)
        lapsed = max((end for end in ends if end <= at), default=None)
        if lapsed is not None and LOOK_AGAIN <= at - lapsed < 2 * LOOK_AGAIN:
            unit.agenda.enqueue(Job.OWNER_LETTER, name, at=at)
        if at < max(found.entered_at, lapsed or found.entered_at) + LOOK_FOR:
            unit.agenda.schedule(Timer.OWNER_CHECK, name, due=at + LOOK_AGAIN)

    def _sending(self, letter: Letter | None) -> Errand | None:
        return None if letter is None else lambda: self.send(letter)

    def _case_letter(self, unit: Unit, name: RoutingId) -> Errand | None:
        moment = Moment(self.clock(), self.randomness)
        letter = writing.about_case(unit, name, self.house, self.desk, moment=moment)
        if letter is None:
            sending.not_sent(unit, name, at=self.clock())
            return None

        def go() -> None:
            self.send(letter)
            with self.store.begin() as after:
                sending.left(
                    after, name, self.rules_of_cases, self.desk, at=self.clock()
                )

        return go

    def _look(self, name: OwnerId, asked: Sequence[Question]) -> None:
        """Look for the challenge of each place; what is away is looked for again."""
        shown: list[Shown] = []
        for one in asked:
            try:
                looked = verifying.look(one, self.outside)
            except Error as error:
                log.info("owner.not_seen", extra={"owner": name, "error": error.code})
                continue
            if looked.shown is not None:
                shown.append(looked.shown)
        if shown:
            with self.store.begin() as unit:
                directory.take_shown(unit, name, shown, at=self.clock())
