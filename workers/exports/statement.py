"""The SQL of an export. Names are looked up in the database and quoted; values are bound."""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from backend.api.config.worker_settings import SourceSettings
from backend.domain.errors import PermanentFailure
from backend.domain.text.nearest_name import suggestion
from workers.base_worker import JobContext
from workers.exports.export import Condition, Export, Scalar
from workers.sources.column_names import told_apart
from workers.sources.confinement import own_parameters, own_rows
from workers.sources.hidden_columns import Origin, is_hidden, origins
from workers.sources.table_name import table_name

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Executable

_ALL = "*"
#: Dates of Postgres that Python has not.
_ENDLESS = frozenset({"infinity", "-infinity"})


def statement_of(
    export: Export, source: SourceSettings, connection: Connection, context: JobContext
) -> Executable:
    """What to run; raises `PermanentFailure` naming what the source does not have or allow."""
    if export.query is not None:
        return _query(export, source, context)
    return _table(export, source, connection, context)


def _query(export: Export, source: SourceSettings, context: JobContext) -> Executable:
    from sqlalchemy import text

    name = export.query or ""
    if name not in source.queries:
        raise PermanentFailure(
            f"source {export.source!r} has no query {name!r}{suggestion(name, source.queries)}; add it "
            f"under sources.{export.source}.queries"
        )
    statement = text(source.queries[name])
    wanted = set(statement.compile().params)
    values = own_parameters(f"query {name!r}", wanted, export.parameters, context)
    given = set(values)
    if wanted != given:
        raise PermanentFailure(
            f"query {name!r} takes the parameters {sorted(wanted) or 'none'}, not {sorted(given)}"
        )
    return statement.bindparams(**values)


def _table(
    export: Export, source: SourceSettings, connection: Connection, context: JobContext
) -> Executable:
    from sqlalchemy import select, table

    name = export.table or ""
    asked = table_name(name)
    is_listed = asked in map(table_name, source.tables)
    if not is_listed and _ALL not in source.tables:
        raise PermanentFailure(
            f"table {name!r} of source {export.source!r} may not be exported"
            f"{suggestion(name, source.tables)}; list it under sources.{export.source}.tables"
        )
    known = _columns(connection, export, source, is_listed=is_listed)
    chosen = [_one(known, found, name) for found in export.columns] or list(known.values())
    told_apart((column.name for column in chosen), f"the list of columns of {name!r}")
    statement = select(*(_as_it_comes(column, connection) for column in chosen)).select_from(
        table(asked.table, *known.values(), schema=asked.schema)
    )
    statement = own_rows(statement, asked.table, known, (export.source, source), context)
    for condition in export.where:
        statement = statement.where(_compared(_one(known, condition.column, name), condition))
    for order in export.order_by:
        wanted = _one(known, order.removeprefix("-"), name)
        statement = statement.order_by(wanted.desc() if order.startswith("-") else wanted)
    return statement.limit(export.limit) if export.limit else statement


def _as_it_comes(column: Any, connection: Connection) -> Any:
    """Postgres' values are read by `workers.sources.postgres_values` alone, not by SQLAlchemy's types."""
    from sqlalchemy import type_coerce
    from sqlalchemy.types import NullType

    if connection.dialect.name != "postgresql":
        return column
    return type_coerce(column, NullType()).label(column.name)


def _columns(
    connection: Connection, export: Export, source: SourceSettings, *, is_listed: bool
) -> dict[str, Any]:
    """The columns that may be exported, by name."""
    from sqlalchemy import column, inspect
    from sqlalchemy.exc import NoSuchTableError

    asked = table_name(export.table or "")
    try:
        found = inspect(connection).get_columns(asked.table, schema=asked.schema)
    except NoSuchTableError:
        raise PermanentFailure(f"there is no table {export.table!r} in this source") from None
    known = {each["name"]: column(each["name"], each["type"]) for each in found}
    read = origins(connection, asked) if source.hidden else [Origin(asked)]
    if not is_listed:
        _refuse_renamed(known, read, source, export)
    tables = {origin.table for origin in read}
    return {
        name: column for name, column in known.items() if not is_hidden(name, tables, source.hidden)
    }


def _refuse_renamed(
    known: Container[str], read: Iterable[Origin], source: SourceSettings, export: Export
) -> None:
    """A view may show a hidden column under another name; only who lists the view vouches for it."""
    for origin in read:
        column, table = origin.column, origin.table
        if origin.takes_whole_rows:
            what = f"whole rows in {table.table}"
        elif column and column not in known and is_hidden(column, [table], source.hidden):
            what = f"the hidden column {table.table}.{column}"
        else:
            continue
        raise PermanentFailure(
            f"{export.table!r} reads {what}; if it may be exported all the same, list it by name under "
            f"sources.{export.source}.tables"
        )


def _one(known: dict[str, Any], name: str, table: str) -> Any:
    if name not in known:
        raise PermanentFailure(
            f"table {table!r} has no column {name!r} that may be exported{suggestion(name, known)}"
        )
    return known[name]


def _compared(column: Any, condition: Condition) -> ColumnElement[bool]:
    if condition.op == "is null":
        return column.is_(None)  # type: ignore[no-any-return]
    if condition.op == "is not null":
        return column.is_not(None)  # type: ignore[no-any-return]
    if isinstance(condition.value, list):
        return column.in_(_typed(column, condition.value))  # type: ignore[no-any-return]
    (value,) = _typed(column, [condition.value])
    symbol = "<>" if condition.op == "!=" else condition.op
    return column.op(symbol, is_comparison=True)(value)  # type: ignore[no-any-return]


def _typed(column: Any, values: Iterable[Scalar]) -> list[Any]:
    """Text for a column of instants or days becomes one; JSON has none."""
    try:
        kind = column.type.python_type
    except NotImplementedError:
        return list(values)
    try:
        if kind is datetime:
            return [_instant(value) if isinstance(value, str) else value for value in values]
        if kind is date:
            return [_day(value) if isinstance(value, str) else value for value in values]
    except ValueError as error:
        raise PermanentFailure(f"column {column.name!r} holds dates: {error}") from None
    return [_bytes(column.name, value) for value in values] if kind is bytes else list(values)


def _bytes(name: str, value: Scalar) -> bytes:
    try:
        return bytes.fromhex(value if isinstance(value, str) else "?")
    except ValueError:
        raise PermanentFailure(
            f"column {name!r} holds bytes: give them in hexadecimal, such as 00ff"
        ) from None


def _day(text: str) -> date | str:
    return text if text in _ENDLESS else date.fromisoformat(text)


def _instant(text: str) -> datetime | str:
    if text in _ENDLESS:
        return text
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
