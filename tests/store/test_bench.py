"""Runs on the record, and attempts lent to workers of which some die."""

from __future__ import annotations

import multiprocessing
import os
import secrets
import signal
import time
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fairlead.bench import runs
from fairlead.bench.leases import SECONDS, Lease
from fairlead.bench.runs import RunDeclared, State
from fairlead.errors import Conflict, Refused
from fairlead.store.key_blocks import KeyBlocks
from fairlead.store.unit import SQLStore
from fairlead.store.vault import Vault

AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
DIGEST = "ab" * 32


def declare(store, name="run-a", engagement=None):
    fact = RunDeclared(
        manifest=DIGEST,
        suite=DIGEST,
        attempts=9,
        tokens=(1000, 2000, 4000),
        stopping="fixed",
        engagement=engagement,
    )
    with store.begin() as unit:
        return unit.runs.save(None, [fact], name=name, by="operator:test", at=AT)


def record(store, name, facts):
    with store.begin() as unit:
        state = unit.runs.get(name)
        return unit.runs.save(state, facts(state), name=name, by="operator:test", at=AT)


def test_a_run_is_on_the_record_from_declaration_to_end(store):
    """Its budgets stand on the record before anything is done, its results after."""
    declare(store)
    record(store, "run-a", lambda r: runs.started(r, DIGEST, "L2"))
    record(store, "run-a", lambda r: runs.kept(r, 3, "11" * 32))
    record(store, "run-a", lambda r: runs.stopped(r, "interrupted", escape=False))
    record(store, "run-a", lambda r: runs.started(r, DIGEST, "L2"))
    state = record(
        store, "run-a", lambda r: runs.ended(r, 9, "22" * 32, DIGEST, complete=True)
    )
    assert (state.state, state.kept, state.complete) == (State.ENDED, 9, True)
    with store.read() as unit:
        history = unit.runs.history("run-a")
        assert unit.runs.of(None) == [state]
    assert history[0].fact.tokens == (1000, 2000, 4000)
    with pytest.raises(Refused, match="ended"):
        record(store, "run-a", lambda r: runs.started(r, DIGEST, "L2"))


def test_an_attempt_to_leave_stops_until_somebody_has_looked(store):
    """No run of the engagement goes on before a named person looked at what happened."""
    declare(store)
    record(store, "run-a", lambda r: runs.started(r, DIGEST, "L2"))
    record(store, "run-a", lambda r: runs.stopped(r, "tried", escape=True))
    with pytest.raises(Refused, match="tried to leave"):
        record(store, "run-a", lambda r: runs.started(r, DIGEST, "L2"))
    record(store, "run-a", runs.reviewed)
    assert (
        record(store, "run-a", lambda r: runs.started(r, DIGEST, "L2")).state
        is State.RUNNING
    )
    with pytest.raises(Refused, match="nobody has looked"):
        record(store, "run-a", runs.reviewed)


def offered(store, count=3, run="run-a"):
    leases = [Lease(run=run, key=f"t~1~{n}", place=n) for n in range(count)]
    with store.begin() as unit:
        unit.leases.offer(leases)


def test_an_attempt_is_lent_once_at_a_time(store):
    """Two workers never hold the same attempt; the order is that of the run."""
    offered(store, 3)
    offered(store, 3)  # once more changes nothing
    with store.begin() as unit:
        (first,) = unit.leases.take("run-a", "one", AT, most=1)
        others = unit.leases.take("run-a", "two", AT, most=9)
    assert first.key == "t~1~0"
    assert [lease.key for lease in others] == ["t~1~1", "t~1~2"]
    with store.begin() as unit:
        assert unit.leases.take("run-a", "three", AT, most=9) == []


def test_a_dead_workers_attempt_returns_and_its_late_answer_is_refused(store):
    """What was not renewed is lent again; the older fence writes nothing any more."""
    offered(store, 1)
    with store.begin() as unit:
        (dead,) = unit.leases.take("run-a", "dead", AT, most=1)
    later = AT + timedelta(seconds=SECONDS)
    with store.begin() as unit:
        (again,) = unit.leases.take("run-a", "living", later, most=1)
        assert not unit.leases.renew(dead, later)
        assert unit.leases.renew(again, later)
    with store.begin() as unit, pytest.raises(Conflict, match="another worker"):
        unit.leases.finish(dead, b"late")
    with store.begin() as unit:
        unit.leases.finish(again, b"line")
    with store.begin() as unit, pytest.raises(Conflict):
        unit.leases.finish(again, b"twice")
    with store.read() as unit:
        assert unit.leases.lines("run-a") == [b"line"]


def _work(url: str, folder: str, name: str, made: str) -> None:
    """Take attempts one by one, slowly, and finish them; the last act may never come."""
    keys = KeyBlocks(Path(folder) / name, secrets.token_bytes)
    store = SQLStore(url, Vault(keys, secrets.token_bytes, None))
    while True:
        now = datetime.now(UTC)
        with store.begin() as unit:
            leases = unit.leases.take("run-a", name, now, most=1)
            done = all(lease.done for lease in unit.leases.all("run-a"))
        if done:
            return
        for lease in leases:
            with Path(made).open("a") as file:
                file.write(f"{lease.key}\n")
            time.sleep(0.05)
            try:
                with store.begin() as unit:
                    unit.leases.finish(lease, f"{lease.key} {name}".encode())
            except Conflict:
                continue
        if not leases:
            time.sleep(0.05)


def test_four_workers_with_kills_lose_and_repeat_nothing_that_counts(
    store, database_url, tmp_path, monkeypatch
):
    """Workers are killed at work; every attempt is kept exactly once all the same."""
    monkeypatch.setattr("fairlead.bench.leases.SECONDS", 2)
    monkeypatch.setattr("fairlead.store.bench.SECONDS", 2)
    offered(store, 40)
    fork = multiprocessing.get_context("fork")
    made = tmp_path / "made"
    store.engine.dispose()

    def begin(name):
        arguments = (database_url, str(tmp_path), name, str(made))
        process = fork.Process(target=_work, args=arguments)
        process.start()
        return process

    workers = [begin(f"worker-{n}") for n in range(4)]
    for n in range(3):
        time.sleep(0.4)
        os.kill(workers[n].pid, signal.SIGKILL)
        workers.append(begin(f"worker-{n + 4}"))
    for process in workers:
        process.join(60)
        assert not process.is_alive()
    with store.read() as unit:
        lines = unit.leases.lines("run-a")
        leases = unit.leases.all("run-a")
    assert sorted(line.split()[0] for line in lines) == sorted(
        f"t~1~{n}".encode() for n in range(40)
    )
    assert len({line.split()[1] for line in lines}) >= 3
    repeated = [
        key for key, count in Counter(made.read_text().split()).items() if count > 1
    ]
    # Only what a killed worker held was made twice, and it was fenced.
    assert {lease.key for lease in leases if lease.fence > 1} == set(repeated)
    assert len(repeated) <= 3
