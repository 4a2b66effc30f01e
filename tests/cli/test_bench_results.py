"""`fairlead bench`: bundle, verify, report, compare, plan, as a user calls them."""

import importlib.util
import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from fairlead.cli.main import main

FOLDER = Path(__file__).parents[1] / "bench"


def made_by(name):
    """Return a module of the tests of the bench."""
    path = FOLDER / name
    spec = importlib.util.spec_from_file_location(path.stem + "_for_cli", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A folder with a run, a home, and a suite."""
    folder = tmp_path_factory.mktemp("bench")
    files, _ = made_by("estimate/worlds.py").run_files(rounds=1)
    for name, content in files.items():
        path = folder / "run" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    making = made_by("making.py")
    making.write(folder / "suite", making.files(5))
    (folder / "home").mkdir()
    return folder


def bench(place, *arguments):
    """Run `fairlead bench …` in *place*."""
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        patch.setenv("FAIRLEAD_HOME", str(place / "home"))
        return CliRunner().invoke(main, ["bench", *map(str, arguments)])


def test_a_run_is_bundled_verified_and_told(place):
    """From the folder of a run to a page, a PDF, and a bundle that holds."""
    done = bench(place, "bundle", "run", "--json")
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert (place / "run.tar").exists()
    found = json.loads(
        bench(place, "verify", "run.tar", "--key", told["signed_by"], "--json").output
    )
    assert found["holds"]
    assert found["trusted"]
    assert found["answer"] == told["answer"]
    done = bench(place, "report", "run.tar", "--out", "report.pdf")
    assert done.exit_code == 0, done.output
    assert told["answer"] in done.output
    assert (place / "report.pdf").read_bytes().startswith(b"%PDF")


def test_an_altered_bundle_fails_with_the_first_difference(place):
    """Exit code 1, and what differs; a stranger's key is not enough either."""
    bench(place, "bundle", "run", "--out", "other.tar")
    content = bytearray((place / "other.tar").read_bytes())
    at = content.index(b'"outcome":"failed"')
    content[at : at + 18] = b'"outcome":"solved"'
    (place / "bad.tar").write_bytes(content)
    done = bench(place, "verify", "bad.tar")
    assert done.exit_code == 1
    assert "Differs: attempts.ndjson is not what was signed" in done.output
    stranger = "example.org+2c3fc9a7+AUiBvzRY0u6eldqoh+4mxtaUTQp3HySoDU8fmQfxakKF"
    done = bench(place, "verify", "other.tar", "--key", stranger)
    assert done.exit_code != 0


def test_a_bundle_needs_a_key(place):
    """Without a home folder nobody can stand for it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("FAIRLEAD_HOME", str(place / "nowhere"))
        done = CliRunner().invoke(main, ["bench", "bundle", str(place / "run")])
    assert done.exit_code == 3
    assert "--home" in done.output


def test_two_runs_are_compared_and_a_plan_is_made(place):
    """A run beside itself is alike; a plan says what fits."""
    found = json.loads(bench(place, "compare", "run", "run", "--json").output)
    assert found["rows"][0]["difference"]["value"] == 0
    assert found["alike"] == found["rows"][0]["tasks"]
    assert "all families" in bench(place, "compare", "run", "run").output
    done = bench(place, "plan", "suite", "--days", "3")
    assert done.exit_code == 0, done.output
    assert "may stop after every" in done.output


def test_a_threshold_is_calibrated_on_real_models_only(place):
    """Where they put it, and how often one that is left out is misread."""
    rows = "".join(
        f'[[anchors]]\nname = "m{n}"\nability = {a}\ncan = {can}\nreal = {{real}}\n'
        for n, (a, can) in enumerate(
            [(-2, "false"), (-1, "false"), (1, "true"), (1.5, "true")]
        )
    )
    head = 'name = "x"\nability = 0.2\n'
    (place / "real.toml").write_text(head + rows.format(real="true"))
    (place / "ours.toml").write_text(head + rows.format(real="false"))
    found = json.loads(bench(place, "calibrate", "real.toml", "--json").output)
    assert -1 < found["threshold"]["value"] < 1
    assert found["error"]["value"] == 0
    assert "declared at +0.20" in bench(place, "calibrate", "real.toml").output
    assert bench(place, "calibrate", "ours.toml").exit_code == 3


def test_help_needs_no_statistics(place):
    """The commands are listed without loading what estimates are made with."""
    done = bench(place, "--help")
    for name in ("bundle", "compare", "plan", "report", "verify"):
        assert name in done.output
