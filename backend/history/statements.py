"""The statements of the record: one file each under ``sql/``, called by the name of its method."""

from __future__ import annotations

from functools import cache
from importlib.resources import files

from sqlalchemy import TextClause, text


@cache
def source_of(name: str) -> str:
    """The SQL text of one statement."""
    return files("backend.history").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")


@cache
def statement(name: str) -> TextClause:
    """One statement with its named parameters, as SQLAlchemy executes it."""
    return text(source_of(name))
