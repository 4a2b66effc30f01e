"""Deciding duplicates at size: `python benchmarks/deciding.py [--stored N] [--json]`.

It fills a fresh SQLite home with N findings (packages drawn by Zipf's law from 20,000,
five reports a defect on average, a fixed seed) and then decides new reports one after
another, each in the same steps as the server: the report is kept, compared, filed, and
its events appended. A transaction has 50 of them; the runner of a server, which lets
others write after 10 ms, has fewer, and so waits for the disk more often. It prints:

* `reports_per_second`: deciding, from the job to its commit; and what of it is spent on
  reading what a report says, and on comparing;
* `anew_hours_per_million`: what deciding a million anew would take at that rate;
* `right`: the share of new reports on a stored defect that were merged with it or asked
  about, and `wrong`, the share merged with another one: the speed of a matcher that
  finds nothing says nothing;
* `cpu_ms_per_report`: the same in time of the processor, and the load of the machine:
  where others work beside, the rate says less;
* `peak_mib`: memory of the process at its highest, of which this script needs so much to
  know what it had stored; and the size of the database;
* bare commits of one row a second on the same disk, as the limit.

The stored findings are written by the same code as in service, but in bulk, and without
their reports: filling is not what is measured.
"""

from __future__ import annotations

import argparse
import bisect
import itertools
import json
import multiprocessing
import os
import pickle
import random
import resource
import secrets
import sqlite3
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec

from fairlead.base.ids import CaseId, OrganisationId, Receipt, new_case_id, new_receipt
from fairlead.clearinghouse import cases, deciding, duplicates
from fairlead.clearinghouse.cases import Rules
from fairlead.clearinghouse.duplicates import Features, features_of
from fairlead.clearinghouse.findings import Finding
from fairlead.clearinghouse.intake import finding_of
from fairlead.clearinghouse.submissions import (
    Outcome,
    PairVerdict,
    SubmissionDecided,
    SubmissionReceived,
)
from fairlead.formats import tap
from fairlead.store.findings import Indexed
from fairlead.store.unit import SQLStore, SQLUnit
from fairlead.wiring import Settings, System

PACKAGES = 20_000
A_DEFECT = 5
SEED = 14409
BATCH = 2_000
HELD = 50
"""Reports decided in one transaction."""
BEGAN = datetime(2026, 1, 1, tzinfo=UTC)

_TEXT_OF_NOUNS = """
archive atlas band block bucket bundle cache cell chain channel chunk cluster codec
column cursor digest domain edge entry extent fence field filter flow frame gamut glyph
graph group guard handle header hint huffman iframe image index journal kernel label
lattice layer leaf ledger lexeme limb lock marker mask matrix member mesh micro mirror
motion node octet offset opcode packet padding palette panel patch payload peer phase
pixel plane pointer policy poly pool prefix probe profile quant queue quota radix range
raster record region register relay ring route sample scan schema section segment shard
slice slot socket span sprite stack stanza stream stride string stripe suffix symbol
table tensor thread tile token trace track trailer tree tuple vector vertex voxel window
"""
_NOUNS = _TEXT_OF_NOUNS.split()
_TEXT_OF_VERBS = (
    "copy decode expand fetch fold inflate merge parse patch read scan split"
)
_VERBS = _TEXT_OF_VERBS.split()
_FAULTS = (
    ("CWE-125", "reads past the end of"),
    ("CWE-787", "writes past the end of"),
    ("CWE-416", "uses after free the memory of"),
    ("CWE-190", "multiplies without a check, an integer overflow, the size of"),
    ("CWE-400", "allocates without a limit, out of memory, for"),
)
_WAYS = (
    """`{function}` in {file} {does} `{buffer}`: `{length}` comes from the input and is not
compared with {limit} before line {line}. A file of {size} bytes shows it.""",
    """Found by fuzzing: {does} `{buffer}`. The crash is in `{function}` ({file}:{line});
`{length}` may be larger than {limit}.""",
    """While reading {file} we saw that `{function}` {does} `{buffer}`. There is a check of
`{length}` missing, the limit is {limit}.""",
    """`{length}` is attacker-controlled. `{function}` trusts it and {does} `{buffer}`, the
bound should be {limit}. Reproduced with {size} bytes.""",
)


