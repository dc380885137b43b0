"""What a program that sets up no logs of ours hears of Tally: what it hears of any library."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import pytest
from structlog.testing import capture_logs

import tally
from backend.domain.jobs.hooks.draft import Draft
from backend.services.jobs.enqueue_hooks import around_enqueue
from backend.telemetry.logs.logger import Logger

pytestmark = pytest.mark.usefixtures("own_middleware")


class Away(tally.Middleware):
    """A tracker that cannot be reached once the jobs are accepted."""

    @contextmanager
    def around_enqueue(self, drafts: Sequence[tally.Draft]) -> Iterator[None]:
        yield
        raise ValueError("the tracker is away")


def _enqueue() -> None:
    tally.use(Away())
    with around_enqueue([Draft("login", {"pin": "hunter2"}, None, {})]):
        pass


def test_a_failure_is_told_by_logging_with_its_traceback_and_no_variables(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    _enqueue()

    [record] = caplog.records
    assert (record.name, record.levelno) == ("tally.middleware", logging.ERROR)
    assert record.getMessage() == "middleware.failed middleware=Away hook=around_enqueue"
    assert record.filename == "enqueue_hooks.py"
    assert "ValueError: the tracker is away" in caplog.text
    assert "hunter2" not in caplog.text
    assert capsys.readouterr().out == ""


def test_the_traceback_has_no_credentials(caplog: pytest.LogCaptureFixture) -> None:
    try:
        int("redis://u:hunter2@db/0")
    except ValueError as error:
        Logger("tally.trial").exception("it.failed", error=error)

    assert "base 10: 'redis://[hidden]@db/0'" in caplog.text
    assert "hunter2" not in caplog.text


def test_what_is_done_in_order_is_told_to_who_listens_and_its_secrets_to_nobody(
    caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.WARNING, "tally")
    Logger("tally.audit").info("action.done", action="keys.create", token="s3cret")
    assert caplog.records == []

    caplog.set_level(logging.INFO, "tally")
    Logger("tally.audit").info("action.done", action="keys.create", token="s3cret")

    assert [record.getMessage() for record in caplog.records] == [
        "action.done action=keys.create token=[hidden]"
    ]
    assert capsys.readouterr() == ("", "")


def test_a_program_that_has_set_up_structlog_gets_them_there() -> None:
    with capture_logs() as lines:
        _enqueue()

    assert [line["event"] for line in lines] == ["middleware.failed"]
