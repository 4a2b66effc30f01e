"""Certificates of claims: good faith that can be shown, verified by anybody offline.

A certificate is an in-toto statement in a DSSE envelope: that a claim was held, from when
until when, and whether it went against the owner's word. Of target and holder it carries
digests with a salt; who is to know them is told them by the holder, and can compare.

It shows that the claim was held when the certificate was issued, to the audience named in
it. It does not show what was done under the claim, nor that the claim still holds.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

import msgspec
from msgspec import Struct

from fairlead.access.roles import Asker
from fairlead.base.ids import ClaimId
from fairlead.base.instants import text
from fairlead.base.ports import Randomness
from fairlead.clearinghouse.claims import targets
from fairlead.clearinghouse.claims.claim import Claim, State
from fairlead.clearinghouse.claims.keeping import own
from fairlead.clearinghouse.claims.owners import OwnerWord
from fairlead.clearinghouse.claims.ports import ClaimsUnit
from fairlead.errors import Damaged, Malformed, Refused
from fairlead.formats import dsse
from fairlead.record.notes import Signer, Verifier

KIND = "application/vnd.in-toto+json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://fairlead.example/claim/v1"
LASTS = timedelta(days=7)
"""So long a certificate is shown; a newer one costs nothing."""
LARGEST = 1024 * 1024
"""Bytes of a certificate that is read."""
EARLY = timedelta(minutes=5)
"""By so much the clocks of two may differ."""


class Subject(Struct, frozen=True, kw_only=True):
    """What the claim is on: a digest, which tells nothing without its salt."""

    name: str = "target"
    digest: dict[str, str]


class Predicate(Struct, frozen=True, kw_only=True):
    """What is certified."""

    claim: str
    holder: str
    """Digest of the holder's name, with the same salt."""
    audience: str
    """To whom it is shown; nobody else should accept it."""
    held_from: str
    held_until: str
    exclusive: bool
    issued: str
    expires: str
    owner_words: tuple[str, ...] = ()
    """Owners' words in force, each with its version: `own-…@2`."""
    against: tuple[str, ...] = ()
    """In what it went against them."""


class Statement(Struct, frozen=True, kw_only=True):
    """An in-toto statement (in-toto attestation, Statement v1)."""

    kind: str = msgspec.field(name="_type", default=STATEMENT)
    subject: tuple[Subject, ...]
    predicate_type: str = msgspec.field(name="predicateType", default=PREDICATE)
    predicate: Predicate


class Issued(Struct, frozen=True, kw_only=True):
    """A certificate, with what its holder may disclose to whom it likes."""

    certificate: msgspec.Raw
    """The DSSE envelope, to be shown."""
    salt: str
    target: str
    holder: str
    key: str
    """By which it is verified."""


@dataclass(frozen=True, slots=True)
class Certifier:
    """Issues certificates with one key."""

    signer: Signer

    @property
    def verifier(self) -> Verifier:
        """Return the public half."""
        return self.signer.verifier()

    def issue(  # noqa: PLR0913 - one value a thing that must be said
        self,
        unit: ClaimsUnit,
        asker: Asker,
        name: ClaimId,
        audience: str,
        *,
        at: datetime,
        randomness: Randomness,
    ) -> Issued:
        """Return a certificate of one's own claim, for one audience.

        Raises:
            Refused: the claim does not hold now.

        """
        claim = own(unit, asker, name)
        if not claim.holds(at) or claim.begins_at is None:
            raise Refused(f"{name} does not hold now; nothing can be certified")
        salt = randomness(32)
        target, words = _ground(unit, claim)
        holder = unit.organisations.get(claim.organisation).name
        statement = Statement(
            subject=(Subject(digest={"sha256": salted(salt, target)}),),
            predicate=Predicate(
                claim=claim.id,
                holder=salted(salt, holder),
                audience=audience.strip()[:200],
                held_from=text(claim.begins_at),
                held_until=text(claim.ends_at),
                exclusive=claim.exclusive,
                issued=text(at),
                expires=text(min(claim.ends_at, at + LASTS)),
                owner_words=words,
                against=claim.ignored,
            ),
        )
        envelope = dsse.sign(
            msgspec.json.encode(statement), KIND, [dsse.NoteSigner(self.signer)]
        )
        return Issued(
            certificate=msgspec.Raw(msgspec.json.encode(envelope)),
            salt=base64.b64encode(salt).decode(),
            target=target,
            holder=holder,
            key=self.verifier.text(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What whoever is shown a certificate knows."""

    audience: str
    """Itself."""
    salt: bytes = b""
    target: str = ""
    """As the holder disclosed it; empty where it did not."""
    holder: str = ""


def verify(
    envelope: bytes, key: Verifier, expected: Expected, *, at: datetime
) -> Predicate:
    """Return what a certificate shows; needs no server.

    1. The envelope is signed by *key*.
    2. It is a statement of this kind, about one target.
    3. It is meant for whoever is shown it: one made for somebody else is a replay.
    4. Its time is neither over nor ahead.
    5. Target and holder are those that were disclosed, if they were.

    Raises:
        Damaged: it is no such certificate, or was changed.
        Refused: it is genuine, but for somebody else, or its time is over.

    """
    if len(envelope) > LARGEST:
        raise Damaged("the certificate is larger than any of ours")
    try:
        payload = dsse.parse(envelope).opened([dsse.NoteVerifier(key)], KIND)
    except Malformed as error:
        raise Damaged(str(error)) from error
    try:
        statement = msgspec.json.decode(payload, type=Statement)
    except msgspec.MsgspecError as error:
        raise Damaged(f"the statement cannot be read: {error}") from error
    said = statement.predicate
    right = (STATEMENT, PREDICATE, 1)
    if (statement.kind, statement.predicate_type, len(statement.subject)) != right:
        raise Damaged("this is no certificate of a claim")
    if said.audience != expected.audience:
        raise Refused(f"it was issued to be shown to {said.audience[:80]!r}")
    if text(at) > said.expires:
        raise Refused(f"its time was over {said.expires}; ask for a newer one")
    if text(at + EARLY) < said.issued:
        raise Refused(f"it was issued {said.issued}, which is ahead of this clock")
    digest = statement.subject[0].digest.get("sha256", "")
    for told, known in ((expected.target, digest), (expected.holder, said.holder)):
        if told and not hmac.compare_digest(salted(expected.salt, told), known):
            raise Refused(f"it is not about {told[:80]!r}")
    return said


def salted(salt: bytes, said: str) -> str:
    """Return the digest of *said*, which without *salt* tells nothing."""
    return hashlib.sha256(salt + said.encode()).hexdigest()


def _ground(unit: ClaimsUnit, claim: Claim) -> tuple[str, tuple[str, ...]]:
    """Return the target in one line, and the owners' words about it."""
    if claim.scan is None or claim.state is not State.ACTIVE:
        raise Refused(f"nothing is kept any more of what {claim.id} is on")
    if claim.scan.target is None:
        return f"token {claim.scan.tokens[0]}", ()
    ground = targets.read(claim.scan.target, unit.aliases.of)
    words = unit.owner_words.about([ground.place, *ground.containers])
    return claim.scan.target.text, tuple(_named(word) for word in words if word.binds)


def _named(word: OwnerWord) -> str:
    return f"{word.id}@{word.version}"
