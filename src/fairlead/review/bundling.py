"""The signed agreement as one file: the terms, and what proves that both sides signed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import msgspec
from msgspec import Struct

from fairlead.errors import Damaged, Error, Malformed, Refused
from fairlead.record.events import Event
from fairlead.record.notes import Verifier, open_note
from fairlead.review import facts
from fairlead.review.negotiating import challenge
from fairlead.review.parties import Party
from fairlead.terms import agreement
from fairlead.terms.agreement import Terms
from fairlead.terms.clauses import Side

Authenticate = Callable[[str, str, bytes, str], object]
"""Given address, answer, challenge and public key: raises where the answer is not good."""


class SignedFor(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One side's signature."""

    side: Side
    at: str
    signature: facts.Signature


class Bundle(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is handed over, as one JSON document."""

    format: Literal["fairlead-agreement/1"] = "fairlead-agreement/1"
    address: str
    """Where people signed; a passkey signs for one address."""
    terms: str
    """Canonical JSON: the very bytes whose digest was signed."""
    signatures: tuple[SignedFor, ...]

    def encode(self) -> bytes:
        """Return the document."""
        return msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A bundle whose signatures are good."""

    terms: Terms
    digest: str
    how: dict[Side, str]
    """Side: `ed25519`, by the key that the terms name, or `passkey`."""


def bundle(party: Party, history: Sequence[Event], address: str) -> Bundle:
    """Return the agreement that both sides signed last, to those who keep it for a side.

    What the developer made narrower alone since is not in it: nobody else signed that.

    Raises:
        Refused: no terms were signed by both sides, or they were destroyed.

    """
    party.needs(Side.DEVELOPER, Side.PROGRAMME)
    digest = party.engagement.digest
    written = ""
    signatures: dict[Side, SignedFor] = {}
    for event in history:
        fact = event.fact
        if isinstance(fact, facts.TermsOffered) and fact.digest == digest:
            written, signatures = (fact.body.terms if fact.body else ""), {}
        elif (
            isinstance(fact, facts.TermsSigned) and fact.digest == digest and fact.body
        ):
            signatures[fact.side] = SignedFor(
                side=fact.side, at=event.at.isoformat(), signature=fact.body
            )
    if not written or len(signatures) < 2:  # noqa: PLR2004 - both sides
        raise Refused("no terms here were signed by both sides, or they were destroyed")
    return Bundle(address=address, terms=written, signatures=tuple(signatures.values()))


def verify(written: bytes, authenticate: Authenticate) -> Checked:
    """Check a bundle with nothing else.

    1. The terms are terms, and the bytes are their canonical form.
    2. Both sides signed, each once, over engagement, side and digest.
    3. Where the terms name a key for a side, that key signed; else a passkey did.

    What is not checked: whose passkey it is. The terms name none; the record does.

    Raises:
        Malformed: it is no bundle.
        Invalid: the terms break a rule.
        Damaged: a signature is missing, or not good.

    """
    try:
        read = msgspec.json.decode(written, type=Bundle)
    except msgspec.MsgspecError as error:
        raise Malformed(f"this is no signed agreement: {error}") from error
    terms = agreement.read(read.terms.encode())
    if agreement.canonical(terms) != read.terms.encode():
        raise Damaged("the terms are not in the form that is signed")
    digest = agreement.digest(terms)
    sides = sorted(one.side for one in read.signatures)
    if sides != sorted((Side.DEVELOPER, Side.PROGRAMME)):
        raise Damaged(f"signed for {', '.join(sides) or 'nobody'}: both sides must")
    for one in read.signatures:
        _check(terms, digest, one, read.address, authenticate)
    how = {one.side: one.signature.how for one in read.signatures}
    return Checked(terms=terms, digest=digest, how=how)


def _check(
    terms: Terms,
    digest: str,
    one: SignedFor,
    address: str,
    authenticate: Authenticate,
) -> None:
    statement = agreement.statement(digest, terms.engagement, one.side)
    signature, named = one.signature, terms.party(one.side).key
    try:
        match signature.how:
            case "ed25519" if signature.key == named and named:
                said = open_note(signature.proof, Verifier.read(named)).encode()
                if said != statement:
                    raise Damaged("it is over something else")
            case "passkey":
                asked = challenge(statement, bytes.fromhex(signature.nonce))
                authenticate(address, signature.proof, asked, signature.key)
            case _:
                raise Damaged("it is not by the key that the terms name")
    except (Error, ValueError) as error:
        raise Damaged(
            f"the signature for the {one.side} is not good: {error}"
        ) from error
