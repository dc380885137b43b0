"""What a development loop says and does when it cannot do what it is for."""

from __future__ import annotations

import os
import signal
from collections.abc import Mapping
from itertools import count
from pathlib import Path

import pytest

from backend.development import dev_loop
from backend.development.code_check import trouble_with_code
from backend.development.dev_loop import DevLoop
from backend.development.one_log import OneLog
from backend.development.program import Program

_PROGRAM = Program("worker", ("worker",), loads_code=True)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One whose code prints what is no UTF-8, and cannot be imported."""
    (tmp_path / "tally.toml").write_text('job_packages = ["latin"]\n')
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", str(tmp_path), prepend=os.pathsep)
    return tmp_path


def test_code_that_prints_what_it_likes_is_told_all_the_same(project: Path) -> None:
    (project / "latin.py").write_text(
        "import sys\nsys.stdout.buffer.write(b'caf\\xe9')\nsys.stdout.flush()\nraise ImportError('x')\n"
    )

    assert "caf\ufffd" in trouble_with_code({})


def _text(file: Path) -> str:
    return file.read_text() if file.exists() else ""


def test_code_that_hangs_is_left_when_the_end_is_asked_for(project: Path) -> None:
    (project / "latin.py").write_text(
        "import os, time\nopen('began', 'w').write(str(os.getpid()))\ntime.sleep(3600)\n"
    )

    assert trouble_with_code({}, is_over=lambda: _text(project / "began") != "") == ""

    with pytest.raises(ProcessLookupError):
        os.kill(int(_text(project / "began")), 0)


def test_that_nothing_is_watched_any_more_is_told_and_ends_what_waits_for_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(dev_loop, "trouble_with_code", lambda *_, **__: "it is broken")
    loop = DevLoop([_PROGRAM], dict, OneLog([_PROGRAM.name]))
    loop.is_watching = True

    loop.changes_are_not_seen("it is gone")

    assert loop.run() == 1
    said = capsys.readouterr().out
    assert "changes are not seen any more: it is gone" in said
    assert "so nothing would start it again" in said


def test_programs_find_the_environment_as_it_is_when_they_start(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    numbers, tried = count(), list[Mapping[str, str]]()

    def try_it(environment: Mapping[str, str], **_: object) -> str:
        tried.append(environment)
        return "it is broken"

    monkeypatch.setattr(dev_loop, "trouble_with_code", try_it)
    loop = DevLoop([_PROGRAM], lambda: {"N": str(next(numbers))}, OneLog([_PROGRAM.name]))
    loop.is_watching = True

    loop.code_changed([Path("tally.toml")])
    loop.changes_are_not_seen("it is gone")
    loop.run()

    assert len(tried) == 2
    assert tried[0] != tried[1]


def test_an_end_that_is_asked_for_while_code_is_tried_starts_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def hang(*_: object, is_over: object) -> str:
        os.kill(os.getpid(), signal.SIGINT)
        assert callable(is_over)
        assert is_over()
        return ""

    monkeypatch.setattr(dev_loop, "trouble_with_code", hang)
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = [signal.getsignal(number) for number in numbers]
    loop = DevLoop([_PROGRAM], dict, OneLog([_PROGRAM.name]))
    try:
        loop.obey_signals()
        assert loop.run() == 0
    finally:
        for number, handler in zip(numbers, before, strict=True):
            signal.signal(number, handler)

    assert "stopping" in capsys.readouterr().out
