"""A suite: a folder of generated tasks, each byte of which is named by one digest.

    SUITE/
      suite.toml            name, version, families, budgets: see `Suite`
      SHA256SUMS            of every other file, but those of solutions/
      tasks/ID/task.toml    see `Task`
      tasks/ID/files/…      what lies in the sample's folder
      tasks/ID/services/NAME/…   what lies in the folder of a live service
      tasks/ID/grader/…     what lies in the folder of the grader, seen by nothing else
      solutions/ID.toml     see `Solution`; not handed out with the suite
      solutions/ID/twin/…   what takes the place of files of the task where what is
                            wrong was put right: the solution must fail there

The digest of a suite is that of its `SHA256SUMS`. Reading is in two steps: a folder
becomes bytes by name (`fairlead.store.suites`, which follows no links), and these become
a `Suite` and its tasks here.
"""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Struct

from fairlead.bench.outcomes import Digest, ErrorBudget
from fairlead.errors import Damaged, Invalid, Malformed, Violation
from fairlead.sandbox.levels import Level
from fairlead.sandbox.limits import Limits

SUITE, SUMS = "suite.toml", "SHA256SUMS"
TASKS, SOLUTIONS = "tasks", "solutions"
TASK, FILES, SERVICES, GRADER = "task.toml", "files", "services", "grader"

SOLVED, FAILED, CHEATED = 0, 1, 3
"""Exit codes of a grader; any other, or none in time, is invalid."""

Name = Annotated[str, Meta(pattern=r"\A[a-z0-9][a-z0-9-]{0,59}\Z")]
Line = Annotated[str, Meta(min_length=1, max_length=10_000)]
_STEP = r"[A-Za-z0-9_][A-Za-z0-9._+-]*"
Path = Annotated[str, Meta(pattern=rf"\A{_STEP}(/{_STEP})*\Z", max_length=200)]
_SUM = re.compile(r"([0-9a-f]{64})  ([^\n]+)")


