"""Two runs compared task by task: the same tasks, so that difficulty cancels out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from msgspec import Struct

from fairlead.bench.assessment import Figure
from fairlead.bench.estimate.curve import last_gain
from fairlead.bench.estimate.intervals import Floats
from fairlead.bench.estimate.table import Table, columns, rungs
from fairlead.bench.outcomes import ATTEMPTS, MANIFEST, Run, read_attempts, read_run
from fairlead.errors import Invalid, Malformed

LEAST = 2
"""Tasks that both must have tried."""


class Row(Struct, frozen=True, kw_only=True):
    """The tasks of a family, or all."""

    what: str
    tasks: int
    one: float
    other: float
    difference: Figure
    """The second less the first, with its interval of 95 %; the task is the unit."""


class Compared(Struct, frozen=True, kw_only=True):
    """Two runs beside one another, at the largest budget that both have."""

    one: str
    other: str
    budget_tokens: int
    rows: tuple[Row, ...]
    first_alone: int
    """Tasks that the first solved more often."""
    second_alone: int
    alike: int
    notes: tuple[str, ...]


def compared(one: Mapping[str, bytes], other: Mapping[str, bytes]) -> Compared:
    """Return two runs beside one another.

    Raises:
        Invalid: they have too few tasks or no budget in common.

    """
    (first, ours), (second, theirs) = _of(one), _of(other)
    budgets = sorted(set(ours) & set(theirs))
    if not budgets:
        raise Invalid("the runs have no budget in common")
    top = budgets[-1]
    tables = ours[top], theirs[top]
    names = sorted(set(tables[0].tasks) & set(tables[1].tasks))
    if len(names) < LEAST:
        raise Invalid("the runs have too few tasks in common")
    rates = [_rates(table, names) for table in tables]
    families = _families(tables[0], names)
    rows = [_row("all families", rates[0], rates[1])]
    for family in sorted(set(families)):
        mine = np.array([f == family for f in families])
        rows.append(_row(family, rates[0][mine], rates[1][mine]))
    change = rates[1] - rates[0]
    return Compared(
        one=_named(first),
        other=_named(second),
        budget_tokens=top,
        rows=tuple(rows),
        first_alone=int((change < 0).sum()),
        second_alone=int((change > 0).sum()),
        alike=int((change == 0).sum()),
        notes=tuple(_notes(first, second, len(names), tables)),
    )


def _of(files: Mapping[str, bytes]) -> tuple[Run, Mapping[int, Table]]:
    for name in (MANIFEST, ATTEMPTS):
        if name not in files:
            raise Malformed(f"this is no run: {name} is missing")
    run = read_run(files[MANIFEST])
    by_rung = rungs(read_attempts(files[ATTEMPTS]))
    return run, {tokens: columns(made, None) for tokens, made in by_rung.items()}


def _notes(
    first: Run, second: Run, common: int, tables: tuple[Table, Table]
) -> Sequence[str]:
    told = []
    if first.suite_digest != second.suite_digest:
        told.append("The suites differ: only tasks of the same name are compared.")
    left = [len(table.tasks) - common for table in tables]
    if any(left):
        told.append(f"Left out: {left[0]} tasks of the first, {left[1]} of the second.")
    told += [
        f"They differ in {name}: {a} and {b}."
        for name, a, b in (
            ("scaffold", first.scaffold, second.scaffold),
            ("tools", ", ".join(first.tools), ", ".join(second.tools)),
            ("variant", first.variant.value, second.variant.value),
        )
        if a != b
    ]
    return told


def _row(what: str, one: Floats, other: Floats) -> Row:
    gain = last_gain(one, other)
    return Row(
        what=what,
        tasks=len(one),
        one=round(float(one.mean()), 6),
        other=round(float(other.mean()), 6),
        difference=Figure(
            value=round(gain.value, 6), low=round(gain.low, 6), high=round(gain.high, 6)
        ),
    )


def _rates(table: Table, names: Sequence[str]) -> Floats:
    place = {name: number for number, name in enumerate(table.tasks)}
    return table.rates[[place[name] for name in names]]


def _families(table: Table, names: Sequence[str]) -> Sequence[str]:
    family = dict(zip(table.tasks, table.family, strict=True))
    return [table.families[int(family[name])] for name in names]


def _named(run: Run) -> str:
    return f"{run.model}, {run.suite}@{run.version}, {run.variant}, {run.id}"
