"""Columns that may not be exported hold under every name that a table can be asked for by.

By another case, with its schema or without, in quotes; as a partition; and through a view.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

from workers.sources.table_name import TableName, parts_of

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: A view's own columns are those of other tables under names that it chose; a partition's are its parent's.
#: Postgres writes a view down with all its columns by name; a star that is left makes one value of a row.
_READ = """
WITH RECURSIVE edge AS (
  SELECT inhrelid AS relation, inhparent AS origin, NULL::smallint AS place FROM pg_catalog.pg_inherits
  UNION ALL
  SELECT r.ev_class, d.refobjid, nullif(d.refobjsubid, 0)::smallint
  FROM pg_catalog.pg_rewrite r
  JOIN pg_catalog.pg_depend d ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid
   AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid <> r.ev_class
), reached (origin, place) AS (
  SELECT CAST(:relation AS oid), NULL::smallint
  UNION
  SELECT edge.origin, edge.place FROM edge JOIN reached ON edge.relation = reached.origin
)
SELECT DISTINCT n.nspname, c.relname, a.attname,
  c.relkind IN ('v', 'm') AND pg_catalog.pg_get_viewdef(c.oid) LIKE '%.*%' AS takes_whole_rows
FROM reached
JOIN pg_catalog.pg_class c ON c.oid = reached.origin
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum = reached.place
"""
_RELATION = "SELECT CAST(to_regclass(:name) AS oid)"


class Origin(NamedTuple):
    """A table that another one's rows come from, and a column of it that they are read from, if known."""

    table: TableName
    column: str | None = None
    #: It is a view that makes one value of a whole row, hidden columns and all.
    takes_whole_rows: bool = False


def origins(connection: Connection, table: TableName) -> list[Origin]:
    """The table itself, what it is a partition of, and what it reads when it is a view."""
    from sqlalchemy import text

    if connection.dialect.name != "postgresql":
        return [Origin(table)]
    quote = connection.dialect.identifier_preparer.quote_identifier
    name = ".".join(quote(part) for part in table if part is not None)
    relation = connection.execute(text(_RELATION), {"name": name}).scalar()
    found = connection.execute(text(_READ), {"relation": relation})
    return [
        Origin(TableName(schema, plain), column, takes_whole_rows)
        for schema, plain, column, takes_whole_rows in found
    ] or [Origin(table)]


def is_hidden(column: str, tables: Iterable[TableName], hidden: Iterable[str]) -> bool:
    """Whether an entry of ``hidden`` names this column of one of these tables."""
    wanted = column.casefold()
    entries = [[part.casefold() for part in parts_of(entry) or [entry]] for entry in hidden]
    if [wanted] in entries:
        return True
    return any(
        entry[-1] == wanted and _names(entry[:-1], table)
        for entry in entries
        if len(entry) > 1
        for table in tables
    )


def _names(entry: list[str], table: TableName) -> bool:
    """Whether ``table`` or ``schema.table`` may be this table; a schema not given may be any."""
    if entry[-1] != table.table.casefold():
        return False
    return len(entry) == 1 or table.schema is None or entry[0] == table.schema.casefold()
