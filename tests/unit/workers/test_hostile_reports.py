"""Attempts to make a report, or the upkeep, do something else. Each is refused when it is enqueued."""

from __future__ import annotations

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from pydantic import ValidationError

from workers.maintenance.payloads import Backup, Cleanup, LogMessage
from workers.reports.report import Report
from workers.reports.shown_values import shown

PAYLOADS: list[tuple[str, dict[str, Any]]] = [
    ("report", {"report": ""}), ("report", {"report": "../secret"}),
    ("report", {"report": "/etc/passwd"}),
    ("report", {"report": "a/b"}), ("report", {"report": "a\\b"}), ("report", {"report": "a.yaml"}),
    ("report", {"report": "A"}), ("report", {"report": "a b"}), ("report", {"report": "a\x00"}),
    ("report", {"report": "a\n"}), ("report", {"report": "_x"}), ("report", {"report": "ä"}),
    ("report", {"report": "x" * 64}), ("report", {"report": None}), ("report", {"report": 7}),
    ("report", {"report": ["a"]}), ("report", {"report": "{{7*7}}"}), ("report", {"report": "a;b"}),
    ("sql", {"sql": "SELECT 1"}), ("datasets", {"datasets": {"n": "SELECT 1"}}),
    ("source", {"source": "postgresql://x"}), ("function", {"function": "os:system"}),
    ("template", {"template": "{{ 7*7 }}"}), ("path", {"path": "/etc/passwd"}),
    ("format", {"format": "exe"}),
    ("format", {"format": "../pdf"}), ("format", {"format": "PDF"}), ("format", {"format": None}),
    ("format", {"format": ["pdf"]}), ("parameters", {"parameters": ["a"]}),
    ("parameters", {"parameters": "a=1"}), ("parameters.A", {"parameters": {"A": 1}}),
    ("parameters.a b", {"parameters": {"a b": 1}}), ("parameters.a'--", {"parameters": {"a'--": 1}}),
    ("parameters.__class__", {"parameters": {"__class__": 1}}), ("parameters.", {"parameters": {"": 1}}),
    ("parameters.a", {"parameters": {"a": {"$gt": 1}}}), ("parameters.a", {"parameters": {"a": [1]}}),
    ("parameters.a", {"parameters": {"a": "x" * 1001}}),
    ("parameters", {"parameters": {f"p{n}": 1 for n in range(51)}}),
    ("name", {"name": "../x.pdf"}), ("name", {"name": "a/b.pdf"}),
    ("name", {"name": "x\r\nSet-Cookie: a=b.pdf"}),
    ("name", {"name": "x\u202efdp.exe"}), ("name", {"name": ".htaccess"}), ("name", {"name": ""}),
    ("retention_days", {"retention_days": 0}), ("retention_days", {"retention_days": -1}),
    ("retention_days", {"retention_days": 10**9}), ("retention_days", {"retention_days": float("nan")}),
]  # fmt: skip


@pytest.mark.parametrize(("field", "payload"), PAYLOADS, ids=ascii)
def test_a_field_that_does_not_fit_is_named(field: str, payload: dict[str, Any]) -> None:
    with pytest.raises(ValidationError) as refusal:
        Report.model_validate({"report": "sales", **payload})

    places = [".".join(map(str, found["loc"])) for found in refusal.value.errors()]
    assert [place for place in places if place.startswith(field)]


UPKEEP: list[tuple[type[Any], dict[str, Any]]] = [
    (LogMessage, {"message": None}), (LogMessage, {"message": 7}), (LogMessage, {"message": ["a"]}),
    (LogMessage, {"message": "x" * 10_001}), (LogMessage, {"msg": "x"}),
    (LogMessage, {"message": {"a": 1}}),
    (LogMessage, {"message": "x", "level": "error"}), (LogMessage, {"message": "x",
    "file": "/etc/passwd"}),
    (Cleanup, {"path": "/"}), (Cleanup, {"folder": "/"}), (Cleanup, {"dry_run": "rm -rf"}),
    (Cleanup, {"dry_run": None}), (Cleanup, {"older_than": -1}), (Cleanup, {"dry_run": [True]}),
    (Cleanup, {"dry_run": 7}), (Cleanup, {"artifacts": ["x"]}), (Cleanup, {"pattern": "*"}),
    (Backup, {"folder": "/srv"}), (Backup, {"path": "/etc/cron.d/x"}),
    (Backup, {"url": "postgresql://x"}),
    (Backup, {"pg_dump": "/bin/sh"}), (Backup, {"keep": 0}), (Backup, {"options": "--file=/etc/passwd"}),
    (Backup, {"database_url": "x"}), (Backup, {"name": "../x"}), (Backup, {"command": "x"}),
]  # fmt: skip


@pytest.mark.parametrize(("model", "payload"), UPKEEP, ids=ascii)
def test_upkeep_takes_no_paths_and_no_commands(model: type[Any], payload: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        model.model_validate(payload)


@pytest.mark.parametrize(
    ("value", "kind", "text"),
    [
        (None, "auto", "\u2013"), (1234567, "auto", "1,234,567"), (1234.567, "auto", "1,234.57"),
        (Decimal("19.90"), "auto", "19.90"), (3.0, "auto", "3"), (0.1234, "percent", "12.3 %"),
        (12.34, "milliseconds", "12.3 ms"), (1500, "milliseconds", "1.5 s"), (600_000, "milliseconds",
        "10.0 min"),
        (999, "bytes", "999 B"), (1_500_000, "bytes", "1.5 MB"), (2e15, "bytes", "2,000.0 TB"),
        (True, "auto", "true"), (7, "text", "7"), (float("nan"), "auto", "nan"), (float("inf"),
        "percent", "inf"),
        (datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), "auto", "2026-01-02 03:04:05 UTC"),
        (date(2026, 1, 2), "auto", "2026-01-02"), ("<b>", "auto", "<b>"), (["a"], "auto", '["a"]'),
    ],
)  # fmt: skip
def test_values_are_shown_as_people_read_them(value: Any, kind: Any, text: str) -> None:
    assert shown(value, kind) == text
