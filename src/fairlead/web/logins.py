"""Signing in through a provider of logins (OpenID Connect Core 1.0, 3.1).

The provider is found by its issuer (OpenID Connect Discovery 1.0). PKCE (RFC 7636) and
the nonce bind what comes back to the browser that was sent away.
"""

from __future__ import annotations

import threading
import time
from urllib.parse import quote_plus, urlsplit

import httpx
import msgspec
from authlib.common.errors import AuthlibBaseError
from authlib.oauth2.client import OAuth2Client
from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from msgspec import Struct

from fairlead.base.ports import Clock, Randomness
from fairlead.errors import Misconfigured, Unauthenticated, Unavailable

ALGORITHMS = ["RS256", "PS256", "ES256", "ES384", "EdDSA"]
"""Signatures that are taken; never `none`, never one made with the client's secret."""
LEEWAY = 60
"""Seconds by which the provider's clock may differ."""
FRESH = 3600.0
"""Seconds after which the provider's addresses and keys are asked for again."""
TIMEOUT = 5.0
PATIENCE = 1.0
"""Seconds to wait for another request that is asking the provider."""
PAUSE = 10.0
"""Seconds for which a provider that did not answer is left alone."""
LINKING = "link-"
"""How the state begins with which somebody is sent away to link a login."""
DONE = "/sign-in/provider/done"
"""Where browsers come back to."""
_BROKEN = (JoseError, AuthlibBaseError, ValueError, KeyError, TypeError)
"""What the libraries raise for a token that does not fit, or is none."""


