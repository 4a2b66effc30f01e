"""Running a recipe: build once, run many times, each run in a sandbox of its own.

What was built leaves the sandbox as an archive that is never opened outside; it is handed
in to each run as it is.
"""

from __future__ import annotations

import hashlib
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from msgspec import Struct

from fairlead.clearinghouse.evidence.crash import CrashState, crash_state, fires
from fairlead.errors import Invalid, Violation
from fairlead.sandbox.limits import Limits
from fairlead.sandbox.ports import Command, Ended, Reason, Sandbox
from fairlead.sandbox.recipe import Input, Kind, Recipe, content_of
from fairlead.sandbox.showing import shown

LOG = 4_000
"""Characters of a log that are kept in a statement."""
_TREE = "tree.tar"
_ENVIRONMENT = {
    # Leaks need tracing, which no sandbox allows; 99 tells a report from other ends.
    "ASAN_OPTIONS": "detect_leaks=0:exitcode=99:allocator_may_return_null=1",
    "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1:exitcode=99",
}
_ABOUT = (
    'uname -srm; sed -n "s/^PRETTY_NAME=//p" /usr/lib/os-release;'
    " cc --version | head -n 1; ldd --version | head -n 1"
)


class Seen(Struct, frozen=True, kw_only=True):
    """One crash state, and in how many runs it was seen."""

    state: CrashState
    runs: int


class Outcome(Struct, frozen=True, kw_only=True):
    """What the runs of one input showed, with or without a fix."""

    input: str
    """Its name; empty for a recipe without inputs."""
    fired: int
    """In how many runs it showed what counts."""
    runs: int
    seen: tuple[Seen, ...]
    """The crash states, the most frequent first."""
    logs: tuple[str, ...]
    """SHA-256 of what each run said."""
    log: str
    """What the first run said, shortened and without what steers a terminal."""


class Built(Struct, frozen=True, kw_only=True):
    """What the build came to."""

    held: bool
    """Whether every line of it ended well."""
    log: str
    log_sha256: str
    tree_sha256: str
    seconds: float


