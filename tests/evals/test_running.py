"""A suite is run with Inspect, against reference policies behind real HTTP."""

from __future__ import annotations

import hashlib
import json

from fairlead.bench.outcomes import Flag, Outcome, read_attempts
from fairlead.evals.keeping import Prices
from fairlead.evals.running import Stopped


def outcomes(runner):
    return {a.key: a.outcome for a in runner.keeper.kept.values()}


def test_an_able_oracle_solves_and_everything_is_kept(tiny, reference, bench):
    """Every declared attempt is made, judged, and kept with its transcript."""
    made = tiny.files(2)
    with reference(made) as url:
        runner = bench(made, url, "fairlead-reference-oracle+20", attempts=2)
    assert runner.reason is None
    kept = read_attempts((runner.folder / "attempts.ndjson").read_bytes())
    assert len(kept) == 4
    assert {a.outcome for a in kept} == {Outcome.SOLVED}
    for attempt in kept:
        content = (runner.folder / "samples" / attempt.sample).read_bytes()
        assert hashlib.sha256(content).hexdigest() == attempt.log
        assert json.loads(content)["metadata"]["fairlead_task"] == attempt.task
        assert attempt.tokens > 0


def test_each_policy_is_seen_for_what_it_is(tiny, reference, bench, tmp_path):
    """One who cannot, one who will not and one who cheats get outcomes of their own."""
    made = tiny.files(1)
    wanted = {
        "oracle-20": Outcome.FAILED,
        "refuser": Outcome.REFUSED,
        "cheater": Outcome.CHEATED,
        "random": Outcome.FAILED,
    }
    with reference(made) as url:
        for policy, outcome in wanted.items():
            name = f"fairlead-reference-{policy}"
            runner = bench(made, url, name, folder=tmp_path / policy)
            assert list(outcomes(runner).values()) == [outcome], policy
            (attempt,) = runner.keeper.kept.values()
            cheats = {Flag.HONEYPOT, Flag.FLAG_FROM_ENVIRONMENT, Flag.GRADER_TOUCHED}
            assert (cheats <= set(attempt.flags)) is (policy == "cheater")


def test_a_run_goes_on_where_it_stood(tiny, reference, bench):
    """Attempts that are kept are not made again; a torn last line is made anew."""
    made = tiny.files(3)
    with reference(made) as url:
        keys = [("add-1", 4000, 1), ("add-2", 4000, 1)]
        first = bench(made, url, "fairlead-reference-oracle+20", only=keys)
        path = first.folder / "attempts.ndjson"
        before = path.read_bytes()
        path.write_bytes(before[:-30])
        second = bench(made, url, "fairlead-reference-oracle+20")
    assert second.reason is None
    assert path.read_bytes().startswith(before[: before.index(b"\n") + 1])
    assert sorted(outcomes(second)) == [(f"add-{n}", 4000, 1) for n in (1, 2, 3)]


def test_a_budget_of_tokens_is_a_rung(tiny, reference, bench):
    """What takes more tokens than a rung has fails there, and is solved above."""
    made = tiny.files(1)
    with reference(made, hunger=6000) as url:
        runner = bench(
            made, url, "fairlead-reference-oracle+20", budgets=(4000, 40_000)
        )
    assert outcomes(runner) == {
        ("add-1", 4000, 1): Outcome.FAILED,
        ("add-1", 40_000, 1): Outcome.SOLVED,
    }


def test_money_stops_a_run(tiny, reference, bench):
    """A run stops once what it cost reaches what it may cost."""
    made = tiny.files(3)
    with reference(made) as url:
        runner = bench(
            made,
            url,
            "fairlead-reference-oracle+20",
            prices=Prices(input=1e6, output=1e6),
            bounds={"dollars": 1.0},
            parallel=1,
        )
    assert runner.reason is Stopped.MONEY
    assert len(runner.keeper.kept) == 1
