"""The time by Postgres' clock."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from backend.history.server.connection import translated
from backend.history.statements import statement


def database_now(engine: Engine) -> datetime:
    """Aware, to the millisecond; raises HistoryUnavailable."""
    with translated(), engine.connect() as connection:
        now: datetime = connection.execute(statement("database_now")).scalar_one()
    return now
