"""Mail over SMTP: one receiver, nothing of it from strangers in a header.

What is to be encrypted is a whole MIME entity within a mail that says nothing (RFC 3156,
section 4). The address for answers, and for mail that comes back, holds a token by which
both are known; so does the mail's own name, which others put into their answers.
"""

from __future__ import annotations

import secrets
import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from email.message import EmailMessage
from email.mime.application import MIMEApplication
from email.mime.multipart import MIMEMultipart
from email.policy import SMTP
from email.utils import formatdate
from urllib.parse import unquote, urlsplit

from fairlead.base.letters import Letter
from fairlead.errors import Misconfigured, Unavailable

PATIENCE = 20.0
"""Seconds for each answer of the server."""

Seal = Callable[[bytes, str], bytes]
"""Encrypts for an OpenPGP certificate; armoured."""


def no_seal(_content: bytes, _certificate: str) -> bytes:
    """Encrypt nothing.

    Raises:
        Unavailable: always.

    """
    raise Unavailable("nothing can be encrypted here")


@dataclass(frozen=True, slots=True)
class Mailer:
    """Sends through one server.

    `smtps://` speaks TLS from the start; `smtp://` changes to TLS where the server
    offers it, and must where a name and password are given.
    """

    address: str
    """`smtp://HOST:PORT` or `smtps://NAME:PASSWORD@HOST`; empty sends nothing."""
    sender: str
    seal: Seal = no_seal

    def send(self, letter: Letter) -> None:
        """Send *letter*.

        Raises:
            Unavailable: it could not be sent, or not be encrypted.

        """
        if not self.address:
            raise Unavailable("no mail can be sent: set FAIRLEAD_SMTP")
        try:
            written = self._written(letter)
            with self._connect() as server:
                server.sendmail(self._answers(letter), [letter.to], written)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise Unavailable(
                f"the mail could not be sent ({type(error).__name__})"
            ) from error

    def _written(self, letter: Letter) -> bytes:
        """Return the mail as it goes over the wire."""
        inner = _content(letter)
        headers = self._headers(letter)
        if not letter.certificate:
            for name, value in headers.items():
                inner[name] = value
            return inner.as_bytes(policy=SMTP)
        sealed = self.seal(inner.as_bytes(policy=SMTP), letter.certificate)
        outer = MIMEMultipart(
            "encrypted", protocol="application/pgp-encrypted", policy=SMTP
        )
        for name, value in headers.items():
            outer[name] = value
        for content, kind in (
            (b"Version: 1\r\n", "pgp-encrypted"),
            (sealed, "octet-stream"),
        ):
            part = MIMEApplication(content, kind, _encoder=_as_it_is, policy=SMTP)
            outer.attach(part)
        return outer.as_bytes(policy=SMTP)

    def _headers(self, letter: Letter) -> dict[str, str]:
        domain = self.sender.rpartition("@")[2]
        token = f"{letter.token}." if letter.token else ""
        headers = {
            "From": self.sender,
            "To": letter.to,
            "Subject": letter.subject,
            "Date": formatdate(),
            "Message-ID": f"<{token}{secrets.token_hex(10)}@{domain}>",
            "Auto-Submitted": "auto-generated",
        }
        if letter.token:
            headers["Reply-To"] = self._answers(letter)
        return headers

    def _answers(self, letter: Letter) -> str:
        """Return where answers go, and mail that comes back."""
        if not letter.token:
            return self.sender
        local, _, domain = self.sender.rpartition("@")
        return f"{local}+{letter.token}@{domain}"

    def _connect(self) -> smtplib.SMTP:
        parts = urlsplit(self.address)
        if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
            raise Misconfigured("smtp: write smtp://HOST:PORT or smtps://HOST")
        context = ssl.create_default_context()
        if parts.scheme == "smtps":
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                parts.hostname, parts.port or 465, timeout=PATIENCE, context=context
            )
        else:
            server = smtplib.SMTP(parts.hostname, parts.port or 25, timeout=PATIENCE)
            server.ehlo()
            if server.has_extn("starttls") or parts.username:
                server.starttls(context=context)
        if parts.username:
            server.login(unquote(parts.username), unquote(parts.password or ""))
        return server


def _content(letter: Letter) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message.set_content(letter.text, cte="quoted-printable")
    for name, content in letter.files:
        message.add_attachment(
            content, maintype="application", subtype="json", filename=name
        )
    return message


def _as_it_is(part: MIMEApplication) -> None:
    """Leave the armour as it is: it is ASCII, and others look for it so."""
    content = part.get_payload(decode=True)
    part.set_payload(content.decode("ascii") if isinstance(content, bytes) else "")
