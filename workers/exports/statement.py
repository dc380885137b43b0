"""The SQL of an export. Names are looked up in the database and quoted; values are bound."""

from __future__ import annotations

from collections.abc import Container, Iterable
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

from backend.api.config.worker_settings import SourceSettings
from backend.domain.errors import PermanentFailure
from backend.domain.nearest_name import suggestion
from workers.exports.export import Condition, Export, Scalar

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement, Connection, Executable

_ALL = "*"


def statement_of(export: Export, source: SourceSettings, connection: Connection) -> Executable:
    """What to run; raises `PermanentFailure` naming what the source does not have or allow."""
    if export.query is not None:
        return _query(export, source)
    return _table(export, source, connection)


def _query(export: Export, source: SourceSettings) -> Executable:
    from sqlalchemy import text

    name = export.query or ""
    if name not in source.queries:
        raise PermanentFailure(
            f"source {export.source!r} has no query {name!r}{suggestion(name, source.queries)}; add it "
            f"under sources.{export.source}.queries"
        )
    statement = text(source.queries[name])
    wanted = set(statement.compile().params)
    given = set(export.parameters)
    if wanted != given:
        raise PermanentFailure(
            f"query {name!r} takes the parameters {sorted(wanted) or 'none'}, not {sorted(given)}"
        )
    return statement.bindparams(**export.parameters)


def _table(export: Export, source: SourceSettings, connection: Connection) -> Executable:
    from sqlalchemy import column, select, table

    name = export.table or ""
    if name not in source.tables and _ALL not in source.tables:
        raise PermanentFailure(
            f"table {name!r} of source {export.source!r} may not be exported"
            f"{suggestion(name, source.tables)}; list it under sources.{export.source}.tables"
        )
    types = _columns(connection, name, source.hidden)
    known = {found: column(found, kind) for found, kind in types.items()}
    schema, _, plain = name.rpartition(".")
    chosen = [_one(known, found, name) for found in export.columns] or list(known.values())
    statement = select(*chosen).select_from(table(plain, *known.values(), schema=schema or None))
    for condition in export.where:
        statement = statement.where(_compared(_one(known, condition.column, name), condition))
    for order in export.order_by:
        wanted = _one(known, order.removeprefix("-"), name)
        statement = statement.order_by(wanted.desc() if order.startswith("-") else wanted)
    return statement.limit(export.limit) if export.limit else statement


def _columns(connection: Connection, name: str, hidden: Container[str]) -> dict[str, Any]:
    from sqlalchemy import inspect
    from sqlalchemy.exc import NoSuchTableError

    schema, _, plain = name.rpartition(".")
    try:
        found = inspect(connection).get_columns(plain, schema=schema or None)
    except NoSuchTableError:
        raise PermanentFailure(f"there is no table {name!r} in this source") from None
    return {
        column["name"]: column["type"]
        for column in found
        if column["name"] not in hidden and f"{name}.{column['name']}" not in hidden
    }


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
            return [
                date.fromisoformat(value) if isinstance(value, str) else value for value in values
            ]
    except ValueError as error:
        raise PermanentFailure(f"column {column.name!r} holds dates: {error}") from None
    return list(values)


def _instant(text: str) -> datetime:
    instant = datetime.fromisoformat(text)
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)