class Tried(Struct, frozen=True, kw_only=True):
    """A recipe that was run, without a fix or with one."""

    fix: str
    """SHA-256 of the patch; empty where there was none."""
    built: Built
    outcomes: tuple[Outcome, ...] = ()
    """First that of the recipe's own input, then one a variant."""
    tests: bool | None = None
    """Whether the project's own tests held; nothing where they were not run."""
    tests_log: str = ""

    @property
    def fires(self) -> bool:
        """Tell whether the recipe's own input showed the vulnerability at least once."""
        return bool(self.outcomes) and self.outcomes[0].fired > 0

    @property
    def quiet(self) -> bool:
        """Tell whether it was built, run, and never showed it."""
        return self.built.held and bool(self.outcomes) and not self.outcomes[0].fired


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What is needed to run a recipe."""

    sandbox: Sandbox
    recipe: Recipe
    materials: Mapping[str, bytes]

    def environment(self) -> Sequence[str]:
        """Return what the sandbox has inside: system, compiler and library."""
        ended = self.sandbox.run(Command(argv=["/bin/sh", "-c", _ABOUT]))
        return [line.strip() for line in shown(ended.stdout, 1000).splitlines()]

    def attempt(
        self, patch: bytes | None = None, *, tests: bool = False, variants: bool = True
    ) -> Tried:
        """Build, with *patch* if there is one, and run every input."""
        built, tree = self._build(patch)
        fix = hashlib.sha256(patch).hexdigest() if patch is not None else ""
        if not built.held:
            return Tried(fix=fix, built=built)
        recipe = self.recipe
        first = recipe.inputs[0] if recipe.inputs else None
        inputs = [first, *(recipe.variants if variants else ())]
        held, log = self._test(tree) if tests and recipe.tests else (None, "")
        return Tried(
            fix=fix,
            built=built,
            outcomes=tuple(self._outcome(tree, given) for given in inputs),
            tests=held,
            tests_log=log,
        )

    def _build(self, patch: bytes | None) -> tuple[Built, bytes]:
        recipe, source = self.recipe, self.recipe.source
        archive = source.archive or source.bundle or ""
        files = self._inputs()
        files["source"] = self.materials[archive]
        lines = [*_unpacking(recipe)]
        if patch is not None:
            files["fix.patch"] = patch
            lines.append("patch -p1 --batch --forward < /in/fix.patch")
        lines += [f"( {line}\n)" for line in recipe.build]
        if recipe.keep:
            kept = " ".join(map(shlex.quote, recipe.keep))
            lines.append(f"cd /job && tar -cf kept.tar -C source {kept}")
            lines.append("rm -rf source && mkdir source && tar -xf kept.tar -C source")
            lines.append("rm kept.tar")
        ended = self.sandbox.run(
            Command(
                argv=["/bin/sh", "-e", "-c", "\n".join(lines)],
                files=files,
                environment=_ENVIRONMENT | recipe.environment,
                limits=recipe.build_limits,
                collect=True,
            )
        )
        held = ended.reason is Reason.EXITED and ended.code == 0
        built = Built(
            held=held,
            log=_last(ended),
            log_sha256=hashlib.sha256(ended.stderr).hexdigest(),
            tree_sha256=hashlib.sha256(ended.results).hexdigest(),
            seconds=round(ended.seconds, 2),
        )
        return built, ended.results

    def _outcome(self, tree: bytes, given: Input | None) -> Outcome:
        recipe = self.recipe
        ends = [self._once(tree, given) for _ in range(recipe.runs)]
        states = [crash_state(ended) for ended in ends]
        fired = sum(
            fires(recipe.counts, ended, state)
            for ended, state in zip(ends, states, strict=True)
        )
        # Where a crash differs from run to run in what is no part of its key, the first
        # stands for all.
        first = {state.key: state for state in reversed(states)}
        counted = Counter(state.key for state in states)
        return Outcome(
            input=given.name if given else "",
            fired=fired,
            runs=len(ends),
            seen=tuple(
                Seen(state=first[key], runs=runs) for key, runs in counted.most_common()
            ),
            logs=tuple(
                hashlib.sha256(end.stdout + end.stderr).hexdigest() for end in ends
            ),
            log=_last(ends[0]),
        )

    def _once(self, tree: bytes, given: Input | None) -> Ended:
        recipe = self.recipe
        files = self._inputs()
        if given is not None:
            # A variant takes the place of the first input, under its name.
            files[recipe.inputs[0].name] = content_of(given, self.materials)
        return self._in_tree(tree, recipe.run, files, self._limits())

    def _inputs(self) -> dict[str, bytes]:
        found = self.materials
        return {one.name: content_of(one, found) for one in self.recipe.inputs}

    def _test(self, tree: bytes) -> tuple[bool, str]:
        tests = self.recipe.tests or "true"
        ended = self._in_tree(tree, tests, self._inputs(), self.recipe.build_limits)
        return ended.reason is Reason.EXITED and ended.code == 0, _last(ended)

    def _in_tree(
        self, tree: bytes, line: str, files: Mapping[str, bytes], limits: Limits
    ) -> Ended:
        script = f"tar -xf /in/{_TREE} -C /job && cd /job/source && {line}"
        return self.sandbox.run(
            Command(
                argv=["/bin/sh", "-c", script],
                files={_TREE: tree, **files},
                environment=_ENVIRONMENT | self.recipe.environment,
                limits=limits,
            )
        )

    def _limits(self) -> Limits:
        """Return the limits of a run, with room for what was built."""
        recipe = self.recipe
        room = recipe.build_limits
        late = recipe.counts.seconds if recipe.counts.kind is Kind.TIME else None
        own = {f: getattr(recipe.limits, f) for f in Limits.__struct_fields__}
        own["disk"] = max(own["disk"], room.results)
        own["memory"] = max(own["memory"], own["disk"] + (512 << 20))
        own["file"], own["input"] = room.results, room.input
        if late is not None:
            # What is unpacked first does not count against what it may take.
            own["wall"] = max(own["wall"], late * 2)
        return Limits(**own)


def _unpacking(recipe: Recipe) -> Sequence[str]:
    source = recipe.source
    if source.bundle is not None:
        return [
            "git clone --quiet --no-checkout /in/source /job/source",
            f"cd /job/source && git checkout --quiet {source.commit}",
        ]
    strip = f"--strip-components={source.strip}"
    return [
        f"mkdir /job/source && tar -xf /in/source -C /job/source {strip}",
        "cd /job/source",
    ]


def _last(ended: Ended) -> str:
    """Return the end of what was said, which is where faults are told."""
    said = ended.stdout + ended.stderr
    return shown(said[-4 * LOG :], 4 * LOG)[-LOG:]


def refuse_unbuilt(tried: Tried, what: str) -> None:
    """Raise `Invalid` where the build did not hold; its log says why."""
    if not tried.built.held:
        reason = tried.built.log[-600:]
        raise Invalid(
            f"{what} cannot be built: {reason}",
            [Violation("cannot_be_built", "build", reason)],
        )
