"""Jobs by text in their errors, the newest of many: without reading all that an index over texts finds."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from backend.history.statements import statement

#: So many jobs with errors are looked through one by one: that finds a page of what is frequent.
_NEWEST = 1000
#: Among so many the index is asked for a page; what is rarer has few rows in all, and these are read.
_NEWER = 30_000


def newest_error_ids(connection: Connection, asked: dict[str, Any]) -> list[str] | None:
    """Ids of the page that is asked for; None where all with so rare a text had better be read."""
    found = _ids(connection, "scanned_error_ids", {**asked, "newest": _NEWEST})
    if len(found) == asked["most"] or _floor(connection, asked, _NEWEST) is None:
        return found
    floor = _floor(connection, asked, _NEWER)
    if floor is None:
        return None
    found = _ids(connection, "found_error_ids", {**asked, "since_version": floor})
    return found if len(found) == asked["most"] else None


def _ids(connection: Connection, name: str, asked: dict[str, Any]) -> list[str]:
    return list(connection.execute(statement(name), asked).scalars())


def _floor(connection: Connection, asked: dict[str, Any], newest: int) -> int | None:
    """The position down to which so many jobs have errors; None where there are fewer."""
    found: int | None = connection.execute(
        statement("floor_of_errors"), {**asked, "newest": newest}
    ).scalar_one_or_none()
    return found
