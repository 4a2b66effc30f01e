"""A whole run as the command makes it: proved, on the record, halted where it must be."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fairlead.bench import runs
from fairlead.errors import Refused
from fairlead.evals.running import Stopped
from fairlead.sandbox.canaries import Attempt, Verdict
from fairlead.wiring import Sandboxes, Settings, System
from fairlead.wiring.benches import BenchRun
from fairlead.wiring.run_declaring import Wanted


class Leaky(Sandboxes):
    """Sandboxes of which one attempt gets out, after the run."""

    proofs = 0

    def prover(self, sandbox):
        real = super().prover(sandbox)
        prove = replace(real, only=frozenset({"homes"})).prove

        class Prover:
            def prove(self):
                Leaky.proofs += 1
                report = prove()
                kinds = {a.canary: a for a in report.attempts}
                from fairlead.sandbox.canaries import expected

                verdict = Verdict.STOPPED if Leaky.proofs == 1 else Verdict.ESCAPED
                attempts = tuple(
                    kinds.get(name) or Attempt(canary=name, verdict=verdict, detail="")
                    for name in sorted(expected(report.level))
                )
                from msgspec.structs import replace as changed

                return changed(report, attempts=attempts)

        return Prover()


@pytest.mark.usefixtures("bubblewrap")
def test_what_gets_out_after_a_run_halts_every_other(tiny, reference, tmp_path):
    """It is marked, on the record, and no run starts before a person has looked."""
    settings = Settings(home=tmp_path / "home")
    opened = System(settings, create=True)
    made = tiny.files(1)
    said = []
    try:
        with reference(made) as url:
            wanted = Wanted(
                suite=tmp_path / "suite",
                out=tmp_path / "run",
                model="openai/fairlead-reference-oracle+20",
                base_url=url,
                tokens=(4000,),
                probes=0,
                responsible="Ada",
            )
            leaky = BenchRun(Leaky(settings), wanted, opened, say=said.append)
            reason, _ = leaky.work()
            assert reason is Stopped.ESCAPE
            assert any("tell Ada" in line for line in said)
            (mark,) = json.loads((tmp_path / "run" / "marks.json").read_text())
            assert mark["flag"] == "sandbox not proved after the run"
            other = replace(wanted, out=tmp_path / "other")
            second = BenchRun(Sandboxes(settings), other, opened, prove=False)
            with pytest.raises(Refused, match="tried to leave"):
                second.work()
            with opened.store.begin() as unit:
                state = unit.runs.get(leaky.run.id)
                assert state.escaped
                facts = runs.reviewed(state)
                unit.runs.save(
                    state, facts, name=state.id, by="operator:Ada", at=state.declared_at
                )
            reason, runner = second.work()
            assert reason is Stopped.COMPLETE
            assert len(runner.keeper.kept) == 1
    finally:
        opened.close()
