"""What a server needs: the web's context, the runner of jobs, the publisher of the log."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from fairlead.errors import Damaged, Misconfigured
from fairlead.wiring.homes import now
from fairlead.wiring.settings import Settings, secret
from fairlead.wiring.system import System


class Server:
    """A server of one system; nothing is opened before it is asked for."""

    def __init__(self, system: System) -> None:
        """Serve *system*."""
        self.system = system

    @property
    def settings(self) -> Settings:
        """Return what the operator set."""
        return self.system.settings

    def context(self, wake: Any) -> Any:  # noqa: ANN401 - see fairlead.web.context
        """Return what the web needs to serve this system.

        Raises:
            Misconfigured: a limit, proxy or provider makes no sense.

        """
        from fairlead.remote.dns import Resolver
        from fairlead.remote.upstream import Upstream, check_url
        from fairlead.store.assets import AssetFiles
        from fairlead.store.openpgp import read_certificate
        from fairlead.store.public import PublicLog
        from fairlead.web.context import Context
        from fairlead.web.limiting import Gate, Limits
        from fairlead.web.proxies import Proxies

        prover = self.system.prover()
        reach = self._reach()
        return Context(
            store=self.system.store,
            upstream=lambda: Upstream(reach),
            check_endpoint=lambda url: check_url(url, reach),
            log=PublicLog(self.system.tiles),
            prove=lambda event: prover.inclusion(event).proof,
            clock=now,
            randomness=secrets.token_bytes,
            wake=wake,
            publisher=self.settings.publisher,
            assigner=self.settings.assigner,
            signer=self.openpgp(),
            read_certificate=read_certificate,
            uploads=self.system.uploads,
            assets=AssetFiles(self.system.uploads),
            certificates=self.system.certificates,
            notes=self.system.notes,
            log_key=lambda: self.system.log_keys().current,
            programme=self.settings.programme,
            profile=self.system.profile,
            address=self.settings.public_address,
            criteria=self._criteria(),
            rules=self.system.rules,
            text_records=Resolver(self.settings.dns).text_records,
            claims=self.system.claim_desk(),
            certifier=self.system.certifier(),
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
                secret("proxy_secret_file", self.settings.proxy_secret_file),
            ),
            evidence_keys=self._evidence_keys(),
            catalogue=self.system.catalogue(),
            provider=self._provider(),
            gate=Gate(self.settings.limit_bodies),
            body_seconds=self.settings.body_seconds,
        )

    def runner(self) -> Any:  # noqa: ANN401 - see fairlead.worker.runner
        """Return the runner of jobs, timers and the log."""
        from fairlead.remote.mail import Mailer
        from fairlead.store.assets import AssetFiles
        from fairlead.store.published import CataloguePublished
        from fairlead.worker.runner import Runner

        key = self.openpgp()
        mailer = Mailer(self.settings.smtp, self.settings.mail_from, key.seal)
        return Runner(
            store=self.system.store,
            keep_log=self.system.sequencer.round,
            programme=self.settings.programme,
            send=mailer.send,
            owners=self.owner_work(mailer.send),
            show_log=self.publisher().tick,
            read_pairs=self._read_pairs(),
            published=CataloguePublished(self.system.catalogue()),
            clock=now,
            randomness=secrets.token_bytes,
            rules=self.system.rules,
            claims=self.system.claim_desk(),
            assets=AssetFiles(self.system.uploads),
            press=self._press(),
        )

    def _press(self) -> Any:  # noqa: ANN401 - see fairlead.clearinghouse.publishing
        from fairlead.clearinghouse.publishing import Press
        from fairlead.store.openpgp import OpenPGPKey

        return Press(
            publisher=self.settings.publisher,
            address=self.settings.public_address,
            assigner=self.settings.assigner,
            signer=OpenPGPKey(self.settings.keys_folder, self.settings.programme),
        )

    def owner_work(self, send: Any) -> Any:  # noqa: ANN401 - see fairlead.worker.owners
        """Return what is done about owners, with mail that goes out by *send*."""
        from fairlead.remote.dns import Resolver
        from fairlead.remote.outside import RealOutside
        from fairlead.worker.owners import OwnerWork

        return OwnerWork(
            store=self.system.store,
            clock=now,
            randomness=secrets.token_bytes,
            send=send,
            rules_of_cases=self.system.rules,
            programme=self.settings.programme,
            address=self.settings.public_address,
            fingerprint=self.openpgp().fingerprint,
            desk_of=self.owner_desk(),
            outside=RealOutside(
                text_records=Resolver(self.settings.dns).text_records,
                reach=self._reach(),
                homes=self._registries(),
            ),
        )

    def owner_desk(self) -> Any:  # noqa: ANN401 - see clearinghouse.owners.directory
        """Return what use cases about owners are given."""
        from fairlead.clearinghouse.owners.directory import Desk
        from fairlead.store.openpgp import read_certificate

        return Desk(
            randomness=secrets.token_bytes,
            rules=self.system.profile.owners,
            read_certificate=read_certificate,
        )

    def openpgp(self) -> Any:  # noqa: ANN401 - see fairlead.store.openpgp
        """Return the key that signs documents and mail."""
        from fairlead.store.openpgp import OpenPGPKey

        return OpenPGPKey(self.settings.keys_folder, self.settings.programme)

    def _registries(self) -> Mapping[str, str]:
        """Return the addresses of registries that are asked, by type."""
        from fairlead.formats.registries import REGISTRIES

        homes: dict[str, str] = {}
        for written in self.settings.registries.split():
            kind, _, home = written.partition("=")
            if kind not in REGISTRIES or not home.startswith(("https://", "http://")):
                raise Misconfigured(
                    f"registries: {written!r}; write pypi=https://…, with one of"
                    f" {', '.join(REGISTRIES)}"
                )
            homes[kind] = home
        return homes

    def publisher(self) -> Any:  # noqa: ANN401 - see fairlead.worker.publishing
        """Return what shows others the log."""
        from fairlead.worker.publishing import Publisher

        return Publisher(
            log=self.system.tiles,
            signer=self.system.keys,
            shown=self.system.keys.shown,
            witnesses=self.witnesses(),
            clock=now,
            minutes=self.settings.checkpoint_minutes,
        )

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

    async def serve(self, ended: Any, ready: Any) -> None:  # noqa: ANN401 - see web.server
        """Serve until *ended* is set; *ready* is called once requests are taken.

        Everything is in this one process: killing it leaves nothing behind.

        Raises:
            InUse: another server works on this home folder, or the port is taken.

        """
        from fairlead.web.server import serve

        with self.system.alone():
            self.system.store.destroy_keys()
            runner = self.runner()
            runner.expire()
            runner.plan()
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

    def _published(self, purls: Sequence[str]) -> Mapping[str, int]:
        from fairlead.catalogue.matching import count_by_package

        with self.system.catalogue().read() as reading:
            counts: Mapping[str, int] = count_by_package(reading, purls)
        return counts

    def _reach(self) -> Any:  # noqa: ANN401 - see fairlead.remote.upstream
        """Return where the endpoints of developers may be."""
        from fairlead.remote.upstream import Reach

        try:
            return Reach.read(self.settings.endpoint_networks)
        except ValueError as error:
            raise Misconfigured(f"endpoint_networks: {error}") from error

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
            client_secret=secret(
                "oidc_client_secret_file", self.settings.oidc_client_secret_file
            ),
            redirect=self.settings.public_address + DONE,
            clock=now,
            name=self.settings.oidc_name,
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

        token = secret("reader_secret_file", self.settings.reader_secret_file)
        reader = HttpReader(
            self.settings.reader_url.rstrip("/"), self.settings.reader_model, token
        )
        return Reading(
            store=self.system.store,
            reader=reader,
            clock=now,
            randomness=secrets.token_bytes,
        ).step
