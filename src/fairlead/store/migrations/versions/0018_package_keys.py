"""Packages of advisories are found as their registries compare names."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"

SMALL = frozenset(
    {
        "Alpaquita",
        "Alpine",
        "Bitnami",
        "Chainguard",
        "Debian",
        "GitHub Actions",
        "Go",
        "Hex",
        "MinimOS",
        "NuGet",
        "Packagist",
        "Pub",
        "SwiftURL",
        "Ubuntu",
        "Wolfi",
        "npm",
    }
)
"""Ecosystems whose names know no capitals."""


def upgrade() -> None:
    """Write the names small, once each."""
    connection = op.get_bind()
    table = sa.table(
        "advisory_packages",
        sa.column("advisory_id", sa.String),
        sa.column("ecosystem", sa.String),
        sa.column("package", sa.String),
    )
    rows = {tuple(row) for row in connection.execute(sa.select(table))}
    for advisory, ecosystem, package in rows:
        small = package.lower()
        if ecosystem.partition(":")[0] not in SMALL or small == package:
            continue
        same = (table.c.advisory_id == advisory) & (table.c.ecosystem == ecosystem)
        one = same & (table.c.package == package)
        if (advisory, ecosystem, small) in rows:
            connection.execute(sa.delete(table).where(one))
        else:
            connection.execute(sa.update(table).where(one).values(package=small))
