"""The statements of the record: one file each below ``sql/``, called by the name of its method.

Where a statement runs in a transaction that is not ours, whose search path may be any, its tables are
written after the comment ``/*schema.*/``: the name of the schema takes that place, if one was set.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from sqlalchemy import TextClause, text
from sqlalchemy.dialects import postgresql

_SCHEMA_MARK = "/*schema.*/"


@cache
def source_of(name: str) -> str:
    """The SQL text of one statement."""
    return _files()[name].read_text(encoding="utf-8")


@cache
def _files() -> dict[str, Traversable]:
    """The statements by name: folders tell what they are about, names are the same in all of them."""
    folders = files("backend.history").joinpath("sql").iterdir()
    found = [file for folder in folders if folder.is_dir() for file in folder.iterdir()]
    return {file.name.removesuffix(".sql"): file for file in found if file.name.endswith(".sql")}


@cache
def statement(name: str, schema: str = "") -> TextClause:
    """One statement with its named parameters, as SQLAlchemy executes it."""
    return text(qualified(source_of(name), schema))


def qualified(sql: str, schema: str) -> str:
    """The statement with its tables looked for in that schema; without one, by the search path."""
    return sql.replace(_SCHEMA_MARK, f"{quoted(schema)}." if schema else "")


@cache
def psycopg2_text(name: str, schema: str = "") -> str:
    """One statement as psycopg2 itself executes it."""
    dialect = postgresql.psycopg2.dialect()  # type: ignore[no-untyped-call]
    return str(statement(name, schema).compile(dialect=dialect))


def quoted(name: str) -> str:
    """A name as SQL takes it, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'
