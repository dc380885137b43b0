"""Definitions and parameters of reports that are wrong, or want more than reading: each refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from backend.domain.errors import PermanentFailure
from tests.integration.workers.shop import count_orders
from tests.integration.workers.test_generating_reports import defined, made
from tests.workers_at_work import Settings
from workers.base_worker import JobContext


def nonsense(_parameters: dict[str, Any], _running: JobContext) -> Any:
    return [1, 2]


LAYOUT = [{"table": "n", "title": "N"}]
ONE = {"n": "SELECT 1 AS a"}


def on(sql: str) -> dict[str, Any]:
    return {"datasets": {"n": sql}, "layout": LAYOUT}


def laid_out(*blocks: dict[str, Any], sql: str = "SELECT 1 AS a") -> dict[str, Any]:
    return {"datasets": {"n": sql}, "layout": list(blocks)}


TEXT_CHART = {"chart": "n", "title": "N", "category": "a", "series": {"b": "B"}}
LIFTED = "SELECT set_config('transaction_read_only', 'off', false), meddle()"
WRONG_DEFINITIONS: list[tuple[dict[str, Any], str]] = [
    (on("SELECT pg_sleep(30)"), "ended the query after 5 s"),
    (on("SELECT meddle()"), "read-only transaction"),
    (on("DELETE FROM orders RETURNING 1"), "refuses the query"),
    (on("CREATE TABLE x AS SELECT 1"), "refuses the query"),
    (on("SELECT 1; DELETE FROM orders"), "refuses the query"),
    (on("COPY orders TO PROGRAM 'true'"), "refuses the query"),
    (on(LIFTED), "refuses the query"),
    (on("SELEC 1"), "syntax error"),
    (on("SELECT :x"), "uses :x, which is no parameter"),
    ({**on("SELECT :dy"), "parameters": {"day": {"type": "date"}}}, "did you mean 'day'"),
    (laid_out({"table": "m", "title": "N"}), "'m', which is no dataset"),
    (laid_out({"table": "n", "title": "N", "columns": {"b": "B"}}), "no column 'b'"),
    (laid_out(TEXT_CHART, sql="SELECT 'x' AS a, 'y' AS b"), "holds no numbers"),
    (laid_out({"chart": "n", "table": "n", "title": "N"}), "a block has one of"),
    (laid_out(), "layout"),
    ({"layout": LAYOUT}, "give datasets"),
    ({"datasets": ONE, "function": "os:getcwd", "layout": LAYOUT}, "give datasets"),
    ({"function": "os.path", "layout": LAYOUT}, "function"),
    ({"function": "no_such_module:x", "layout": LAYOUT}, "is not there"),
    ({"function": "os:no_such_name", "layout": LAYOUT}, "is not there"),
    ({"function": "os:sep", "layout": LAYOUT}, "cannot be called"),
    ({"function": f"{__name__}:nonsense", "layout": LAYOUT}, "must return lists of rows by name"),
    ({"datasets": ONE, "layout": LAYOUT, "sql": "x"}, "sql"),
    ({"datasets": ONE, "layout": LAYOUT, "source": "shp"}, "no source 'shp', did you mean 'shop'"),
    ({**on("SELECT 1"), "parameters": {"a": {"type": "float"}}}, r"parameters\.a\.type"),
]


@pytest.mark.parametrize(("definition", "words"), WRONG_DEFINITIONS)
def test_a_definition_that_is_wrong_fails_with_the_reason(
    settings: Settings, tmp_path: Path, shop_url: str, *, definition: dict[str, Any], words: str
) -> None:
    with pytest.raises(PermanentFailure, match=words):
        made(defined(settings, tmp_path, shop_url, **definition), "own")

    assert count_orders(shop_url) == 3


def test_a_name_given_twice_in_a_definition_is_an_error(settings: Settings, tmp_path: Path) -> None:
    settings = defined(settings, tmp_path, layout=LAYOUT, datasets={"n": "SELECT 1"})
    with (tmp_path / "reports" / "own.yaml").open("a") as file:
        file.write("title: Again\n")

    with pytest.raises(PermanentFailure, match=r"(?s)report 'own'.*title.*given twice"):
        made(settings, "own")


WRONG_PARAMETERS: list[tuple[dict[str, Any], str]] = [
    ({"dy": "2026-01-02"}, "no parameter 'dy', did you mean 'day'"),
    ({"day": "02.01.2026"}, "'day' must be of type date"),
    ({"day": "2026-02-30"}, "'day' must be of type date"),
    ({"day": 20260102}, "'day' must be of type date"),
    ({"day": True}, "'day' must be of type date"),
    ({"day": "2026-01-02'; DROP TABLE jobs; --"}, "'day' must be of type date"),
    ({"day": "tomorrow"}, "'day' must be of type date"),
    ({"time_zone": "Middle-Earth/Shire"}, "time zone"),
    ({"time_zone": "'; DROP TABLE jobs; --"}, "time zone"),
    ({"time_zone": 1}, "'time_zone' must be of type text"),
    ({"time_zone": "\x00"}, "'time_zone' must be of type text"),
]


@pytest.mark.parametrize(("parameters", "words"), WRONG_PARAMETERS)
def test_a_parameter_that_does_not_fit_is_named(
    own: Settings, parameters: dict[str, Any], words: str
) -> None:
    with pytest.raises(PermanentFailure, match=words):
        made(own, "queue_activity_of_a_day", parameters=parameters)


def test_an_unknown_report_is_told_the_nearest(own: Settings) -> None:
    with pytest.raises(PermanentFailure, match="did you mean 'failures_of_a_week'"):
        made(own, "failure_of_a_week")
