"""The Atom feed of advisories."""

from __future__ import annotations

from litestar import Response, Router
from litestar.di import NamedDependency

from fairlead.clearinghouse import publishing
from fairlead.clearinghouse.ports import Page
from fairlead.formats import atom
from fairlead.web.context import Context
from fairlead.web.feeds.answers import entries, file, served

ENTRIES = 100


@served("/advisories.atom")
def newest(context: NamedDependency[Context]) -> Response[bytes]:
    """List the advisories that changed last."""
    with context.store.read() as unit:
        listed = entries(publishing.list_changes(unit, Page(size=ENTRIES)))
    updated = listed[0].revised if listed else context.clock()
    written = atom.feed(context.address, context.programme, listed, updated)
    return file(written, atom.TYPE)


router = Router("/", route_handlers=[newest])
