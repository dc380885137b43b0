"""What cannot be migrated, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NoReturn

import psycopg2
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from backend.domain.errors import HistoryUnavailable, MigrationError
from backend.history.schema.migration_files import MigrationFile
from backend.history.server.connection import translate
from backend.history.server.sqlstates import NO_RIGHTS

#: The oldest major whose SQL the migrations keep to.
OLDEST_POSTGRES = 14
#: The encoding that holds the texts of all jobs: in others the record would be garbled or unreadable.
ENCODING = "UTF8"
_OWN_SCHEMA = "give Tally a schema of its own: JOB_QUEUE_SCHEMA=tally"
#: What to tell of a table of migrations whose columns are not ours.
FOREIGN_TABLE = f"schema_migrations in this database is another tool's; {_OWN_SCHEMA}"
#: A table, function or other thing of that name is there already.
_TAKEN = frozenset({"42P07", "42710", "42723"})


def refuse_unfit_server(connection: Connection) -> None:
    """Raises `MigrationError` for a server or a database that cannot hold the record."""
    version: Any = connection.dialect.server_version_info
    if version and version[0] < OLDEST_POSTGRES:
        raise MigrationError(
            f"Postgres {version[0]} is too old; {OLDEST_POSTGRES} is the oldest that works"
        )
    encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
    if encoding != ENCODING:
        raise MigrationError(wrong_encoding(encoding))


def wrong_encoding(encoding: str) -> str:
    """What to tell of a database that is not in UTF-8."""
    return (
        f"the database is in {encoding}, which cannot hold the texts of all jobs; make one in "
        "UTF-8: createdb --template=template0 --encoding=UTF8 NAME"
    )


def without_rights(schema: str, account: str) -> HistoryUnavailable:
    """The error for an account that may not use the schema; empty: any of its search path."""
    what = f"the schema {schema}" if schema else "any schema of its search path"
    return HistoryUnavailable(
        f"the account {account} has no rights to {what}; migrate as the owner of the tables, who gives "
        f"other accounts theirs: SELECT grant_service_rights('{account}')",
        sqlstate=NO_RIGHTS,
    )


def names_taken(names: Sequence[str]) -> MigrationError:
    """The error for tables of somebody else's where the first migrations would make ours."""
    return MigrationError(
        f"nothing was migrated: this schema has {', '.join(names)} already, and none of our "
        f"migrations was applied to it; {_OWN_SCHEMA}",
        names=list(names),
    )


def raise_failed(file: MigrationFile, error: SQLAlchemyError | psycopg2.Error) -> NoReturn:
    """Raises what became of a migration that Postgres refused."""
    ours = translate(error)
    if isinstance(ours, HistoryUnavailable):
        raise ours from error
    cause = getattr(error, "orig", error)
    words = f"{file.name} failed and was undone: {cause}"
    if getattr(cause, "pgcode", None) in _TAKEN:
        words = f"{words.rstrip()}; if the database is an application's too, {_OWN_SCHEMA}"
    raise MigrationError(words, name=file.name) from error
