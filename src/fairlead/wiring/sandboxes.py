"""The sandboxes of this machine."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

from fairlead.errors import Misconfigured, NoSandbox
from fairlead.wiring.homes import now
from fairlead.wiring.settings import Settings


class Sandboxes:
    """The sandboxes of this machine, and the key that signs what was seen in them."""

    def __init__(self, settings: Settings) -> None:
        """Take what *settings* say.

        Raises:
            Misconfigured: the level is none.

        """
        from fairlead.sandbox.levels import Level

        self.settings = settings
        try:
            self.least = Level(settings.sandbox_level)
        except ValueError as error:
            raise Misconfigured(
                f"sandbox_level: {settings.sandbox_level!r} is none; say L1, L2 or L3"
            ) from error

    def sandbox(self, wanted: str = "") -> Any:  # noqa: ANN401 - see sandbox.ports
        """Return the sandbox of level *wanted*; the least that is required otherwise.

        Raises:
            NoSandbox: there is none of that level here.
            Misconfigured: it is weaker than what is required.

        """
        from fairlead.remote.sandbox.bubblewrap import Bubblewrap
        from fairlead.remote.sandbox.cgroups import Hierarchies
        from fairlead.sandbox.levels import Level

        level = Level(wanted) if wanted else self.least
        if not level.at_least(self.least):
            raise Misconfigured(
                f"level: {level} is weaker than {self.least}, which"
                " FAIRLEAD_SANDBOX_LEVEL requires"
            )
        group, root = self.settings.sandbox_group, self.settings.sandbox_root
        groups = Hierarchies.delegated(Path(group)) if group else None
        if level is Level.L1:
            return Bubblewrap(groups=groups, root=Path(root) if root else None)
        if level is Level.L2:
            from fairlead.remote.sandbox.gvisor import Gvisor

            return Gvisor(groups=groups)
        raise NoSandbox(
            f"level {level} is required, and there is no sandbox of that level here;"
            " run this on a machine that has one"
        )

    def prover(self, sandbox: Any) -> Any:  # noqa: ANN401 - see remote.sandbox.proving
        """Return what makes every attempt to get out of *sandbox*."""
        from fairlead.remote.sandbox.proving import Prover

        return Prover(sandbox=sandbox, clock=now, machine=sandbox.machine)

    def signer(self) -> Any:  # noqa: ANN401 - see fairlead.record.notes
        """Return the key that signs reports; nothing where there is no home folder."""
        from fairlead.store.keys import sandbox_signer

        if not self.settings.home.is_dir():
            return None
        return sandbox_signer(self.settings.keys_folder, secrets.token_bytes)
