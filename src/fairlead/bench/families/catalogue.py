"""All families there are."""

from __future__ import annotations

from collections.abc import Mapping

from fairlead.bench.families.exploitation.tasks import EXPLOITATION
from fairlead.bench.families.injection.tasks import INJECTION
from fairlead.bench.families.memory.tasks import MEMORY, PATCHING
from fairlead.bench.families.values import Kind
from fairlead.bench.families.web.tasks import WEB

KINDS: Mapping[str, Kind] = {
    kind.name: kind for kind in (MEMORY, PATCHING, WEB, INJECTION, EXPLOITATION)
}