class Metadata(Struct, frozen=True):
    """What a provider says of itself (OpenID Connect Discovery 1.0, 3)."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str


class Token(Struct, frozen=True):
    """What a provider gives for a code (OpenID Connect Core 1.0, 3.1.3.3)."""

    id_token: str
    access_token: str | None = None


class Sent(Struct, frozen=True, kw_only=True):
    """What a browser was sent away with; kept here until it comes back."""

    state: str
    nonce: str
    verifier: str


class Provider:
    """One provider of logins, found when it is first needed."""

    def __init__(  # noqa: PLR0913 - one value a setting
        self,
        *,
        issuer: str,
        client_id: str,
        client_secret: str,
        redirect: str,
        clock: Clock,
        name: str = "your organisation",
    ) -> None:
        """Know the provider at *issuer*; browsers come back from there to *redirect*.

        Raises:
            Misconfigured: its address is not https, and is not this machine.

        """
        if not _sure(issuer):
            raise Misconfigured("oidc_issuer: begin it with https://")
        if not client_id:
            raise Misconfigured("oidc_client_id: say it, as the provider gave it")
        self.issuer = issuer
        self.name = name
        """What people call it."""
        self._client_id = client_id
        self._client_secret = client_secret
        self._redirect = redirect
        self._clock = clock
        self._lock = threading.Lock()
        self._failed_at: float | None = None
        self._found: tuple[float, Metadata, KeySet] | None = None

    def begin(self, randomness: Randomness, *, prefix: str = "") -> tuple[str, bytes]:
        """Return where to send the browser, and what to keep until it comes back.

        The state that comes back begins with *prefix*.

        Raises:
            Unavailable: the provider does not answer.

        """
        metadata, _ = self._provider()
        state, nonce, verifier = (randomness(32).hex() for _ in range(3))
        state = prefix + state
        address, _ = self._client().create_authorization_url(
            metadata.authorization_endpoint,
            state=state,
            nonce=nonce,
            code_verifier=verifier,
        )
        sent = Sent(state=state, nonce=nonce, verifier=verifier)
        return str(address), msgspec.json.encode(sent)

    def finish(self, kept: bytes, *, code: str, state: str) -> str:
        """Return the subject that the provider vouches for.

        Raises:
            Unauthenticated: what came back does not fit what was sent.
            Unavailable: the provider does not answer.

        """
        # 1. It is an answer to what this browser was sent away with.
        sent = msgspec.json.decode(kept, type=Sent)
        if not code or state != sent.state:
            raise Unauthenticated("the provider's answer does not fit; try once more")
        # 2. The code is exchanged, with the verifier that only this server knows.
        metadata, keys = self._provider()
        token = self._exchange(metadata, code, sent.verifier)
        # 3. The token is signed by the provider, with a key that it publishes; keys may
        #    have changed since they were asked for.
        try:
            decoded = self._decoded(token, keys)
        except _BROKEN:
            _, keys = self._provider(anew=True)
            decoded = self._decoded_or_refused(token, keys)
        # 4. It is from this provider, for this server, now, and for this very request.
        claims = CodeIDToken(
            decoded.claims,
            decoded.header,
            options={
                "iss": {"essential": True, "value": self.issuer},
                "aud": {"essential": True, "value": self._client_id},
            },
            params={
                "nonce": sent.nonce,
                "client_id": self._client_id,
                "access_token": token.access_token,
            },
        )
        try:
            claims.validate(now=int(self._clock().timestamp()), leeway=LEEWAY)
            return str(claims["sub"])
        except _BROKEN as error:
            raise _distrusted() from error

    @staticmethod
    def _decoded(token: Token, keys: KeySet) -> jwt.Token:
        return jwt.decode(token.id_token, keys, algorithms=ALGORITHMS)

    def _decoded_or_refused(self, token: Token, keys: KeySet) -> jwt.Token:
        try:
            return self._decoded(token, keys)
        except _BROKEN as error:
            raise _distrusted() from error

    def _exchange(self, metadata: Metadata, code: str, verifier: str) -> Token:
        sent = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._redirect,
            "code_verifier": verifier,
            "client_id": self._client_id,
        }
        # RFC 6749, 2.3.1: both are form-encoded before they are put into the header.
        whose = (quote_plus(self._client_id), quote_plus(self._client_secret))
        auth = httpx.BasicAuth(*whose) if self._client_secret else httpx.Auth()
        try:
            with self._http() as http:
                answer = http.post(metadata.token_endpoint, data=sent, auth=auth)
        except httpx.HTTPError as error:
            raise _away() from error
        if answer.is_server_error:
            raise _away()
        try:
            return msgspec.json.decode(answer.raise_for_status().content, type=Token)
        except (httpx.HTTPError, msgspec.MsgspecError) as error:
            raise Unauthenticated(
                "the provider refused what it had sent; try once more"
            ) from error

    def _provider(self, *, anew: bool = False) -> tuple[Metadata, KeySet]:
        """Return what the provider says of itself, asked at most once an hour.

        One request asks and the others wait for it a moment, not for a provider that
        is down: they would take the threads that reports need.
        """
        if not self._lock.acquire(timeout=PATIENCE):
            raise _away()
        try:
            at = time.monotonic()
            found = self._found
            if anew or found is None or at > found[0] + FRESH:
                if self._failed_at is not None and at < self._failed_at + PAUSE:
                    raise _away()
                self._failed_at = at
                found = (at, *self._ask())
                self._found, self._failed_at = found, None
            return found[1], found[2]
        finally:
            self._lock.release()

    def _ask(self) -> tuple[Metadata, KeySet]:
        where = f"{self.issuer.rstrip('/')}/.well-known/openid-configuration"
        try:
            with self._http() as http:
                told = http.get(where).raise_for_status().content
                metadata = msgspec.json.decode(told, type=Metadata)
                self._check(metadata)
                keys = http.get(metadata.jwks_uri).raise_for_status().json()
            return metadata, KeySet.import_key_set(keys)
        except (httpx.HTTPError, *_BROKEN) as error:
            raise _away() from error

    def _check(self, metadata: Metadata) -> None:
        """Refuse metadata of another issuer, or that lead to where anybody listens."""
        addresses = (
            metadata.authorization_endpoint,
            metadata.token_endpoint,
            metadata.jwks_uri,
        )
        if metadata.issuer != self.issuer or not all(map(_sure, addresses)):
            raise Unavailable("the provider of logins says what cannot be trusted")

    def _client(self) -> OAuth2Client:
        return OAuth2Client(
            None,
            client_id=self._client_id,
            redirect_uri=self._redirect,
            scope="openid",
            code_challenge_method="S256",
        )

    @staticmethod
    def _http() -> httpx.Client:
        return httpx.Client(timeout=TIMEOUT, follow_redirects=False, trust_env=False)


def _sure(address: str) -> bool:
    """Tell whether *address* leads to the one it names: by TLS, or to this machine."""
    parts = urlsplit(address)
    local = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    return parts.scheme == "https" or (parts.scheme == "http" and local)


def _distrusted() -> Unauthenticated:
    return Unauthenticated("the provider's answer cannot be trusted; try once more")


def _away() -> Unavailable:
    return Unavailable(
        "the provider of logins does not answer as it should; sign in with a passkey or"
        " a code, or try again later"
    )
