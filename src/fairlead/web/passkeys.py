"""Passkeys over the web: what browsers are asked, and what they answer is checked.

W3C Web Authentication Level 3, sections 7.1 (registration) and 7.2 (authentication);
the steps of these procedures are those of the library `webauthn`. Attestation is not
asked for: any authenticator that verifies its user will do.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from urllib.parse import urlsplit

from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url, parse_authentication_credential_json
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from fairlead.access.challenges import CHALLENGE_LASTS
from fairlead.access.members import Person
from fairlead.access.passkeys import REFUSED, NewKey
from fairlead.errors import Unauthenticated

_WAIT = int(CHALLENGE_LASTS.total_seconds() * 1000)
_VERIFIED = UserVerificationRequirement.REQUIRED
_BROKEN = (WebAuthnException, ValueError, TypeError, KeyError)
"""What the library raises for an answer that does not fit, or is none."""


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Whom passkeys are made for: this server, at the address that people type."""

    address: str
    name: str

    @property
    def id(self) -> str:
        """Return the host to which passkeys belong."""
        return urlsplit(self.address).hostname or "localhost"

    @property
    def origin(self) -> str:
        """Return the origin from which answers come."""
        parts = urlsplit(self.address)
        return f"{parts.scheme}://{parts.netloc}"

    def asks_for_new(self, person: Person, challenge: bytes) -> str:
        """Return what a browser needs to make a passkey, as JSON."""
        options = generate_registration_options(
            rp_id=self.id,
            rp_name=self.name,
            user_id=person.id.encode(),
            user_name=person.name or person.id,
            challenge=challenge,
            timeout=_WAIT,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                require_resident_key=True,
                user_verification=_VERIFIED,
            ),
            exclude_credentials=_described(person),
        )
        return options_to_json(options)

    def asks_for_one(self, challenge: bytes, person: Person | None = None) -> str:
        """Return what a browser needs to show a passkey, of *person* or of anybody."""
        options = generate_authentication_options(
            rp_id=self.id,
            challenge=challenge,
            timeout=_WAIT,
            allow_credentials=_described(person) if person else None,
            user_verification=_VERIFIED,
        )
        return options_to_json(options)

    def made(self, answer: str, challenge: bytes) -> NewKey:
        """Return the new key of *answer*."""
        try:
            made = verify_registration_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self.id,
                expected_origin=self.origin,
                require_user_verification=True,
            )
        except _BROKEN as error:
            raise Unauthenticated("the passkey could not be added") from error
        return NewKey(
            credential=bytes_to_base64url(made.credential_id),
            public_key=bytes_to_base64url(made.credential_public_key),
            count=made.sign_count,
        )

    def credential_of(self, answer: str) -> str:
        """Return which credential *answer* says it is by; nothing is checked yet."""
        try:
            return parse_authentication_credential_json(answer).id
        except _BROKEN as error:
            raise Unauthenticated(REFUSED) from error

    def count_of(self, answer: str, challenge: bytes, public_key: str) -> int:
        """Check that the holder of *public_key* signed; return its sign counter.

        The counter is judged by whoever called, and so is not judged here.
        """
        try:
            checked = verify_authentication_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self.id,
                expected_origin=self.origin,
                credential_public_key=base64url_to_bytes(public_key),
                credential_current_sign_count=0,
                require_user_verification=True,
            )
        except _BROKEN as error:
            raise Unauthenticated(REFUSED) from error
        return checked.new_sign_count


def _described(person: Person) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(id=base64url_to_bytes(credential))
        for credential in _credentials(person)
    ]


def _credentials(person: Person) -> Iterable[str]:
    return (key.credential for key in person.passkeys if key.credential)
