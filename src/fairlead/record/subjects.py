"""Subjects: whatever has a stream of events and a state that is a fold over them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar

from fairlead.errors import Damaged
from fairlead.record.events import Event, Fact, Upcast

S = TypeVar("S")


class Versioned(Protocol):
    """A state: it has a name within its kind, and counts the events behind it."""

    @property
    def id(self) -> str:
        """The name of the subject, unique within its kind."""

    @property
    def version(self) -> int:
        """How many events led here."""


@dataclass(frozen=True, slots=True)
class Subject(Generic[S]):
    """One kind of subject: what can happen to it, and what follows."""

    kind: str
    state: type[S]
    facts: tuple[type[Fact], ...]
    evolve: Callable[[S | None, Event], S]
    """Reads recorded decisions only: never a clock, a catalogue or a matcher."""
    upcasts: tuple[Upcast, ...] = ()
    """How facts of earlier versions are read."""

    @property
    def confidential(self) -> bool:
        """Tell whether anything about such a subject must be kept closed."""
        return any("body" in fact.__struct_fields__ for fact in self.facts)

    def stream(self, name: str) -> str:
        """Return the stream of the subject called *name*: `case/FL-…`."""
        return f"{self.kind}/{name}"

    def fold(self, events: Iterable[Event]) -> S | None:
        """Return the state that *events*, in order, lead to."""
        state: S | None = None
        for event in events:
            state = self.evolve(state, event)
        return state


class Subjects(Protocol[S]):
    """All subjects of one kind, in one unit of work."""

    def get(self, name: str) -> S:
        """Return the present state, or raise `NotFound`."""

    def save(
        self,
        before: S | None,
        facts: Sequence[Fact],
        *,
        name: str,
        by: str,
        at: datetime,
    ) -> S:
        """Record *facts* about the subject called *name* and return its new state.

        Raises:
            Conflict: somebody recorded another fact since *before* was read.

        """


class Destroyable(Subjects[S], Protocol):
    """Subjects whose confidential content can be destroyed."""

    def destroy(self, name: str, *, at: datetime) -> None:
        """Destroy every body of the subject, and have its key destroyed.

        The fact that says so is saved before; the key itself is destroyed after the
        commit, by a job that is written here.
        """


def unexpected(event: Event) -> Damaged:
    """Return the error for an event that cannot follow the state before it."""
    return Damaged(
        f"{event.stream}: event {event.version} ({type(event.fact).__name__}) cannot"
        " follow what was recorded before it"
    )


def name_of(event: Event) -> str:
    """Return the name of the subject that *event* is about: `FL-…` of `case/FL-…`."""
    return event.stream.partition("/")[2]
