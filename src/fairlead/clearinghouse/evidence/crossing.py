"""Reproducers and fixes crossed: what two findings have to do with one another.

A case is all findings with the same root cause and the same fix. Where two findings have
reproducers, and at least one has a fix, each reproducer is run with each fix: that says
more of "the same bug" than anything that can be read off the reports.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from fairlead.base.ports import Clock
from fairlead.clearinghouse import duplicates
from fairlead.clearinghouse.evidence.ladder import Sameness
from fairlead.clearinghouse.evidence.reproducing import Trial, Tried
from fairlead.clearinghouse.evidence.statements import Walls, proved_walls
from fairlead.errors import Damaged, Invalid, Violation
from fairlead.record.notes import Key, Signer, open_note
from fairlead.sandbox.reports import Report

ORIGIN = "fairlead-crossing-v1"
"""First line of the note, so that its signature is good for nothing else."""


_PROOFS = {
    Sameness.SAME: duplicates.Proof.SAME,
    Sameness.DIFFERENT: duplicates.Proof.DIFFERENT,
}


class Cell(Struct, frozen=True, kw_only=True):
    """One reproducer with one fix."""

    reproducer: str
    """`a` or `b`."""
    fix: str
    """Whose fix: `a`, `b`, or nothing for none."""
    fired: int
    runs: int
    """0 where it could not be built with the fix."""

    @property
    def stopped(self) -> bool:
        """Tell whether it ran and never fired."""
        return self.runs > 0 and self.fired == 0


class Crossing(Struct, frozen=True, kw_only=True):
    """Two reproducers, each with each fix."""

    a: str
    """SHA-256 of the first recipe."""
    b: str
    fixes: dict[str, str]
    """SHA-256 of each patch, by whose it is."""
    at: datetime
    walls: Walls
    cells: tuple[Cell, ...]

    @property
    def sameness(self) -> Sameness:
        """Return what the cells say."""
        return meaning(self.cells)

    @property
    def proof(self) -> duplicates.Proof | None:
        """Return what it proves to the decision about duplicates; often nothing.

        Two bugs are proved different only where both have a fix: one fix that leaves the
        other reproducer firing may be incomplete.
        """
        if self.sameness is Sameness.DIFFERENT and len(self.fixes) < len("ab"):
            return None
        return _PROOFS.get(self.sameness)

    @property
    def digest(self) -> str:
        """Return what names it: the SHA-256 of its JSON."""
        return hashlib.sha256(encode(self)).hexdigest()


def meaning(cells: Sequence[Cell]) -> Sameness:
    """Say what *cells* mean; it does not matter which finding is called which."""
    by_place = {(cell.reproducer, cell.fix): cell for cell in cells}
    if any(not by_place[name, ""].fired for name in ("a", "b")):
        return Sameness.UNCLEAR
    fixes = sorted({cell.fix for cell in cells if cell.fix})
    other = {"a": "b", "b": "a"}
    if not fixes or any(not by_place[fix, fix].stopped for fix in fixes):
        return Sameness.UNCLEAR
    across = [by_place[other[fix], fix] for fix in fixes]
    if any(not cell.runs for cell in across):
        return Sameness.UNCLEAR
    stopped = [cell.stopped for cell in across]
    if all(stopped):
        return Sameness.SAME
    return Sameness.ONE_COVERS if any(stopped) else Sameness.DIFFERENT


def cross(
    trials: Mapping[str, Trial],
    fixes: Mapping[str, bytes],
    prove: Callable[[], Report],
    *,
    clock: Clock,
) -> Crossing:
    """Run the reproducers `a` and `b` with no fix and with each of *fixes*.

    Raises:
        NoSandbox: a layer is missing, or an attempt to get out was not stopped.
        Invalid: there is no fix.

    """
    if not fixes:
        raise Invalid(
            "crossing needs at least one fix",
            [Violation("missing_field", "fix", "name the patch of one of the two")],
        )
    with_fixes: dict[str, bytes | None] = {"": None, **fixes}
    before, at = prove(), clock()
    cells = [
        _cell(name, fix, trial.attempt(patch, variants=False))
        for name, trial in sorted(trials.items())
        for fix, patch in sorted(with_fixes.items())
    ]
    return Crossing(
        a=trials["a"].recipe.digest,
        b=trials["b"].recipe.digest,
        fixes={name: hashlib.sha256(fix).hexdigest() for name, fix in fixes.items()},
        at=at,
        walls=proved_walls(before, prove()),
        cells=tuple(cells),
    )


def encode(crossing: Crossing) -> bytes:
    """Return *crossing* as JSON, always the same bytes."""
    return msgspec.json.encode(crossing, order="deterministic")


def signed(crossing: Crossing, signer: Signer) -> str:
    """Return *crossing* as a signed note (C2SP signed-note)."""
    return signer.sign(f"{ORIGIN}\n{encode(crossing).decode()}\n")


def verified(note: str, key: Key) -> Crossing:
    """Return the crossing that *note* signs.

    Raises:
        Damaged: it is none, or not signed by *key*.

    """
    origin, _, content = open_note(note, key).partition("\n")
    if origin != ORIGIN:
        raise Damaged("this is no crossing of reproducers and fixes")
    try:
        return msgspec.json.decode(content, type=Crossing)
    except msgspec.MsgspecError as error:
        raise Damaged("this is no crossing of reproducers and fixes") from error


def _cell(name: str, fix: str, tried: Tried) -> Cell:
    shown = tried.outcomes[0] if tried.outcomes else None
    return Cell(
        reproducer=name,
        fix=fix,
        fired=shown.fired if shown else 0,
        runs=shown.runs if shown else 0,
    )
