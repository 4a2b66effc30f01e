"""What an owner wishes of deliveries: which, how many, and how many at a time."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

from msgspec import Meta, Struct

from fairlead.errors import Invalid, Violation

MOST = 1_000
"""Cases a week, and cases in one batch, at most."""

Text = Annotated[str, Meta(max_length=500)]
Week = Annotated[int, Meta(ge=1, le=MOST)]


class Wish(StrEnum):
    """Why a case is held back from an owner's queue until a person decides."""

    NOT_THIS_PART = "not this part"
    REPRODUCER = "only with a reproducer"


class Wishes(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an owner wishes; what it does not say is as the programme's profile has it."""

    a_week: Week | None = None
    """Cases in any seven days, at most."""
    every_days: Annotated[int, Meta(ge=0, le=90)] = 0
    """Days between two batches; 0 for each case as it comes."""
    batch: Week | None = None
    """Cases in one batch, at most."""
    only_with_reproducer: bool = False
    not_parts: Annotated[tuple[Text, ...], Meta(max_length=100)] = ()
    """Paths of which nothing is to come."""
    paused_until: datetime | None = None
    """Until when nothing comes; what is urgent still does."""


def check(wishes: Wishes) -> None:
    """Refuse wishes that contradict one another or cannot be read.

    Raises:
        Invalid: every one of them is named.

    """
    wrong: list[Violation] = []
    if wishes.batch is not None and not wishes.every_days:
        wrong.append(
            Violation("contradiction", "batch", "say every how many days", "every_days")
        )
    wrong += [
        Violation("invalid_field", f"not_parts[{place}]", "a path, in one line")
        for place, part in enumerate(wishes.not_parts)
        if not part.strip("/ ") or not part.isprintable()
    ]
    if wishes.paused_until is not None and wishes.paused_until.tzinfo is None:
        wrong.append(Violation("invalid_instant", "paused_until", "say its zone"))
    if wrong:
        raise Invalid("; ".join(f"{v.field}: {v.reason}" for v in wrong), wrong)


def against(wishes: Wishes, part: str, *, reproducer: bool) -> Wish | None:
    """Return the wish that a case of *part* goes against, if it does against one."""
    path = tuple(p for p in part.split("/") if p)
    for left_out in wishes.not_parts:
        wanted = tuple(p for p in left_out.split("/") if p)
        if wanted and path[: len(wanted)] == wanted:
            return Wish.NOT_THIS_PART
    if wishes.only_with_reproducer and not reproducer:
        return Wish.REPRODUCER
    return None


def joined(wishes: Wishes, parts: tuple[str, ...], *, reproducer: bool) -> Wishes:
    """Return *wishes* with what the owner said about scanning.

    What is not to be scanned is not to be reported either.
    """
    return Wishes(
        a_week=wishes.a_week,
        every_days=wishes.every_days,
        batch=wishes.batch,
        only_with_reproducer=wishes.only_with_reproducer or reproducer,
        not_parts=tuple(dict.fromkeys((*wishes.not_parts, *parts))),
        paused_until=wishes.paused_until,
    )
