"""What a handler logs stays with its attempt: short, and without secrets."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from backend.domain.jobs.attempts.noted_progress import RawLine
from backend.telemetry.logs.set_up import set_up_logs
from workers.base_worker import JobContext
from workers.job_types.job_log import JobLog


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


def test_what_is_handled_is_kept_with_its_words_and_its_traceback_is_in_the_process_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logs(style="json")
    log = JobLog(job_id="a")

    try:
        int("one")
    except ValueError:
        log.exception("cannot sync", part=3)
    log.exception("nothing is handled")
    words = "invalid literal for int() with base 10: 'one'"

    assert _lines(log) == [
        ("error", f"cannot sync part=3 exception=ValueError: {words}"),
        ("error", "nothing is handled"),
    ]
    line = json.loads(capsys.readouterr().err.splitlines()[0])
    assert (line["event"], line["level"]) == ("cannot sync", "error")
    assert "Traceback (most recent call last)" in line["exception"]


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
    assert lines[149:152] == [
        ("info", "again number=149"),
        ("warning", "… and 9800 more lines, which the process log has"),
        ("info", "again number=9950"),
    ]
    assert lines[-1] == ("info", "again number=9999")


def test_lines_of_any_length_fill_no_store_and_the_last_ones_are_there() -> None:
    log = JobLog(job_id="a")

    for number in range(1000):
        log.info(f"{number} " + "x" * 1000)

    lines = _lines(log)
    assert len(log.kept()) < 17 * 1024
    assert lines[0][1].startswith("0 x")
    assert lines[-1][1].startswith("999 x")
    [hint] = [text for level, text in lines if level == "warning"]
    assert hint == f"… and {1000 - len(lines) + 1} more lines, which the process log has"


def test_one_long_line_does_not_fill_it_either() -> None:
    log = JobLog(job_id="a")

    log.info("x" * 100_000)
    log.info("done")

    assert len(log.kept()) < 5000
    assert _lines(log)[-1] == ("info", "done")


def test_a_context_has_one_log_and_only_when_asked() -> None:
    context = JobContext("a", "greet", 1)

    assert context.written is None
    assert context.log is context.log


class Wordless:
    def __str__(self) -> str:
        raise ValueError("no words")

    __repr__ = __str__


OWN = (
    *("self", "event", "level", "timestamp", "process", "logger", "exception"),
    *("job_id", "job_type", "attempt", "trace_id", "stack_info", "method_name"),
)


@pytest.mark.parametrize("name", OWN)
def test_a_detail_called_like_a_field_of_the_line_stands_beside_it(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logs(level="INFO", style="json", process="worker")
    log = JobLog(job_id="a", job_type="pay", attempt=2, trace_id="t")

    log.info("paid", **{name: "theirs"})

    line = json.loads(capsys.readouterr().err)
    assert line.pop(f"detail_{name}") == "theirs"
    line.pop("timestamp")
    assert line == {
        "job_id": "a",
        "job_type": "pay",
        "attempt": 2,
        "trace_id": "t",
        "event": "paid",
        "process": "worker",
        "level": "info",
    }
    assert _lines(log) == [("info", f"paid {name}=theirs")]


@pytest.mark.parametrize(
    "details",
    [
        {"value": Wordless()},
        {"value": {Wordless(): 1, (1, 2): 3}},
        {"exc_info": 5},
        {"exc_info": True},
        {"_record": 1, "_from_structlog": 2, "args": 3, "name": 4},
    ],
)
@pytest.mark.parametrize("style", ["json", "text"])
def test_no_detail_fails_a_job(
    details: dict[str, Any], style: str, capsys: pytest.CaptureFixture[str]
) -> None:
    set_up_logs(level="DEBUG", style=style)
    log = JobLog(job_id="a")

    for say in (log.debug, log.info, log.warning, log.error):
        say("paid", **details)
        say(Wordless(), **details)  # type: ignore[arg-type]

    assert any(text.startswith("paid") for _, text in _lines(log))
    assert "Traceback" not in capsys.readouterr().err


def test_a_line_that_cannot_be_written_is_missed_on_record(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    full = io.StringIO()
    full.close()
    monkeypatch.setattr("sys.stderr", full)
    set_up_logs(level="INFO", style="json")
    log = JobLog(job_id="a")

    log.info("paid", amount=5)

    assert _lines(log) == [
        ("warning", "a line is missing in the process log: ValueError"),
        ("info", "paid amount=5"),
    ]


@pytest.mark.parametrize(
    "done",
    [float("nan"), float("inf"), 10**5000, "half", None, [1]],
    ids=lambda done: type(done).__name__,
)
def test_progress_that_is_no_number_is_logged_and_fails_no_job(done: Any) -> None:
    told: list[Any] = []
    context = JobContext("a", "greet", 1, report_progress=lambda *said: told.append(said))

    context.progress(done)
    context.progress(1, done if done is not None else "all")

    assert told == []
    assert context.written is not None
    assert [text.partition(" done=")[0] for _, text in _lines(context.written)] == (
        ["progress is not a number"] * 2
    )


def test_progress_is_told_with_a_short_note() -> None:
    told: list[Any] = []
    context = JobContext("a", "greet", 1, report_progress=lambda *said: told.append(said))

    context.progress(1, 2.5, "x" * 500)
    context.progress(0, note=7)  # type: ignore[arg-type]

    assert told == [(1, 2.5, "x" * 200), (0, None, "7")]


def test_no_more_of_a_line_goes_to_another_process_than_that_one_keeps() -> None:
    there, log = JobLog(job_id="a"), JobLog(job_id="a")
    log.forward = there.take

    log.info("long", **{f"part_{number}": "y" * 1000 for number in range(100)})
    log.info("short")

    assert there.kept() == log.kept()
    sent: list[RawLine] = []
    log.forward = sent.append
    log.info("x" * 15_000, more="y" * 15_000)
    assert len(sent[0][2]) < 13_000
