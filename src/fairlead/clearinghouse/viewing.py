"""Use cases of saved views: a person names what it looks for, and shares the link."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from fairlead.access.roles import Asker, Scope
from fairlead.base.ids import ViewId, new_view_id
from fairlead.base.ports import Randomness
from fairlead.clearinghouse.ports import ClearinghouseUnit
from fairlead.clearinghouse.queues import View, Wanted
from fairlead.errors import Invalid, NotAllowed, NotFound, Refused, Violation

VIEWS = 40
"""Views that one person may have."""
LONGEST = 80
"""Characters of a name."""


def save_view(  # noqa: PLR0913 - one value a thing that must be said
    unit: ClearinghouseUnit,
    asker: Asker,
    name: str,
    wanted: Wanted,
    *,
    at: datetime,
    randomness: Randomness,
) -> View:
    """Keep what *asker* looks for under a name.

    Raises:
        Invalid: there is no name, or a long one.
        Refused: the person has views enough.

    """
    _needs_queue(asker)
    name = " ".join(name.split())
    if not name or len(name) > LONGEST or not name.isprintable():
        said = f"give it a name of at most {LONGEST} characters"
        raise Invalid(said, [Violation("invalid_field", "name", said)])
    if len(unit.views.of(asker.actor)) >= VIEWS:
        raise Refused(f"you have {VIEWS} saved views; remove one first")
    if asker.organisation is None:
        raise NotAllowed("only members of an organisation save views")
    view = View(
        id=new_view_id(randomness),
        person=asker.actor,
        organisation=asker.organisation,
        made_at=at,
        name=name,
        wanted=wanted,
    )
    unit.views.put(view)
    return view


def views_of(unit: ClearinghouseUnit, asker: Asker) -> Sequence[View]:
    """Return the views that *asker* saved, the first saved first."""
    return unit.views.of(asker.actor)


def open_view(unit: ClearinghouseUnit, asker: Asker, name: ViewId) -> View:
    """Return a view by its name, which people of one organisation may share.

    What it shows each of them is what each may see; the view grants nothing.

    Raises:
        NotFound: there is none, or it is another organisation's; which is not said.

    """
    view = unit.views.get(name)
    if view is None or view.organisation != asker.organisation:
        raise NotFound(f"no view {name!r}")
    return view


def drop_view(unit: ClearinghouseUnit, asker: Asker, name: ViewId) -> None:
    """Remove a view; only who saved it does.

    Raises:
        NotFound: there is none, or it is somebody else's; which is not said.

    """
    view = open_view(unit, asker, name)
    if view.person != asker.actor:
        raise NotFound(f"no view {name!r}")
    unit.views.drop(name)


def _needs_queue(asker: Asker) -> None:
    if not asker.may(Scope.CASE_READ_ALL):
        asker.needs(Scope.CASE_READ_JOINED)
    if not asker.actor.startswith("person/"):
        raise NotAllowed("views are saved by people; a program keeps its own")
