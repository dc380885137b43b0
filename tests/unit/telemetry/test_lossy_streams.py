"""A stream that is full, closed or gone costs its lines and nothing else."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

_PROGRAM = """
import logging, sys, structlog
from backend.telemetry.logs.set_up import set_up_logs
from backend.telemetry.logs.lossy_streams import lines_lost, lose_lines
lose_lines()
set_up_logs(style="json")
for number in range(3):
    structlog.get_logger().info("said", number=number)
logging.getLogger("library").warning("said too")
print("to standard output")
sys.stdout.flush()
opened = open(sys.argv[1], "w")
lost = sum(lines_lost().counters.values())
opened.write(f"{opened.fileno() > 2} {lost:g}")
"""


def _run(
    told: Path, redirection: str = "", *, program: str = _PROGRAM, **streams: int
) -> tuple[int, list[str]]:
    command = f'"$0" -c "$1" "$2" {redirection}'
    process = subprocess.run(
        ["/bin/sh", "-c", command, sys.executable, program, str(told)], check=False, **streams
    )
    return process.returncode, told.read_text().split()


@pytest.mark.parametrize(
    ("redirection", "lost"),
    [
        ("2> /dev/full", "4"),
        ("> /dev/full 2> /dev/full", "5"),
        ("2>&-", "0"),
        (">&- 2>&- <&-", "0"),
    ],
)
def test_a_process_outlives_streams_that_are_full_or_closed(
    redirection: str, lost: str, tmp_path: Path
) -> None:
    """And what it opens next never gets the number of a closed one."""
    assert _run(tmp_path / "told", redirection) == (0, ["True", lost])


def test_a_process_outlives_the_reader_of_its_lines(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    assert _run(tmp_path / "told", stdout=writing, stderr=writing) == (0, ["True", "5"])

    os.close(writing)


_PRINTS_AT_ONCE = """
import os, sys, threading
from backend.telemetry.logs.lossy_streams import lines_lost, lose_lines
lose_lines()
os.set_blocking(1, False)
filled = 0
while filled < 1 << 20:
    try:
        filled += os.write(1, b"x" * 4096)
    except BlockingIOError:
        break
os.set_blocking(1, True)
raised = []
def say():
    try:
        print("a line")
    except BaseException as error:
        raised.append(repr(error))
threads = [threading.Thread(target=say) for _ in range(4)]
for thread in threads: thread.start()
for thread in threads: thread.join()
open(sys.argv[1], "w").write(f"{len(raised)} {sum(lines_lost().counters.values()):g}")
"""


def test_threads_that_print_at_once_without_a_buffer_hurt_each_other_in_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As handlers do in a container, where Python is mostly told to buffer nothing."""
    monkeypatch.setenv("PYTHONUNBUFFERED", "1")
    reading, writing = os.pipe()

    assert _run(tmp_path / "told", program=_PRINTS_AT_ONCE, stdout=writing) == (0, ["0", "4"])

    os.close(reading)
    os.close(writing)


def test_a_process_outlives_a_reader_that_stands_still(tmp_path: Path) -> None:
    """What the pipe holds arrives whole when it reads again; the rest is lost."""
    reading, writing = os.pipe()
    says_much = _PROGRAM.replace("range(3)", "range(3000)")

    returncode, told = _run(tmp_path / "told", program=says_much, stderr=writing)

    os.close(writing)
    with os.fdopen(reading) as late:
        arrived = late.read().splitlines()
    assert (returncode, told[0]) == (0, "True")
    assert len(arrived) + int(told[1]) == 3001
    assert int(told[1]) > 1000
    assert [json.loads(line)["number"] for line in arrived] == list(range(len(arrived)))


def test_lines_go_on_to_streams_that_work(tmp_path: Path) -> None:
    process = subprocess.run(
        [sys.executable, "-c", _PROGRAM, str(tmp_path / "told")],
        check=True,
        capture_output=True,
        text=True,
    )

    lines = [json.loads(line) for line in process.stderr.splitlines()]
    assert process.stdout == "to standard output\n"
    assert [(line["event"], line.get("number")) for line in lines] == [
        ("said", 0),
        ("said", 1),
        ("said", 2),
        ("said too", None),
    ]
