"""The shop's orders, in a database of its own."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from backend.places import folder

_TABLE = "CREATE TABLE IF NOT EXISTS orders (number INTEGER PRIMARY KEY, email TEXT, item TEXT)"


class Order(NamedTuple):
    """What somebody wants."""

    number: int
    email: str
    item: str


def place(email: str, item: str) -> Order:
    """A new order, which is there for everybody once this returns."""
    with _orders() as orders:
        cursor = orders.execute("INSERT INTO orders (email, item) VALUES (?, ?)", (email, item))
    return Order(cursor.lastrowid or 0, email, item)


def find(number: int) -> Order | None:
    """The order of a number."""
    with _orders() as orders:
        found = orders.execute("SELECT * FROM orders WHERE number = ?", (number,)).fetchone()
    return Order(*found) if found else None


def every() -> list[Order]:
    """All orders, the latest first."""
    with _orders() as orders:
        return [Order(*row) for row in orders.execute("SELECT * FROM orders ORDER BY number DESC")]


@contextmanager
def _orders() -> Iterator[sqlite3.Connection]:
    path: Path = folder() / "shop.db"
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(_TABLE)
        yield connection
