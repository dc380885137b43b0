"""Standard output that is full or closed: one line on standard error, and a status of its own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.cli.typed import typed

_FULL = "tally: standard output could not be written: No space left on device"
_CLOSED = "tally: standard output could not be written: it is closed"


@pytest.mark.parametrize("words", [("--help",), ("completion", "bash"), ("jobs", "-h")])
def test_a_full_standard_output_is_told_in_a_line(words: tuple[str, ...]) -> None:
    ended = typed(*words, redirection="> /dev/full")

    assert (ended.returncode, ended.stderr) == (3, f"{_FULL} [answer_lost]\n")


def test_a_closed_standard_output_is_told_in_a_line() -> None:
    ended = typed("--help", redirection=">&-")

    assert (ended.returncode, ended.stderr) == (3, f"{_CLOSED} [answer_lost]\n")


def test_a_reader_that_has_enough_is_no_fault() -> None:
    ended = typed("config", "reference", redirection="2>&1 | head -1")

    assert (ended.returncode, ended.stdout.count("\n")) == (0, 1)


def test_what_was_printed_and_never_flushed_is_told_too() -> None:
    ended = typed("shell", "-c", "print('lost')", redirection="> /dev/full")

    assert (ended.returncode, ended.stderr) == (3, f"{_FULL} [answer_lost]\n")


def test_nothing_is_held_back_from_a_reader_who_is_slow() -> None:
    """Not where somebody made their pipe non-blocking either, as `node` does."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with subprocess.Popen(
        [sys.executable, "-u", "-m", "backend.cli.main", "shell", "-c", "print('x' * 500_000)"],
        stdout=writing,
    ) as process:
        os.close(writing)
        with os.fdopen(reading) as answer:
            assert answer.read() == f"{'x' * 500_000}\n"

    assert process.returncode == 0


def test_what_was_done_is_told_and_its_own_status_is_kept(tmp_path: Path) -> None:
    ended = typed("init", redirection="> /dev/full", folder=tmp_path)

    assert ended.returncode == 3
    assert ended.stderr == f"{_FULL}; all the same the project is written to . [answer_lost]\n"
    assert sorted(file.name for file in tmp_path.iterdir()) == [
        "jobs.py", "tally.toml", "test_jobs.py",
    ]  # fmt: skip


_ENDS_WHAT_IT_DOES = """
import sys
from backend.cli.output.done_so_far import note_done
from backend.cli.output.lost_answers import telling_of_lost_answers
from backend.cli.output.printing import say, tell
with telling_of_lost_answers():
    for number in range(5):
        note_done(f"{number} is done")
        tell("told")
    say("all five")
    sys.exit(int(sys.argv[1]))
"""


@pytest.mark.parametrize(("status", "told"), [(0, 3), (1, 1)])
def test_who_has_begun_to_change_something_ends_it_without_an_answer(
    status: int, told: int
) -> None:
    """And a status that says more than that is kept."""
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-c", _ENDS_WHAT_IT_DOES, str(status)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert ended.returncode == told
    done = "0 is done; 1 is done; 2 is done; and 2 more, see tally audit list"
    assert ended.stderr == f"all five\n{_FULL}; all the same {done} [answer_lost]\n"
