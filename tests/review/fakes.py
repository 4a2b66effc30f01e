"""A unit of work in memory, for walks that are too long for a database."""

from __future__ import annotations

from dataclasses import dataclass, field

from fairlead.access.visibility import holds
from fairlead.errors import Conflict, NotFound
from fairlead.record.events import Event
from fairlead.review.determination import DETERMINATIONS
from fairlead.review.engagement import ENGAGEMENTS


@dataclass
class Subjects:
    """All subjects of one kind, as a list of events for each."""

    subject: object
    events: dict = field(default_factory=dict)
    gone: set = field(default_factory=set)

    def get(self, name):
        if name not in self.events:
            raise NotFound(f"no {name}")
        return self.subject.fold(self._readable(name))

    def save(self, before, facts, *, name, by, at):
        version = before.version if before else 0
        events = self.events.setdefault(name, [])
        if len(events) != version:
            raise Conflict(f"{name} changed")
        stream = self.subject.stream(name)
        for number, fact in enumerate(facts, version + 1):
            events.append(
                Event(stream=stream, version=number, actor=by, at=at, fact=fact)
            )
        return self.get(name)

    def destroy(self, name, *, at):  # noqa: ARG002 - as the port has it
        self.gone.add(name)

    def history(self, name):
        return self._readable(name)

    def find(self, name, condition):
        found = self.get(name)
        if not holds(condition, found):
            raise NotFound(f"no {name}")
        return found

    def of(self, engagement):
        return [d for d in map(self.get, self.events) if d.engagement == engagement]

    def by_key(self, digest):
        for name in self.events:
            found = self.get(name)
            if any(key.digest == digest for key in found.keys.values()):
                return found
        return None

    def _readable(self, name):
        import msgspec

        events = self.events[name]
        if name not in self.gone:
            return events
        return [
            Event(
                stream=e.stream,
                version=e.version,
                actor=e.actor,
                at=e.at,
                fact=msgspec.structs.replace(e.fact, body=None)
                if "body" in e.fact.__struct_fields__
                else e.fact,
            )
            for e in events
        ]


@dataclass
class Known:
    """People or organisations by name."""

    by_name: dict

    def get(self, name):
        if name not in self.by_name:
            raise NotFound(f"no {name}")
        return self.by_name[name]


@dataclass
class Agenda:
    """What is due."""

    timers: dict = field(default_factory=dict)
    jobs: list = field(default_factory=list)

    def schedule(self, timer, subject, *, due):
        self.timers[timer, subject] = due

    def enqueue(self, job, subject, *, at):  # noqa: ARG002 - as the port has it
        self.jobs.append((job, subject))


@dataclass
class Unit:
    """Everything that review needs."""

    people: Known
    organisations: Known
    engagements: Subjects = field(default_factory=lambda: Subjects(ENGAGEMENTS))
    determinations: Subjects = field(default_factory=lambda: Subjects(DETERMINATIONS))
    agenda: Agenda = field(default_factory=Agenda)
    traces: list = field(default_factory=list)
