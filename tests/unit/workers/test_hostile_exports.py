"""Attempts to make an export read, write or run something else. Each is refused, or made harmless."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from backend.api.config.worker_settings import SourceSettings
from workers.artifacts.file_name import FileName
from workers.exports.cells import as_text, harmless, json_text, safe_csv_cell
from workers.exports.export import Export
from workers.sources.json_text import JsonText

GOOD: dict[str, Any] = {"source": "shop", "table": "orders"}

PAYLOADS: list[tuple[str, dict[str, Any]]] = [
    ("source", {"source": "postgresql://root@db/x"}), ("source", {"source": "../shop"}),
    ("source", {"source": ""}), ("source", {"source": None}), ("url", {"url": "postgresql://x"}),
    ("sql", {"sql": "SELECT 1"}), ("table", {"table": "a.b.c"}), ("table", {"table": "a..c"}),
    ("table", {"table": ""}), ("table", {"table": "."}), ("table", {"table": '"orders'}),
    ("table", {"table": 'a"b'}), ("table", {"table": "orders\x00"}), ("table", {"table": "orders\n"}),
    ("table", {"table": "x" * 64}), ("table", {"table": "a." + "x" * 64}), ("table", {"table": None}),
    ("table", {"query": "all"}), ("query", {"table": None, "query": "a b"}),
    ("query", {"table": None, "query": "SELECT 1"}), ("columns.0", {"columns": [""]}),
    ("columns.0", {"columns": ["id\x00"]}), ("columns.0", {"columns": ["a\u202eb"]}),
    ("columns.0", {"columns": ["x" * 64]}), ("columns", {"columns": "id"}),
    ("columns", {"columns": ["a"] * 501}), ("order_by.0", {"order_by": ["x" * 65]}),
    ("order_by.0", {"order_by": ["id\n"]}), ("where.0.column", {"where": [{"column": "a\tb",
    "value": 1}]}), ("null", {"null": "\n"}), ("null", {"null": "x" * 21}),
    ("null", {"null": "-", "format": "jsonl"}),
    ("where.0.op", {"where": [{"column": "a", "op": "OR 1=1 --", "value": 1}]}),
    ("where.0.op", {"where": [{"column": "a", "op": "LIKE", "value": "%"}]}),
    ("where.0.value", {"where": [{"column": "a"}]}), ("where.0.value", {"where": [{"column": "a",
    "value": []}]}),
    ("where.0.value", {"where": [{"column": "a", "op": "in", "value": 1}]}),
    ("where.0.value", {"where": [{"column": "a", "op": "in", "value": []}]}),
    ("where.0.value", {"where": [{"column": "a", "op": "in", "value": [1] * 1001}]}),
    ("where.0.value", {"where": [{"column": "a", "op": "is null", "value": 1}]}),
    ("where.0.raw", {"where": [{"column": "a", "value": 1, "raw": "1=1"}]}),
    ("where", {"where": "1=1"}), ("where", {"where": [{"column": "a", "value": 1}] * 51}),
    ("parameters", {"parameters": {"a": 1}}),
    ("columns", {"table": None, "query": "all", "columns": ["id"]}),
    ("where", {"table": None, "query": "all", "where": [{"column": "a", "value": 1}]}),
    ("limit", {"limit": 0}), ("limit", {"limit": -1}), ("limit", {"limit": "all"}),
    ("format", {"format": "pickle"}), ("format", {"format": "csv;rm -rf"}),
    ("format", {"format": "../csv"}),
    ("compression", {"compression": "zip"}), ("compression", {"format": "xlsx", "compression": "gzip"}),
    ("compression", {"format": "parquet", "compression": "gzip"}), ("folder", {"folder": "/etc"}),
    ("path", {"path": "/etc/passwd"}), ("retention_days", {"retention_days": 0}),
    ("retention_days", {"retention_days": 1e9}), ("name", {"name": "../orders.csv"}),
]  # fmt: skip

NAMES = [
    "", ".", "..", "...", " ", "../x", "..\\x", "/etc/passwd", "\\\\host\\share", "C:\\x", "C:x",
    "a/b", "a\\b",
    "./x", "~/x", "~root", "-rf", ".hidden", ".ssh", "x/", "x.", "x ", " x", "a..b/..", "x..y", "con",
    "CON",
    "con.csv", "PRN.txt", "aux", "nul.csv", "com1", "COM9.x", "lpt1.csv", "com¹.csv", "x\x00.csv",
    "x\n.csv",
    "x\r.csv", "x\t.csv", "x\x1b.csv", "x\x7f.csv", "x\x85.csv", "x\u202ecsv.exe", "x\u200b.csv",
    "x\u2028.csv", "x\ufeff.csv", "x\u2066.csv", "x\ud800.csv", "\u2024\u2024/x", "x\uff0fy", "x\uff3cy",
    "x\u2215y", "x\u2044y", "x\u29f8y", "x\u2216y", "\uff0e\uff0e", "\u2025", "\u2026", "x\u2025y", "x:y",
    "x*y", "x?y", 'x"y', "x<y", "x>y", "x|y", "x\ue000", "ü" * 101, "x" * 201, "..%2f/x", "file:///x",
    "http://x", "x/../../y", "....//x", "..;/x", "\u2100/\u2105x", "x\u037e/",
]  # fmt: skip

RUN_BY_SPREADSHEETS = [
    "=1+1", "=cmd|' /C calc'!A0", '=HYPERLINK("http://x","y")', "=IMPORTXML(1,2)", "+1+1", "+49 30 1234",
    "-1+1", "-2+3+cmd|' /C calc'!A0", "@SUM(1+1)*cmd|' /C calc'!A0", "@x", "\t=1+1", "\r=1+1", "\n=1+1",
    "\x00=1+1", " =1+1", "  \t=1", "\u00a0=1+1", "\ufeff=1+1", "\u200b=1+1", "'=1+1", '"=1+1',
    "\uff1d1+1",
    "\uff0b1", "\uff0d1", "\uff20x", "\u22121", "\ufe661", "\ufe621", "\ufe631", "\ufe6bx", "=", "+",
    "-", "@",
    "\t", "\r", "\n", "==1", "=-1", " \u00a0+1", "\u200e=1", "\u200f@x", "\u2060=1", '"" =1', "-", "--1",
]  # fmt: skip


@pytest.mark.parametrize(("field", "payload"), PAYLOADS, ids=ascii)
def test_a_field_that_does_not_fit_is_named(field: str, payload: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refusal:
        Export.model_validate({**GOOD, **payload})

    places = [".".join(map(str, found["loc"])) for found in refusal.value.errors()]
    assert [place for place in places if place.startswith(field)]


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_a_name_that_is_more_than_a_name_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(FileName).validate_python(name)


@pytest.mark.parametrize(
    "name",
    ["a", "orders.csv", "Zusammenfassung März 2026.xlsx", "数.csv", "a-b_c (1).tar.gz", "x" * 200],
)
def test_usual_names_pass(name: str) -> None:
    assert TypeAdapter(FileName).validate_python(name) == name


@pytest.mark.parametrize("text", RUN_BY_SPREADSHEETS, ids=ascii)
def test_text_that_a_spreadsheet_would_run_gets_an_apostrophe(text: str) -> None:
    assert safe_csv_cell(text) == f"'{text}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        "Ada",
        "1",
        "3.14",
        "a=b",
        "a+b",
        "x-1",
        "ü",
        "数",
        "(1)",
        "#1",
        "user@example.com",
        "'",
    ],
)
def test_usual_text_stays_as_it_is(text: str) -> None:
    assert harmless(text) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""), (-5, "-5"), (Decimal("-5.00"), "-5.00"), (-1.5, "-1.5"), (True, "true"),
        (datetime(2026, 1, 2, tzinfo=UTC), "2026-01-02T00:00:00+00:00"), (date(2026, 1, 2), "2026-01-02"),
        (b"\x00\xff", "00ff"), ({"a": [1, None]}, '{"a":[1,null]}'), (["=1"], '["=1"]'),
    ],
)  # fmt: skip
def test_values_of_our_own_keep_their_form(value: object, text: str) -> None:
    assert safe_csv_cell(value) == as_text(value) == text


@pytest.mark.parametrize(
    ("value", "json"),
    [
        (float("nan"), '"NaN"'), (float("-inf"), '"-Infinity"'), (1.5, "1.5"), (2**70, str(2**70)),
        (Decimal("1.10"), '"1.10"'), (Decimal("NaN"), '"NaN"'), ("=1", '"=1"'), (None, "null"),
        ({"a": [1, float("inf")]}, '{"a":[1,"Infinity"]}'), ([b"ab", None], '["6162",null]'),
        ([timedelta(days=1, seconds=1)], '["P1DT1S"]'), (True, "true"), ("a\n\u2028", '"a\\n\u2028"'),
        (JsonText('{"a":1,\n"a":1e400}'), '{"a":1, "a":1e400}'),
    ],
    ids=repr,
)  # fmt: skip
def test_json_has_numbers_where_it_can_hold_them_and_text_elsewhere(value: Any, json: str) -> None:
    assert json_text(value) == json


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (timedelta(), "PT0S"), (timedelta(days=11, seconds=49601), "P11DT13H46M41S"),
        (timedelta(days=400, seconds=1), "P400DT1S"), (timedelta(seconds=1234.567), "PT20M34.567S"),
        (timedelta(microseconds=1), "PT0.000001S"), (timedelta(seconds=-1.5), "PT-1.5S"),
        (timedelta(days=-1, seconds=-3661), "P-1DT-1H-1M-1S"), (Decimal("0E-10"), "0.0000000000"),
        (Decimal("1E+5"), "100000"), (Decimal("Infinity"), "Infinity"), (float("nan"), "NaN"),
    ],
    ids=repr,
)  # fmt: skip
def test_texts_of_values_have_all_their_digits(value: Any, text: str) -> None:
    assert as_text(value) == text


def test_a_number_that_is_json_stays_a_number_in_a_safe_file() -> None:
    texts = [safe_csv_cell(JsonText(text)) for text in ("-5", '"=1"', '{"a": "=1"}', "[-1]")]

    assert texts == ["-5", '\'"=1"', '{"a": "=1"}', "[-1]"]


def test_the_urls_of_sources_are_not_shown() -> None:
    source = SourceSettings(url="postgresql://reader:s3cret@db/shop")

    assert "s3cret" not in repr(source)
    assert source.url.get_secret_value() == "postgresql+psycopg2://reader:s3cret@db/shop"
