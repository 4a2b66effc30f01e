"""The folders that a task's sandboxes begin with, packed for `tar` inside."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping

from fairlead.errors import Invalid

UNPACK = "tar -xf /in/world.tar -C /job && cd /job"
"""A line for `/bin/sh`; `world.tar` is what `packed` returned."""


def packed(files: Mapping[str, bytes]) -> bytes:
    """Return *files*, by path, as a tar archive; always the same bytes.

    Scripts (what begins with `#!`) can be run, and everything can be written.

    Raises:
        Invalid: a path is too long for ustar.

    """
    into = io.BytesIO()
    with tarfile.open(fileobj=into, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for path in sorted(files):
            member = tarfile.TarInfo(path)
            member.size = len(files[path])
            member.mode = 0o755 if files[path][:2] in {b"#!", b"\x7fE"} else 0o644
            try:
                archive.addfile(member, io.BytesIO(files[path]))
            except ValueError as error:
                raise Invalid(f"{path}: {error}") from error
    return into.getvalue()
