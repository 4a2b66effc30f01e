"""Suites that are generated: made in a folder through the gate, and told on the record."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from fairlead.access.roles import operator
from fairlead.errors import Damaged, NotFound
from fairlead.wiring.homes import now
from fairlead.wiring.system import System

Tell = Callable[[Any, Any], None]
"""Is told each place and what was decided; see `fairlead.bench.making`."""


def make_suite(  # noqa: PLR0913, PLR0917 - one value a thing that must be said
    system: System | None,
    sandbox: Any,  # noqa: ANN401 - see fairlead.sandbox.ports
    folder: Path,
    plan: Any,  # noqa: ANN401 - see fairlead.bench.making
    seed: str,
    tell: Tell,
) -> Any:  # noqa: ANN401 - see fairlead.bench.suite.Loaded
    """Make what *plan* says in *folder*; on the record of *system* where there is one.

    Raises:
        Refused: another suite was begun there, or the seed was told already.
        Unavailable: the gate lets too few through.

    """
    from fairlead.bench import committing, making
    from fairlead.store.suite_making import SuiteFolder

    into = SuiteFolder(folder)
    asker = operator(getpass.getuser())
    into.begin(plan, seed)
    if system is not None:
        with system.store.begin() as unit:
            committing.commit(unit, asker, plan, at=now())
        system.publish_record()
    if not into.finished:
        for place, gated in making.make(plan, seed, into, _gate(sandbox)):
            tell(place, gated)
    suite = _suite(folder)
    decided = into.decided()
    held = sum(gated.held for gated in decided.values())
    if system is not None:
        with system.store.begin() as unit:
            committing.made(
                unit,
                asker,
                plan,
                digest=suite.digest,
                accepted=held,
                rejected=len(decided) - held,
                at=now(),
            )
        system.publish_record()
    return suite


def begun_seed(folder: Path) -> str | None:
    """Return the seed of what was begun in *folder*, where something was."""
    from fairlead.store.suite_making import SuiteFolder

    return SuiteFolder(folder).seed()


def decided_in(folder: Path) -> Mapping[str, Any]:
    """Return what the gate decided while the suite in *folder* was made."""
    from fairlead.store.suite_making import SuiteFolder

    return SuiteFolder(folder).decided()


def gate_suite(
    sandbox: Any,  # noqa: ANN401 - see fairlead.sandbox.ports
    folder: Path,
    tell: Callable[[Any], None],
) -> list[Any]:
    """Put every task of the suite in *folder* through the gate.

    Raises:
        NotFound: the folder has no solutions, with which the gate begins.

    """
    from fairlead.bench.suite import load, solutions_of, twin_of
    from fairlead.store.suites import read_folder

    files = read_folder(folder)
    suite, solutions = load(files), solutions_of(files)
    if not solutions:
        raise NotFound(f"{folder} has no solutions, with which the gate begins")
    run = _gate(sandbox)
    found = []
    for name, task in suite.tasks.items():
        if name not in solutions:
            raise NotFound(f"{folder} has no solution of {name}")
        gated = run.task(suite, task, solutions[name], twin_of(files, name))
        found.append(gated)
        tell(gated)
    return found


def reveal_suite(system: System | None, folder: Path, seed: str | None) -> int:
    """Compare the suite in *folder* with what its seed makes, and tell the seed.

    Raises:
        NotFound: the seed is neither given nor kept in the folder.
        Damaged: a task is not what the seed makes.

    """
    from fairlead.bench import committing, making

    suite = _suite(folder)
    known = seed or begun_seed(folder)
    if known is None:
        raise NotFound(f"{folder} does not keep its seed; give it with --seed")
    count = making.compare(suite, known)
    if system is not None:
        with system.store.begin() as unit:
            asker = operator(getpass.getuser())
            committing.reveal(unit, asker, known, digest=suite.digest, at=now())
        system.publish_record()
    return count


def import_nyu(
    folder: Path, out: Path, *, name: str, version: str
) -> tuple[Any, Mapping[str, str]]:
    """Write the tasks in *folder* as a suite to *out*; say what was left out, and why.

    Raises:
        Invalid: there is none that can be taken, or a link among them.
        Refused: *out* is not empty.

    """
    from fairlead.bench.nyu import read_nyu
    from fairlead.store.suite_making import write_suite
    from fairlead.store.suites import read_folder

    read = read_nyu(read_folder(folder), name=name, version=version)
    write_suite(out, read.files)
    return _suite(out), read.left_out


def _suite(folder: Path) -> Any:  # noqa: ANN401 - see fairlead.bench.suite.Loaded
    from fairlead.bench.suite import load
    from fairlead.store.suites import read_folder

    if not folder.is_dir():
        raise Damaged(f"{folder} is no suite")
    return load(read_folder(folder))


def _gate(sandbox: Any) -> Any:  # noqa: ANN401 - see fairlead.sandbox.ports
    from fairlead.bench.gate import Gates
    from fairlead.remote.sandbox.living import LivingWorlds

    return Gates(sandbox=sandbox, worlds=LivingWorlds(sandbox))
