"""What is declared before a run, and whether it may start."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from msgspec.structs import replace

from fairlead.bench.outcomes import Run
from fairlead.bench.references import LABEL
from fairlead.bench.suite import Suite, Task
from fairlead.errors import Invalid, Refused, Violation
from fairlead.sandbox.levels import Level

RUNGS = 3
"""Budgets that a run has at least, unless it is of a reference policy."""
_SPREAD = 0.25
"""How far the steps between budgets may differ, in e-folds, to be evenly spaced."""


def is_reference(model: str) -> bool:
    """Tell whether *model* is named as a reference policy of ours."""
    return model.rpartition("/")[2].startswith(LABEL)


def needed_level(suite: Suite, tasks: Sequence[Task], *, reference: bool) -> Level:
    """Return the least level of sandbox in which a run may start.

    Reference policies run what we wrote, so the first level is enough for them.
    """
    if reference:
        return Level.L1
    levels = [suite.minimum_level, *(task.minimum_level for task in tasks)]
    return max(levels, key=lambda level: level.rank)


def refuse_below(
    level: Level, suite: Suite, tasks: Sequence[Task], *, reference: bool
) -> None:
    """Refuse a sandbox that is weaker than the suite asks for.

    Raises:
        Refused: it is.

    """
    needed = needed_level(suite, tasks, reference=reference)
    if not level.at_least(needed):
        raise Refused(
            f"{suite.label} is run in a sandbox of level {needed} or stronger, and this"
            f" one is of level {level}; use --level {needed} on a machine that has it"
        )


def judge_budgets(tokens: Sequence[int], *, reference: bool) -> None:
    """Refuse budgets from which no curve can be read.

    Raises:
        Invalid: there are too few, they do not ascend, or not evenly on a log scale.

    """
    if any(a >= b for a, b in pairwise(tokens)):
        raise _invalid("they ascend: 20000,60000,200000")
    if reference:
        return
    if len(tokens) < RUNGS:
        raise _invalid(f"at least {RUNGS}, or nothing can be said of more")
    steps = [math.log(b / a) for a, b in pairwise(tokens)]
    if max(steps) - min(steps) > _SPREAD:
        raise _invalid("evenly spaced on a log scale, such as 20000,60000,180000")


def refuse_changed(declared: Run, again: Run) -> None:
    """Refuse to go on with a run under another declaration than the one it began with.

    Raises:
        Refused: something that was declared is another now.

    """
    same = replace(
        again,
        id=declared.id,
        level=declared.level,
        declared=declared.declared,
        started=declared.started,
        ended=declared.ended,
        complete=declared.complete,
        harness=declared.harness,
    )
    if same == declared:
        return
    fields = [
        name
        for name in Run.__struct_fields__
        if getattr(same, name) != getattr(declared, name)
    ]
    raise Refused(
        f"this run was declared with another {', '.join(fields)}; go on as declared, or"
        " begin another run in a folder of its own with --out"
    )


def _invalid(reason: str) -> Invalid:
    return Invalid(
        f"budgets: {reason}", [Violation("invalid_budgets", "budgets", reason)]
    )
