"""Suites run with Inspect, against endpoints that are served here."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

os.environ.setdefault("INSPECT_DISPLAY", "none")
pytest.importorskip("inspect_ai", reason="the extra `bench` is not installed")

from fairlead.bench.suite import load
from fairlead.errors import NoSandbox
from fairlead.remote.sandbox.bubblewrap import Bubblewrap
from fairlead.remote.sandbox.living import LivingWorlds
from fairlead.sandbox.ports import Command
from fairlead.web.server import free_port, serve_app
from fairlead.wiring.suites import reference_model


@pytest.fixture(scope="session")
def tiny() -> ModuleType:
    """Return what makes a tiny suite: `files(…)` and `write(folder, files)`."""
    path = Path(__file__).parents[1] / "bench" / "making.py"
    spec = importlib.util.spec_from_file_location("making_of_suites", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def bubblewrap() -> Bubblewrap:
    """Return the first level, or skip and say what is missing here."""
    sandbox = Bubblewrap()
    try:
        sandbox.run(Command(argv=["/bin/true"]))
    except NoSandbox as error:
        pytest.skip(str(error))
    return sandbox


@contextmanager
def serving(app: Any) -> Iterator[str]:
    """Serve an application on this machine; yield its address."""
    port, ready = free_port("127.0.0.1"), threading.Event()
    loop, ended = asyncio.new_event_loop(), asyncio.Event()

    def run() -> None:
        work = serve_app(app, host="127.0.0.1", port=port, ended=ended, ready=ready.set)
        loop.run_until_complete(work)
        loop.close()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    assert ready.wait(20)
    try:
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        loop.call_soon_threadsafe(ended.set)
        thread.join()


@pytest.fixture
def served() -> Callable[[Any], Any]:
    """Return what serves an application."""
    return serving


@pytest.fixture
def bench(bubblewrap: Bubblewrap, tmp_path: Path) -> Callable[..., Any]:
    """Return what runs a suite against an endpoint, and returns the runner."""
    from datetime import UTC, datetime

    from fairlead.bench.outcomes import Budgets, Run, RunId
    from fairlead.evals.keeping import Keeper, Prices
    from fairlead.evals.provider import Walls, put_up
    from fairlead.evals.running import Endpoint, Runner

    def run(made: dict[str, bytes] | None, url: str, policy: str, **more: Any) -> Any:
        folder = more.pop("folder", tmp_path / "run")
        outside = more.get("outside")
        suite = load(made) if outside is None else outside.suite
        told: list[Any] = []
        put_up(
            Walls(
                worlds=LivingWorlds(bubblewrap),
                grader=bubblewrap,
                told=lambda sample, tried: told.append((sample, tried)),
            )
        )
        declared = Run(
            id=RunId("run-test"),
            suite=suite.suite.name,
            version=suite.suite.version,
            suite_digest=suite.digest,
            model=f"openai/{policy}",
            reference=True,
            scaffold="react-1",
            tools=("bash", "submit"),
            attempts=more.pop("attempts", 1),
            budgets=Budgets(
                tokens=more.pop("budgets", suite.suite.budgets[:1]),
                attempt_seconds=60,
                **more.pop("bounds", {}),
            ),
            stopping="fixed",
            level=bubblewrap.level,
            seed=1,
            declared=datetime.now(UTC),
        )
        keeper = Keeper(
            folder=folder,
            suite=suite,
            clock=more.pop("clock", lambda: datetime.now(UTC)),
            prices=more.pop("prices", Prices()),
        )
        only = more.pop("only", None)
        endpoint = Endpoint(
            model=f"openai/{policy}", base_url=url, **more.pop("endpoint", {})
        )
        runner = Runner(
            run=declared,
            suite=suite,
            folder=folder,
            endpoint=endpoint,
            keeper=keeper,
            **more,
        )
        with keeper.open():
            runner.work(only)
        return runner

    return run


@pytest.fixture
def reference(tiny: ModuleType, tmp_path: Path) -> Callable[..., Any]:
    """Return what serves reference policies for a suite."""

    def serve(made: dict[str, bytes], **more: Any) -> Any:
        folder = tiny.write(tmp_path / "suite", made)
        return serving(reference_model(folder, seed="1", **more))

    return serve
