"""A broker that a developer runs on its own side."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fairlead.errors import Damaged, Misconfigured, NotFound, Refused
from fairlead.wiring import homes
from fairlead.wiring.homes import now

AGREEMENT = "agreement.json"
ENDPOINTS = "endpoints.json"
"""The file with addresses and credentials; only its owner can read it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What a broker was begun with."""

    engagement: str
    digest: str
    key: str
    """With which it signs."""
    programme: str
    """Who signs notes, by name."""
    seconds: int
    assets: tuple[str, ...]
    """Those that have an endpoint."""


class DevelopersBroker:
    """A broker at the developer's side, in a home folder of its own."""

    def __init__(self, home: Path) -> None:
        """Work in *home*; nothing is read yet.

        Raises:
            Misconfigured: the folder is that of a clearinghouse.

        """
        from fairlead.store import keys

        if (home / "keys" / keys.RECORD).exists():
            raise Misconfigured(
                f"home: {home} is that of a programme's server; a developer's broker has"
                " a folder, better a machine, of its own"
            )
        self.home = home

    def begin(self, agreement: bytes, asset: str, connection: Any) -> Taken:  # noqa: ANN401 - see review.facts
        """Take a signed agreement, and how one endpoint of it is reached.

        Without a *connection* the endpoints stay as they are: so an amendment is taken.

        Raises:
            Damaged: a signature is missing, or not good.
            Refused: the broker is to run elsewhere, the folder is that of another
                engagement, or the terms know no such endpoint.

        """
        from fairlead.store import files
        from fairlead.terms.clauses import ENDPOINTS as CALLED

        agreed = self._checked(agreement)
        terms = agreed.terms
        seconds, _ = agreed.broker.seconds, agreed.broker.key
        held = self.home / AGREEMENT
        if held.exists():
            before = self._checked(held.read_bytes()).terms.engagement
            if before != terms.engagement:
                raise Refused(
                    f"{self.home} is the broker of {before}; name another folder with"
                    " --home"
                )
        known = terms.asset(asset)
        if connection is not None and (known is None or known.kind not in CALLED):
            called = ", ".join(a.name for a in terms.assets if a.kind in CALLED)
            raise Refused(f"the terms name no endpoint {asset!r}; they name {called}")
        homes.make_folder(self.home)
        connections = self._connections()
        if connection is not None:
            connections[asset] = connection
        if not connections:
            raise Refused("give the address of the endpoint with --endpoint")
        signer = self._signer(terms.engagement)
        self._keep(ENDPOINTS, connections)
        files.write(held, agreement)
        return Taken(
            engagement=terms.engagement,
            digest=agreed.digest,
            key=signer.verifier().text(),
            programme=terms.programme.name,
            seconds=seconds,
            assets=tuple(connections),
        )

    def taken(self) -> Taken:
        """Return what it was begun with.

        Raises:
            NotFound: nothing was begun here.

        """
        agreed = self._agreed()
        return Taken(
            engagement=agreed.terms.engagement,
            digest=agreed.digest,
            key=self._signer(agreed.terms.engagement).verifier().text(),
            programme=agreed.terms.programme.name,
            seconds=agreed.broker.seconds,
            assets=tuple(self._connections()),
        )

    def book(self) -> Any:  # noqa: ANN401 - see fairlead.store.away
        """Return its book.

        Raises:
            NotFound: nothing was begun here.

        """
        from fairlead.store.away import AwayBook

        self._agreed()
        return AwayBook(self.home, now)

    def cut(self, *, on: bool) -> None:
        """End all access at once, or let calls through again."""
        from fairlead.store import files
        from fairlead.store.away import CUT

        self._agreed()
        if on:
            files.write(self.home / CUT, b"")
        else:
            files.remove(self.home / CUT)

    async def serve(
        self,
        *,
        host: str,
        port: int,
        tls: tuple[Path, Path] | None,
        ended: Any,  # noqa: ANN401 - see fairlead.web.server
        ready: Any,  # noqa: ANN401 - see fairlead.web.server
    ) -> None:
        """Serve until *ended* is set; open streams are cut then, and told why.

        Raises:
            InUse: another one works on this home folder, or the port is taken.

        """
        from fairlead.remote.upstream import Reach, Upstream
        from fairlead.web.broker.away import AwayBroker, AwayDesk
        from fairlead.web.server import serve_app

        agreed = self._agreed()
        # Its endpoint is the developer's own, wherever that is.
        reach = Reach.read("0.0.0.0/0 ::/0")
        with homes.alone(self.home):
            book = self.book()
            desk = AwayDesk(
                agreed,
                self._connections(),
                book,
                self._signer(agreed.terms.engagement),
                now,
            )
            app = AwayBroker(desk, now, lambda: Upstream(reach))
            closed = asyncio.Event()
            closing = asyncio.create_task(_close_first(app, ended, closed))
            try:
                await serve_app(
                    app, host=host, port=port, ended=closed, ready=ready, tls=tls
                )
            finally:
                closing.cancel()
                book.close()

    def _agreed(self) -> Any:  # noqa: ANN401 - see fairlead.review.away
        try:
            written = (self.home / AGREEMENT).read_bytes()
        except OSError as error:
            raise NotFound(
                f"there is no broker in {self.home}; begin one with `fairlead broker"
                " init`, or name its folder with --home"
            ) from error
        return self._checked(written)

    def _checked(self, written: bytes) -> Any:  # noqa: ANN401 - see fairlead.review.away
        from fairlead.review import bundling
        from fairlead.review.away import Agreed
        from fairlead.web.passkeys import RelyingParty

        def authenticate(address: str, answer: str, asked: bytes, public: str) -> None:
            RelyingParty(address, "").count_of(answer, asked, public)

        checked = bundling.verify(written, authenticate)
        return Agreed(terms=checked.terms, digest=checked.digest)

    def _signer(self, engagement: str) -> Any:  # noqa: ANN401 - see fairlead.record.notes
        from fairlead.store import keys

        return keys.record_signer(
            self.home / "keys",
            f"{engagement}/broker",
            secrets.token_bytes,
            file=keys.BROKER,
        )

    def _connections(self) -> dict[str, Any]:
        import msgspec

        from fairlead.review.facts import Connection

        path = self.home / "keys" / ENDPOINTS
        try:
            return msgspec.json.decode(path.read_bytes(), type=dict[str, Connection])
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.MsgspecError) as error:
            raise Damaged(f"{path} cannot be read: {error}") from error

    def _keep(self, name: str, said: object) -> None:
        import msgspec

        from fairlead.store import files

        files.write(self.home / "keys" / name, msgspec.json.encode(said))


async def _close_first(app: Any, ended: Any, closed: Any) -> None:  # noqa: ANN401 - see serve
    """Cut open streams while there is still a server to say so."""
    await ended.wait()
    try:
        await app.close()
    finally:
        closed.set()
