"""The record in the words of other queues, asked in SQL as people bring it along."""

from __future__ import annotations

from datetime import timedelta

from tests.integration.history.chronicle import Chronicle
from tests.integration.history.lives import START, Life, events_of

LIVES = (
    Life("done", START, "send_email", "high:email", "w1", {"context_id": "order-1"}),
    Life("dead", START + timedelta(seconds=1), "send_email", "high:email", "w1", ends="failed",
         error=("ConnectionError", "refused")),
    Life("waits", START + timedelta(seconds=2), "export", "low:export",
         options={"environment": "staging"}, ends=""),
)  # fmt: skip


def test_states_are_called_as_other_queues_call_them(chronicle: Chronicle) -> None:
    chronicle.write(*events_of(*LIVES))

    rows = chronicle.rows(
        "SELECT id, status, run_status, environment FROM task_jobs ORDER BY created_at"
    )

    assert [tuple(row.values()) for row in rows] == [
        ("done", "succeeded", "success", None),
        ("dead", "failed", "failed", None),
        ("waits", "todo", "queued", "staging"),
    ]


def test_every_state_has_its_word(chronicle: Chronicle) -> None:
    chronicle.write(*events_of(*LIVES))
    words = {
        "scheduled": "todo", "deferred": "todo", "queued": "todo", "started": "doing",
        "finished": "succeeded", "failed": "failed", "canceled": "cancelled",
    }  # fmt: skip

    for state, word in words.items():
        due = "now()" if state == "scheduled" else "NULL"
        with chronicle.engine.begin() as connection:
            connection.exec_driver_sql(
                f"UPDATE jobs SET status = '{state}', run_at = {due} WHERE id = 'done'"
            )
        assert chronicle.rows("SELECT status FROM task_jobs WHERE id = 'done'") == [
            {"status": word}
        ]


def test_queries_that_people_bring_along_run_on_it(chronicle: Chronicle) -> None:
    chronicle.write(*events_of(*LIVES))

    depth = chronicle.rows(
        "SELECT queue_name, COUNT(*) AS pending FROM task_jobs WHERE status = 'todo' GROUP BY queue_name"
    )
    mean = chronicle.rows(
        "SELECT task_name, AVG(EXTRACT(EPOCH FROM (finished_at - started_at))) > 0 AS took FROM task_jobs"
        " WHERE status = 'succeeded' AND finished_at IS NOT NULL GROUP BY task_name"
    )
    errors = chronicle.rows(
        "SELECT task_name, error, COUNT(*) AS times FROM task_jobs WHERE status = 'failed' GROUP BY 1, 2"
    )
    result = chronicle.rows("SELECT result_payload FROM task_jobs WHERE context_id = 'order-1'")

    assert depth == [{"queue_name": "low:export", "pending": 1}]
    assert mean == [{"task_name": "send_email", "took": True}]
    assert errors == [{"task_name": "send_email", "error": "ConnectionError: refused", "times": 1}]
    assert result == [{"result_payload": chronicle.results("done")[0]["result_payload"]}]
