"""Where settings become objects; the only module that knows every other one.

Heavy imports are inside functions, so that `fairlead --help` loads none of them.
"""

from __future__ import annotations

import fcntl
import getpass
import os
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from fairlead.access.roles import operator
from fairlead.errors import Damaged, InUse, Misconfigured, NotFound


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What an operator may set: field `x` is `FAIRLEAD_X` in the environment."""

    home: Path = Path("fairlead-home")
    """The folder in which everything is kept that is not in the database."""
    database: str = ""
    """Address of the database; empty for SQLite in the home folder."""
    keys: str = ""
    """Folder of the keys; empty for `keys` in the home folder."""
    host: str = "127.0.0.1"
    """Address on which the server listens."""
    port: int = 8455
    """Port on which the server listens; 0 for any free one."""
    address: str = ""
    """What people type: `https://…`; empty for `http://localhost:` and the port."""
    programme: str = "Fairlead"
    """What the programme is called on its pages and in its advisories."""
    profile: str = "generic"
    """What the programme decides: `generic`, `eo-14409`, or the path of a TOML file."""
    namespace: str = "https://fairlead.example"
    """The address that names the publisher of advisories (CSAF 2.0, 3.2.1.8.5)."""
    cna: str = ""
    """UUID of the CVE Numbering Authority that publishes; empty if it is none."""
    cna_name: str = ""
    """Its short name in the CVE Services."""
    checkpoint_minutes: int = 10
    """Minutes between the instants at which others are shown what was added to the log;
    a divisor of a day, counted in UTC, so that the rhythm tells nothing."""
    witnesses: str = ""
    """Witnesses that are asked to cosign the public checkpoint: `KEY@URL`, separated by
    spaces; the key is what `fairlead witness key` prints."""
    criteria: str = (
        "Whoever finds, conveys, owns or mends vulnerabilities in good faith may join."
    )
    """What is asked of whoever wants to join, as published."""
    criteria_needs: str = "domain"
    """What an applicant must show: any of domain, mail and voucher, with spaces."""
    criteria_vouchers: int = 1
    """How many members must vouch, where a voucher is needed."""
    dns: str = ""
    """Resolver that is asked for an applicant's DNS record, `HOST:PORT`; empty for the
    machine's own."""
    smtp: str = ""
    """Server for mail, `smtp://HOST:PORT` or `smtps://NAME:PASSWORD@HOST`; empty sends
    none."""
    mail_from: str = "fairlead@localhost"
    """Address from which mail is sent."""
    sandbox_level: str = "L1"
    """The least level of sandbox in which code that nobody trusts is run: L1, L2 or L3."""
    sandbox_root: str = ""
    """The folder that such code sees as `/`; empty for the machine's `/usr`."""
    sandbox_group: str = ""
    """A control group (version 2) that was delegated for sandboxes; empty for the one that
    the command runs in."""
    sandbox_keys: str = ""
    """Keys of further machines whose statements of evidence are believed, separated by
    spaces; what `fairlead sandbox check` prints. This machine's own always is."""
    blind_holder: str = ""
    """Address of a second clearinghouse that holds the other half of the key of blind
    claims; empty where this server holds it alone, and so could guess their targets."""
    log_level: str = "info"
    """How much is logged: debug, info, warning or error."""
    trusted_proxies: str = ""
    """Addresses or networks, parted by commas, whose `X-Forwarded-For` is believed."""
    proxy_secret_file: str = ""
    """File with the secret by which a proxy may say who is asking (`X-Fairlead-User`)."""
    endpoint_networks: str = ""
    """Networks in which the endpoints of developers may be besides public addresses,
    such as `10.20.0.0/16`; everything else that is not public is refused."""
    oidc_issuer: str = ""
    """Issuer of an OpenID Connect provider through which people may sign in."""
    oidc_client_id: str = ""
    """What that provider calls this server."""
    oidc_client_secret_file: str = ""
    """File with the secret that the provider gave; none for a public client."""
    oidc_name: str = "your organisation"
    """What people call that provider, on the button to sign in with."""
    reader_url: str = ""
    """Endpoint of a language model that reads pairs of reports as a second reader, such
    as `http://localhost:8000/v1`; it is sent what the reports say. Empty for none."""
    reader_model: str = ""
    """The model that is asked for there."""
    reader_secret_file: str = ""
    """File with the token that the endpoint wants; none for one that wants none."""
    limit_sign_in: str = "20/minute"
    """Tries to sign in from one address."""
    limit_failed_tokens: str = "30/minute"
    """Tokens that open nothing, from one address."""
    limit_status: str = "600/minute"
    """Look-ups of a status with nothing but its receipt, from one address."""
    limit_requests: str = "1000/second"
    """Requests with one token."""
    limit_submissions: str = "20000/hour"
    """Reports of one organisation, over HTTP."""
    limit_bodies: int = 64
    """Bodies of reports that may arrive at once; each may take 3 MiB of memory, that of a
    batch more."""
    body_seconds: int = 60
    """How long the body of a report may take to arrive."""

    @classmethod
    def read(cls, environment: Mapping[str, str] = os.environ, **given: object) -> Self:
        """Read settings from *environment*; what is *given* goes before it.

        Raises:
            Misconfigured: a value makes no sense; it is named with what would.

        """
        values: dict[str, Any] = {}
        for field in fields(cls):
            written = environment.get(f"FAIRLEAD_{field.name.upper()}")
            if written is not None:
                values[field.name] = written
        values |= {name: value for name, value in given.items() if value is not None}
        if "home" in values:
            values["home"] = Path(values["home"])
        if "port" in values:
            values["port"] = _port(values["port"])
        for name in ("criteria_vouchers", "limit_bodies", "body_seconds"):
            if name in values:
                values[name] = _count(name, values[name])
        if "checkpoint_minutes" in values:
            values["checkpoint_minutes"] = _minutes(values["checkpoint_minutes"])
        settings = cls(**values)
        if settings.log_level not in {"debug", "info", "warning", "error"}:
            raise Misconfigured("log_level: say debug, info, warning or error")
        if settings.address and urlsplit(settings.address).scheme not in {
            "http",
            "https",
        }:
            raise Misconfigured("address: begin it with https:// or http://")
        return settings

    @property
    def database_url(self) -> str:
        """Return the address of the database."""
        return self.database or f"sqlite:///{self.home / 'fairlead.db'}"

    @property
    def keys_folder(self) -> Path:
        """Return the folder of the keys."""
        return Path(self.keys) if self.keys else self.home / "keys"

    @property
    def publisher(self) -> Any:  # noqa: ANN401 - see fairlead.formats.advisory
        """Return who publishes advisories."""
        from fairlead.formats.advisory import Publisher

        return Publisher(
            name=self.programme, namespace=self.namespace, category="coordinator"
        )

    @property
    def assigner(self) -> Any:  # noqa: ANN401 - see fairlead.formats.cve
        """Return the CVE Numbering Authority that publishes; nothing if it is none."""
        from fairlead.formats.cve import Assigner

        if not self.cna:
            return None
        return Assigner(org_id=self.cna, short_name=self.cna_name or None)

    @property
    def public_address(self) -> str:
        """Return what people type to get here."""
        return self.address.rstrip("/") or f"http://localhost:{self.port}"


