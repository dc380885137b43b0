"""Names of tables as people write them: ``orders``, ``sales.orders``, ``sales."Order items"``."""

from __future__ import annotations

import re
from typing import NamedTuple

_PART = r'(?:[^".]+|"(?:[^"]|"")+")'
_PARTS = re.compile(_PART)
_WHOLE = re.compile(rf"{_PART}(?:\.{_PART}){{0,2}}")


class TableName(NamedTuple):
    """A table, and its schema where one is given."""

    schema: str | None
    table: str


def parts_of(text: str) -> list[str]:
    """What stands between the dots, without the quotes; nothing when that is no name."""
    return [_unquoted(part) for part in _PARTS.findall(text)] if _WHOLE.fullmatch(text) else []


def table_name(text: str) -> TableName:
    """Reads ``table`` or ``schema.table``; a name that holds a dot stands in quotes."""
    *schema, table = parts_of(text) or [text]
    return TableName(".".join(schema) or None, table)


def _unquoted(part: str) -> str:
    return part[1:-1].replace('""', '"') if part.startswith('"') else part
