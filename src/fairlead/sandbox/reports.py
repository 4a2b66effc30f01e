"""The report of a sandbox: its level, and what became of each attempt to get out."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime

import msgspec
from msgspec import Struct

from fairlead.base.instants import text
from fairlead.errors import Damaged
from fairlead.record.notes import Key, Signer, open_note
from fairlead.sandbox.canaries import CANARIES, Attempt, Verdict, expected
from fairlead.sandbox.levels import Level
from fairlead.sandbox.showing import shown

ORIGIN = "fairlead-sandbox-report-v1"
"""First line of the note, so that its signature is good for nothing else."""


class Machine(Struct, frozen=True, kw_only=True):
    """On what it was proved."""

    kernel: str
    architecture: str
    program: str
    """What puts up the walls, with its version."""
    groups: str
    """Which version of control groups."""
    user: str
    """Whether it was put up by root or by a plain user."""


class Report(Struct, frozen=True, kw_only=True):
    """What a sandbox stopped, on one machine at one instant."""

    level: Level
    at: datetime
    machine: Machine
    attempts: tuple[Attempt, ...]

    @property
    def holds(self) -> bool:
        """Tell whether every attempt there is was made and stopped."""
        made = {a.canary for a in self.attempts if a.verdict is Verdict.STOPPED}
        return made == expected(self.level)

    @property
    def failures(self) -> Sequence[Attempt]:
        """Return the attempts that were not stopped."""
        return [a for a in self.attempts if a.verdict is not Verdict.STOPPED]

    @property
    def proved(self) -> Level:
        """Return the level that was proved: none unless every attempt was stopped."""
        return self.level if self.holds else Level.NONE

    def digest(self) -> str:
        """Return what names this report: the SHA-256 of its JSON."""
        return hashlib.sha256(encode(self)).hexdigest()


def encode(report: Report) -> bytes:
    """Return *report* as JSON, always the same bytes."""
    return msgspec.json.encode(report, order="deterministic")


def signed(report: Report, signer: Signer) -> str:
    """Return *report* as a signed note (C2SP signed-note)."""
    return signer.sign(f"{ORIGIN}\n{encode(report).decode()}\n")


def verified(note: str, key: Key) -> Report:
    """Return the report that *note* signs.

    Raises:
        Damaged: it is none, or not signed by *key*.

    """
    origin, _, content = open_note(note, key).partition("\n")
    if origin != ORIGIN:
        raise _foreign()
    try:
        return msgspec.json.decode(content, type=Report)
    except msgspec.MsgspecError as error:
        raise _foreign() from error


def table(report: Report) -> str:
    """Return *report* for people."""
    by_name = {canary.name: canary for canary in CANARIES}
    width = max(len(name) for name in by_name)
    rows = []
    for attempt in report.attempts:
        about = by_name[attempt.canary].about
        rows.append(
            f"{attempt.verdict:9}  {attempt.canary.ljust(width)}  {about}"
            f" ({shown(attempt.detail.encode(), 60)})"
        )
    stopped = len(report.attempts) - len(report.failures)
    machine = report.machine
    where = (
        f"{machine.program}, {machine.groups}, as {machine.user}, Linux"
        f" {machine.kernel} on {machine.architecture}, {text(report.at)}"
    )
    wanted = len(expected(report.level))
    summary = f"{stopped} of {wanted} attempts stopped; level {report.proved}"
    return "\n".join([*rows, "", summary, where])


def _foreign() -> Damaged:
    return Damaged("this is no report of a sandbox")