def now() -> datetime:
    """Return the time, in UTC."""
    return datetime.now(UTC)


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
        _make_folder(settings.home)
        self.rules = self.profile.clearinghouse
        self.keys = rotation.RecordKeys(
            settings.keys_folder,
            keys.record_signer(settings.keys_folder, self.origin, secrets.token_bytes),
        )
        self.certificates = keys.certificate_signer(
            settings.keys_folder, f"{self.host_name}/certificates", secrets.token_bytes
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
        _make_folder(folder)
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

    def import_catalogue(self, paths: Sequence[Path], tell: Any) -> Any:  # noqa: ANN401 - see store.catalogue.importing
        """Import files, folders and archives into the catalogue, on the record.

        Raises:
            InUse: another import is under way.
            Unavailable: the disk is full; giving the command again goes on from there.

        """
        from fairlead.store.catalogue.importing import Ports

        ports = Ports(clock=now, tell=tell, note=self._note_import)
        done = self.catalogue().take(paths, ports)
        self.publish_record()
        return done

    def _note_import(self, done: Any) -> None:  # noqa: ANN401 - see store.catalogue.importing
        """Put an import on the record, unless it is there already."""
        from fairlead.catalogue.imports import CatalogueImported, note

        fact = CatalogueImported(
            digest=done.digest,
            taken=done.taken,
            unchanged=done.unchanged + done.older,
            quarantined=done.quarantined,
        )
        with self.store.begin() as unit:
            note(unit, operator(getpass.getuser()), fact, name=done.id, at=now())

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
        with _alone(self.settings.home):
            # Who signs with a key that was changed meanwhile would break the log.
            self.keys.reload()
            yield

    def disclose(self, events: Sequence[str], *, body: bool) -> Any:  # noqa: ANN401 - see record.disclosure
        """Return *events* with their proofs; with bodies it leaves a trace on each."""
        from fairlead.access.traces import How, Moment, leave_trace
        from fairlead.record import disclosure
        from fairlead.store.subjects import stored_events

        prover = self.prover()
        disclosed = []
        with self.store.begin() as unit:
            for name in events:
                proof = prover.inclusion(name).proof
                stream, _, version = name.rpartition("@")
                stored = stored_events(unit.connection, stream, self.store.vault)
                event = stored[int(version) - 1]
                disclosed.append(disclosure.disclose(event, proof, body=body))
            if body:
                streams = [name.rpartition("@")[0] for name in events]
                moment = Moment(now(), secrets.token_bytes)
                me = operator(getpass.getuser())
                leave_trace(unit, me, streams, How.EXPORTED, moment)
        return disclosure.Disclosure(events=tuple(disclosed))

    def export_record(self, folder: Path, progress: Any) -> Any:  # noqa: ANN401 - see store.exporting
        """Write the record without its bodies to *folder*; it leaves a trace."""
        from fairlead.access.traces import How, Moment, leave_trace
        from fairlead.store.exporting import export

        moment = Moment(now(), secrets.token_bytes)
        with self.store.begin() as unit:
            me = operator(getpass.getuser())
            leave_trace(unit, me, ["record/headers"], How.EXPORTED, moment)
        return export(self.store.engine, self.tiles, self.log_keys(), folder, progress)

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
        from fairlead.clearinghouse.resuming import resume
        from fairlead.review import resuming as review
        from fairlead.store.rebuild import rebuild
        from fairlead.store.unit import SQLUnit

        count = rebuild(connection, self.store.vault, progress)
        unit = SQLUnit.of(connection, self.store.vault)
        resume(unit, at=now(), desk=self.claim_desk())
        review.resume(unit, self.profile.review, at=now())
        joining.resume(unit)
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

    def rotate_key(self) -> int:
        """Sign with a new key from now on; return the size of the log.

        Raises:
            InUse: a server signs meanwhile.
            Refused: others were not shown the last change yet.

        """
        with self.alone():
            size = self.sequencer.round()
            self.keys.rotate(size, secrets.token_bytes)
            return size

    def prover(self) -> Any:  # noqa: ANN401 - see fairlead.store.proving
        """Return what proves that something is in the log."""
        from fairlead.store.proving import Prover

        return Prover(self.store.engine, self.tiles, self.log_keys())

    def check(self, progress: Any) -> Any:  # noqa: ANN401 - see fairlead.store.check
        """Compare everything that is kept; see `fairlead.store.check`."""
        from fairlead.record.check import check_public
        from fairlead.store.check import check

        public, note = self.tiles.public_checkpoint(), self.tiles.checkpoint()
        findings = check(
            self.store.engine,
            self.store.vault,
            self.tiles,
            self.keys,
            self.origin,
            progress=progress,
        )
        for problem in check_public(public, note, self.tiles, self.keys):
            findings.note(problem)
        return findings

    def _reach(self) -> Any:  # noqa: ANN401 - see fairlead.remote.upstream
        """Return where the endpoints of developers may be."""
        from fairlead.remote.upstream import Reach

        try:
            return Reach.read(self.settings.endpoint_networks)
        except ValueError as error:
            raise Misconfigured(f"endpoint_networks: {error}") from error

    def context(self, wake: Any) -> Any:  # noqa: ANN401 - see fairlead.web.context
        """Return what the web needs to serve this system.

        Raises:
            Misconfigured: a limit, proxy or provider makes no sense.

        """
        from fairlead.remote.dns import Resolver
        from fairlead.remote.upstream import Upstream, check_url
        from fairlead.store.assets import AssetFiles
        from fairlead.store.openpgp import OpenPGPKey
        from fairlead.store.public import PublicLog
        from fairlead.web.context import Context
        from fairlead.web.limiting import Gate, Limits
        from fairlead.web.proxies import Proxies

        prover = self.prover()
        reach = self._reach()
        return Context(
            store=self.store,
            upstream=lambda: Upstream(reach),
            check_endpoint=lambda url: check_url(url, reach),
            log=PublicLog(self.tiles),
            prove=lambda event: prover.inclusion(event).proof,
            clock=now,
            randomness=secrets.token_bytes,
            wake=wake,
            publisher=self.settings.publisher,
            assigner=self.settings.assigner,
            signer=OpenPGPKey(self.settings.keys_folder, self.settings.programme),
            uploads=self.uploads,
            assets=AssetFiles(self.uploads),
            certificates=self.certificates,
            log_key=lambda: self.log_keys().current,
            programme=self.settings.programme,
            profile=self.profile,
            address=self.settings.public_address,
            criteria=self._criteria(),
            rules=self.rules,
            text_records=Resolver(self.settings.dns).text_records,
            claims=self.claim_desk(),
            certifier=self.certifier(),
            published=self._published,
            limits=Limits.of(
                sign_in=self.settings.limit_sign_in,
                failed=self.settings.limit_failed_tokens,
                status=self.settings.limit_status,
                requests=self.settings.limit_requests,
                submissions=self.settings.limit_submissions,
            ),
            proxies=Proxies.of(
                self.settings.trusted_proxies,
                _secret("proxy_secret_file", self.settings.proxy_secret_file),
            ),
            evidence_keys=self._evidence_keys(),
            catalogue=self.catalogue(),
            provider=self._provider(),
            gate=Gate(self.settings.limit_bodies),
            body_seconds=self.settings.body_seconds,
        )

    def _evidence_keys(self) -> Any:  # noqa: ANN401 - see fairlead.record.notes
        """Return who may sign statements of evidence."""
        from fairlead.record.notes import Verifier
        from fairlead.store.keys import sandbox_signer

        own = sandbox_signer(self.settings.keys_folder, secrets.token_bytes)
        try:
            others = [Verifier.read(k) for k in self.settings.sandbox_keys.split()]
        except Damaged as error:
            raise Misconfigured(f"sandbox_keys: {error}") from error
        return [own.verifier(), *others]

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

    def _published(self, purls: Sequence[str]) -> Mapping[str, int]:
        from fairlead.catalogue.matching import count_by_package

        with self.catalogue().read() as reading:
            counts: Mapping[str, int] = count_by_package(reading, purls)
        return counts

    def _criteria(self) -> Any:  # noqa: ANN401 - see fairlead.access.applications
        from fairlead.access.applications import Criteria, Proof

        named = self.settings.criteria_needs.split()
        unknown = set(named) - set(Proof)
        if unknown:
            raise Misconfigured(
                f"criteria_needs: {min(unknown)!r} is none of {', '.join(Proof)}"
            )
        return Criteria(
            text=self.settings.criteria,
            needs=frozenset(map(Proof, named)),
            vouchers=self.settings.criteria_vouchers,
        )

    def _provider(self) -> Any:  # noqa: ANN401 - see fairlead.web.logins
        """Return the provider of logins, if there is one."""
        if not self.settings.oidc_issuer:
            return None
        from fairlead.web.logins import DONE, Provider

        return Provider(
            issuer=self.settings.oidc_issuer,
            client_id=self.settings.oidc_client_id,
            client_secret=_secret(
                "oidc_client_secret_file", self.settings.oidc_client_secret_file
            ),
            redirect=self.settings.public_address + DONE,
            clock=now,
            name=self.settings.oidc_name,
        )

    def runner(self) -> Any:  # noqa: ANN401 - see fairlead.worker.runner
        """Return the runner of jobs, timers and the log."""
        from fairlead.remote.mail import Mailer
        from fairlead.store.assets import AssetFiles
        from fairlead.store.published import CataloguePublished
        from fairlead.worker.runner import Runner

        mailer = Mailer(self.settings.smtp, self.settings.mail_from)
        return Runner(
            store=self.store,
            keep_log=self.sequencer.round,
            programme=self.settings.programme,
            send=lambda letter: mailer.send(letter.to, letter.subject, letter.text),
            show_log=self.publisher().tick,
            read_pairs=self._read_pairs(),
            published=CataloguePublished(self.catalogue()),
            clock=now,
            randomness=secrets.token_bytes,
            rules=self.rules,
            claims=self.claim_desk(),
            assets=AssetFiles(self.uploads),
        )

    def _read_pairs(self) -> Any:  # noqa: ANN401 - see fairlead.worker.reading
        """Return what has a second reader read one pair; without one, nothing does."""
        if not self.settings.reader_url:
            return lambda: False
        if urlsplit(self.settings.reader_url).scheme not in {"http", "https"}:
            raise Misconfigured("reader_url: begin it with https:// or http://")
        if not self.settings.reader_model:
            raise Misconfigured("reader_model: name the model that is to be asked for")
        from fairlead.remote.readers import HttpReader
        from fairlead.worker.reading import Reading

        secret = _secret("reader_secret_file", self.settings.reader_secret_file)
        reader = HttpReader(
            self.settings.reader_url.rstrip("/"), self.settings.reader_model, secret
        )
        return Reading(
            store=self.store, reader=reader, clock=now, randomness=secrets.token_bytes
        ).step

    def witnesses(self) -> Any:  # noqa: ANN401 - see fairlead.remote.witnesses
        """Return those who are asked to cosign the public checkpoint.

        Raises:
            Misconfigured: one cannot be read.

        """
        written = self.settings.witnesses.split()
        if not written:
            from fairlead.worker.publishing import NoWitnesses

            return NoWitnesses()
        from fairlead.remote.witnesses import HttpWitnesses, Peer

        try:
            return HttpWitnesses([Peer.read(one) for one in written])
        except Damaged as error:
            raise Misconfigured(f"witnesses: {error}") from error

    def publisher(self) -> Any:  # noqa: ANN401 - see fairlead.worker.publishing
        """Return what shows others the log."""
        from fairlead.worker.publishing import Publisher

        return Publisher(
            log=self.tiles,
            signer=self.keys,
            shown=self.keys.shown,
            witnesses=self.witnesses(),
            clock=now,
            minutes=self.settings.checkpoint_minutes,
        )

    async def serve(self, ended: Any, ready: Any) -> None:  # noqa: ANN401 - see web.server
        """Serve until *ended* is set; *ready* is called once requests are taken.

        Everything is in this one process: killing it leaves nothing behind.

        Raises:
            InUse: another server works on this home folder, or the port is taken.

        """
        from fairlead.web.server import serve

        with self.alone():
            self.store.destroy_keys()
            runner = self.runner()
            runner.expire()
            runner.start()
            try:
                await serve(
                    self.context(runner.wake),
                    host=self.settings.host,
                    port=self.settings.port,
                    ended=ended,
                    ready=ready,
                )
            finally:
                runner.stop()


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
            _make_folder(home)
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
        with _alone(self.home):
            app = create_witness(desk)
            await serve_app(app, host=host, port=port, ended=ended, ready=ready)


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
        from fairlead.errors import NoSandbox
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


@contextmanager
def _alone(home: Path) -> Iterator[None]:
    """Be the only server on a home folder."""
    with (home / "server.lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise InUse(
                f"another server works on {home}; stop it first, or name another folder"
                " with --home"
            ) from error
        yield


def _make_folder(path: Path) -> None:
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise Misconfigured(f"home: {path} cannot be made: {error.strerror}") from error


def _secret(setting: str, path: str) -> str:
    """Return the secret in a file, without the line break at its end."""
    if not path:
        return ""
    try:
        secret = Path(path).read_text("ascii").strip()
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{setting}: {path} cannot be read: {error}") from error
    if not secret:
        raise Misconfigured(f"{setting}: {path} is empty")
    return secret


def _count(setting: str, written: object) -> int:
    text = str(written)
    if not text.isascii() or not text.isdigit():
        raise Misconfigured(f"{setting}: {written!r} is no number")
    return int(text)


def _port(written: object) -> int:
    try:
        port = int(str(written))
    except ValueError:
        port = -1
    if not 0 <= port <= 65535:  # noqa: PLR2004 - the range of ports
        raise Misconfigured(
            f"port: {written!r} is no port; say 1 to 65535, or 0 for any"
        )
    return port


def _minutes(written: object) -> int:
    day = 24 * 60
    text = str(written)
    minutes = int(text) if text.isdecimal() and len(text) <= len(str(day)) else 0
    if not minutes or day % minutes:
        raise Misconfigured(
            f"checkpoint_minutes: a day is no multiple of {text!r} minutes; say 1, 5,"
            " 10, 15, 30 or 60"
        )
    return minutes
