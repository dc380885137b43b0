"""What a handler logs stays with its attempt: short, and without secrets."""

from __future__ import annotations

import json

from workers.base_worker import JobContext
from workers.job_log import JobLog


def _lines(log: JobLog) -> list[tuple[str, str]]:
    return [(level, text) for _, level, text in json.loads(log.kept())]


def test_lines_are_kept_in_order_with_level_and_details() -> None:
    log = JobLog(job_id="a")

    log.info("part sent", part=3, to="Ada")
    log.warning("slow")
    log.error("gave up", after=2.5)

    assert _lines(log) == [
        ("info", "part sent part=3 to=Ada"),
        ("warning", "slow"),
        ("error", "gave up after=2.5"),
    ]


def test_what_is_only_for_the_process_log_is_not_kept() -> None:
    log = JobLog(job_id="a")

    log.debug("noise")

    assert log.kept() == ""


def test_secrets_are_masked() -> None:
    log = JobLog(job_id="a")

    log.info("signed in", password="hunter2", url="https://ada:hunter2@example.org/")

    assert "hunter2" not in log.kept()


def test_a_talkative_handler_fills_no_store_and_is_told_so() -> None:
    log = JobLog(job_id="a")

    for number in range(10_000):
        log.info("again", number=number)

    lines = _lines(log)
    assert len(lines) == 201
    assert lines[-1] == ("warning", "… and 9800 more lines, which the process log has")


def test_one_long_line_does_not_fill_it_either() -> None:
    log = JobLog(job_id="a")

    log.info("x" * 100_000)

    assert len(log.kept()) < 1000


def test_a_context_has_one_log_and_only_when_asked() -> None:
    context = JobContext("a", "greet", 1)

    assert context.written is None
    assert context.log is context.log
