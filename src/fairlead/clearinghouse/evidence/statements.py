"""Statements: what running a recipe showed, signed by the machine on which it did."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import datetime

import msgspec
from msgspec import Struct

from fairlead.base.ports import Clock
from fairlead.clearinghouse.evidence.ladder import Rung, Support
from fairlead.clearinghouse.evidence.reproducing import Trial, Tried
from fairlead.errors import Damaged, NoSandbox
from fairlead.record.notes import Key, Signer, open_note
from fairlead.sandbox.levels import Level
from fairlead.sandbox.reports import Machine, Report

ORIGIN = "fairlead-evidence-v1"
"""First line of the note, so that its signature is good for nothing else."""


class Walls(Struct, frozen=True, kw_only=True):
    """In what sandbox it was run, and by what that was proved."""

    level: Level
    before: str
    """SHA-256 of the report of the attempts that were made before."""
    after: str
    """The same, afterwards."""
    machine: Machine
    stopped: int
    """Attempts that were stopped, each time."""


class Statement(Struct, frozen=True, kw_only=True):
    """What running a recipe showed."""

    recipe: str
    """Its SHA-256."""
    name: str
    source: str
    """SHA-256 of the archive, or the commit."""
    at: datetime
    walls: Walls
    environment: tuple[str, ...]
    """What was there inside: system, compiler, C library."""
    plain: Tried
    """Without a fix."""
    fixed: Tried | None = None
    """With the fix."""

    @property
    def rung(self) -> Rung:
        """Return how far this goes."""
        if not self.plain.fires:
            return Rung.CLAIMED
        fixed = self.fixed
        if fixed is None or not fixed.quiet or fixed.tests is False:
            return Rung.REPRODUCED
        shown_before = any(outcome.fired for outcome in self.plain.outcomes[1:])
        variants = fixed.outcomes[1:]
        if shown_before and not any(outcome.fired for outcome in variants):
            return Rung.VARIANTS_TRIED
        return Rung.FIX_VERIFIED

    def support(self, key: str) -> Support:
        """Return what the record says of it; *key* signed it."""
        shown = self.plain.outcomes[0] if self.plain.outcomes else None
        return Support(
            statement=self.digest,
            rung=self.rung,
            fired=shown.fired if shown else 0,
            runs=shown.runs if shown else 0,
            level=self.walls.level,
            key=key,
        )

    @property
    def digest(self) -> str:
        """Return what names the statement: the SHA-256 of its JSON."""
        return hashlib.sha256(encode(self)).hexdigest()


def run_recipe(
    trial: Trial,
    prove: Callable[[], Report],
    *,
    clock: Clock,
    patch: bytes | None = None,
) -> Statement:
    """Run a recipe between two proofs of the sandbox, with a fix too if there is one.

    Raises:
        NoSandbox: a layer is missing, or an attempt to get out was not stopped.

    """
    recipe = trial.recipe
    before = _proved(prove())
    at = clock()
    environment = tuple(trial.environment())
    plain = trial.attempt()
    fixed = None
    if patch is not None and plain.built.held:
        fixed = trial.attempt(patch, tests=True)
    after = prove()
    return Statement(
        recipe=recipe.digest,
        name=recipe.name,
        source=recipe.source.sha256 or recipe.source.commit or "",
        at=at,
        walls=proved_walls(before, after),
        environment=environment,
        plain=plain,
        fixed=fixed,
    )


def proved_walls(before: Report, after: Report) -> Walls:
    """Return in what sandbox something was run between two proofs.

    Raises:
        NoSandbox: an attempt to get out was not stopped.

    """
    _proved(before)
    _proved(after)
    return Walls(
        level=before.proved,
        before=before.digest(),
        after=after.digest(),
        machine=before.machine,
        stopped=len(before.attempts),
    )


def encode(statement: Statement) -> bytes:
    """Return *statement* as JSON, always the same bytes."""
    return msgspec.json.encode(statement, order="deterministic")


def signed(statement: Statement, signer: Signer) -> str:
    """Return *statement* as a signed note (C2SP signed-note)."""
    return signer.sign(f"{ORIGIN}\n{encode(statement).decode()}\n")


def verified(note: str, key: Key) -> Statement:
    """Return the statement that *note* signs.

    Raises:
        Damaged: it is none, or not signed by *key*.

    """
    origin, _, content = open_note(note, key).partition("\n")
    if origin != ORIGIN:
        raise Damaged("this is no statement of evidence")
    try:
        return msgspec.json.decode(content, type=Statement)
    except msgspec.MsgspecError as error:
        raise Damaged("this is no statement of evidence") from error


def read_statement(note: str) -> Statement | None:
    """Return what *note* says, unverified; nothing if it cannot be read any more.

    Only for notes that were verified when they came.
    """
    try:
        return msgspec.json.decode(note.split("\n", 2)[1], type=Statement)
    except (msgspec.MsgspecError, IndexError):
        return None


def _proved(report: Report) -> Report:
    if report.proved is Level.NONE:
        named = ", ".join(a.canary for a in report.failures) or "some were not made"
        raise NoSandbox(f"the sandbox did not stop every attempt to get out: {named}")
    return report
