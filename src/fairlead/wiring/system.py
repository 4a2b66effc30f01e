"""Everything that works on one home folder and its database."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from urllib.parse import urlsplit

from fairlead.errors import InUse, NotFound
from fairlead.wiring import homes
from fairlead.wiring.homes import now
from fairlead.wiring.settings import Settings


class System:
    """Everything that works on one home folder and its database."""

    def __init__(self, settings: Settings, *, create: bool) -> None:
        """Open what *settings* name, creating what is lacking if *create*.

        Raises:
            NotFound: nothing is there, and nothing is to be created.
            Misconfigured: the database cannot be opened, or is a newer version's; or the
                profile breaks a rule.
            Damaged: the key of the record cannot be read.

        """
        from fairlead.programme import profile
        from fairlead.store import (
            blobs,
            key_blocks,
            keys,
            migrations,
            rotation,
            sequencer,
            tiles,
            unit,
        )
        from fairlead.store.vault import Vault

        self.settings = settings
        self._catalogue: Any = None
        self.profile = profile.load(settings.profile)
        if not create and not (settings.keys_folder / keys.RECORD).exists():
            raise NotFound(
                f"there is no clearinghouse in {settings.home}; name its folder with"
                " --home, or make one with `fairlead organisation add`"
            )
        homes.make_folder(settings.home)
        self.rules = self.profile.clearinghouse
        self.keys = rotation.RecordKeys(
            settings.keys_folder,
            keys.record_signer(settings.keys_folder, self.origin, secrets.token_bytes),
        )
        self.certificates = keys.certificate_signer(
            settings.keys_folder, f"{self.host_name}/certificates", secrets.token_bytes
        )
        self.notes = keys.record_signer(
            settings.keys_folder,
            f"{self.host_name}/notes",
            secrets.token_bytes,
            file=keys.NOTES,
        )
        self.subject_keys = key_blocks.KeyBlocks(
            settings.keys_folder, secrets.token_bytes
        )
        folder = blobs.BlobFolder(settings.home / "blobs")
        vault = Vault(self.subject_keys, secrets.token_bytes, folder)
        self.store = unit.SQLStore(settings.database_url, vault)
        try:
            migrations.upgrade(self.store.engine, vault, rebuild=self._make_anew)
            self._expect_keys()
        except BaseException:
            self.close()
            raise
        self.tiles = tiles.TileFolder(settings.home / "record")
        self.sequencer = sequencer.Sequencer(
            self.store.engine, self.tiles, self.keys, self.origin
        )

    @property
    def uploads(self) -> Any:  # noqa: ANN401 - see fairlead.store.uploads
        """Return what keeps the files that developers send."""
        from fairlead.store.assets import takes
        from fairlead.store.uploads import Uploads

        folder = self.settings.home / "assets"
        homes.make_folder(folder)
        return Uploads(folder, now, secrets.token_bytes, takes)

    @property
    def origin(self) -> str:
        """Return the name of the record (C2SP tlog-checkpoint, origin line)."""
        return f"{self.host_name}/record"

    @property
    def host_name(self) -> str:
        """Return what the keys of this system are named after."""
        return urlsplit(self.settings.namespace).netloc or "fairlead"

    def use_port(self, port: int) -> None:
        """Listen on *port*, whatever the settings said."""
        self.settings = replace(self.settings, port=port)

    def close(self) -> None:
        """Close the database, the catalogue and the keys."""
        if self._catalogue is not None:
            self._catalogue.close()
        self.store.close()
        self.subject_keys.close()

    def catalogue(self) -> Any:  # noqa: ANN401 - see fairlead.store.catalogue.reading
        """Return the catalogue of what others have published.

        It is beside the database: a file in the home folder where that is SQLite, else
        a schema of its own.
        """
        from fairlead.store.catalogue import aside, reading

        if self._catalogue is None:
            if self.store.engine.dialect.name == "sqlite":
                place: Any = aside.FilePlace(self.settings.home / "catalogue.db")
            else:
                place = aside.SchemaPlace(self.store.engine)
            self._catalogue = reading.SQLCatalogue(place)
        return self._catalogue

    def publish_record(self) -> None:
        """Give events of a command their place, unless a server does so anyway."""
        try:
            with self.alone():
                self.sequencer.round()
        except InUse:
            return

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only server on this home folder.

        Raises:
            InUse: another one is.

        """
        with homes.alone(self.settings.home):
            # Who signs with a key that was changed meanwhile would break the log.
            self.keys.reload()
            yield

    def rebuild(self, progress: Any) -> int:  # noqa: ANN401 - see store.rebuild
        """Make anew whatever follows from the record; return how many subjects.

        Raises:
            InUse: a server works on this home folder.

        """
        from fairlead.store.engine import writing
        from fairlead.store.rebuild import remove_unnamed

        with self.alone(), writing(self.store.engine) as connection:
            count = self._rebuild(connection, progress)
            remove_unnamed(connection, self.store.vault)
            return count

    def _make_anew(self, connection: Any) -> None:  # noqa: ANN401 - see _rebuild
        self._rebuild(connection, lambda _what, _count: None)

    def _rebuild(self, connection: Any, progress: Any) -> int:  # noqa: ANN401 - of the store
        from fairlead.access import joining
        from fairlead.clearinghouse.owners import sending
        from fairlead.clearinghouse.owners.directory import Desk
        from fairlead.clearinghouse.resuming import resume
        from fairlead.review import resuming as review
        from fairlead.store.rebuild import rebuild
        from fairlead.store.unit import SQLUnit

        count = rebuild(connection, self.store.vault, progress)
        unit = SQLUnit.of(connection, self.store.vault)
        resume(unit, at=now(), desk=self.claim_desk())
        review.resume(unit, self.profile.review, at=now())
        joining.resume(unit)
        owners = Desk(randomness=secrets.token_bytes, rules=self.profile.owners)
        sending.resume(unit, owners, at=now())
        return count

    def _expect_keys(self) -> None:
        """Make sure that the keys of what is kept are there, before anything is made."""
        from fairlead.store.vault import highest_key

        with self.store.read() as unit:
            highest = highest_key(unit.connection)
        if highest is not None:
            self.subject_keys.expect(highest)

    def log_keys(self) -> Any:  # noqa: ANN401 - see fairlead.record.notes
        """Return the key that signs checkpoints, and those that did before."""
        return self.keys.keys

    def prover(self) -> Any:  # noqa: ANN401 - see fairlead.store.proving
        """Return what proves that something is in the log."""
        from fairlead.store.proving import Prover

        return Prover(self.store.engine, self.tiles, self.log_keys())

    def claim_desk(self) -> Any:  # noqa: ANN401 - see clearinghouse.claims.ports
        """Return what claims are granted by."""
        from fairlead.clearinghouse.claims.matching import Holder
        from fairlead.clearinghouse.claims.ports import Desk
        from fairlead.sealing import oprf
        from fairlead.store import keys

        seed = keys.blind_seed(self.settings.keys_folder, secrets.token_bytes)
        holder = Holder(
            oprf.derive_key(seed, b"fairlead blind claims"),
            self.settings.public_address,
            self.settings.blind_holder,
        )
        return Desk(randomness=secrets.token_bytes, matching=holder)

    def certifier(self) -> Any:  # noqa: ANN401 - see clearinghouse.claims.certificates
        """Return what signs certificates of claims."""
        from fairlead.clearinghouse.claims.certificates import Certifier
        from fairlead.store import keys

        name = f"{self.origin.removesuffix('/record')}/claims"
        folder = self.settings.keys_folder
        return Certifier(
            keys.record_signer(folder, name, secrets.token_bytes, file=keys.CLAIMS)
        )
