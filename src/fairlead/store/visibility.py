"""Visibility conditions as SQL; `fairlead.access.visibility.holds` is the other reading."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Column, ColumnElement, exists, false, or_, true

from fairlead.access.visibility import Always, AnyOf, Condition, Contains, Equals, Never


@dataclass(frozen=True, slots=True)
class Members:
    """A set that lies in a table of its own: whose it is, and the member."""

    owner: Column[str]
    belongs_to: Column[str]
    member: Column[str]


def sql(
    condition: Condition, fields: Mapping[str, Column[str] | Members]
) -> ColumnElement[bool]:
    """Return *condition* as SQL, where *fields* tells which column is which field."""
    match condition:
        case Always():
            return true()
        case Never():
            return false()
        case Equals(field, value):
            column = fields[field]
            assert isinstance(column, Column)  # noqa: S101 - a mistake in this package
            return column == value
        case Contains(field, value):
            members = fields[field]
            assert isinstance(members, Members)  # noqa: S101 - a mistake in this package
            return exists().where(
                members.belongs_to == members.owner, members.member == value
            )
        case AnyOf(conditions):
            return or_(*(sql(c, fields) for c in conditions))
