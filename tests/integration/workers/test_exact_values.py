"""Each value of Postgres is the same in every format, to the last digit, or the job names its place."""

from __future__ import annotations

import csv
import io
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import openpyxl
import psycopg2
import pyarrow.parquet as pq
import pytest

from backend.api.config.worker_settings import SourceSettings
from backend.domain.errors import PermanentFailure
from tests.integration.workers.test_exporting_data import exported
from tests.workers_at_work import Settings

#: SQL, and the text of the value in every format that has no type of its own for it.
TEXTS = [
    ("interval '11 days 13:46:41'", "P11DT13H46M41S"),
    ("interval '400 days 1 second'", "P400DT1S"),
    ("interval '1234.567 s'", "PT20M34.567S"),
    ("interval '1 year 2 months -3 days -00:00:00.000001'", "P1Y2M-3DT-0.000001S"),
    ("time '24:00:00'", "24:00:00"),
    ("time '01:02:03.5'", "01:02:03.5"),
    ("timetz '24:00:00+05:30'", "24:00:00+05:30"),
    ("uuid '01234567-89ab-cdef-0123-456789abcdef'", "01234567-89ab-cdef-0123-456789abcdef"),
    ("int4range(1, 5)", "[1,5)"),
    ("tstzrange('infinity', NULL)", "[infinity,)"),
    ("inet '10.0.0.1/8'", "10.0.0.1/8"),
    ("12345678901234567890.1234567890::numeric", "12345678901234567890.1234567890"),
    ("0::numeric(20, 10)", "0.0000000000"),
    ("'NaN'::numeric", "NaN"),
    ("'-Infinity'::numeric", "-Infinity"),
    ("'{(0,0),(1,1);(2,2),(3,3)}'::box[]", "{(1,1),(0,0);(3,3),(2,2)}"),
    ("row(1, 'a b', NULL)", '(1,"a b",)'),
]
#: SQL, and its JSON: a part of a JSON line as it is, a text elsewhere.
NESTED = [
    (r"ARRAY['\x6162'::bytea, NULL]", '["6162",null]'),
    ("ARRAY[timestamptz '2026-11-28 12:00:00+02', 'infinity']", '["2026-11-28T10:00:00+00:00","infinity"]'),
    ("ARRAY[date '0044-03-15 BC', '10000-01-01']", '["0044-03-15 BC","10000-01-01"]'),
    ("ARRAY[interval '1 day 1 second']", '["P1DT1S"]'),
    ("ARRAY[time '24:00']", '["24:00:00"]'),
    ("ARRAY[1.5, 'NaN', '-Infinity']::float8[]", '[1.5,"NaN","-Infinity"]'),
    ("ARRAY[1.10, 'NaN']::numeric[]", '["1.10","NaN"]'),
    ("ARRAY[[true, false], [NULL, true]]", "[[true,false],[null,true]]"),
    ("""ARRAY['a"b', 'NULL', NULL, '', '{x}', E'\\n']""", '["a\\"b","NULL",null,"","{x}","\\n"]'),
    ("""ARRAY['{"a": 1, "a": 1e400}'::json]""", '[{"a": 1, "a": 1e400}]'),
    ("ARRAY['mood'::name]", '["mood"]'),
    ("ARRAY[int4range(1, 5)]", '["[1,5)"]'),
    ("""'{"a":1,"a":2,"b":1.10}'::json""", '{"a":1,"a":2,"b":1.10}'),
    ("""'{"n": 1e400}'::json""", '{"n": 1e400}'),
    ("""'{"m": 12345678901234567890.123456789}'::jsonb""", '{"m": 12345678901234567890.123456789}'),
    ("""'{"n": 1e5000}'::jsonb""", '{"n": 1' + "0" * 5000 + "}"),
    ("'null'::jsonb", "null"),
    ("""'"text"'::jsonb""", '"text"'),
    ("'-5'::jsonb", "-5"),
    ("'{}'::int[]", "[]"),
]  # fmt: skip
#: Days and instants that Python has not; a text where the format has no type that holds them.
BEYOND = [
    ("'infinity'::timestamptz", "infinity"),
    ("'-infinity'::timestamp", "-infinity"),
    ("'infinity'::date", "infinity"),
    ("'0044-03-15 BC'::date", "0044-03-15 BC"),
    ("'10000-01-01'::date", "10000-01-01"),
    ("'10000-01-01 01:02:03.5'::timestamp", "10000-01-01T01:02:03.5"),
    ("'0044-03-15 01:00:00 BC'::timestamp", "0044-03-15T01:00:00 BC"),
]


