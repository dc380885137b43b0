"""However a quickstart ends, nothing that it started stays behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from tests.eventually import eventually
from tests.process_ends import are_gone

ROOT = Path(__file__).parents[2]
#: By its path, so that it does the same outside of the checkout.
_QUICKSTART = (sys.executable, ROOT / "tests/acceptance/patient_quickstart.py", "quickstart")
_OURS = {"REDIS_URL", "DATABASE_URL", "JOB_QUEUE_DATABASE_URL"}
Start = Callable[[], subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts a quickstart that stays up, with a state of its own."""
    started: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        state = tmp_path / "state of it"
        kept = {name: value for name, value in os.environ.items() if name not in _OURS}
        # What `nohup` ignores is handed down.
        before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
        started.append(
            subprocess.Popen(
                [*_QUICKSTART, f"--state-dir={state}"],
                cwd=ROOT,
                env={**kept, "PYTHONUNBUFFERED": "1"},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        )
        signal.signal(signal.SIGHUP, before)
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def _until_processes_run(quickstart: subprocess.Popen[str]) -> list[psutil.Process]:
    assert quickstart.stdout is not None
    for line in quickstart.stdout:
        if "now the demonstration" in line:
            return psutil.Process(quickstart.pid).children(recursive=True)
    raise AssertionError("the quickstart ended before its processes ran")


def test_when_its_terminal_is_closed_it_stops_all_it_started(start: Start) -> None:
    quickstart = start()
    processes = _until_processes_run(quickstart)
    assert quickstart.stdout is not None

    quickstart.stdout.close()
    quickstart.send_signal(signal.SIGHUP)

    assert quickstart.wait(300) == 0
    assert len(processes) >= 8
    assert are_gone(processes)


def test_when_it_is_killed_all_it_started_ends_as_well(start: Start) -> None:
    quickstart = start()
    processes = _until_processes_run(quickstart)

    quickstart.kill()

    eventually(lambda: are_gone(processes), timeout=40, show=lambda: processes)


def test_outside_of_a_checkout_it_shows_all_that_it_shows_in_one(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if name not in _OURS}

    shown = subprocess.run(
        [*_QUICKSTART, "--once"],
        cwd=tmp_path,
        env=kept,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        timeout=800,
    )

    assert (shown.returncode, shown.stderr) == (0, "")
    for words in (
        "mail received",
        "dead-letter queue",
        "Hello, Ada!",
        "verified",
        "everything worked",
    ):
        assert words in shown.stdout
