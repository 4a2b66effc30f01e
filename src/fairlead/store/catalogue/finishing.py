"""What is made anew once an import has brought everything: the listing and its counts."""

from __future__ import annotations

from sqlalchemy import Connection

_STEPS = (
    "delete from listing",
    "delete from counts",
    "delete from known",
    """
    insert into known (number)
    select distinct n.number from exploited x join names n on n.name = x.name
    """,
    """
    insert into listing (ecosystem, source, band, exploited, modified, number)
    with facets as (
        select number, ecosystem from ecosystems
        union all select number, '' from records
    )
    select f.ecosystem, r.source, r.band,
        case when k.number is null then 0 else 1 end,
        coalesce(r.modified, ''), r.number
    from facets f join records r on r.number = f.number
    left join known k on k.number = f.number
    order by 1, 2, 3, 4, 5, 6
    """,
    """
    insert into counts (ecosystem, source, band, exploited, count)
    select ecosystem, source, band, exploited, count(*)
    from listing group by 1, 2, 3, 4
    """,
)


def finish(connection: Connection) -> None:
    """Make the listing anew; it is what pages are read from."""
    for statement in _STEPS:
        connection.exec_driver_sql(statement)
    if connection.dialect.name == "postgresql":
        for table in ("records", "contents", "names", "affects", "listing", "words"):
            connection.exec_driver_sql(f"analyze {table}")
    else:
        connection.exec_driver_sql("pragma analysis_limit = 1000")
        connection.exec_driver_sql("analyze")
