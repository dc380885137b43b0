"""A little shop in a database of its own, to export from and to report on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg2

ORDERS = """
CREATE TABLE orders (
  id bigint PRIMARY KEY, customer text, amount numeric(10, 2), share double precision, paid boolean,
  placed_at timestamptz, day date, note text, tags text[], details jsonb, picture bytea, exact numeric,
  number uuid, nothing text
);
INSERT INTO orders VALUES
  (1, 'Zoë', 19.90, 0.5, true, '2026-01-02 03:04:05.678+02', '2026-01-02',
   'first, "quoted"' || chr(10) || 'two lines',
   '{a,b}', '{"k": [1, null]}', '\\x00ff', 12345678901234567890.123456789,
   '01234567-89ab-cdef-0123-456789abcdef', NULL),
  (2, '=1+1', -5.00, 'NaN', false, '2026-01-03 00:00:00+00', '1899-12-31',
   NULL, NULL, NULL, NULL, NULL, NULL, NULL),
  (3, '数', NULL, 1e300, NULL, NULL, NULL, '', '{}', '"text"', '', 0, NULL, NULL);
CREATE SCHEMA private;
CREATE TABLE private.salaries (name text, amount numeric);
INSERT INTO private.salaries VALUES ('Ada', 1);
CREATE FUNCTION meddle() RETURNS integer LANGUAGE plpgsql AS
  $$ BEGIN DELETE FROM orders; RETURN 1; END $$;
"""
QUERIES = {
    "by_customer": "SELECT customer, amount FROM orders WHERE customer = :customer ORDER BY id",
    "all": "SELECT id, customer FROM orders ORDER BY id",
    "slow": "SELECT pg_sleep(30)",
    "meddling": "SELECT meddle()",
    "deleting": "DELETE FROM orders RETURNING id",
    "broken": "SELECT nothing_like_this FROM orders",
    "misspelt": "SELEC 1",
    "dividing": "SELECT 1 / (id - 2) FROM orders",
    "odd_names": 'SELECT 1 AS "=cmd", 2 AS "a,b"',
    "copying": "COPY (SELECT 1) TO PROGRAM 'true'",
    "many": "SELECT n, 'row ' || n AS text, n * 0.5 AS half FROM generate_series(1, :most) AS n",
    "wide": "SELECT n, repeat(md5(n::text), :most / 32) AS text FROM generate_series(1, :rows) AS n",
    "long_text": "SELECT repeat('x', 40000) AS text",
    "late_failure": "SELECT 1 / (50001 - n) FROM generate_series(1, 60000) AS n",
}


@contextmanager
def shop_database(url: str) -> Iterator[str]:
    """The URL of a fresh database with the shop in it."""
    with _session(url) as cursor:
        cursor.execute("DROP DATABASE IF EXISTS shop")
        cursor.execute("CREATE DATABASE shop")
    base, _, query = url.partition("?")
    shop = base.rpartition("/")[0] + "/shop" + (f"?{query}" if query else "")
    with _session(shop) as cursor:
        cursor.execute(ORDERS)
    yield shop
    with _session(url) as cursor:
        cursor.execute("DROP DATABASE shop WITH (FORCE)")


@contextmanager
def _session(url: str) -> Iterator[Any]:
    connection = psycopg2.connect(url.replace("+psycopg2", ""))
    connection.autocommit = True
    try:
        yield connection.cursor()
    finally:
        connection.close()


def count_orders(url: str) -> int:
    with _session(url) as cursor:
        cursor.execute("SELECT count(*) FROM orders")
        return int(cursor.fetchone()[0])
