"""Exports from a real Postgres into each format, whole or not at all, in little memory."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import sqlite3
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest

from backend.api.config.worker_settings import SourceSettings
from backend.domain.errors import PermanentFailure, RetryLater
from tests.integration.workers.shop import count_orders
from tests.workers_at_work import AtWork, Settings
from workers import export_worker
from workers.artifacts.open_store import open_store

ORDERS = {"source": "shop", "table": "orders"}


def exported(settings: Settings, **payload: Any) -> tuple[dict[str, Any], bytes]:
    with AtWork(export_worker, settings) as worker:
        result = worker.run("export_data", {"source": "shop", **payload})
    with open_store(settings.artifacts).open(result["artifact"]["id"]) as file:
        return result, file.read()


def visible(settings: Settings) -> list[str]:
    return [path.name for path in settings.artifacts.folder.glob("*")]


def rows_of_csv(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


def test_a_table_becomes_csv_with_its_checksum(shop: Settings) -> None:
    result, content = exported(shop, table="orders")

    names, first, second, third = rows_of_csv(content)
    assert dict(zip(names, first, strict=True)) == {
        "id": "1", "customer": "Zoë", "amount": "19.90", "share": "0.5", "paid": "true",
        "placed_at": "2026-01-02T01:04:05.678000+00:00", "day": "2026-01-02",
        "note": 'first, "quoted"\ntwo lines', "tags": '["a","b"]',
        "details": '{"k": [1, null]}', "picture": "00ff", "exact": "12345678901234567890.123456789",
        "number": "01234567-89ab-cdef-0123-456789abcdef", "nothing": "",
    }  # fmt: skip
    assert second[1:4] == ["'=1+1", "-5.00", "NaN"]
    assert third[1] == "数"
    assert result["rows"] == 3
    assert result["size_bytes"] == len(content)
    assert result["sha256"] == hashlib.sha256(content).hexdigest()
    assert result["artifact"]["name"] == "orders.csv"


def test_the_same_export_again_has_the_same_bytes(shop: Settings) -> None:
    payload = {"table": "orders", "order_by": ["id"], "format": "jsonl", "compression": "gzip"}

    assert exported(shop, **payload)[1] == exported(shop, **payload)[1]


def test_text_that_a_spreadsheet_would_run_stays_as_it_is_where_asked_for(shop: Settings) -> None:
    _, content = exported(shop, table="orders", spreadsheet_safe=False, columns=["customer"])

    assert rows_of_csv(content)[2] == ["=1+1"]


def test_a_name_of_a_column_is_harmless_too(shop: Settings) -> None:
    _, content = exported(shop, query="odd_names")

    assert rows_of_csv(content)[0] == ["'=cmd", "a,b"]


def test_a_table_becomes_json_lines(shop: Settings) -> None:
    _, content = exported(shop, table="orders", format="jsonl", compression="gzip")

    first, second, third = (json.loads(line) for line in gzip.decompress(content).splitlines())
    assert first["details"] == {"k": [1, None]}
    assert first["tags"] == ["a", "b"]
    assert first["amount"] == "19.90"
    assert first["note"] == 'first, "quoted"\ntwo lines'
    assert second["share"] == "NaN"
    assert second["customer"] == "=1+1"
    assert third["customer"] == "数"


def test_a_table_becomes_parquet_with_types(shop: Settings) -> None:
    _, content = exported(shop, table="orders", format="parquet", order_by=["id"])

    table = pq.read_table(io.BytesIO(content))
    first = table.to_pylist()[0]
    assert first["amount"] == Decimal("19.90")
    assert first["placed_at"] == datetime(2026, 1, 2, 1, 4, 5, 678000, tzinfo=UTC)
    assert first["day"] == date(2026, 1, 2)
    assert first["picture"] == b"\x00\xff"
    assert first["exact"] == "12345678901234567890.123456789"
    assert table.column("paid").to_pylist() == [True, False, None]
    assert table.column("nothing").to_pylist() == [None, None, None]


def test_a_table_becomes_a_sheet_without_formulas(shop: Settings) -> None:
    _, content = exported(shop, table="orders", format="xlsx", order_by=["id"])

    sheet = openpyxl.load_workbook(io.BytesIO(content)).active
    rows = list(sheet.iter_rows())
    assert rows[2][1].value == "=1+1"
    assert {cell.data_type for row in rows for cell in row} <= {"s", "n", "b", "d"}
    assert rows[1][2].value == 19.9
    assert rows[1][5].value == datetime(2026, 1, 2, 1, 4, 5, 678000)
    assert rows[1][11].value == "12345678901234567890.123456789"
    assert rows[2][3].value == "NaN"
    assert rows[2][6].value == "1899-12-31"


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet", "xlsx"])
def test_no_rows_make_a_whole_file(shop: Settings, kind: str) -> None:
    result, content = exported(
        shop, table="orders", format=kind, where=[{"column": "id", "value": 99}]
    )

    assert result["rows"] == 0
    if kind == "parquet":
        assert pq.read_table(io.BytesIO(content)).num_columns == 14
    if kind == "csv":
        assert len(rows_of_csv(content)) == 1


@pytest.mark.parametrize(
    ("conditions", "ids"),
    [
        ([{"column": "id", "op": "in", "value": [1, 3]}], ["1", "3"]),
        ([{"column": "id", "op": "!=", "value": 2}], ["1", "3"]),
        ([{"column": "note", "op": "is null"}], ["2"]),
        ([{"column": "note", "op": "is not null"}], ["1", "3"]),
        ([{"column": "placed_at", "op": ">=", "value": "2026-01-03"}], ["2"]),
        ([{"column": "placed_at", "op": "<", "value": "2026-01-02T03:04:06+02:00"}], ["1"]),
        ([{"column": "day", "value": "2026-01-02"}], ["1"]),
        ([{"column": "paid", "value": False}], ["2"]),
        ([{"column": "customer", "value": "x' OR '1'='1"}], []),
        (
            [{"column": "amount", "op": ">", "value": 0}, {"column": "id", "op": "<", "value": 9}],
            ["1"],
        ),
    ],
)
def test_conditions_choose_rows(shop: Settings, conditions: Any, ids: list[str]) -> None:
    _, content = exported(shop, table="orders", columns=["id"], where=conditions, order_by=["id"])

    assert [row[0] for row in rows_of_csv(content)[1:]] == ids


def test_order_and_limit_are_kept(shop: Settings) -> None:
    _, content = exported(shop, table="orders", columns=["id"], order_by=["-id"], limit=2)

    assert rows_of_csv(content) == [["id"], ["3"], ["2"]]


def test_parameters_of_a_query_are_bound(shop: Settings) -> None:
    _, found = exported(shop, query="by_customer", parameters={"customer": "Zoë"})
    _, none = exported(shop, query="by_customer", parameters={"customer": "x' OR '1'='1"})

    assert len(rows_of_csv(found)) == 2
    assert len(rows_of_csv(none)) == 1


def test_hidden_columns_are_left_out(shop: Settings) -> None:
    source = shop.sources["shop"].model_copy(update={"hidden": ("note", "orders.customer")})
    hiding = shop.but(sources={"shop": source})

    _, content = exported(hiding, table="orders")

    names = rows_of_csv(content)[0]
    assert "id" in names
    assert not {"note", "customer"} & set(names)
    for asked in ({"columns": ["note"]}, {"where": [{"column": "note", "value": "x"}]}):
        with pytest.raises(PermanentFailure, match="no column 'note' that may be exported"):
            exported(hiding, table="orders", **asked)


def test_without_settings_the_record_can_be_exported_without_payloads(
    settings: Settings, record_url: str
) -> None:
    own = settings.but(database_url=record_url)

    _, content = exported(own, source="tally", table="jobs")

    names, *rows = rows_of_csv(content)
    assert len(rows) == 60
    assert {"id", "job_type", "status", "created_at"} <= set(names)
    assert not {"payload", "changed_payload", "options"} & set(names)
    with pytest.raises(PermanentFailure, match="'api_keys' of source 'tally' may not be exported"):
        exported(own, source="tally", table="api_keys")


REFUSED = [
    ({"source": "shp", "table": "orders"}, r"no source 'shp', did you mean 'shop'"),
    ({"table": "order"}, r"'order' of source 'shop' may not be exported, did you mean 'orders'"),
    ({"table": "private.salaries"}, r"may not be exported.*sources\.shop\.tables"),
    ({"table": "pg_catalog.pg_authid"}, "may not be exported"),
    ({"table": "missing"}, "there is no table 'missing'"),
    (
        {"table": "orders", "columns": ["ammount"]},
        "no column 'ammount' that may be exported, did you mean 'amount'",
    ),
    ({"table": "orders", "where": [{"column": "x", "value": 1}]}, "no column 'x'"),
    ({"table": "orders", "order_by": ["-x"]}, "no column 'x'"),
    (
        {"table": "orders", "where": [{"column": "id", "value": "one"}]},
        "refuses the query: invalid",
    ),
    ({"table": "orders", "where": [{"column": "day", "value": "1 Jan"}]}, "'day' holds dates"),
    (
        {"table": "orders", "where": [{"column": "placed_at", "value": "x"}]},
        "'placed_at' holds dates",
    ),
    ({"query": "by_custmer"}, "no query 'by_custmer', did you mean 'by_customer'"),
    ({"query": "by_customer"}, r"takes the parameters \['customer'\], not \[\]"),
    ({"query": "all", "parameters": {"x": 1}}, r"takes the parameters none, not \['x'\]"),
    ({"query": "slow"}, r"ended the query after 5 s.*statement_timeout"),
    ({"query": "meddling"}, "read-only transaction"),
    ({"query": "deleting"}, "refuses the query"),
    ({"query": "broken"}, "nothing_like_this"),
    ({"query": "misspelt"}, "syntax error"),
    ({"query": "dividing"}, "division by zero"),
    ({"query": "copying"}, "refuses the query"),
    ({"query": "late_failure"}, "division by zero"),
    (
        {"query": "long_text", "format": "xlsx"},
        "row 1, column 'text' .*40,000 characters.*such as csv",
    ),
]


@pytest.mark.parametrize(("payload", "words"), REFUSED)
def test_what_cannot_be_exported_is_refused_and_leaves_nothing(
    shop: Settings, shop_url: str, payload: dict[str, Any], words: str
) -> None:
    with pytest.raises(PermanentFailure, match=words) as refusal:
        exported(shop, **payload)

    assert "postgresql" not in str(refusal.value)
    assert visible(shop) == []
    assert count_orders(shop_url) == 3


def test_a_database_that_is_away_is_tried_again_without_telling_its_password(
    settings: Settings,
) -> None:
    url = "postgresql://reader:s3cret@127.0.0.1:9/shop"
    away = settings.but(sources={"shop": SourceSettings(url=url, tables=("*",))})

    with pytest.raises(RetryLater, match="source 'shop' cannot be read now") as failure:
        exported(away, table="orders")

    assert "s3cret" not in str(failure.value)


@pytest.mark.parametrize("url", ["nonsense", "oracle://x", "postgresql+nothing://x/y"])
def test_a_source_whose_url_is_wrong_is_named(settings: Settings, url: str) -> None:
    wrong = settings.but(sources={"shop": SourceSettings(url=url, tables=("*",))})

    with pytest.raises(PermanentFailure, match="source 'shop'"):
        exported(wrong, table="orders")


def test_a_sqlite_file_is_a_source_too(settings: Settings, tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "a.db") as database:
        database.executescript(
            "CREATE TABLE t (n integer, x real, s text);"
            "INSERT INTO t VALUES (1, 1.5, 'a'), (2, NULL, '=b');"
        )
    source = SourceSettings(
        url=f"sqlite:///{tmp_path / 'a.db'}", tables=("*",), queries={"drop": "DELETE FROM t"}
    )
    with_file = settings.but(sources={"shop": source})

    _, content = exported(with_file, table="t", format="parquet")

    assert pq.read_table(io.BytesIO(content)).to_pylist() == [
        {"n": 1, "x": 1.5, "s": "a"}, {"n": 2, "x": None, "s": "=b"}
    ]  # fmt: skip
    with pytest.raises(PermanentFailure, match="refuses the query"):
        exported(with_file, query="drop")
    with pytest.raises(PermanentFailure, match="no table 'u'"):
        exported(with_file, table="u")
