"""What our statements are held to, and where their tables are, whether a pooler stands in between or not.

Directly connected, settings belong to the connection and cost nothing afterwards. A pooler that lends out
its server connections by the transaction would lend our settings to strangers, so behind one they are set
anew for each transaction and end with it, at the price of a round trip.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, event

from backend.history.statements import psycopg2_text, quoted, statement

_BEHIND_POOLER, _SCHEMA = "tally_behind_pooler", "tally_schema"
#: Seconds to wait for a lock.
_LOCK_TIMEOUT = 2.0


def hold_to_settings(engine: Engine, *, statement_timeout: float, schema: str = "") -> Engine:
    """The engine, whose every transaction runs with our settings. Seconds; no schema: the server's path."""
    settings = _settings(statement_timeout, schema)
    pairs = {"names": list(settings), "texts": list(settings.values())}

    @event.listens_for(engine, "connect")
    def set_where_direct(connection: Any, record: Any) -> None:
        with connection.cursor() as cursor:
            greeted_by = {"greeted_by": connection.info.backend_pid}
            cursor.execute(psycopg2_text("set_where_direct"), {**pairs, **greeted_by})
            record.info[_BEHIND_POOLER] = cursor.rowcount == 0
        connection.commit()

    @event.listens_for(engine, "begin")
    def set_for_transaction(connection: Connection) -> None:
        # Where each statement commits by itself, nothing of a transaction's outlives it.
        if is_behind_pooler(connection) and not _commits_by_itself(connection):
            connection.execute(statement("set_for_transaction"), pairs)

    engine.update_execution_options(**{_SCHEMA: schema})
    return engine


def _settings(statement_timeout: float, schema: str) -> dict[str, str]:
    settings = {
        "statement_timeout": str(int(statement_timeout * 1000)),
        "lock_timeout": str(int(_LOCK_TIMEOUT * 1000)),
        "idle_in_transaction_session_timeout": "60000",
        # From Postgres 17 on. A migrator's lock and a count of the ledger are transactions for as long as
        # what is done beside them.
        "transaction_timeout": "0",
        # Compiling a statement of ours takes longer than running it.
        "jit": "off",
        # The planner's own figure is for turning disks; by it, reading a whole table in order seems
        # cheaper than a look through an index that would find nothing.
        "random_page_cost": "1.1",
        "timezone": "UTC",
    }
    if schema:
        # Nothing beside it: a table of an application's that bears our table's name must not be found.
        settings["search_path"] = quoted(schema)
    return settings


def _commits_by_itself(connection: Connection) -> bool:
    return connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT"


def is_behind_pooler(connection: Any) -> bool:
    """Whether somebody shares out the server's connections between us and Postgres."""
    return bool(connection.info.get(_BEHIND_POOLER))


def schema_of(engine: Engine) -> str:
    """Where the tables are, when that was told; empty: wherever the account's search path finds them."""
    return str(engine.get_execution_options().get(_SCHEMA, ""))
