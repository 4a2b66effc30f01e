"""What an operator may set, read once from the environment and the command line."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from fairlead.errors import Misconfigured


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
    """Address from which mail is sent. Answers of owners come to the same with `+` and a
    token before the `@`; have the mail server hand them to `fairlead mail take -`."""
    registries: str = ""
    """Addresses of package registries that are asked who owns a package, each after its
    type, such as `pypi=https://…` (pypi, npm, cargo, gem, composer), separated by spaces;
    empty asks none."""
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


def secret(setting: str, path: str) -> str:
    """Return the secret in a file, without the line break at its end.

    Raises:
        Misconfigured: it cannot be read, or is empty.

    """
    if not path:
        return ""
    try:
        kept = Path(path).read_text("ascii").strip()
    except (OSError, ValueError) as error:
        raise Misconfigured(f"{setting}: {path} cannot be read: {error}") from error
    if not kept:
        raise Misconfigured(f"{setting}: {path} is empty")
    return kept


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
