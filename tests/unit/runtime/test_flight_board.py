"""What a worker process runs, readable from outside whatever it is doing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers.runtime.slots.running_table import RunningJob, RunningTable

FLIGHT = RunningJob("j" * 64, "1795329892467-1048575", 12.5, 99.25)


@pytest.fixture
def board() -> Iterator[RunningTable]:
    made = RunningTable.create(4)
    yield made
    made.close()


def test_a_new_board_is_empty(board: RunningTable) -> None:
    assert board.in_flight() == []
    assert board.last_beat == 0


def test_what_took_off_is_in_flight_until_it_lands(board: RunningTable) -> None:
    board.take_off(2, FLIGHT)
    board.take_off(0, FLIGHT._replace(job_id="short"))

    assert board.in_flight() == [FLIGHT._replace(job_id="short"), FLIGHT]

    board.land(2)
    assert [entry.job_id for entry in board.in_flight()] == ["short"]


def test_a_shorter_id_leaves_nothing_of_the_longer_one_before(board: RunningTable) -> None:
    board.take_off(1, FLIGHT)
    board.take_off(1, RunningJob("a", "1-0", 1.0, 0.0))

    assert board.in_flight() == [RunningJob("a", "1-0", 1.0, 0.0)]


def test_a_beat_disturbs_no_flight(board: RunningTable) -> None:
    board.take_off(0, FLIGHT)

    board.beat(77.5)

    assert board.last_beat == 77.5
    assert board.in_flight() == [FLIGHT]


def test_it_tells_how_far_its_process_is(board: RunningTable) -> None:
    def told() -> tuple[float, float, float, bool]:
        return board.last_beat, board.excused_until, board.serving_since, board.is_leaving

    assert told() == (0, 0, 0, False)
    board.excuse_until(600.5)
    board.beat(1.5)
    board.serve(2.5)
    board.leave()
    board.take_off(0, FLIGHT)

    assert told() == (1.5, 600.5, 2.5, True)
    assert board.in_flight() == [FLIGHT]


def test_who_was_told_to_stop_is_told_apart(board: RunningTable) -> None:
    told = FLIGHT._replace(told_to_stop=True)
    board.take_off(1, FLIGHT)
    board.take_off(1, told)

    assert board.in_flight() == [told]


def test_what_landed_is_noted_until_it_is_settled(board: RunningTable) -> None:
    first, second = FLIGHT._replace(job_id="first"), FLIGHT._replace(job_id="second")
    board.take_off(1, first, 0)
    board.land(1, 0)
    board.take_off(1, second, 1)

    assert (board.landed(), board.in_flight()) == ([first], [second])

    board.land(1, 1)
    board.settle(1, 2)
    assert (board.landed(), board.in_flight()) == ([], [])


def test_more_jobs_than_places_keep_the_last_one_in_sight(board: RunningTable) -> None:
    for place in range(300):
        board.take_off(3, FLIGHT._replace(job_id=f"j{place}"), place)

    assert board.in_flight()[-1].job_id == "j299"
    board.settle(3, 300)
    assert board.in_flight() == []


def test_landing_twice_is_landing_once(board: RunningTable) -> None:
    board.land(3)
    board.land(3)

    assert board.in_flight() == []


def test_it_has_no_name_in_the_file_system(board: RunningTable) -> None:
    assert "(deleted)" in str(Path(f"/proc/self/fd/{board.descriptor}").readlink())


def test_what_a_killed_process_noted_is_still_readable(board: RunningTable) -> None:
    code = (
        "import os, signal, sys\n"
        "from workers.runtime.slots.running_table import RunningJob, RunningTable\n"
        f"board = RunningTable({board.descriptor}, 4)\n"
        "board.take_off(3, RunningJob('a', '1-0', 1.0, 2.0))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )

    process = subprocess.run(
        [sys.executable, "-c", code], pass_fds=[board.descriptor], check=False, timeout=60
    )

    assert process.returncode == -9
    assert board.in_flight() == [RunningJob("a", "1-0", 1.0, 2.0)]
