"""What a failure looks like in the logs, whoever logs it."""

from __future__ import annotations

import json
import logging
from typing import Literal

import pytest
import structlog

from backend.telemetry.logs.redaction import without_addresses
from backend.telemetry.logs.set_up import set_up_logs


def _fail() -> None:
    password = "hunter" + "2"
    if password:
        raise ValueError("the door is shut")


def _log_a_failure(who: str) -> None:
    try:
        _fail()
    except ValueError:
        if who == "a library":
            logging.getLogger("werkzeug").exception("it failed")
        else:
            structlog.get_logger("tally").exception("it.failed")


@pytest.mark.parametrize("who", ["a library", "tally"])
@pytest.mark.parametrize("style", ["text", "json"])
def test_a_failure_is_logged_with_its_traceback_and_without_its_variables(
    capsys: pytest.CaptureFixture[str], style: Literal["text", "json"], who: str
) -> None:
    set_up_logs(style=style)

    _log_a_failure(who)

    said = capsys.readouterr().err
    assert "ValueError: the door is shut" in said
    assert "in _fail" in said
    assert "hunter2" not in said
    if style == "json":
        assert "Traceback (most recent call last)" in json.loads(said)["exception"]


def _fail_with(words: str) -> Exception:
    def fail() -> None:
        raise RuntimeError(words)

    try:
        fail()
    except RuntimeError as error:
        return error
    return RuntimeError()


@pytest.mark.parametrize("who", ["a library", "tally"])
@pytest.mark.parametrize("style", ["text", "json"])
def test_a_traceback_holds_no_credentials(
    capsys: pytest.CaptureFixture[str], style: Literal["text", "json"], who: str
) -> None:
    set_up_logs(style=style)
    error = _fail_with("no redis://u:hunter2@db/0, password=hunter2")

    if who == "a library":
        logging.getLogger("werkzeug").error("it failed", exc_info=error)
    else:
        structlog.get_logger("tally").error("it.failed", exc_info=error)

    said = capsys.readouterr().err
    assert "RuntimeError: no redis://[hidden]@db/0, password=[hidden]" in said
    assert "hunter2" not in said


@pytest.mark.parametrize("between", ["\n", " "])
def test_of_a_long_traceback_the_end_is_kept(
    capsys: pytest.CaptureFixture[str], between: str
) -> None:
    set_up_logs(style="json")
    error = _fail_with(f"redis://u:{'hunter2' * 400}@db{between}" * 10 + "the door is shut")

    structlog.get_logger("tally").error("it.failed", exc_info=error)

    told = json.loads(capsys.readouterr().err)["exception"]
    assert told.endswith("the door is shut")
    assert "hunter2" not in told
    assert len(told) <= 16 * 1024 + 1


class Connection:
    """Says how it connects."""

    def __repr__(self) -> str:
        return "Connection(password='hunter2')"


def test_what_is_within_a_detail_is_masked_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(style="json")

    structlog.get_logger("tally").info(
        "sent",
        headers={"Authorization": "Bearer hunter2", "cookie": b"hunter2", "Accept": "*/*"},
        pairs=[("X-Api-Key", "hunter2"), ("Accept", "*/*")],
        urls=[["redis://u:hunter2@db/0"]],
        error=RuntimeError("password=hunter2"),
        body=b"password=hunter2&a=b",
        by=Connection(),
        deep={"a": {"b": {"c": {"d": {"password": "hunter2"}}}}},
        pages=[1, None, {"has_token": True}],
    )

    said = capsys.readouterr().err
    assert "hunter2" not in said
    line = json.loads(said)
    assert line["headers"]["Authorization"] == "[hidden]"
    assert line["headers"]["Accept"] == "*/*"
    assert line["pairs"] == [["X-Api-Key", "[hidden]"], ["Accept", "*/*"]]
    assert line["pages"] == [1, None, {"has_token": True}]


def test_in_text_nothing_that_others_wrote_steers_the_terminal(
    capsys: pytest.CaptureFixture[str],
) -> None:
    set_up_logs(style="text")

    structlog.get_logger("tally").info(
        "told", principal="a\x1b[2J\nb", names=["\x9b31m", "\u202ex"]
    )

    line = capsys.readouterr().err
    assert r"a\x1b[2J\nb" in line
    assert r"'\x9b31m', '\u202ex'" in line
    assert line.isprintable() or line.rstrip("\n").isprintable()


def test_lines_of_any_logger_come_from_the_chosen_level_on(
    capsys: pytest.CaptureFixture[str],
) -> None:
    for level in ("INFO", "DEBUG", "WARNING"):
        set_up_logs(level=level, style="json")
        logging.getLogger("crm.jobs").debug("looking")
        logging.getLogger("crm.jobs").info("syncing %s", "acme")
        logging.getLogger("sqlalchemy.engine").info("SELECT 1")

    events = [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()]
    assert events == ["syncing acme", "looking", "syncing acme"]


def test_what_an_application_set_up_for_its_logs_stays(capsys: pytest.CaptureFixture[str]) -> None:
    heard: list[str] = []

    class Tracker(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            heard.append(record.getMessage())

    logging.getLogger().addHandler(Tracker())
    logging.getLogger("urllib3").setLevel(logging.INFO)

    set_up_logs(style="json")
    set_up_logs(style="json")
    logging.getLogger("urllib3").info("asked for")
    logging.getLogger("urllib3").setLevel(logging.NOTSET)

    assert heard == ["asked for"]
    assert len(capsys.readouterr().err.splitlines()) == 1


@pytest.mark.parametrize(
    ("told", "seen"),
    [
        (
            "Redis cannot be used now: Error 111 connecting to redis.shop.internal:6379. Refused.",
            "Redis cannot be used now: Error 111 connecting to [hidden]. Refused.",
        ),
        (
            'connection to server at "db.internal" (10.0.0.5), port 5432 failed: refused',
            "connection to server [hidden] failed: refused",
        ),
        (
            'connection to server on socket "/run/pg/.s.PGSQL.5432" failed: no such file',
            "connection to server [hidden] failed: no such file",
        ),
        ("Error 2 connecting to unix socket: /run/redis/r.sock. No file.", None),
        ("MISCONF at 12:40, since 03:05:59: 5 of 7", "MISCONF at 12:40, since 03:05:59: 5 of 7"),
        ("[::1]:6379 is away", "[hidden] is away"),
        ("see docs/runbook.md: tally migrate", "see docs/runbook.md: tally migrate"),
    ],
)
def test_an_answer_that_is_open_to_all_does_not_tell_where_servers_stand(
    told: str, seen: str | None
) -> None:
    expected = seen or "Error 2 connecting to unix socket: [hidden]. No file."

    assert without_addresses(told) == expected


def test_an_application_that_sets_its_logs_up_itself_is_left_alone(
    capsys: pytest.CaptureFixture[str],
) -> None:
    own = logging.NullHandler()
    logging.getLogger().addHandler(own)
    handlers = logging.getLogger().handlers[:]
    set_up_logs(style="json")

    set_up_logs(style="json", setup="keep")
    logging.getLogger("crm.jobs").error("not told by us")
    structlog.get_logger("tally").info("told")

    assert logging.getLogger().handlers == handlers
    assert logging.getLogger().level == logging.WARNING
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["told"]


def test_libraries_of_ours_say_as_much_as_is_asked_for(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(style="json", libraries="INFO")
    logging.getLogger("fontTools.ttLib").info("working")
    set_up_logs(style="json", libraries="ERROR")
    logging.getLogger("fontTools.ttLib").warning("slow")

    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == [
        "working"
    ]
