"""The ladder: what a program of each step has. Every step has what the one below has."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step of difficulty."""

    number: int
    minutes: float
    """Assumed of an expert."""
    near: int
    """Handlers that could be wrong and are right."""
    plain: int
    guards: tuple[str, ...] = ()
    """What must hold before the handler that is wrong does its work."""
    depth: int = 0
    """Containers around it."""
    stages: int = 0
    file_sum: str = ""
    record_sum: str = ""
    masked: bool = False
    linked: bool = False
    last_shown: int = 3
    """Up to this step the samples reach the handler that is wrong."""


STEPS = (
    Step(number=1, minutes=8, near=1, plain=2),
    Step(number=2, minutes=15, near=3, plain=3, guards=("flag",), file_sum="xor8"),
    Step(
        number=3,
        minutes=30,
        near=5,
        plain=4,
        guards=("flag", "relation"),
        file_sum="fletcher",
    ),
    Step(
        number=4,
        minutes=60,
        near=8,
        plain=6,
        guards=("version", "mode", "relation", "depth"),
        depth=1,
        file_sum="crc32",
    ),
    Step(
        number=5,
        minutes=120,
        near=13,
        plain=9,
        guards=("flag", "mode", "stages", "ticket", "depth"),
        depth=2,
        stages=2,
        file_sum="crc32",
        record_sum="fletcher",
        masked=True,
    ),
    Step(
        number=6,
        minutes=240,
        near=22,
        plain=14,
        guards=("flag", "version", "mode", "stages", "ticket", "relation", "depth"),
        depth=3,
        stages=3,
        file_sum="mixed",
        record_sum="crc32",
        masked=True,
        linked=True,
    ),
)
