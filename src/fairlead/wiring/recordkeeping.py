"""What is done with a whole record: checked, shown, exported, its key changed."""

from __future__ import annotations

import getpass
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fairlead.access.roles import operator
from fairlead.wiring.homes import now
from fairlead.wiring.system import System


def disclose(system: System, events: Sequence[str], *, body: bool) -> Any:  # noqa: ANN401 - see record.disclosure
    """Return *events* with their proofs; with bodies it leaves a trace on each."""
    from fairlead.access.traces import How, Moment, leave_trace
    from fairlead.record import disclosure
    from fairlead.store.subjects import stored_events

    prover = system.prover()
    disclosed = []
    with system.store.begin() as unit:
        for name in events:
            proof = prover.inclusion(name).proof
            stream, _, version = name.rpartition("@")
            stored = stored_events(unit.connection, stream, system.store.vault)
            event = stored[int(version) - 1]
            disclosed.append(disclosure.disclose(event, proof, body=body))
        if body:
            streams = [name.rpartition("@")[0] for name in events]
            moment = Moment(now(), secrets.token_bytes)
            me = operator(getpass.getuser())
            leave_trace(unit, me, streams, How.EXPORTED, moment)
    return disclosure.Disclosure(events=tuple(disclosed))


def export(system: System, folder: Path, progress: Any) -> Any:  # noqa: ANN401 - see store.exporting
    """Write the record without its bodies to *folder*; it leaves a trace."""
    from fairlead.access.traces import How, Moment, leave_trace
    from fairlead.store import exporting

    moment = Moment(now(), secrets.token_bytes)
    with system.store.begin() as unit:
        me = operator(getpass.getuser())
        leave_trace(unit, me, ["record/headers"], How.EXPORTED, moment)
    return exporting.export(
        system.store.engine, system.tiles, system.log_keys(), folder, progress
    )


def rotate_key(system: System) -> int:
    """Sign with a new key from now on; return the size of the log.

    Raises:
        InUse: a server signs meanwhile.
        Refused: others were not shown the last change yet.

    """
    with system.alone():
        size = system.sequencer.round()
        system.keys.rotate(size, secrets.token_bytes)
        return size


def check(system: System, progress: Any) -> Any:  # noqa: ANN401 - see fairlead.store.check
    """Compare everything that is kept; see `fairlead.store.check`."""
    from fairlead.record.check import check_public
    from fairlead.store import check as store

    public, note = system.tiles.public_checkpoint(), system.tiles.checkpoint()
    findings = store.check(
        system.store.engine,
        system.store.vault,
        system.tiles,
        system.keys,
        system.origin,
        progress=progress,
    )
    for problem in check_public(public, note, system.tiles, system.keys):
        findings.note(problem)
    return findings