class Family(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Tasks of one kind."""

    name: Name
    count: Annotated[int, Meta(ge=1, le=100_000)]
    steps: Annotated[int, Meta(ge=1, le=100)] = 5
    """Steps of difficulty there are."""
    rejected: Annotated[int, Meta(ge=0)] = 0
    """Instances that the gate did not let through."""


class Threshold(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the threshold is that a reading answers."""

    file: Path
    """In the folder of the suite."""
    sha256: Digest


class Suite(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `suite.toml` says."""

    name: Name
    version: Annotated[str, Meta(pattern=r"\A[0-9A-Za-z][0-9A-Za-z.-]{0,39}\Z")]
    about: Annotated[str, Meta(max_length=2000)] = ""
    minimum_level: Level = Level.L2
    """Below it no run starts; L1 is for reference policies and for trying out."""
    families: Annotated[tuple[Family, ...], Meta(min_length=1, max_length=50)]
    budgets: Annotated[tuple[Annotated[int, Meta(ge=100)], ...], Meta(min_length=1)] = (
        20_000,
        60_000,
        200_000,
    )
    """Rungs of tokens, ascending."""
    threshold: Threshold | None = None
    seed_digest: Digest | None = None
    """SHA-256 of the seed, on the record before; the seed is told after."""
    seed: Annotated[str, Meta(max_length=200)] | None = None
    canary: Annotated[str, Meta(max_length=200)] | None = None
    """A string that is in every file of the suite, so that training on it is noticed."""
    errors: ErrorBudget = ErrorBudget()

    @property
    def label(self) -> str:
        """Return its name with its version."""
        return f"{self.name}@{self.version}"


class Service(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A program that is live during an attempt, in a sandbox of its own.

    Its folder `/job` has what lies in `services/NAME/`, and `flag` where it holds that.
    """

    name: Name
    run: Line
    """A line for `/bin/sh`; the service listens on 127.0.0.1 and its port."""
    port: Annotated[int, Meta(ge=1024, le=65535)]
    reached_from: tuple[Name, ...] = ("sample",)
    """Where it can be reached, at 127.0.0.1 and its port: `sample`, other services."""
    holds_flag: bool = False


class Grader(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an attempt is judged, in a fresh sandbox that nothing else has seen.

    Its folder `/job` has what lies in `grader/`, `answer` (what was submitted), `flag`
    (where the task has one), and under `work/` what was collected from the sample. Exit
    code 0 is solved, 1 failed, 3 cheated; anything else is invalid. What it says on
    standard error is kept as evidence.
    """

    run: Line
    """A line for `/bin/sh`."""
    collect: tuple[Path, ...] = ()
    """Files and folders of the sample's folder; what is not there is left out."""
    limits: Limits = Limits(wall=120, cpu=120)


class Task(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What `task.toml` says: one instance of a family."""

    id: Name
    family: Name
    difficulty: Annotated[int, Meta(ge=1, le=100)]
    assumed_minutes: Annotated[float, Meta(gt=0)]
    seed: Annotated[str, Meta(max_length=200)]
    """Of this instance."""
    prompt: Annotated[str, Meta(min_length=1, max_length=100_000)]
    """What the model is told, after a line that names the task (`prompt_line`)."""
    grader: Grader
    services: Annotated[tuple[Service, ...], Meta(max_length=8)] = ()
    flag: bool = False
    """Whether a flag is drawn anew for each attempt (`FLAG{…}`)."""
    anchor: bool = False
    minimum_level: Level = Level.L1
    limits: Limits = Limits(wall=3600, cpu=1800)
    """Of the sample's sandbox, over the whole attempt."""
    parameters: dict[str, str | int | float | bool] = {}
    """Of its difficulty, for analysis."""


class Trial(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An attempt that must not count as solved, for the gate."""

    name: Name
    script: Annotated[str, Meta(max_length=400_000)] = ""
    """Lines for `/bin/sh` in the sample's folder."""
    answer: Annotated[str, Meta(max_length=100_000)] | None = None
    """As in `Solution`."""
    cheated: bool = False
    """Whether it must be found to be cheating; it must fail otherwise."""


class Solution(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How a task is solved, for the gate and for reference policies."""

    script: Annotated[str, Meta(max_length=400_000)] = ""
    """Lines for `/bin/sh` in the sample's folder."""
    answer: Annotated[str, Meta(max_length=100_000)] | None = None
    """What to submit; the last line that the script says otherwise."""
    honeypot: Annotated[str, Meta(max_length=100_000)] | None = None
    """An answer that only somebody submits who looked where nothing is to be looked for."""
    trials: Annotated[tuple[Trial, ...], Meta(max_length=50)] = ()
    """Wrong ways to an answer that the gate tries."""
    secrets: tuple[Annotated[str, Meta(min_length=6)], ...] = ()
    """Texts of solutions; none may be readable in the sample's folder."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded:
    """A suite whose every byte is the one that its digest names."""

    suite: Suite
    digest: str
    tasks: Mapping[str, Task]
    files: Mapping[str, bytes]
    """All that is named in `SHA256SUMS`, by path."""

    def below(self, task: str, *folder: str) -> Mapping[str, bytes]:
        """Return the files of one folder of a task, by path in that folder."""
        start = "/".join((TASKS, task, *folder)) + "/"
        return {
            path.removeprefix(start): content
            for path, content in self.files.items()
            if path.startswith(start)
        }


def sums_of(files: Mapping[str, bytes]) -> bytes:
    """Return the `SHA256SUMS` of *files*; solutions and itself are left out."""
    lines = [
        f"{hashlib.sha256(files[path]).hexdigest()}  {path}\n"
        for path in sorted(files)
        if path != SUMS and not path.startswith(SOLUTIONS + "/")
    ]
    return "".join(lines).encode()


def load(files: Mapping[str, bytes]) -> Loaded:
    """Return the suite that *files* are, by path in its folder.

    Raises:
        Damaged: a file is missing, was added, or is not the one that its digest names.
        Malformed: a file is no TOML.
        Invalid: a field is missing, unknown, or says what it cannot.

    """
    if SUMS not in files or SUITE not in files:
        raise Invalid(f"this is no suite: it has no {SUITE} and {SUMS}")
    named = _named(files[SUMS])
    there = {p for p in files if p != SUMS and not p.startswith(SOLUTIONS + "/")}
    if wrong := sorted(there ^ named.keys()):
        added = "was added" if wrong[0] in there else "is missing"
        raise Damaged(f"the suite was altered: {wrong[0]} {added}")
    for path, digest in named.items():
        if hashlib.sha256(files[path]).hexdigest() != digest:
            raise Damaged(f"the suite was altered: {path} is not as its digest says")
    suite = read_toml(files[SUITE], Suite, SUITE)
    tasks = _tasks(files)
    _judge(suite, tasks, files)
    return Loaded(
        suite=suite,
        digest=hashlib.sha256(files[SUMS]).hexdigest(),
        tasks=tasks,
        files={path: files[path] for path in named},
    )


def solutions_of(files: Mapping[str, bytes]) -> Mapping[str, Solution]:
    """Return the solutions among *files*, by task."""
    return {
        path.removeprefix(SOLUTIONS + "/").removesuffix(".toml"): read_toml(
            content, Solution, path
        )
        for path, content in files.items()
        if path.startswith(SOLUTIONS + "/")
        and path.endswith(".toml")
        and path.count("/") == 1
    }


def twin_of(files: Mapping[str, bytes], task: str) -> Mapping[str, bytes]:
    """Return what takes the place of files of *task* in its fixed twin, by path there."""
    start = f"{SOLUTIONS}/{task}/twin/"
    return {
        path.removeprefix(start): content
        for path, content in files.items()
        if path.startswith(start)
    }


def prompt_line(task: str) -> str:
    """Return the line of a prompt by which a reference policy knows the task."""
    return f"Task: {task}"


_T = TypeVar("_T")


def read_toml(written: bytes, kind: type[_T], name: str) -> _T:
    """Read TOML as *kind*.

    Raises:
        Malformed: it is no TOML.
        Invalid: a field is missing, unknown, or says what it cannot.

    """
    try:
        return msgspec.convert(tomllib.loads(written.decode("utf-8")), kind)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Malformed(f"{name} is no TOML: {error}") from error
    except msgspec.ValidationError as error:
        reason, _, path = str(error).partition(" - at ")
        field = path.strip("`").removeprefix("$").removeprefix(".") or name
        raise _invalid(name, field, reason) from error


def _named(sums: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for line in sums.decode("utf-8", "replace").splitlines():
        match = _SUM.fullmatch(line)
        if match is None or match[2] in found:
            raise Damaged(f"{SUMS} has a line that is none: {line[:80]!a}")
        found[match[2]] = match[1]
    return found


def _tasks(files: Mapping[str, bytes]) -> Mapping[str, Task]:
    tasks: dict[str, Task] = {}
    for path in sorted(files):
        parts = path.split("/")
        if len(parts) == 3 and parts[0] == TASKS and parts[2] == TASK:  # noqa: PLR2004
            task = read_toml(files[path], Task, path)
            if task.id != parts[1]:
                raise _invalid(path, "id", f"it must be {parts[1]}, as its folder")
            tasks[task.id] = task
    return tasks


def _judge(suite: Suite, tasks: Mapping[str, Task], files: Mapping[str, bytes]) -> None:
    """Refuse what types cannot."""
    counts = {family.name: family.count for family in suite.families}
    for name, count in counts.items():
        there = sum(task.family == name for task in tasks.values())
        if there != count:
            raise _invalid(SUITE, "families", f"{name} has {there} tasks, not {count}")
    for task in tasks.values():
        if task.family not in counts:
            raise _invalid(task.id, "family", f"{task.family} is not in the suite")
        _judge_services(task)
    if list(suite.budgets) != sorted(set(suite.budgets)):
        raise _invalid(SUITE, "budgets", "they ascend")
    threshold = suite.threshold
    if threshold is not None:
        content = files.get(threshold.file, b"")
        if hashlib.sha256(content).hexdigest() != threshold.sha256:
            raise _invalid(SUITE, "threshold", "its file is not the one named")


def _judge_services(task: Task) -> None:
    names = [service.name for service in task.services]
    if len(set(names)) != len(names) or "sample" in names:
        raise _invalid(task.id, "services", "each has a name of its own")
    places: Sequence[str] = ["sample", *names]
    for service in task.services:
        for place in service.reached_from:
            if place not in places or place == service.name:
                raise _invalid(task.id, "services", f"{place} is no other place")


def _invalid(name: str, field: str, reason: str) -> Invalid:
    return Invalid(
        f"{name}: {field}: {reason}", [Violation("invalid_suite", field, reason)]
    )
