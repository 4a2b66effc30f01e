"""Attempts made by workers elsewhere, and collected into one run."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from fairlead.bench.outcomes import Outcome, encode_run, read_attempts, read_run
from fairlead.errors import NotFound
from fairlead.evals.keeping import Keeper
from fairlead.evals.lending import Worker, collect, lease_key, offer
from fairlead.evals.running import Stopped
from fairlead.evals.suites import keys_of


def now():
    return datetime.now(UTC)


def test_workers_make_what_is_offered_and_one_folder_gets_it(
    tiny, reference, bench, store, tmp_path
):
    """Each attempt is made once and collected with its transcript, a dead worker's too."""
    made = tiny.files(4)
    policy = "fairlead-reference-oracle+20"
    with reference(made) as url:
        model = bench(made, url, policy, only=[])
        run = model.run
        keys = keys_of(model.suite, run.budgets.tokens, 1, run.seed)
        offer(store, run.id, keys, encode_run(run))
        with store.read() as unit:
            assert read_run(unit.leases.manifest(run.id)) == run
            with pytest.raises(NotFound):
                unit.leases.manifest("run-other")
        with store.begin() as unit:
            (dead,) = unit.leases.take(
                run.id, "dead", datetime(2020, 1, 1, tzinfo=UTC), most=1
            )

        def runner(name):
            def make():
                made_anew = bench(made, url, policy, folder=tmp_path / name, only=[])
                made_anew.reason = None
                return made_anew

            return make

        for name in ("one", "two"):
            worker = Worker(
                books=store,
                runner=runner(name),
                keys={lease_key(key): key for key in keys},
                name=name,
                clock=now,
                batch=3,
                pause=0.1,
            )
            assert worker.work() is Stopped.COMPLETE
    keeper = Keeper(folder=tmp_path / "whole", suite=model.suite, clock=now)
    with keeper.open():
        assert collect(store, keeper, run.id) == 0
        assert collect(store, keeper, run.id) == 0
    kept = read_attempts((tmp_path / "whole" / "attempts.ndjson").read_bytes())
    assert sorted(a.key for a in kept) == sorted(keys)
    assert {a.outcome for a in kept} == {Outcome.SOLVED}
    assert all((tmp_path / "whole" / "samples" / a.sample).exists() for a in kept)
    with store.read() as unit:
        fences = {lease.key: lease.fence for lease in unit.leases.all(run.id)}
    assert fences[dead.key] == 2
