"""A supervisor writes the lines that it would with structlog, without it."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest
from structlog.testing import capture_logs

from backend.telemetry.logs.lean_set_up import set_up_lean_logs
from backend.telemetry.logs.logger import Logger
from backend.telemetry.logs.set_up import set_up_logs

_SAID: list[tuple[str, str, dict[str, Any]]] = [
    ("info", "worker.spawned", {"worker": "host-0", "pid": 17}),
    ("warning", "store.waiting", {"error": "redis://u:hunter2@host/0 is away", "code": "ä…"}),
    ("error", "worker.died", {"returncode": -9, "pause_seconds": 0.2, "cause": None}),
    ("critical", "odd", {"password": "hunter2", "exit": {1}}),
    ("info", "sent", {"headers": [("Authorization", "Basic x")], "by": {"password": "hunter2"}}),
    ("debug", "worker.record_left", {"worker": "host-0"}),
]


def _log(level: str = "INFO", style: str = "json") -> dict[str, Any]:
    return {
        "level": level,
        "style": style,
        "libraries": "WARNING",
        "setup": "keep",
        "capture": False,
    }


def _lines(capsys: pytest.CaptureFixture[str]) -> list[list[tuple[str, Any]]]:
    """The fields of each line, in order."""
    said = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    for line in said:
        assert line["timestamp"].endswith("Z")
        line["timestamp"] = len(line["timestamp"])
    return [list(line.items()) for line in said]


def _fail() -> None:
    raise ValueError("the door of redis://u:hunter2@host/0 is shut")


def _say_all() -> None:
    logger = Logger("tally.supervisor")
    for level, event, details in _SAID:
        getattr(logger, level)(event, **details)
    try:
        _fail()
    except ValueError as error:
        logger.exception("it.failed")
        logger.critical("step.failed", exc_info=error)


@pytest.mark.parametrize("level", ["DEBUG", "INFO", "ERROR"])
def test_its_lines_are_those_of_structlog(level: str, capsys: pytest.CaptureFixture[str]) -> None:
    set_up_logs(**_log(level), process="supervisor")
    _say_all()
    expected = _lines(capsys)

    set_up_lean_logs(_log(level), process="supervisor")
    _say_all()

    lean = _lines(capsys)
    assert lean == expected
    assert "hunter2" not in str(lean)


def test_on_a_terminal_structlog_writes(capsys: pytest.CaptureFixture[str]) -> None:
    set_up_lean_logs(_log(style="text"), process="supervisor")

    Logger("tally").info("worker.spawned", pid=17)

    assert "worker.spawned" in capsys.readouterr().err
    assert Logger.lines is None


def test_elsewhere_structlog_is_heard_as_ever() -> None:
    with capture_logs() as lines:
        Logger("tally").warning("store.waiting", code="x")

    assert lines == [{"event": "store.waiting", "code": "x", "log_level": "warning"}]


def test_structlog_is_not_read_for_it() -> None:
    code = f"""
import sys
from backend.telemetry.logs.lean_set_up import set_up_lean_logs
from backend.telemetry.logs.logger import Logger
set_up_lean_logs({_log()!r}, process="supervisor")
Logger("tally").info("worker.spawned", pid=17)
assert "structlog" not in sys.modules
"""
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)

    assert json.loads(told.stderr)["event"] == "worker.spawned"
