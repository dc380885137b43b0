"""Jobs by text in their errors, the newest of many: without reading all that an index over texts finds.

That index knows no order, and what it finds stands all over the record. Of a text that is not rare the
newest jobs with errors, one by one, have a page sooner; they stand together, and others read them too.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection

from backend.history.statements import statement

#: So many jobs with errors tell whether a text is rare: that none of them has it, or that some have.
_NEWEST = 1000
#: How many are looked through for a page of what is not.
_MOST = 20_000


def newest_error_ids(connection: Connection, asked: dict[str, Any]) -> list[str] | None:
    """Ids of the page that is asked for; None where all with so rare a text had better be found."""
    for newest in (_NEWEST, _MOST):
        found = _ids(connection, {**asked, "newest": newest})
        if len(found) == asked["most"] or not _has_more(connection, {**asked, "newest": newest}):
            return found
        if not found:
            return None
    return None


def _ids(connection: Connection, asked: dict[str, Any]) -> list[str]:
    return list(connection.execute(statement("scanned_error_ids"), asked).scalars())


def _has_more(connection: Connection, asked: dict[str, Any]) -> bool:
    """Whether there are jobs with errors beyond those looked through."""
    return connection.execute(statement("next_error"), asked).scalar_one_or_none() is not None
