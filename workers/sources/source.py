"""Opens a configured database for reading, and for nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from backend.api.config.worker_settings import SourceSettings
from backend.domain.errors import PermanentFailure
from backend.domain.text.nearest_name import suggestion
from workers.sources.failures import telling

if TYPE_CHECKING:
    from sqlalchemy import Connection, CursorResult, Executable

#: Tally's own record, readable from the first minute.
OWN_SOURCE = "tally"
_EXACT = "values are read exactly"
_OWN_TABLES = ("jobs", "job_results", "job_events", "schedule_ticks", "artifacts")
#: What jobs were given and gave back is for those who may read jobs, not for all who may export.
_OWN_HIDDEN = ("payload", "changed_payload", "options", "result_payload", "traceback")


def find_source(name: str, sources: Mapping[str, SourceSettings], own_url: str) -> SourceSettings:
    """The settings of the source ``name``; raises `PermanentFailure` naming the nearest one."""
    known = dict(sources)
    if own_url and OWN_SOURCE not in known:
        known[OWN_SOURCE] = SourceSettings.model_validate(
            {
                "url": own_url,
                "tables": _OWN_TABLES,
                "hidden": _OWN_HIDDEN,
                "tenant_column": "tenant",
            }
        )
    if name not in known:
        raise PermanentFailure(
            f"there is no source {name!r}{suggestion(name, known)}; sources are named in the settings"
        )
    return known[name]


@contextmanager
def reading(name: str, source: SourceSettings, seconds: float) -> Iterator[Connection]:
    """A connection in a read-only transaction whose statements end after ``seconds``.

    What goes wrong is told without URL or parameters.
    """
    from sqlalchemy import create_engine, pool

    with telling(name, seconds):
        engine = create_engine(
            source.url.get_secret_value(), poolclass=pool.NullPool, hide_parameters=True
        )
        options: dict[str, Any] = {}
        if engine.dialect.name == "postgresql":
            options = {"postgresql_readonly": True, "isolation_level": "REPEATABLE READ"}
        with engine.connect().execution_options(**options) as connection:
            _restrict(connection, seconds)
            yield connection
            connection.rollback()


def _restrict(connection: Connection, seconds: float) -> None:
    milliseconds = int(seconds * 1000)
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SET LOCAL statement_timeout = {milliseconds}")
        connection.exec_driver_sql("SET LOCAL lock_timeout = 5000")
    elif connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA query_only = ON")
    elif connection.dialect.name in ("mysql", "mariadb"):
        connection.exec_driver_sql("SET TRANSACTION READ ONLY")


def streamed(connection: Connection, statement: Executable) -> CursorResult[Any]:
    """Runs a statement; neither the driver nor the database holds all of its rows at once.

    Values of Postgres come as `workers.sources.postgres_values` says, from the first such statement on:
    SQLAlchemy's own look into the catalogue must come before, for it needs the driver's readers.
    """
    if connection.dialect.name == "postgresql" and _EXACT not in connection.info:
        connection.info[_EXACT] = True
        _read_exactly(connection)
    return connection.execute(statement, execution_options={"stream_results": True})


def _read_exactly(connection: Connection) -> None:
    from workers.sources.postgres_values import SETTINGS, read_exactly

    for name, value in SETTINGS.items():
        connection.exec_driver_sql(f"SET LOCAL {name} = {value}")
    if connection.dialect.driver == "psycopg2":
        read_exactly(connection)