@dataclass(frozen=True, slots=True)
class Defect:
    """One bug, from which reports are made."""

    package: int
    number: int

    def report(self, generator: random.Random) -> dict[str, Any]:
        """Return a report on it, each in other words and a line or two off."""
        own = random.Random(f"{SEED}/{self.package}/{self.number}")  # noqa: S311
        noun, other, third = own.sample(_NOUNS, 3)
        cwe, does = own.choice(_FAULTS)
        said = {
            "function": f"{own.choice(_VERBS)}_{noun}_{other}",
            "file": f"src/{third}.c",
            "buffer": f"{noun}_{third}_buf",
            "length": f"{other}_{noun}_len",
            "limit": own.randrange(20, 60_000),
            "does": does,
            "line": own.randrange(20, 3_000) + generator.randrange(3),
            "size": generator.randrange(20, 100_000),
        }
        text = generator.choice(_WAYS).format(**said)
        return {
            "purl": f"pkg:generic/{_name(self.package)}@{own.randrange(1, 9)}.0",
            "affected_symbol": {
                "file": said["file"],
                "function": said["function"],
                "line": said["line"],
            },
            "enrichment": {"cwe": cwe},
            "attachments": [
                {
                    "filename": "report.md",
                    "content_type": "text/markdown",
                    "data": text + f"\n\nNumber {generator.randrange(10**9)}.",
                }
            ],
        }


