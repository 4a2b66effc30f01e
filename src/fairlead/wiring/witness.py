"""A witness of other people's logs."""

from __future__ import annotations

import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from fairlead.errors import Damaged, Misconfigured
from fairlead.wiring import homes
from fairlead.wiring.homes import now


class WitnessSystem:
    """A witness of other people's logs, in a home folder of its own."""

    def __init__(self, home: Path, name: str | None) -> None:
        """Open the witness in *home*, making one called *name* if there is none.

        Raises:
            NotFound: there is none, and no name for a new one.
            Misconfigured: the folder is that of a clearinghouse.
            Damaged: the key cannot be read.

        """
        from fairlead.store import keys

        if (home / "keys" / keys.RECORD).exists():
            raise Misconfigured(
                f"home: {home} is that of a clearinghouse; a witness that shares it"
                " proves nothing, so give it a folder, better a machine, of its own"
            )
        if name is not None:
            homes.make_folder(home)
        self.home = home
        self.signer = keys.witness_signer(home / "keys", name, secrets.token_bytes)

    async def serve(
        self,
        logs: Iterable[str],
        *,
        host: str,
        port: int,
        ended: Any,  # noqa: ANN401 - see fairlead.web.server
        ready: Any,  # noqa: ANN401 - see fairlead.web.server
    ) -> None:
        """Witness *logs*, given by their keys, until *ended* is set.

        Raises:
            InUse: another witness works on this home folder, or the port is taken.
            Misconfigured: a key of a log cannot be read.

        """
        from fairlead.record.notes import Verifier
        from fairlead.record.witness import known_logs
        from fairlead.store.witness import Desk, Memory
        from fairlead.web.server import serve_app
        from fairlead.web.witness import create_witness

        try:
            known = known_logs(Verifier.read(log) for log in logs)
        except Damaged as error:
            raise Misconfigured(f"log: {error}") from error
        desk = Desk(
            signer=self.signer,
            logs=known,
            memory=Memory(self.home / "seen"),
            clock=now,
        )
        with homes.alone(self.home):
            app = create_witness(desk)
            await serve_app(app, host=host, port=port, ended=ended, ready=ready)
