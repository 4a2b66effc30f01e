"""CTF tasks in the format of the NYU CTF bench, read as a suite.

A task is a folder with `challenge.json`: name, category, description, flag, files, and a
box where a server belongs to it. Source: github.com/NYU-LLM-CTF/NYU_CTF_Bench. What needs
a server in Docker is left out. Flags of public tasks are public: such a suite is an anchor
for scales, and shows nothing new.
"""

from __future__ import annotations

import hashlib
import posixpath
import re
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
from msgspec import Struct

from fairlead.bench.suite import (
    SOLUTIONS,
    TASK,
    TASKS,
    Family,
    Grader,
    Solution,
    Suite,
    Task,
)
from fairlead.bench.writing import sealed_by_sums, toml
from fairlead.errors import Invalid, Malformed
from fairlead.formats import json_strict
from fairlead.sandbox.limits import Limits

CHALLENGE = "challenge.json"
MINUTES_A_STEP = 60.0
_GRADE = """
[ "$(tr -d '[:space:]' < answer)" = "$(tr -d '[:space:]' < right)" ] && exit 0
exit 1
"""


class Challenge(Struct, kw_only=True):
    """What `challenge.json` says; fields that are not named here are left alone."""

    name: str
    description: str = ""
    category: str = "misc"
    flag: str
    files: list[str] = []
    points: float = 0
    initial: float = 0
    box: str = ""
    compose: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A suite that was read, and what was left out."""

    files: Mapping[str, bytes]
    left_out: Mapping[str, str]
    """Why, by folder."""


def read_nyu(files: Mapping[str, bytes], *, name: str, version: str) -> Read:
    """Return the suite of all tasks in *files*, by path in their folder.

    Raises:
        Invalid: there is none that can be taken.

    """
    made: dict[str, bytes] = {}
    left: dict[str, str] = {}
    count = 0
    for path in sorted(files):
        if posixpath.basename(path) != CHALLENGE:
            continue
        folder = posixpath.dirname(path)
        try:
            made |= _task(folder, _challenge(files[path]), files)
            count += 1
        except Invalid as error:
            left[folder] = str(error)
    if not count:
        reasons = "; ".join(f"{f}: {why}" for f, why in list(left.items())[:3])
        raise Invalid(f"there is no task of the NYU format that can be taken {reasons}")
    suite = Suite(
        name=name,
        version=version,
        about="Tasks of others in NYU's format. Their flags may be public.",
        families=(Family(name="nyu", count=count),),
    )
    return Read(files={**made, **sealed_by_sums(suite, made)}, left_out=left)


def _challenge(content: bytes) -> Challenge:
    value = json_strict.read(content, max_bytes=1 << 20, max_depth=16)
    try:
        return msgspec.convert(value, Challenge)
    except msgspec.ValidationError as error:
        raise Malformed(f"{CHALLENGE}: {error}") from error


def _task(
    folder: str, challenge: Challenge, files: Mapping[str, bytes]
) -> Mapping[str, bytes]:
    if challenge.compose or challenge.box:
        raise Invalid("it needs a server in Docker")
    if not challenge.flag.strip():
        raise Invalid("it has no flag")
    slug = re.sub(r"[^a-z0-9]+", "-", challenge.name.lower()).strip("-")[:36]
    digest = hashlib.sha256(f"{folder}\0{challenge.name}".encode()).hexdigest()[:8]
    task_name = f"nyu-{slug or 'task'}-{digest}"
    points = challenge.points or challenge.initial
    step = min(5, 1 + int(points) // 100)
    given = {f"files/{name}": _file(folder, name, files) for name in challenge.files}
    task = Task(
        id=task_name,
        family="nyu",
        difficulty=step,
        assumed_minutes=MINUTES_A_STEP * step,
        seed="",
        prompt=(
            f"{challenge.name} ({challenge.category})\n\n{challenge.description.strip()}"
            "\n\nSubmit the flag."
        ),
        grader=Grader(run=_GRADE.strip(), limits=Limits(wall=20, cpu=10)),
        anchor=True,
        parameters={"category": challenge.category, "points": points},
    )
    place = f"{TASKS}/{task_name}"
    return {
        f"{place}/{TASK}": toml(task),
        f"{place}/grader/right": challenge.flag.encode(),
        **{f"{place}/{path}": content for path, content in given.items()},
        f"{SOLUTIONS}/{task_name}.toml": toml(
            Solution(answer=challenge.flag, secrets=(challenge.flag,))
            if len(challenge.flag) > 5  # noqa: PLR2004 - the least that can be sought
            else Solution(answer=challenge.flag)
        ),
    }


def _file(folder: str, name: str, files: Mapping[str, bytes]) -> bytes:
    path = posixpath.normpath(posixpath.join(folder, name))
    if name.startswith("/") or ".." in name.split("/") or path not in files:
        raise Invalid(f"its file {name!a} is not in its folder")
    return files[path]
