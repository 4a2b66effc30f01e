"""Mail over SMTP: plain text, one receiver, nothing of it from strangers in a header."""

from __future__ import annotations

import smtplib
import ssl
from dataclasses import dataclass
from email.message import EmailMessage
from email.utils import make_msgid
from urllib.parse import unquote, urlsplit

from fairlead.errors import Misconfigured, Unavailable

PATIENCE = 20.0
"""Seconds for each answer of the server."""


@dataclass(frozen=True, slots=True)
class Mailer:
    """Sends through one server.

    `smtps://` speaks TLS from the start; `smtp://` changes to TLS where the server
    offers it, and must where a name and password are given.
    """

    address: str
    """`smtp://HOST:PORT` or `smtps://NAME:PASSWORD@HOST`; empty sends nothing."""
    sender: str

    def send(self, to: str, subject: str, text: str) -> None:
        """Send *text* to *to*.

        Raises:
            Unavailable: it could not be sent.

        """
        if not self.address:
            raise Unavailable("no mail can be sent: set FAIRLEAD_SMTP")
        try:
            message = self._message(to, subject, text)
            with self._connect() as server:
                server.send_message(message)
        except (OSError, smtplib.SMTPException, ValueError) as error:
            raise Unavailable(
                f"the mail could not be sent ({type(error).__name__})"
            ) from error

    def _message(self, to: str, subject: str, text: str) -> EmailMessage:
        message = EmailMessage()
        message["From"] = self.sender
        message["To"] = to
        message["Subject"] = subject
        message["Message-ID"] = make_msgid(domain=self.sender.rpartition("@")[2])
        message["Auto-Submitted"] = "auto-generated"
        message.set_content(text)
        return message

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
