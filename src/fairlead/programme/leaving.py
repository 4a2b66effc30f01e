"""Leaving: an organisation's people, tokens and claims end together."""

from __future__ import annotations

from datetime import datetime

from fairlead.access import membership, own
from fairlead.access.members import Organisation
from fairlead.access.roles import Asker
from fairlead.clearinghouse.claims import keeping
from fairlead.clearinghouse.claims.ports import Desk
from fairlead.programme.unit import Unit


def leave(unit: Unit, asker: Asker, desk: Desk, *, at: datetime) -> Organisation:
    """Leave with one's whole organisation, at once; nobody can refuse it."""
    left = own.leave(unit, asker, at=at)
    keeping.leave(unit, left.id, desk, by=asker.actor, at=at)
    return left


def end_membership(
    unit: Unit, asker: Asker, name: str, desk: Desk, *, at: datetime
) -> Organisation:
    """End a membership, as an administrator."""
    left = membership.leave(unit, asker, name, at=at)
    keeping.leave(unit, left.id, desk, by=asker.actor, at=at)
    return left
