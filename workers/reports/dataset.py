"""The data of a report: rows by name, from SQL or from a function."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from backend.domain.errors import PermanentFailure
from workers.base_worker import JobContext, StopRequested
from workers.exports.batches import batches
from workers.reports.definition import Definition
from workers.sources.column_names import told_apart
from workers.sources.source import streamed

if TYPE_CHECKING:
    from sqlalchemy import Connection


class Dataset(NamedTuple):
    """Rows of named columns."""

    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    #: There were more rows than these.
    is_cut: bool = False


def from_sql(
    connection: Connection,
    definition: Definition,
    values: Mapping[str, Any],
    *,
    most_rows: int,
    context: JobContext,
) -> dict[str, Dataset]:
    """Runs each of the definition's queries in the connection's one transaction."""
    found: dict[str, Dataset] = {}
    for number, (name, sql) in enumerate(definition.datasets.items(), 1):
        if context.canceled:
            raise StopRequested("canceled between queries")
        found[name] = _run(connection, name, sql, values, most_rows)
        context.progress(number, len(definition.datasets), name)
    return found


def _run(
    connection: Connection, name: str, sql: str, values: Mapping[str, Any], most_rows: int
) -> Dataset:
    from sqlalchemy import text

    statement = text(sql)
    wanted = statement.compile().params
    bound = statement.bindparams(**{name: values[name] for name in wanted})
    result = streamed(connection, bound)
    # The driver's names: SQLAlchemy may have made doubled ones different.
    columns = told_apart((found[0] for found in result.cursor.description), f"dataset {name!r}")
    rows = [tuple(row) for batch in batches(result, most_rows + 1) for row in batch]
    result.close()
    return Dataset(columns, rows[:most_rows], len(rows) > most_rows)


def from_function(
    path: str, values: Mapping[str, Any], *, most_rows: int, context: JobContext
) -> dict[str, Dataset]:
    """Calls ``package.module:name`` with the values; it returns lists of mappings by name."""
    returned = _function(path)(dict(values), context)
    if not isinstance(returned, Mapping):
        raise PermanentFailure(
            f"{path} must return lists of rows by name, not {type(returned).__name__}"
        )
    return {name: _dataset(path, name, rows, most_rows) for name, rows in returned.items()}


def _function(path: str) -> Callable[[dict[str, Any], JobContext], Any]:
    module, _, name = path.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError) as error:
        raise PermanentFailure(f"the report's function {path} is not there: {error}") from error
    if not callable(found):
        raise PermanentFailure(f"the report's function {path} cannot be called")
    return found  # type: ignore[no-any-return]


def _dataset(path: str, name: str, rows: Any, most_rows: int) -> Dataset:
    listed = list(rows)
    if not all(isinstance(row, Mapping) for row in listed):
        raise PermanentFailure(f"{path}: the rows of {name!r} must be mappings of column to value")
    columns = list(dict.fromkeys(column for row in listed for column in row))
    cut = [[row.get(column) for column in columns] for row in listed[:most_rows]]
    return Dataset(columns, cut, len(listed) > most_rows)
