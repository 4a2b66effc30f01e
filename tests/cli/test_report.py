"""`fairlead report submit`: every format in, a word about every result, and on it goes."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from fairlead.cli import report as command
from fairlead.cli.main import main
from fairlead.errors import Misconfigured, Unavailable
from fairlead.remote.intake import Intake, check_address

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
import fuzz_targets


@pytest.fixture
def run(serving, tmp_path, monkeypatch):
    world, address = serving
    world.join("Lab")
    monkeypatch.setenv("FAIRLEAD_TOKEN", world.token("Lab"))
    monkeypatch.chdir(tmp_path)

    def call(*arguments, to=address):
        return CliRunner().invoke(main, ["report", "submit", *arguments, "--to", to])

    call.world, call.address = world, address
    return call


def write(folder, **files):
    paths = []
    for name, content in files.items():
        path = folder / name.replace("__", ".")
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        paths.append(str(path))
    return paths


def kept(world):
    with world.store.read() as unit:
        query = "select count(*) from submissions"
        return unit.connection.exec_driver_sql(query).scalar()


FILES = {
    "tap__json": fuzz_targets.REPORT,
    "scan__sarif": fuzz_targets.SARIF,
    "osv__json": fuzz_targets.OSV,
    "csaf__json": fuzz_targets.CSAF,
    "mail__eml": fuzz_targets.MAIL,
    "many__jsonl": b'{"purl":"pkg:npm/a"}\n\n{"purl":"nonsense"}\n',
    "other__json": b'{"colour":"red"}',
}


def test_every_format_is_handed_in_and_each_result_is_told(run, tmp_path):
    paths = write(tmp_path, **FILES)
    done = run(*paths, "--purl", "pkg:npm/hinted", "--json")
    assert done.exit_code == 3
    told = json.loads(done.stdout)
    assert (told["taken"], told["refused"], told["waiting"]) == (6, 2, 0)
    by_file = {Path(r["file"]).name: r for r in told["results"]}
    assert by_file["scan.sarif"]["place"] == "runs[0].results[0]"
    assert by_file["csaf.json"]["receipt"].startswith("SUB-")
    assert by_file["other.json"]["why"] == "neither a TAP report, SARIF, OSV nor CSAF"
    assert "purl" in by_file["many.jsonl"]["why"]
    assert kept(run.world) == 6


def test_run_again_it_sends_nothing_twice(run, tmp_path):
    paths = write(tmp_path, **FILES)
    first = run(*paths, "--purl", "pkg:npm/hinted", "--json")
    again = run(*paths, "--purl", "pkg:npm/hinted", "--json")
    receipts = [r["receipt"] for r in json.loads(first.stdout)["results"]]
    results = json.loads(again.stdout)["results"]
    assert [r["receipt"] for r in results] == receipts
    assert all(r["again"] for r in results if r["receipt"])
    journal = tmp_path / "fairlead-submitted.jsonl"
    assert journal.stat().st_mode & 0o077 == 0
    journal.unlink()
    fresh = run(*paths, "--purl", "pkg:npm/hinted", "--json")
    assert [r["receipt"] for r in json.loads(fresh.stdout)["results"]] == receipts


def test_what_broke_off_goes_on_where_it_was(run, tmp_path, monkeypatch):
    lines = b"\n".join(b'{"purl":"pkg:npm/x@%d"}' % n for n in range(500))
    (path,) = write(tmp_path, many__jsonl=lines)
    sent = []
    submit = Intake.submit

    def breaking(self, reports):
        sent.append(len(reports))
        if len(sent) == 2:
            raise Unavailable("the cable was pulled")
        return submit(self, reports)

    monkeypatch.setattr(Intake, "submit", breaking)
    broken = run(path)
    assert broken.exit_code == 6
    assert "300 reports are left: run the same command again" in broken.stderr
    assert kept(run.world) == 200
    done = run(path)
    assert done.exit_code == 0
    assert sent == [200, 200, 200, 100]
    assert "500 handed in" in done.stdout
    assert kept(run.world) == 500


def test_a_dry_run_sends_nothing_and_needs_no_token(tmp_path, monkeypatch):
    monkeypatch.delenv("FAIRLEAD_TOKEN", raising=False)
    paths = write(tmp_path, **FILES)
    done = CliRunner().invoke(main, ["report", "submit", "--dry-run", *paths])
    assert done.exit_code == 3
    assert "would be handed in" in done.stdout
    assert "name it with --purl" in done.stdout
    assert "0 handed in" in done.stdout


def test_a_folder_is_read_whole(run, tmp_path):
    folder = tmp_path / "found"
    (folder / "deep").mkdir(parents=True)
    write(folder, tap__json=fuzz_targets.REPORT, picture__png=b"\x89PNG")
    write(folder / "deep", a__md="---\npurl: pkg:npm/b\n---\n# It overflows\n")
    done = run(str(folder))
    assert done.exit_code == 0, done.output
    assert "2 handed in" in done.stdout


def test_nothing_that_a_file_says_steers_the_terminal(run, tmp_path):
    hostile = "\x1b[2J\u202e\x9b31m\r\n"
    report = {"purl": "pkg:npm/x", "references": [hostile]}
    paths = write(tmp_path, a__json=json.dumps(report))
    mail = write(tmp_path, b__md=f"---\nfoo{hostile[:4]}: x\n---\n")
    done = run(*paths, *mail)
    assert done.exit_code == 3
    shown = done.stdout.replace("\n", "")
    assert not [c for c in shown if c in "\x1b\x9b\u202e\r"]


def test_a_wrong_token_and_a_wrong_address_are_said(run, tmp_path, monkeypatch):
    (path,) = write(tmp_path, a__json=fuzz_targets.REPORT)
    assert "does not answer" in run(path, to="http://127.0.0.1:1").stderr
    monkeypatch.setenv("FAIRLEAD_TOKEN", "nonsense")
    refused = run(path)
    assert refused.exit_code == 5
    assert "token" in refused.stderr
    monkeypatch.delenv("FAIRLEAD_TOKEN")
    assert "--token-file" in run(path).stderr
    token = tmp_path / "token"
    token.write_text(run.world.token("Lab") + "\n")
    assert run(path, "--token-file", str(token)).exit_code == 0


def test_a_token_is_not_sent_in_the_clear():
    for address in ("http://clearinghouse.example", "ftp://x", "clearinghouse.example"):
        with pytest.raises(Misconfigured):
            check_address(address)
    for address in (
        "https://clearinghouse.example",
        "http://localhost:1",
        "http://[::1]",
    ):
        check_address(address)


def test_a_long_wait_ends_the_command_and_a_short_one_does_not(
    run, tmp_path, monkeypatch
):
    from fairlead.errors import TooMany

    (path,) = write(tmp_path, a__json=fuzz_targets.REPORT)
    waits = [7, 3600]
    slept = []
    submit = Intake.submit

    def limited(self, reports):
        if waits:
            raise TooMany("too many", retry_after=waits.pop(0))
        return submit(self, reports)

    monkeypatch.setattr(Intake, "submit", limited)
    monkeypatch.setattr(command.time, "sleep", slept.append)
    assert run(path).exit_code == 6
    assert slept == [7]
    assert run(path).exit_code == 0
