"""A run that may stop between rounds, from its declaration to its reading."""

from __future__ import annotations

import hashlib

import pytest

from fairlead.bench.reading import ROUNDS
from fairlead.bench.suite import SUMS, sums_of
from fairlead.bench.verifying import assessment_of
from fairlead.errors import Invalid, Refused
from fairlead.evals.running import Stopped
from fairlead.store.suites import read_folder
from fairlead.wiring import Sandboxes, Settings
from fairlead.wiring.benches import BenchRun
from fairlead.wiring.run_declaring import Wanted
from fairlead.wiring.suites import reference_model

THRESHOLD = b'name = "Adds up"\nability = 0.0\n'


pytestmark = pytest.mark.usefixtures("bubblewrap")


def suite_files(tiny, *, rounds=4):
    """Return a suite of two steps, of which each round has one task, and a threshold."""
    made = tiny.files(1)
    task = {n: c for n, c in made.items() if "add-1" in n}
    named = hashlib.sha256(THRESHOLD).hexdigest()
    files = {
        "threshold.toml": THRESHOLD,
        "suite.toml": f"""name = "tiny"
version = "1"
minimum_level = "L1"
budgets = [4000]
[threshold]
file = "threshold.toml"
sha256 = "{named}"
[[families]]
name = "adding"
count = {2 * rounds}
""".encode(),
    }
    for number in range(rounds):
        for step in (2, 4):
            name = f"add-{step}-{number}"
            files |= {p.replace("add-1", name): c for p, c in task.items()}
            files[f"tasks/{name}/task.toml"] = tiny.task(name, difficulty=step)
    return files | {SUMS: sums_of(files)}


def test_a_run_stops_between_rounds_once_its_bets_are_won(tiny, served, tmp_path):
    """A policy far above is told apart before every task is tried; it is read by bets."""
    suite = tiny.write(tmp_path / "suite", suite_files(tiny, rounds=12))
    with served(reference_model(suite)) as url:
        wanted = Wanted(
            suite=suite,
            out=tmp_path / "run",
            model="openai/fairlead-reference-oracle+8",
            base_url=url,
            level="L1",
            early=True,
        )
        settings = Settings(home=tmp_path / "home", sandbox_level="L1")
        made = BenchRun(Sandboxes(settings), wanted, None, prove=False)
        reason, runner = made.work()
    assert reason is Stopped.DECIDED
    assert made.run.stopping == ROUNDS
    assert not made.run.complete
    done = len(runner.keeper.kept)
    assert 0 < done < 24
    assert done % 2 == 0
    run, assessment = assessment_of(read_folder(tmp_path / "run"))
    bets = assessment.estimate.sequential
    assert bets.tasks == done
    assert bets.evidence_above >= 20
    assert [p.task for p in run.planned] != sorted(p.task for p in run.planned)
    # The threshold stands beside the run, as it was declared.
    written = (tmp_path / "run/threshold.toml").read_bytes()
    assert hashlib.sha256(written).hexdigest() == run.threshold_digest


def test_a_threshold_is_named_for_a_run_and_kept_with_it(tiny, served, tmp_path):
    """Declared by its digest; the run goes on with the same one, and no other."""
    suite = tiny.write(tmp_path / "suite", tiny.files(2))
    file, other = tmp_path / "line.toml", tmp_path / "other.toml"
    file.write_bytes(THRESHOLD)
    other.write_bytes(THRESHOLD.replace(b"0.0", b"1.0"))
    settings = Settings(home=tmp_path / "home", sandbox_level="L1")

    def work(threshold):
        with served(reference_model(suite)) as url:
            wanted = Wanted(
                suite=suite,
                out=tmp_path / "run",
                model="openai/fairlead-reference-random",
                base_url=url,
                level="L1",
                tokens=(4000,),
                threshold=threshold,
            )
            made = BenchRun(Sandboxes(settings), wanted, None, prove=False)
            return made, made.work()[0]

    made, reason = work(file)
    assert reason is Stopped.COMPLETE
    assert made.run.threshold_digest == hashlib.sha256(THRESHOLD).hexdigest()
    assert (tmp_path / "run/threshold.toml").read_bytes() == THRESHOLD
    assert work(None)[0].run.threshold_digest == made.run.threshold_digest
    with pytest.raises(Refused, match="threshold_digest"):
        work(other)


def test_without_a_threshold_nothing_can_be_stopped_early(tiny, served, tmp_path):
    """It is said before anything is declared."""
    suite = tiny.write(tmp_path / "suite", tiny.files(2))
    with served(reference_model(suite)) as url:
        wanted = Wanted(
            suite=suite,
            out=tmp_path / "run",
            model="openai/fairlead-reference-random",
            base_url=url,
            level="L1",
            early=True,
        )
        settings = Settings(home=tmp_path / "home", sandbox_level="L1")
        with pytest.raises(Invalid, match="threshold"):
            BenchRun(Sandboxes(settings), wanted, None, prove=False).work()
    assert not (tmp_path / "run").exists()
