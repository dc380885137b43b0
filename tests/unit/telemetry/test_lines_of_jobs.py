"""What handlers write with `logging` and structlog says whose it is, and stays with the attempt."""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import Any

import pytest
import structlog

from backend.domain.jobs.attempts.outcome import Outcome
from backend.domain.jobs.job_type import JobType
from backend.telemetry.logs.job_lines import keep_lines_of_jobs
from backend.telemetry.logs.set_up import set_up_logs
from tally.logs import JobFields, job_fields, keep_line
from tests.effort import calls_of
from tests.unit.runtime.attempts import claimed, run
from workers.base_worker import JobContext
from workers.runtime.attempts import attempt

OF_JOB = {"job_id": "a", "job_type": "greet", "attempt": 1}


@pytest.fixture(autouse=True)
def own_level() -> Iterator[None]:
    """A level that a test gives the logger of a handler is gone after it."""
    yield
    logging.getLogger("crm.jobs").setLevel(logging.NOTSET)


def _kept(outcome: Outcome) -> list[tuple[str, str]]:
    return [(level, text) for _, level, text in json.loads(outcome.log or "[]")]


def _said(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    return [{k: v for k, v in line.items() if k != "timestamp"} for line in lines]


def _by_logging(_payload: Any) -> None:
    logging.getLogger("crm.jobs").info("syncing %s", "acme")


def _by_structlog(_payload: Any) -> None:
    structlog.get_logger("crm").info("syncing", who="acme")


def test_a_line_of_logging_carries_its_job_and_stays_with_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logs(style="json")

    outcome = run(_by_logging, trace_id="t-1")

    assert _kept(outcome) == [("info", "syncing acme")]
    assert _said(capsys) == [
        {
            **OF_JOB,
            "trace_id": "t-1",
            "event": "syncing acme",
            "level": "info",
            "logger": "crm.jobs",
        }
    ]


def test_a_line_of_structlog_carries_its_job_and_stays_with_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logs(style="json")

    outcome = run(_by_structlog)

    assert _kept(outcome) == [("info", "syncing who=acme")]
    assert _said(capsys) == [{**OF_JOB, "event": "syncing", "who": "acme", "level": "info"}]


def test_the_jobs_own_log_is_kept_once_and_in_order(capsys: pytest.CaptureFixture[str]) -> None:
    def handler(_payload: Any, context: JobContext) -> None:
        _by_logging(None)
        context.log.warning("halfway", part=1)
        _by_structlog(None)

    set_up_logs(style="json")

    outcome = run(handler)

    assert _kept(outcome) == [
        ("info", "syncing acme"),
        ("warning", "halfway part=1"),
        ("info", "syncing who=acme"),
    ]
    assert len(_said(capsys)) == 3


def test_what_a_line_says_itself_under_these_names_stays(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logs(style="json")

    run(lambda _payload: structlog.get_logger().info("paid", job_id=7))
    run(lambda _payload: logging.getLogger("crm").info("paid", extra={"job_id": 7}))

    assert [line["job_id"] for line in _said(capsys)] == [7, "a"]


def test_outside_of_jobs_lines_are_as_they_were(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(style="json")

    _by_logging(None)
    _by_structlog(None)

    assert _said(capsys) == [
        {"event": "syncing acme", "level": "info", "logger": "crm.jobs"},
        {"event": "syncing", "who": "acme", "level": "info"},
    ]


def test_debug_lines_are_not_kept() -> None:
    def handler(_payload: Any) -> None:
        logging.getLogger("crm").debug("noise")
        structlog.get_logger("crm").debug("noise")

    set_up_logs(level="DEBUG", style="json")

    assert run(handler).log == ""


def test_secrets_are_masked_in_both_places(capsys: pytest.CaptureFixture[str]) -> None:
    def handler(payload: dict[str, str]) -> None:
        logging.getLogger("crm").info("password=hunter2 of %s", payload["card"])
        structlog.get_logger("crm").info("signed in", password="hunter2", card=payload["card"])

    set_up_logs(style="json")
    kind = JobType("greet", handler, secret_fields=frozenset({"card"}))
    job = claimed({"card": "4111-1111"})

    outcome = attempt.run(attempt.prepare(kind, None), job, JobContext("a", "greet", 1))

    assert _kept(outcome) == [
        ("info", "password=[hidden] of [hidden]"),
        ("info", "signed in password=[hidden] card=[hidden]"),
    ]
    assert "hunter2" not in capsys.readouterr().err


def test_an_exception_that_is_logged_is_kept_by_its_words_without_its_trace() -> None:
    def handler(_payload: Any) -> None:
        try:
            int("token=abc")
        except ValueError:
            logging.getLogger("crm").exception("cannot sync")
            structlog.get_logger("crm").exception("cannot sync")

    set_up_logs(style="json")

    words = "invalid literal for int() with base 10: 'token=[hidden]"
    assert _kept(run(handler)) == [("error", f"cannot sync exception=ValueError: {words}")] * 2


def test_a_flood_is_bounded_in_lines_and_bytes() -> None:
    def handler(_payload: Any) -> None:
        for number in range(5000):
            logging.getLogger("crm").info("%d %s", number, "x" * 300)

    set_up_logs(level="INFO", style="json")

    outcome = run(handler)

    assert len(_kept(outcome)) <= 201
    assert len(outcome.log) < 20 * 1024
    assert _kept(outcome)[-1][1].startswith("4999 ")


def test_a_thread_that_was_given_the_context_is_of_the_job() -> None:
    def handler(_payload: Any) -> None:
        thread = threading.Thread(target=copy_context().run, args=(_by_logging, None))
        thread.start()
        thread.join()

    set_up_logs(style="json")

    assert _kept(run(handler)) == [("info", "syncing acme")]


class Wordless:
    def __str__(self) -> str:
        raise ValueError("no words")


def test_no_line_fails_a_job(monkeypatch: pytest.MonkeyPatch) -> None:
    def handler(_payload: Any) -> int:
        logging.getLogger("crm").info("%s", Wordless())
        logging.getLogger("crm").info(Wordless())
        logging.getLogger("crm").info("%d", "seven")
        return 7

    set_up_logs(style="json")
    monkeypatch.setattr(logging, "raiseExceptions", False)

    outcome = run(handler)

    assert outcome.result == "7"
    assert [level for level, _ in _kept(outcome)] == ["info"] * 3


def test_records_of_other_processes_are_made_as_ever() -> None:
    set_up_logs(style="json")

    outcome = run(lambda _payload: logging.makeLogRecord({"msg": "from afar"}).getMessage())

    assert outcome.result == '"from afar"'


def test_where_the_application_keeps_its_logging_lines_are_kept_without_a_handler_of_ours() -> None:
    root = logging.getLogger()
    root.handlers[:] = []
    set_up_logs(style="json", setup="keep")
    logging.getLogger("crm.jobs").setLevel(logging.INFO)

    outcome = run(_by_logging)

    assert root.handlers == []
    assert _kept(outcome) == [("info", "syncing acme")]


def test_an_application_can_have_the_fields_in_its_own_format(
    capsys: pytest.CaptureFixture[str],
) -> None:
    handler = logging.StreamHandler()
    handler.addFilter(JobFields())
    handler.setFormatter(logging.Formatter("%(message)s|%(job_id)s|%(attempt)s|%(trace_id)s"))
    set_up_logs(style="json", setup="keep")
    logger = logging.getLogger("own.format")
    logger.propagate, logger.handlers = False, [handler]

    logger.warning("before")
    run(lambda _payload: logger.warning("within"), trace_id="t-1")

    assert capsys.readouterr().err.splitlines() == ["before|||", "within|a|1|t-1"]


def test_an_application_can_have_them_in_its_own_structlog(
    capsys: pytest.CaptureFixture[str],
) -> None:
    structlog.configure(
        processors=[keep_line, job_fields, structlog.processors.KeyValueRenderer()],
        logger_factory=structlog.PrintLoggerFactory(),
    )

    outcome = run(lambda _payload: structlog.get_logger().error("within", part=3))

    assert _kept(outcome) == [("error", "within part=3")]
    assert capsys.readouterr().out.strip() == (
        "part=3 event='within' job_id='a' job_type='greet' attempt=1"
    )


def test_structlog_that_goes_by_way_of_logging_is_kept_by_its_event() -> None:
    structlog.configure(
        processors=[structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    keep_lines_of_jobs(True)
    logging.getLogger().setLevel(logging.INFO)

    assert _kept(run(lambda _payload: structlog.get_logger().info("within", part=3))) == [
        ("info", "within")
    ]


def test_it_can_be_left_out() -> None:
    set_up_logs(style="json")
    set_up_logs(style="json", capture=False)

    def handler(_payload: Any, context: JobContext) -> None:
        _by_logging(None)
        _by_structlog(None)
        context.log.info("its own")

    assert _kept(run(handler)) == [("info", "its own")]


@pytest.mark.parametrize("capture", [True, False])
def test_a_job_that_writes_nothing_pays_nothing(capture: bool) -> None:
    def cost(prepare: Callable[[], None]) -> int:
        prepare()
        prepared = attempt.prepare(JobType("greet", lambda _payload: None), None)
        job, context = claimed(), JobContext("a", "greet", 1)
        return calls_of(lambda: attempt.run(prepared, job, context))

    before = cost(lambda: keep_lines_of_jobs(False))

    assert cost(lambda: set_up_logs(style="json", capture=capture)) == before


def test_a_mapping_is_a_message_as_any_other() -> None:
    set_up_logs(style="json")

    outcome = run(
        lambda _payload: logging.getLogger("crm.jobs").info({"part": 3, "token": "s3cret"})
    )

    assert _kept(outcome) == [("info", "{'part': 3, 'token': [hidden]}")]


def test_the_jobs_own_log_is_kept_once_where_structlog_writes_through_logging() -> None:
    def handler(_payload: Any, context: JobContext) -> None:
        context.log.info("halfway", part=1)

    set_up_logs(style="json")
    structlog.configure(
        processors=[structlog.stdlib.render_to_log_kwargs],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )

    assert _kept(run(handler)) == [("info", "halfway part=1")]
