"""Decision tables (SSVC 2025, CISA BOD 26-04): data, and one way to read them.

A table gives an outcome for every combination of its inputs' values. Where inputs are
missing, the outcomes that remain possible are given, and what each value would change.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from itertools import product

from msgspec import Struct

BOD_26_04 = "cisa:DT_BOD2604:1.0.0"
CISA_COORDINATOR = "cisa:DT_CO:2.0.3"
DEPLOYER = "ssvc:DT_DP:1.0.0"
SUPPLIER = "ssvc:DT_SP:1.0.0"
HUMAN_IMPACT = "ssvc:DT_HI:1.0.0"
PUBLIC_SAFETY_IMPACT = "ssvc:DT_PSI:1.0.0"
UTILITY = "ssvc:DT_U:1.0.0"


class Point(Struct, frozen=True):
    """A decision point: a question and its answers, the least urgent first."""

    name: str
    values: dict[str, str]
    """By key: what each answer is called."""


class Table(Struct, frozen=True):
    """A decision table."""

    name: str
    inputs: tuple[str, ...]
    outcome: str
    rows: str
    """One digit a combination of inputs, the last input changing fastest: the place of
    the outcome among the values of its own decision point."""


class Missing(Struct, frozen=True):
    """An input that is not known, and what it would change."""

    point: str
    name: str
    would: dict[str, tuple[str, ...]]
    """By value: the outcomes that it would leave possible."""


class Decision(Struct, frozen=True, kw_only=True):
    """What a table says."""

    table: str
    name: str
    given: dict[str, str]
    """By decision point: the value that was used."""
    outcome: str | None
    """Nothing as long as missing inputs decide it."""
    possible: tuple[str, ...]
    """Every outcome that is still possible, the least urgent first."""
    missing: tuple[Missing, ...]

    @property
    def sentence(self) -> str:
        """Say what was decided by what, for people."""
        because = [f"{point(p).name}: {answer(p, v)}" for p, v in self.given.items()]
        why = "; ".join(because) or "nothing is known yet"
        if self.outcome is not None:
            return f"{answer_of(self.table, self.outcome)}, because {why}"
        could = " or ".join(answer_of(self.table, one) for one in self.possible)
        return f"{could}; known so far: {why}"


class _Data(Struct, frozen=True):
    points: dict[str, Point]
    tables: dict[str, Table]


@cache
def _data() -> _Data:
    written = files("fairlead.catalogue.priority").joinpath("tables.json").read_bytes()
    read = json.loads(written)
    return _Data(
        {name: Point(**value) for name, value in read["points"].items()},
        {
            name: Table(**{**value, "inputs": tuple(value["inputs"])})
            for name, value in read["tables"].items()
        },
    )


def tables() -> Mapping[str, Table]:
    """Return every table by its name, which ends in its version."""
    return _data().tables


def point(name: str) -> Point:
    """Return a decision point."""
    return _data().points[name]


def answer(name: str, value: str) -> str:
    """Return what a value of a decision point is called."""
    return point(name).values[value]


def answer_of(table: str, outcome: str) -> str:
    """Return what an outcome of a table is called."""
    return answer(tables()[table].outcome, outcome)


def decide(name: str, given: Mapping[str, str]) -> Decision:
    """Return what a table says of what is *given*; other decision points are ignored.

    A value that its decision point does not have counts as missing.
    """
    table = tables()[name]
    known = {p: given[p] for p in table.inputs if given.get(p) in point(p).values}
    possible = _outcomes(table, known)
    return Decision(
        table=name,
        name=table.name,
        given=known,
        outcome=possible[0] if len(possible) == 1 else None,
        possible=possible,
        missing=tuple(_missing(table, known)),
    )


def _missing(table: Table, known: Mapping[str, str]) -> Iterator[Missing]:
    for name in table.inputs:
        if name not in known:
            would = {
                v: _outcomes(table, {**known, name: v}) for v in point(name).values
            }
            yield Missing(name, point(name).name, would)


def _outcomes(table: Table, known: Mapping[str, str]) -> tuple[str, ...]:
    """Return every outcome that a combination with *known* has, in its own order."""
    values = [list(point(name).values) for name in table.inputs]
    places = [
        [of.index(known[name])] if name in known else range(len(of))
        for name, of in zip(table.inputs, values, strict=True)
    ]
    found: set[int] = set()
    for combination in product(*places):
        row = 0
        for place, of in zip(combination, values, strict=True):
            row = row * len(of) + place
        found.add(int(table.rows[row]))
    keys = list(point(table.outcome).values)
    return tuple(keys[place] for place in sorted(found))
