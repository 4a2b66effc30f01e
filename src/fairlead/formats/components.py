"""What software is made of: components, as SBOMs and lock files list them."""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping

from msgspec import Struct, field

MAX_COMPONENTS = 1_000_000
END = 3
"""Steps that are told of either end of a long way."""


class Component(Struct, frozen=True, gc=False, kw_only=True, omit_defaults=True):
    """One component."""

    name: str
    version: str = ""
    purl: str = ""
    cpe: str = ""
    supplier: str = ""
    """Its vendor, group or supplier, as far as that is said."""
    ref: str = ""
    """What the document calls it."""


class Inventory(Struct, frozen=True, kw_only=True):
    """All components of something."""

    format: str
    """What it was read from: `CycloneDX 1.6`, `Cargo.lock`."""
    subject: str = ""
    """What it is an inventory of, where that is said."""
    components: tuple[Component, ...]
    roots: tuple[str, ...] = ()
    depends: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """By what the document calls it: what each depends on directly."""
    remarks: tuple[str, ...] = ()
    """What is wrong with it that does not keep it from being read."""

    def ways(self) -> Ways:
        """Return the shortest ways on which things are brought in.

        The graph may have circles and be of any depth.
        """
        above: dict[str, str | None] = dict.fromkeys(self.roots)
        starts: dict[str, tuple[str, ...]] = {root: (root,) for root in self.roots}
        ahead = deque(self.roots)
        while ahead:
            here = ahead.popleft()
            start = starts[here]
            for below in self.depends.get(here, ()):
                if below not in above:
                    above[below] = here
                    # The beginning of a way is shared by all that lies on it.
                    starts[below] = start if len(start) > END else (*start, below)
                    ahead.append(below)
        return Ways(above, starts, {c.ref: shown(c) for c in self.components})


class Ways:
    """How each thing is brought in; each way is written when it is asked for."""

    def __init__(
        self,
        above: Mapping[str, str | None],
        starts: Mapping[str, tuple[str, ...]],
        names: Mapping[str, str],
    ) -> None:
        """Keep what each is below, how its way begins, and how things are called."""
        self._above = above
        self._starts = starts
        self._names = names

    def to(self, ref: str) -> tuple[str, ...]:
        """Return the way to *ref*, in its middle `…` where it is long; may be empty."""
        if not ref or ref not in self._above:
            return ()
        steps: deque[str] = deque()
        here: str | None = ref
        while here is not None and len(steps) < 2 * END:
            steps.appendleft(here)
            here = self._above[here]
        if here is not None:
            return tuple(
                [self._name(s) for s in self._starts[ref][:END]]
                + ["…"]
                + [self._name(s) for s in list(steps)[-END:]]
            )
        return tuple(map(self._name, steps))

    def _name(self, ref: str) -> str:
        return self._names.get(ref, ref)


def shown(component: Component) -> str:
    """Return a component's name and version."""
    return f"{component.name} {component.version}".strip()
