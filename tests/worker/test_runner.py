"""The runner goes on, whatever happens to one piece of work."""

from __future__ import annotations

import time

import httpx

from fairlead.clearinghouse.ports import Timer


def test_a_timer_that_fails_keeps_no_job_from_being_done(serving, caplog):
    world, address = serving
    with world.store.begin() as unit:
        unit.agenda.schedule(Timer.CASE, "FL-nothing", due=world.clock())
    world.join("Finder")
    headers = {"Authorization": f"Bearer {world.token('Finder')}"}
    sent = httpx.post(
        f"{address}/v1/reports", json={"purl": "pkg:npm/x"}, headers=headers
    )
    status = f"{address}/v1/submissions/{sent.json()['receipt']}"
    for _ in range(100):
        if httpx.get(status).json()["status"] == "done":
            break
        time.sleep(0.05)
    assert httpx.get(status).json()["status"] == "done"
    assert "work.interrupted" in caplog.text


def test_a_runner_that_is_stopped_has_finished_what_it_began(serving):
    world, address = serving
    world.join("Finder")
    headers = {"Authorization": f"Bearer {world.token('Finder')}"}
    for number in range(20):
        body = {"purl": f"pkg:npm/x{number}"}
        httpx.post(f"{address}/v1/reports", json=body, headers=headers)
    world.runner.stop()
    with world.store.read() as unit:
        undone, stuck = unit.agenda.waiting()
        rows = unit.connection.exec_driver_sql(
            "select count(*) from submissions where case_id is null"
        )
        assert rows.scalar() == undone
    assert stuck == 0
    world.runner.start()
