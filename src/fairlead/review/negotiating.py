"""Use cases: answers, offers, signatures, and narrowing alone."""

from __future__ import annotations

import hashlib
from datetime import datetime

from fairlead.access.passkeys import Authenticators
from fairlead.access.roles import Scope
from fairlead.access.sessions import SignedIn
from fairlead.errors import Damaged, NotAllowed, Refused, Unauthenticated
from fairlead.record.notes import Verifier, open_note
from fairlead.review import agreeing, facts
from fairlead.review.engagement import Engagement
from fairlead.review.parties import Party, save
from fairlead.review.ports import ReviewUnit
from fairlead.terms import agreement
from fairlead.terms.agreement import Terms
from fairlead.terms.clauses import Side
from fairlead.terms.narrowing import Narrowing


def answer(unit: ReviewUnit, party: Party, text: str, *, at: datetime) -> Engagement:
    """Answer a developer, for the programme."""
    party.needs(Side.PROGRAMME)
    return save(unit, party, agreeing.answered(party.engagement, text), at=at)


def offer(unit: ReviewUnit, party: Party, terms: Terms, *, at: datetime) -> Engagement:
    """Put terms on the table, as either side."""
    party.needs(Side.DEVELOPER, Side.PROGRAMME)
    own = terms.party(party.side).organisation
    if own != party.asker.organisation:
        raise NotAllowed("a side offers terms in its own name only")
    return save(
        unit, party, agreeing.offered(party.engagement, party.side, terms), at=at
    )


def to_sign(party: Party, digest: str) -> bytes:
    """Return the bytes that *party* signs for the terms with this digest.

    Raises:
        Refused: these terms are not on the table.

    """
    party.needs(Side.DEVELOPER, Side.PROGRAMME)
    offered = party.engagement.offer
    if offered is None or offered.digest != digest:
        raise Refused("these terms are not on the table any more; read the latest")
    return agreement.statement(digest, party.engagement.id, party.side)


def challenge(statement: bytes, nonce: bytes) -> bytes:
    """Return what an authenticator is asked to sign: bound to statement and nonce."""
    return hashlib.sha256(statement + nonce).digest()


def sign_with_passkey(  # noqa: PLR0913 - one value a thing that must be said
    unit: ReviewUnit,
    authenticators: Authenticators,
    me: SignedIn,
    party: Party,
    *,
    digest: str,
    answered: str,
    nonce: bytes,
    at: datetime,
) -> Engagement:
    """Sign for a side with a passkey that verified its user over these very terms.

    Raises:
        Unauthenticated: the answer is not one of this person's passkeys over them.
        Refused: these terms are not on the table any more.

    """
    party.asker.needs(Scope.ENGAGEMENT_SIGN)
    statement = to_sign(party, digest)
    # 1. Whose key it says it is: it must be this person's.
    credential = authenticators.credential_of(answered)
    key = next((k for k in me.passkeys if k.credential == credential), None)
    if key is None or key.public_key is None:
        raise Unauthenticated("this passkey is not yours")
    # 2. Its holder signed the challenge that is made of these terms, and was verified.
    authenticators.count_of(answered, challenge(statement, nonce), key.public_key)
    signature = facts.Signature(
        how="passkey", key=key.public_key, proof=answered, nonce=nonce.hex()
    )
    return _signed(unit, party, digest, signature, at=at)


def sign_with_key(
    unit: ReviewUnit, party: Party, digest: str, note: str, *, at: datetime
) -> Engagement:
    """Sign for a side with the key that the terms name for it, as a signed note.

    Raises:
        Unauthenticated: the note is not by that key, or says something else.
        Refused: these terms are not on the table any more, or name no key.

    """
    statement = to_sign(party, digest)
    offered = party.engagement.offer
    key = offered.terms.party(party.side).key if offered and offered.terms else ""
    if not key:
        raise Refused("the terms name no key for this side; sign with a passkey")
    try:
        text = open_note(note, Verifier.read(key))
    except Damaged as error:
        raise Unauthenticated(str(error)) from error
    if text.encode() != statement:
        raise Unauthenticated("the note is signed, but over something else")
    signature = facts.Signature(how="ed25519", key=key, proof=note)
    return _signed(unit, party, digest, signature, at=at)


def narrow(
    unit: ReviewUnit, party: Party, narrowing: Narrowing, *, at: datetime
) -> Engagement:
    """Make the terms narrower, as the developer, alone and at once."""
    party.needs(Side.DEVELOPER)
    return save(
        unit, party, agreeing.narrowed_alone(party.engagement, narrowing), at=at
    )


def _signed(
    unit: ReviewUnit,
    party: Party,
    digest: str,
    signature: facts.Signature,
    *,
    at: datetime,
) -> Engagement:
    said = agreeing.signed(party.engagement, party.side, digest, signature)
    return save(unit, party, said, at=at)
