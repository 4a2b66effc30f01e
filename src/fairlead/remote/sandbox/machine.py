"""On what machine a sandbox is."""

from __future__ import annotations

import os
import platform
import subprocess
from collections.abc import Sequence

from fairlead.sandbox.reports import Machine


def this_machine(program: Sequence[str], groups: str) -> Machine:
    """Return on what a sandbox is proved; *program* tells its version."""
    said = subprocess.run(program, capture_output=True, check=False)  # noqa: S603
    first = said.stdout.decode("utf-8", "replace").splitlines()
    return Machine(
        kernel=platform.release(),
        architecture=platform.machine(),
        program=first[0] if first else program[0],
        groups=groups,
        user="root" if os.geteuid() == 0 else "a plain user",
    )
