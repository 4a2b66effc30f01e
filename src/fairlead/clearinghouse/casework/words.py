"""What people say beside what they do; as confidential as the case it is about."""

from __future__ import annotations

from msgspec import Struct

from fairlead.errors import Invalid, Violation

LONGEST = 20_000
"""Characters of what is said in one place."""


class Titled(Struct, frozen=True, kw_only=True):
    """What a case is called."""

    title: str


class Explained(Struct, frozen=True, kw_only=True):
    """Why somebody did it, in words."""

    reason: str


class Words(Struct, frozen=True, kw_only=True):
    """What somebody said beside it, in its own words."""

    text: str


def explained(reason: str) -> Explained:
    """Return why it is done, as it stands in the record.

    Raises:
        Invalid: nothing is said, or far too much.

    """
    return Explained(reason=said(reason, "reason"))


def said(text: str, field: str) -> str:
    """Return what was said, without what surrounds it.

    Raises:
        Invalid: nothing is said, or far too much.

    """
    if not text.strip():
        raise Invalid(
            f"a {field} is needed; it stands in the record",
            [
                Violation(
                    "missing_field",
                    field,
                    "say why, in words" if field == "reason" else "say it, in words",
                )
            ],
        )
    if len(text) > LONGEST:
        raise Invalid(
            f"{field}: at most {LONGEST} characters",
            [Violation("too_long", field, f"at most {LONGEST} characters")],
        )
    return text.strip()