def _name(package: int) -> str:
    size = len(_NOUNS)
    return _NOUNS[package % size] + _NOUNS[package // size % size] + "xyz"[package % 3]


@dataclass(slots=True)
class Source:
    """Draws defects: packages by Zipf's law, in each as many as were drawn by now."""

    generator: random.Random
    counts: list[int]
    heights: list[float]

    @classmethod
    def make(cls) -> Source:
        """Start anew; always the same."""
        heights = list(itertools.accumulate(1 / (n + 1) for n in range(PACKAGES)))
        return cls(random.Random(SEED), [0] * PACKAGES, heights)  # noqa: S311

    def draw(self) -> Defect:
        """Return a defect: a new one every fifth time, else one that there was."""
        package = bisect.bisect_left(
            self.heights, self.generator.random() * self.heights[-1]
        )
        known = self.counts[package]
        if not known or self.generator.random() < 1 / A_DEFECT:
            self.counts[package] = known + 1
            return Defect(package, known)
        return Defect(package, self.generator.randrange(known))


@dataclass(slots=True)
class Home:
    """What is stored, and whose defect each report is about."""

    system: System
    source: Source
    homes: dict[Defect, CaseId]
    about: dict[CaseId, Defect]

    @property
    def store(self) -> SQLStore:
        """Return the store."""
        return self.system.store  # type: ignore[no-any-return]

    def fill(self, count: int) -> None:
        """Write *count* findings in bulk."""
        features: dict[Defect, Features] = {}
        for start in range(0, count, BATCH):
            defects = [self.source.draw() for _ in range(min(BATCH, count - start))]
            with self.store.begin() as unit:
                self._write(unit, defects, features, BEGAN + timedelta(seconds=start))
            if sys.stderr.isatty():
                sys.stderr.write(f"\rfilled {start + len(defects)} ")
        if sys.stderr.isatty():
            sys.stderr.write("\r\033[K")

    def _write(
        self,
        unit: SQLUnit,
        defects: Sequence[Defect],
        known: dict[Defect, Features],
        at: datetime,
    ) -> None:
        opening: dict[str, list[Any]] = {}
        new: dict[str, list[Any]] = {}
        indexed: list[tuple[Receipt, Features]] = []
        for defect in defects:
            receipt = new_receipt(secrets.token_bytes)
            if defect not in known:
                # Reading a report takes longer than all the rest: once a defect is enough.
                report = defect.report(self.source.generator)
                known[defect] = features_of(_finding(receipt, report))
            if defect not in self.homes:
                case = new_case_id(secrets.token_bytes)
                self.homes[defect], self.about[case] = case, defect
                opening[case] = [cases.opened(receipt, "x", self.system.rules, at=at)]
            else:
                opening.setdefault(self.homes[defect], []).append(
                    cases.FindingAdded(finding=receipt)
                )
            outcome = Outcome.NEW
            new[receipt] = [
                SubmissionReceived(
                    organisation=OrganisationId("org-f"),
                    fingerprint=receipt,
                    size=2,
                    body=b"{}",
                ),
                SubmissionDecided(outcome=outcome, case=self.homes[defect]),
            ]
            indexed.append((receipt, known[defect]))
        self._save(unit, opening, new, indexed, at)

    def _save(
        self,
        unit: SQLUnit,
        opening: dict[str, list[Any]],
        new: dict[str, list[Any]],
        indexed: Sequence[tuple[Receipt, Features]],
        at: datetime,
    ) -> None:
        fresh = {n: f for n, f in opening.items() if isinstance(f[0], cases.CaseOpened)}
        unit.cases.add_many(fresh, by="system/fill", at=at)
        # Later findings of a case are left out of its count: it is not what is measured.
        unit.submissions.add_many(new, by="system/fill", at=at)
        numbers = unit.submissions.keys_of(list(new))
        unit.index.add_many([Indexed(r, numbers[r], f) for r, f in indexed])

    def submit(self, count: int) -> list[tuple[Receipt, Defect]]:
        """Keep *count* new reports, not decided yet."""
        sent = []
        for start in range(0, count, BATCH):
            facts: dict[str, list[Any]] = {}
            for _ in range(min(BATCH, count - start)):
                defect = self.source.draw()
                document = json.dumps(defect.report(self.source.generator)).encode()
                receipt = new_receipt(secrets.token_bytes)
                facts[receipt] = [
                    SubmissionReceived(
                        organisation=OrganisationId("org-n"),
                        fingerprint=receipt,
                        size=len(document),
                        body=document,
                    )
                ]
                sent.append((receipt, defect))
            with self.store.begin() as unit:
                at = BEGAN + timedelta(days=60)
                unit.submissions.add_many(facts, by="token/t", at=at)
        return sent


def _finding(receipt: Receipt, report: dict[str, Any]) -> Finding:
    return finding_of(receipt, tap.decode(msgspec.json.encode(report)))


def decide(home: Home, sent: Sequence[tuple[Receipt, Defect]]) -> float:
    """Decide them in the runner's way; return how many a second."""
    rules = Rules()
    began = time.perf_counter()
    for batch in _parts(sent):
        at = BEGAN + timedelta(days=61)
        with home.store.begin() as unit:
            for receipt, _ in batch:
                deciding.decide(
                    unit, receipt, rules, at=at, randomness=secrets.token_bytes
                )
    return len(sent) / (time.perf_counter() - began)


def _parts(sent: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for start in range(0, len(sent), HELD):
        yield sent[start : start + HELD]


def judged(home: Home, sent: Sequence[tuple[Receipt, Defect]]) -> dict[str, Any]:
    """Return how the new reports on stored defects were answered."""
    right = asked = wrong = known = 0
    with home.store.read() as unit:
        for receipt, defect in sent:
            submission = unit.submissions.get(receipt)
            if defect not in home.homes:
                continue
            known += 1
            at_home = submission.case == home.homes[defect]
            right += at_home
            wrong += not at_home and submission.outcome is Outcome.KNOWN
            others = [p.other for p in submission.pairs if p.verdict is PairVerdict.ASK]
            cases_asked = {unit.submissions.get(other).case for other in others}
            asked += not at_home and home.homes[defect] in cases_asked
    return {
        "on_stored_defects": known,
        "right": round(right / max(1, known), 3),
        "asked": round(asked / max(1, known), 3),
        "wrong": round(wrong / max(1, known), 4),
    }


def shares(home: Home, count: int) -> dict[str, float]:
    """Return milliseconds a report for reading it and for comparing it."""
    with home.store.read() as unit:
        findings = [
            _finding(Receipt("SUB-x"), home.source.draw().report(home.source.generator))
            for _ in range(count)
        ]
        began = time.perf_counter()
        features = [features_of(finding) for finding in findings]
        read = time.perf_counter()
        found = [unit.index.candidates(f) for f in features]
        looked = time.perf_counter()
        compared = 0
        for mine, candidates in zip(features, found, strict=True):
            for candidate in candidates:
                duplicates.decide(duplicates.compare(mine, candidate.features))
                compared += 1
        ended = time.perf_counter()
    return {
        "ms_reading": round((read - began) / count * 1000, 3),
        "ms_candidates": round((looked - read) / count * 1000, 3),
        "ms_comparing": round((ended - looked) / count * 1000, 3),
        "compared_each": round(compared / count, 1),
    }


def bare_commits(folder: Path) -> float:
    """Return durable commits of one small row a second, without anything of ours."""
    connection = sqlite3.connect(folder / "bare.db", isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("create table rows (id integer primary key, data blob)")
    began = time.perf_counter()
    for _ in range(300):
        connection.execute("insert into rows (data) values (?)", (b"x" * 1500,))
    connection.close()
    return 300 / (time.perf_counter() - began)


def fill(folder: Path, count: int) -> None:
    """Fill a home, and leave what was drawn beside it."""
    system = System(Settings(home=folder / "home"), create=True)
    home = Home(system, Source.make(), {}, {})
    home.fill(count)
    system.close()
    drawn = (home.source, home.homes, home.about)
    (folder / "filled").write_bytes(pickle.dumps(drawn))


def _apart(work: Callable[..., None], *given: object) -> None:
    """Work in a process of its own, so that its memory is not counted here."""
    process = multiprocessing.get_context("fork").Process(target=work, args=given)
    process.start()
    process.join()
    if process.exitcode:
        sys.exit(process.exitcode)


def _peak() -> int:
    """Return the most memory that this process ever used, in MiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """Fill, decide, print."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--stored", type=int, default=1_000_000)
    parser.add_argument("--new", type=int, default=3_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        began = time.perf_counter()
        _apart(fill, folder, options.stored)
        filled = time.perf_counter() - began
        system = System(Settings(home=folder / "home"), create=True)
        home = Home(system, *pickle.loads((folder / "filled").read_bytes()))  # noqa: S301
        before = _peak()
        sent = home.submit(options.new)
        worked = time.process_time()
        rate = decide(home, sent)
        worked = time.process_time() - worked
        told = {
            "stored": options.stored,
            "new": options.new,
            "filled_in_s": round(filled, 1),
            "reports_per_second": round(rate, 1),
            "target_reports_per_second": 300,
            "cpu_ms_per_report": round(worked / options.new * 1000, 2),
            "load_average": round(os.getloadavg()[0], 1),
            "anew_hours_per_million": round(1_000_000 / rate / 3600, 2),
            **judged(home, sent),
            **shares(home, min(500, options.new)),
            "peak_mib": _peak(),
            "of_which_this_script_mib": before,
            "database_mib": sum(
                f.stat().st_size for f in (folder / "home").rglob("*") if f.is_file()
            )
            >> 20,
            "bare_commits_per_second": round(bare_commits(folder)),
        }
        system.close()
    if options.json:
        print(json.dumps(told))
        return
    for key, value in told.items():
        print(f"{key:28} {value}")


if __name__ == "__main__":
    main()
