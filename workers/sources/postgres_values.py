"""How values come out of Postgres: as Python's own where Python has the very same, else as text.

Python has no infinite date, no year 0 or 10000, no 24:00:00, no interval of months, and its JSON
reader rounds. What psycopg2 makes of them is another value, or an error in the middle of a file.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import psycopg2
from psycopg2 import extensions

from workers.sources.json_text import JsonText

if TYPE_CHECKING:
    from sqlalchemy import Connection

#: Exact digits of floats, and intervals as ISO 8601, whatever the server or the account says.
SETTINGS = {"extra_float_digits": "1", "intervalstyle": "'iso_8601'"}
#: But for hstore, which SQLAlchemy reads as what it is: names with texts.
_TYPES = """
SELECT oid, typarray, typbasetype, typdelim FROM pg_catalog.pg_type WHERE typname <> 'hstore'
"""
_Reader = Callable[[Any, Any], Any]


def read_exactly(connection: Connection) -> None:
    """Makes psycopg2 give values of this connection as the module says; asks the database for its types."""
    raw = connection.connection.driver_connection
    readers = {
        name: extensions.new_type(codes, name, read) for name, (codes, read) in _READERS.items()
    }
    for reader in readers.values():
        extensions.register_type(reader, raw)
    for name, codes in _arrays(connection).items():
        arrays = extensions.new_array_type(tuple(codes), f"{name}S", readers[name])
        extensions.register_type(arrays, raw)


def _arrays(connection: Connection) -> dict[str, list[int]]:
    """The array types of the database, by the reader of their elements."""
    types = {oid: found for oid, *found in connection.exec_driver_sql(_TYPES)}
    names = {code: name for name, (codes, _) in _READERS.items() for code in codes}
    arrays: dict[str, list[int]] = {}
    for oid, (array, _, delimiter) in types.items():
        # The driver splits at commas alone: an array of boxes, split at semicolons, stays one text.
        if array and delimiter == ",":
            arrays.setdefault(names.get(_base(oid, types), "TEXT"), []).append(array)
    return arrays


def _base(oid: int, types: Mapping[int, list[Any]]) -> int:
    """What a domain is made of, in the end."""
    while oid in types and types[oid][1]:
        oid = types[oid][1]
    return oid


def _text(value: str | None, _cursor: Any) -> str | None:
    return value


def _json(value: str | None, _cursor: Any) -> JsonText | None:
    return None if value is None else JsonText(value)


def _bytes(value: str | None, cursor: Any) -> bytes | None:
    return None if value is None else bytes(psycopg2.BINARY(value, cursor))


def _date(value: str | None, _cursor: Any) -> date | str | None:
    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return value


def _instant(value: str | None, _cursor: Any) -> datetime | str | None:
    """In UTC where it has a time zone, so that the account's setting changes no file."""
    if value is None:
        return None
    try:
        found = datetime.fromisoformat(value)
        return found.astimezone(UTC) if found.tzinfo else found
    except (ValueError, OverflowError):
        return value.replace(" ", "T", 1)


#: What reads which types, by their numbers. The texts are time, timetz, interval, uuid, the addresses
#: and the ranges: of each Python or a library has something like it, and none has the very same.
_READERS: dict[str, tuple[tuple[int, ...], _Reader]] = {
    "TRUTH": ((16,), extensions.BOOLEAN),
    "WHOLE": ((20, 21, 23, 26), extensions.INTEGER),
    "FLOAT": ((700, 701), extensions.FLOAT),
    "NUMERIC": ((1700,), extensions.DECIMAL),
    "BYTES": ((17,), _bytes),
    "DATE": ((1082,), _date),
    "INSTANT": ((1114, 1184), _instant),
    "JSON": ((114, 3802), _json),
    "TEXT": ((1083, 1266, 1186, 2950, 650, 869, 3904, 3906, 3908, 3910, 3912, 3926), _text),
}
