"""Files of sealed assets: whether all have come, their head, and their end."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from fairlead.errors import Damaged, Malformed, NotFound, Refused
from fairlead.sealing import folder as layout
from fairlead.sealing.folder import Seal
from fairlead.sealing.holders import Holder
from fairlead.store import files
from fairlead.store.sealed import SealedFolder
from fairlead.store.uploads import Uploads


def takes(name: str) -> bool:
    """Tell whether a file of a sealed folder may be called *name*."""
    return layout.is_sealed_file(name) or name in {layout.HEAD, layout.SIGNATURE}


@dataclass(frozen=True, slots=True)
class AssetFiles:
    """The finished uploads, as sealed folders."""

    uploads: Uploads

    def complete(self, asset: str, sealed_by: Holder) -> tuple[str, str]:
        """Return the seal's id and SHA-256 of the signature, once all files are there.

        Files that *sealed_by* did not sign, as of an earlier sealing, are removed.

        Raises:
            Refused: something is missing, or is not what *sealed_by* signed; it is named.

        """
        path = self.uploads.path_of(asset)
        try:
            folder = SealedFolder.read(path, sealed_by)
        except (Damaged, Malformed, NotFound) as error:
            raise Refused(f"the upload is not complete: {error}") from error
        # What an earlier sealing had, and this one has not, goes once this one is whole.
        earlier = [name for name in folder.foreign() if takes(name)]
        if faults := [one for one in folder.faults() if one.file not in earlier]:
            told = "; ".join(f"{one.file}: {one.reason}" for one in faults[:5])
            raise Refused(f"the upload is not complete: {told}")
        for name in earlier:
            files.remove(path / name)
        signature = (path / layout.SIGNATURE).read_bytes()
        return folder.seal.id, hashlib.sha256(signature).hexdigest()

    def seal(self, asset: str, sealed_by: Holder) -> Seal | None:
        """Return the head of a sealed folder, if it is there as it was signed."""
        try:
            return SealedFolder.read(self.uploads.path_of(asset), sealed_by).seal
        except (Damaged, Malformed, NotFound):
            return None

    def file(self, asset: str, name: str) -> Path:
        """Return where a sealed file lies.

        Raises:
            NotFound: there is no such file.

        """
        path = self.uploads.path_of(asset) / name
        if not takes(name) or not path.is_file():
            raise NotFound(f"no file {name!r}")
        return path

    def names(self, asset: str) -> Sequence[str]:
        """Return the names of the sealed files that have come, the heads first."""
        path = self.uploads.path_of(asset)
        found = [
            str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()
        ]
        head = (layout.HEAD, layout.SIGNATURE)
        shards = sorted(name for name in found if takes(name) and name not in head)
        return [name for name in head if name in found] + shards

    def remove(self, asset: str) -> None:
        """Remove all files of an asset, and what is on its way."""
        self.uploads.remove_asset(asset)

    def expire(self) -> int:
        """Remove uploads that nobody went on with; return how many."""
        return self.uploads.expire()
