"""A folder in which a suite is made: instance by instance, so that a stop loses none."""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from fairlead.bench.gate import Gated
from fairlead.bench.making import Decided, Plan
from fairlead.bench.suite import SOLUTIONS, SUMS, TASKS
from fairlead.errors import Damaged, Refused
from fairlead.store.suites import read_folder

PLAN, SEED, JOURNAL = "plan.json", "seed", "gate.ndjson"
"""In the folder of solutions, which is not handed out."""
_NEW = ".new-"


@dataclass(frozen=True, slots=True)
class SuiteFolder:
    """A suite while it is made; see `fairlead.bench.making.Folder`."""

    folder: Path

    @property
    def secret(self) -> Path:
        """Return the folder that is not handed out."""
        return self.folder / SOLUTIONS

    @property
    def finished(self) -> bool:
        """Tell whether it is a suite."""
        return (self.folder / SUMS).exists()

    def begin(self, plan: Plan, seed: str) -> None:
        """Begin, or go on with, what *plan* says.

        Raises:
            Refused: something else was begun there.

        """
        written = msgspec.json.encode(plan, order="deterministic")
        there = self.secret / PLAN
        if there.exists():
            if there.read_bytes() != written:
                raise Refused(f"in {self.folder} another suite was begun")
        elif self.folder.exists() and any(self.folder.iterdir()):
            raise Refused(f"{self.folder} is not empty")
        else:
            self.secret.mkdir(parents=True, mode=0o700)
            _put(self.secret / SEED, seed.encode())
            _put(there, written)
        for left in self.folder.glob(f"{_NEW}*"):
            shutil.rmtree(left)

    def plan(self) -> Plan | None:
        """Return what was begun here, if anything was."""
        path = self.secret / PLAN
        if not path.exists():
            return None
        return msgspec.json.decode(path.read_bytes(), type=Plan)

    def seed(self) -> str | None:
        """Return the seed, where it is kept here."""
        path = self.secret / SEED
        return path.read_text("utf-8") if path.exists() else None

    def decided(self) -> Mapping[str, Gated]:
        """Return what was decided; a line that was cut short is as if never written."""
        path = self.secret / JOURNAL
        if not path.exists():
            return {}
        lines = path.read_bytes().split(b"\n")
        found: dict[str, Gated] = {}
        for line in lines[:-1]:
            try:
                one = msgspec.json.decode(line, type=Decided)
            except msgspec.MsgspecError as error:
                raise Damaged(f"{path} has a line that is none") from error
            found[one.place] = one.gated
        return found

    def keep(self, place: str, gated: Gated, files: Mapping[str, bytes]) -> None:
        """Keep one instance: its files first, each folder at once, then the line."""
        new = self.folder / f"{_NEW}{secrets.token_hex(4)}"
        for path, content in files.items():
            _put(new / path, content)
        for part in (f"{SOLUTIONS}/{gated.task}", f"{TASKS}/{gated.task}"):
            if (new / part).is_dir():
                target = self.folder / part
                shutil.rmtree(target, ignore_errors=True)
                target.parent.mkdir(parents=True, exist_ok=True)
                (new / part).rename(target)
        solution = f"{SOLUTIONS}/{gated.task}.toml"
        if (new / solution).exists():
            (new / solution).rename(self.folder / solution)
        shutil.rmtree(new, ignore_errors=True)
        line = msgspec.json.encode(Decided(place=place, gated=gated)) + b"\n"
        journal = self.secret / JOURNAL
        _mend(journal)
        with journal.open("ab") as file:
            file.write(line)
            file.flush()
            os.fsync(file.fileno())

    def files(self) -> Mapping[str, bytes]:
        """Return all files of the suite so far."""
        return read_folder(self.folder)

    def finish(self, files: Mapping[str, bytes]) -> None:
        """Write what makes it a suite, the sums last."""
        for path in sorted(files, key=lambda name: name == SUMS):
            _put(self.folder / path, files[path])


def write_suite(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write a suite to a folder of its own, the sums last.

    Raises:
        Refused: the folder is not empty.

    """
    if folder.exists() and any(folder.iterdir()):
        raise Refused(f"{folder} is not empty")
    for path in sorted(files, key=lambda name: name == SUMS):
        _put(folder / path, files[path])


def _mend(journal: Path) -> None:
    """Take away a line that a stop has cut short."""
    if not journal.exists():
        return
    content = journal.read_bytes()
    whole = content.rfind(b"\n") + 1
    if whole != len(content):
        os.truncate(journal, whole)


def _put(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
