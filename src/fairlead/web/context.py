"""What every handler needs, in one value."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from fairlead.access.applications import Criteria
from fairlead.access.joining import TextRecords
from fairlead.access.traces import Moment
from fairlead.base.ports import Clock, Randomness
from fairlead.catalogue.ports import Catalogue, NullCatalogue
from fairlead.clearinghouse.cases import Rules
from fairlead.clearinghouse.claims.certificates import Certifier
from fairlead.clearinghouse.claims.ports import Desk
from fairlead.clearinghouse.claims.seeing import Published
from fairlead.clearinghouse.owners.directory import Desk as OwnerDesk
from fairlead.clearinghouse.owners.directory import ReadCertificate, no_certificates
from fairlead.clearinghouse.ports import DocumentSigner
from fairlead.clearinghouse.publishing import Press
from fairlead.formats.advisory import Publisher
from fairlead.formats.cve import Assigner
from fairlead.programme.profile import Profile, load
from fairlead.programme.unit import Store
from fairlead.record.notes import Key, Signer, Verifier
from fairlead.record.tlog_proof import TlogProof
from fairlead.review.ports import SealedFiles
from fairlead.review.rules import Rules as ReviewRules
from fairlead.web.broker import Broker, HostedDesk, Upstream
from fairlead.web.broker.relay import Relay
from fairlead.web.broker.streams import Line
from fairlead.web.limiting import Gate, Limits
from fairlead.web.logins import Provider
from fairlead.web.passkeys import RelyingParty
from fairlead.web.proxies import Proxies
from fairlead.web.receiving import Uploads


class PublicLog(Protocol):
    """The log as anybody may see it."""

    def checkpoint(self) -> str | None:
        """Return the public checkpoint, if there is one."""

    def tile(self, path: str) -> bytes | None:
        """Return what lies at *path*, if it is public."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """The running system, as the web sees it."""

    store: Store
    clock: Clock
    randomness: Randomness
    wake: Callable[[], None]
    """Tells the runner that there is something to do."""
    log: PublicLog
    """The tiles of the record that everyone may fetch."""
    prove: Callable[[str], TlogProof]
    """Proves that an event, such as `submission/SUB-…@1`, is in the log."""
    uploads: Uploads
    """Keeps what developers send of sealed assets."""
    assets: SealedFiles
    """The same, as sealed folders."""
    certificates: Signer
    """Signs destruction certificates, for the programme."""
    notes: Signer
    """Signs notes about calls, for brokers that developers run."""
    publisher: Publisher
    """Who publishes advisories."""
    assigner: Assigner | None = None
    """The CVE Numbering Authority that publishes; none if the publisher is none."""
    signer: DocumentSigner | None = None
    """Signs what is published; without, nothing is signed."""
    log_key: Callable[[], Verifier]
    """Returns the key with which anyone verifies the record."""
    programme: str
    """What the programme is called on its pages."""
    address: str
    """What people type to get here, without a slash at its end."""
    criteria: Criteria
    """What is asked of whoever wants to join."""
    rules: Rules
    """What the programme decides about cases."""
    text_records: TextRecords
    """Asks DNS."""
    limits: Limits
    proxies: Proxies
    upstream: Callable[[], Upstream]
    """Makes what calls the endpoints of developers."""
    check_endpoint: Callable[[str], None]
    """Raises `Invalid` where no endpoint may be."""
    gate: Gate = field(default_factory=Gate)
    """Bounds the bodies of reports in memory."""
    body_seconds: float = 60
    """How long the body of a report may take to arrive."""
    evidence_keys: Sequence[Key] = ()
    """Who may sign statements of evidence."""
    catalogue: Catalogue = field(default_factory=NullCatalogue)
    """What others have published."""
    claims: Desk
    """What claims are granted by."""
    read_certificate: ReadCertificate = no_certificates
    """Reads OpenPGP certificates of owners."""
    certifier: Certifier
    """Signs certificates of claims."""
    published: Published = lambda _purls: {}
    """Counts what others have published about packages."""
    profile: Profile = field(default_factory=lambda: load("generic"))
    """What the programme decides."""
    provider: Provider | None = None
    """Where people may sign in besides here."""

    @property
    def review(self) -> ReviewRules:
        """Return what the programme decides about engagements."""
        return self.profile.review

    @property
    def owners(self) -> OwnerDesk:
        """Return what use cases about owners are given."""
        return OwnerDesk(
            randomness=self.randomness,
            rules=self.profile.owners,
            read_certificate=self.read_certificate,
        )

    @property
    def broker(self) -> Broker:
        """Return a broker for the engagements of this system."""
        line = Line(self.upstream)
        relay = Relay(self.store, self.clock, self.notes, line)
        desk = HostedDesk(self.store, self.clock, self.randomness, relay)
        return Broker(desk, self.clock, line)

    @property
    def press(self) -> Press:
        """Return with what advisories are made."""
        return Press(
            publisher=self.publisher,
            address=self.address,
            assigner=self.assigner,
            signer=self.signer,
        )

    @property
    def secure(self) -> bool:
        """Tell whether the address that people use begins with https."""
        return self.address.startswith("https://")

    @property
    def passkeys(self) -> RelyingParty:
        """Return whom passkeys are made for."""
        return RelyingParty(self.address, self.programme)

    @property
    def moment(self) -> Moment:
        """Return this moment, for the trace that a reading leaves."""
        return Moment(self.clock(), self.randomness)