def asking(shop: Settings, sql: str) -> Settings:
    """The shop, with one query that an operator configured."""
    source = shop.sources["shop"].model_copy(update={"queries": {"one": sql.replace(":", "\\:")}})
    return shop.but(sources={"shop": source})


def values(shop: Settings, sql: str) -> dict[str, Any]:
    """The one value of a query, as readers of each format find it; JSON lines as they stand."""
    asked = asking(shop, f"SELECT {sql} AS v")
    files = {
        kind: exported(asked, query="one", format=kind, spreadsheet_safe=False)[1]
        for kind in ("csv", "jsonl", "xlsx", "parquet")
    }
    sheet = openpyxl.load_workbook(io.BytesIO(files["xlsx"])).active
    assert json.loads(files["jsonl"], parse_int=str).keys() == {"v"}
    return {
        "csv": list(csv.reader(io.StringIO(files["csv"].decode(), newline="")))[1][0],
        "jsonl": files["jsonl"].decode().removeprefix('{"v":').removesuffix("}\n"),
        "xlsx": sheet["A2"].value,
        "parquet": pq.read_table(io.BytesIO(files["parquet"])).to_pylist()[0]["v"],
    }


@pytest.mark.parametrize(("sql", "text"), TEXTS)
def test_a_text_is_the_same_in_every_format(shop: Settings, sql: str, text: str) -> None:
    found = values(shop, sql)

    if sql == "0::numeric(20, 10)":
        assert (found.pop("parquet"), found.pop("xlsx")) == (Decimal(0), 0)
    assert found.pop("jsonl") == json.dumps(text)
    assert set(found.values()) == {text}


@pytest.mark.parametrize(("sql", "text"), NESTED, ids=[sql for sql, _ in NESTED])
def test_arrays_and_json_are_the_same_json_in_every_format(
    shop: Settings, sql: str, text: str
) -> None:
    assert values(shop, sql) == dict.fromkeys(("csv", "jsonl", "xlsx", "parquet"), text)


@pytest.mark.parametrize(("sql", "text"), BEYOND)
def test_a_day_that_python_has_not_is_text_or_its_place_is_named(
    shop: Settings, sql: str, text: str
) -> None:
    asked = asking(shop, f"SELECT {sql} AS v UNION ALL SELECT {sql}")
    expected = f"'{text}" if text.startswith("-") else text
    _, as_csv = exported(asked, query="one")
    _, lines = exported(asked, query="one", format="jsonl")
    _, book = exported(asked, query="one", format="xlsx")

    assert as_csv.decode().splitlines() == ["v", expected, expected]
    assert [json.loads(line) for line in lines.splitlines()] == [{"v": text}] * 2
    assert openpyxl.load_workbook(io.BytesIO(book)).active["A3"].value == text
    with pytest.raises(PermanentFailure, match=r"row 1, column 'v' holds"):
        exported(asked, query="one", format="parquet")


def test_what_each_format_has_a_type_for_keeps_it(shop: Settings) -> None:
    found = [
        values(shop, sql)
        for sql in (
            "0.1::float8 + 0.2", "0.1::float4", "1e300::float8", "9223372036854775807",
            "12.50::numeric(9, 2)",
            "timestamptz '2026-01-02 03:04:05.123456+02'", "date '2026-01-02'", "'NaN'::float8",
        )
    ]  # fmt: skip

    assert [[*of.values()] for of in found] == [
        ["0.30000000000000004", "0.30000000000000004", 0.30000000000000004, 0.30000000000000004],
        ["0.1", "0.1", 0.1, 0.1],
        ["1e+300", "1e+300", 1e300, 1e300],
        ["9223372036854775807", "9223372036854775807", "9223372036854775807", 9223372036854775807],
        ["12.50", '"12.50"', 12.5, Decimal("12.50")],
        [
            "2026-01-02T01:04:05.123456+00:00", '"2026-01-02T01:04:05.123456+00:00"',
            datetime(2026, 1, 2, 1, 4, 5, 123000),
            datetime(2026, 1, 2, 1, 4, 5, 123456, tzinfo=UTC),
        ],
        ["2026-01-02", '"2026-01-02"', datetime(2026, 1, 2), date(2026, 1, 2)],
        ["NaN", '"NaN"', "NaN", pytest.approx(float("nan"), nan_ok=True)],
    ]  # fmt: skip


