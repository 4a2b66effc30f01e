"""What others publish, taken into the catalogue by a command."""

from __future__ import annotations

import getpass
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fairlead.access.roles import operator
from fairlead.wiring.homes import now
from fairlead.wiring.system import System


def take(system: System, paths: Sequence[Path], tell: Any) -> Any:  # noqa: ANN401 - see store.catalogue.importing
    """Import files, folders and archives into the catalogue, on the record.

    Raises:
        InUse: another import is under way.
        Unavailable: the disk is full; giving the command again goes on from there.

    """
    from fairlead.store.catalogue.importing import Ports

    ports = Ports(clock=now, tell=tell, note=lambda done: _note(system, done))
    done = system.catalogue().take(paths, ports)
    system.publish_record()
    return done


def _note(system: System, done: Any) -> None:  # noqa: ANN401 - see store.catalogue.importing
    """Put an import on the record, unless it is there already."""
    from fairlead.catalogue.imports import CatalogueImported, note

    fact = CatalogueImported(
        digest=done.digest,
        taken=done.taken,
        unchanged=done.unchanged + done.older,
        quarantined=done.quarantined,
    )
    with system.store.begin() as unit:
        note(unit, operator(getpass.getuser()), fact, name=done.id, at=now())
