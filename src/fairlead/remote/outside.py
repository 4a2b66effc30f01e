"""What shows who owns what, looked at for real: git, DNS, `security.txt`, registries.

Every address follows from a place in the directory, which somebody typed; so each is
treated as hostile: only https, only public addresses, no redirect, little of anything, and
git with nothing of this machine's settings.
"""

from __future__ import annotations

import asyncio
import os
import socket
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from packageurl import PackageURL

from fairlead.clearinghouse.owners.verifying import Placed
from fairlead.errors import Invalid, Unavailable
from fairlead.formats import registries
from fairlead.formats.registries import Listing
from fairlead.remote.upstream import Reach, Upstream, check_url

PATIENCE = 30.0
"""Seconds for one answer."""
GIT_PATIENCE = 60.0
LARGEST_FILE = 16_384
LARGEST_TEXT = 65_536
LARGEST_PACK = 1024 * 1024
"""Blocks of 512 bytes that one file of a repository may have, where a server sends more
than it was asked for."""
BOUNDED = f'ulimit -f {LARGEST_PACK}; exec "$@"'
FOUND, MISSING = 200, frozenset({404, 410})


def _security_txt(host: str) -> str:
    return f"https://{host}/.well-known/security.txt"


@dataclass(frozen=True, slots=True)
class RealOutside:
    """The outside as it is reached from this machine."""

    text_records: Callable[[str], Sequence[str]]
    reach: Reach
    homes: Mapping[str, str] = field(default_factory=dict)
    """Addresses of registries, by type; others are not asked."""
    security_txt_at: Callable[[str], str] = _security_txt
    repository_at: Callable[[str], str] = lambda address: address
    protocol: str = "https"
    """By which git fetches; nothing else is spoken."""

    def file(self, repository: str, name: str) -> Placed | None:
        """Return a small file at the head of the default branch; see `Outside`."""
        where = self.repository_at(repository)
        options: list[str] = []
        if self.protocol == "https":
            options = self._pinned(where)
        with tempfile.TemporaryDirectory(prefix="fairlead-owner-") as folder:
            git = _Git(Path(folder), self.protocol, options)
            git.fetch(where)
            return git.file(name)

    def records(self, name: str) -> Sequence[str]:
        """Return the TXT records at *name*."""
        return self.text_records(name)

    def security_txt(self, host: str) -> str | None:
        """Return the `security.txt` of *host*."""
        found = self._get(self.security_txt_at(host), LARGEST_TEXT)
        return None if found is None else found.decode("utf-8", "replace")

    def listing(self, purl: str) -> Listing | None:
        """Return what the registry of *purl* tells of it."""
        kind = PackageURL.from_string(purl).type
        address = registries.address(purl, self.homes)
        if address is None:
            raise Unavailable(f"the registry of {kind} is not asked here")
        found = self._get(address, registries.MAX_BYTES)
        try:
            return None if found is None else registries.read(purl, found)
        except Invalid as error:
            raise Unavailable(
                f"the registry of {kind} says nothing readable"
            ) from error

    def _get(self, url: str, most: int) -> bytes | None:
        """Return what lies at *url*; nothing where there is nothing."""
        return asyncio.run(_fetch(url, self.reach, most))

    def _pinned(self, url: str) -> list[str]:
        """Return options by which git goes to an address that was looked at here."""
        check_url(url, self.reach)
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or 443
        try:
            infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise Unavailable(f"{host} cannot be found") from error
        allowed = [str(i[4][0]) for i in infos if self.reach.allows(str(i[4][0]))]
        if not allowed:
            raise Unavailable(f"{host} has no address that may be reached from here")
        return ["-c", f"http.curloptResolve={host}:{port}:{allowed[0]}"]


async def _fetch(url: str, reach: Reach, most: int) -> bytes | None:
    try:
        check_url(url, reach)
    except Invalid as error:
        raise Unavailable(str(error)) from error
    upstream = Upstream(reach)
    agent = [("User-Agent", "fairlead-owner-check"), ("Accept-Encoding", "identity")]
    try:
        async with (
            asyncio.timeout(PATIENCE),
            upstream.send("GET", url, agent, b"") as got,
        ):
            if got.status in MISSING:
                return None
            if got.status != FOUND:
                raise Unavailable(f"{urlsplit(url).hostname} answered {got.status}")
            body = b""
            async for chunk in got.chunks():
                body += chunk
                if len(body) > most:
                    raise Unavailable(f"{urlsplit(url).hostname} sends too much")
            return body
    except TimeoutError as error:
        raise Unavailable(f"{urlsplit(url).hostname} takes too long") from error
    finally:
        await upstream.close()


@dataclass(frozen=True, slots=True)
class _Git:
    """git in an empty folder, with no setting of anybody's."""

    folder: Path
    protocol: str
    options: Sequence[str]

    def fetch(self, address: str) -> None:
        """Fetch the newest commit of the default branch, without its files if possible."""
        self._run("init", "--quiet", "--bare", ".")
        fetch = ("fetch", "--quiet", "--depth=1", "--no-tags", "--filter=blob:none")
        self._run("remote", "add", "origin", address)
        self._run(*fetch, "origin", "HEAD")

    def file(self, name: str) -> Placed | None:
        """Return the file *name* in the top folder, if it is a small and plain one."""
        commit = self._run("rev-parse", "FETCH_HEAD").decode().strip()
        listed = self._run("ls-tree", "-z", commit, "--", name).decode(
            "utf-8", "replace"
        )
        mode, _, rest = listed.partition(" ")
        kind, _, rest = rest.partition(" ")
        if mode not in {"100644", "100755"} or kind != "blob":
            return None
        blob = rest.partition("\t")[0]
        if int(self._run("cat-file", "-s", blob)) > LARGEST_FILE:
            return None
        text = self._run("cat-file", "blob", blob).decode("utf-8", "replace")
        return Placed(commit=commit, text=text)

    def _run(self, *command: str) -> bytes:
        environment = {
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(self.folder),
            "LC_ALL": "C",
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_CONFIG_GLOBAL": os.devnull,
            "GIT_TERMINAL_PROMPT": "0",
            "GIT_ALLOW_PROTOCOL": self.protocol,
            "GIT_ASKPASS": "true",
        }
        settings = (
            ("core.hooksPath", os.devnull),
            ("http.followRedirects", "false"),
            ("transfer.fsckObjects", "true"),
            ("gc.auto", "0"),
            ("maintenance.auto", "false"),
        )
        options = [o for name, value in settings for o in ("-c", f"{name}={value}")]
        try:
            done = subprocess.run(  # noqa: S603 - a list, and no word of it is an option
                ["sh", "-c", BOUNDED, "sh", "git", *options, *self.options, *command],  # noqa: S607 - as installed
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=GIT_PATIENCE,
                check=True,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise Unavailable("the repository cannot be read") from error
        return done.stdout