def test_types_of_ones_own_are_read_by_what_they_are_made_of(shop: Settings, shop_url: str) -> None:
    made = "CREATE TYPE mood AS ENUM ('a'); CREATE DOMAIN days AS date; CREATE EXTENSION hstore"
    connection = psycopg2.connect(shop_url.replace("+psycopg2", ""))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute(made)
        found = [
            values(shop, sql)["jsonl"]
            for sql in (
                "ARRAY['a', NULL]::mood[]", "ARRAY['infinity', '2026-01-02']::days[]",
                "'a=>1, b=>NULL'::hstore",
                "ARRAY['a=>1']::hstore[]",
            )
        ]  # fmt: skip
        cursor.execute("DROP TYPE mood; DROP DOMAIN days; DROP EXTENSION hstore")
    connection.close()

    assert found == [
        '["a",null]', '["infinity","2026-01-02"]', '{"a":"1","b":null}', '[{"a":"1"}]'
    ]  # fmt: skip


def test_null_and_an_empty_text_can_be_told_apart_in_csv(shop: Settings) -> None:
    asked = asking(shop, "SELECT NULL AS a, '' AS b, 'x' AS c UNION ALL SELECT 'y', NULL, NULL")

    assert exported(asked, query="one")[1] == b"a,b,c\r\n,,x\r\ny,,\r\n"
    assert exported(asked, query="one", null="\\N")[1] == b"a,b,c\r\n\\N,,x\r\ny,\\N,\\N\r\n"
    with pytest.raises(PermanentFailure, match=r"row 1, column 'c' holds the very text.*NULL, 'x'"):
        exported(asked, query="one", null="x")


@pytest.mark.parametrize("kind", ["csv", "jsonl", "xlsx", "parquet"])
def test_two_columns_of_one_name_are_refused_at_once(shop: Settings, kind: str) -> None:
    asked = asking(shop, "SELECT 1 AS id, 2 AS name, 3 AS id")

    with pytest.raises(PermanentFailure, match=r"more than one column named 'id'; .* with AS"):
        exported(asked, query="one", format=kind)


@pytest.mark.parametrize(("letters", "holds"), [(16_383, True), (16_384, False)])
def test_excel_counts_an_emoji_as_two_characters(shop: Settings, letters: int, holds: bool) -> None:
    asked = asking(shop, f"SELECT 1 AS n, repeat('😀', {letters}) AS v")

    if holds:
        _, content = exported(asked, query="one", format="xlsx")
        found = openpyxl.load_workbook(io.BytesIO(content)).active["B2"].value
        assert found == "😀" * letters
    else:
        with pytest.raises(PermanentFailure, match=r"row 1, column 'v' .*32,768 characters"):
            exported(asked, query="one", format="xlsx")


def test_bytes_that_are_no_text_fail_once(shop: Settings, shop_url: str) -> None:
    """A database without an encoding of its own hands out whatever bytes were put into it."""
    connection = psycopg2.connect(shop_url.replace("+psycopg2", ""))
    connection.autocommit = True
    with connection.cursor() as cursor:
        cursor.execute("CREATE DATABASE bytes ENCODING SQL_ASCII LOCALE 'C' TEMPLATE template0")
    url = shop_url.replace("/shop", "/bytes")
    source = SourceSettings(url=url, queries={"one": r"SELECT E'\xe4' AS v"})

    with pytest.raises(PermanentFailure, match="the export cannot be made of this data: Unicode"):
        exported(shop.but(sources={"shop": source}), query="one")
    with connection.cursor() as cursor:
        cursor.execute("DROP DATABASE bytes WITH (FORCE)")
    connection.close()
