"""What a worker process runs, readable from outside whatever it is doing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from workers.runtime.slots.running_table import RunningJob, RunningTable

ENTRY = RunningJob("j" * 64, "1795329892467-1048575", 12.5, 99.25)


@pytest.fixture
def running_table() -> Iterator[RunningTable]:
    made = RunningTable.create(4)
    yield made
    made.close()


def test_a_new_table_is_empty(running_table: RunningTable) -> None:
    assert running_table.running() == []
    assert running_table.last_beat == 0


def test_what_runs_is_there_until_it_ends(running_table: RunningTable) -> None:
    running_table.note_running(2, ENTRY)
    running_table.note_running(0, ENTRY._replace(job_id="short"))

    assert running_table.running() == [ENTRY._replace(job_id="short"), ENTRY]

    running_table.note_ended(2)
    assert [entry.job_id for entry in running_table.running()] == ["short"]


def test_a_shorter_id_leaves_nothing_of_the_longer_one_before(running_table: RunningTable) -> None:
    running_table.note_running(1, ENTRY)
    running_table.note_running(1, RunningJob("a", "1-0", 1.0, 0.0))

    assert running_table.running() == [RunningJob("a", "1-0", 1.0, 0.0)]


def test_a_beat_disturbs_no_entry(running_table: RunningTable) -> None:
    running_table.note_running(0, ENTRY)

    running_table.beat(77.5)

    assert running_table.last_beat == 77.5
    assert running_table.running() == [ENTRY]


def test_it_tells_how_far_its_process_is(running_table: RunningTable) -> None:
    def told() -> tuple[float, float, float, bool]:
        return (
            running_table.last_beat,
            running_table.excused_until,
            running_table.serving_since,
            running_table.is_leaving,
        )

    assert told() == (0, 0, 0, False)
    running_table.excuse_until(600.5)
    running_table.beat(1.5)
    running_table.serve(2.5)
    running_table.leave()
    running_table.note_running(0, ENTRY)

    assert told() == (1.5, 600.5, 2.5, True)
    assert running_table.running() == [ENTRY]


def test_who_was_told_to_stop_is_told_apart(running_table: RunningTable) -> None:
    told = ENTRY._replace(told_to_stop=True)
    running_table.note_running(1, ENTRY)
    running_table.note_running(1, told)

    assert running_table.running() == [told]


def test_what_ended_is_noted_until_it_is_settled(running_table: RunningTable) -> None:
    first, second = ENTRY._replace(job_id="first"), ENTRY._replace(job_id="second")
    running_table.note_running(1, first, 0)
    running_table.note_ended(1, 0)
    running_table.note_running(1, second, 1)

    assert (running_table.ended(), running_table.running()) == ([first], [second])

    running_table.note_ended(1, 1)
    running_table.settle(1, 2)
    assert (running_table.ended(), running_table.running()) == ([], [])


def test_more_jobs_than_places_keep_the_last_one_in_sight(running_table: RunningTable) -> None:
    for place in range(300):
        running_table.note_running(3, ENTRY._replace(job_id=f"j{place}"), place)

    assert running_table.running()[-1].job_id == "j299"
    running_table.settle(3, 300)
    assert running_table.running() == []


@pytest.mark.parametrize("slot", [0, 1, 3])
@pytest.mark.parametrize("places", [0, 1, 7, 200, 300])
def test_settling_a_slot_touches_no_other(
    running_table: RunningTable, slot: int, places: int
) -> None:
    running_table.beat(7.5)
    others = [number for number in range(4) if number != slot]
    for number in others:
        for place in (0, 1):
            running_table.note_running(number, ENTRY._replace(job_id=f"{number}-{place}"), place)
    for place in range(places):
        running_table.note_running(slot, ENTRY, place)

    running_table.settle(slot, places)

    left = [entry.job_id for entry in running_table.running()]
    assert left == [f"{number}-{place}" for number in others for place in (0, 1)]
    assert running_table.last_beat == 7.5


def test_ending_twice_is_ending_once(running_table: RunningTable) -> None:
    running_table.note_ended(3)
    running_table.note_ended(3)

    assert running_table.running() == []


def test_it_has_no_name_in_the_file_system(running_table: RunningTable) -> None:
    assert "(deleted)" in str(Path(f"/proc/self/fd/{running_table.descriptor}").readlink())


def test_what_a_killed_process_noted_is_still_readable(running_table: RunningTable) -> None:
    code = (
        "import os, signal, sys\n"
        "from workers.runtime.slots.running_table import RunningJob, RunningTable\n"
        f"running_table = RunningTable({running_table.descriptor}, 4)\n"
        "running_table.note_running(3, RunningJob('a', '1-0', 1.0, 2.0))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )

    process = subprocess.run(
        [sys.executable, "-c", code], pass_fds=[running_table.descriptor], check=False, timeout=60
    )

    assert process.returncode == -9
    assert running_table.running() == [RunningJob("a", "1-0", 1.0, 2.0)]


def test_who_is_to_work_on_for_now_is_told_until_he_is_not(running_table: RunningTable) -> None:
    told = [running_table.is_put_off]
    for is_put_off in (True, False):
        running_table.put_off_leaving(is_put_off)
        told.append(running_table.is_put_off)

    assert told == [False, True, False]
    assert not running_table.is_leaving
    assert not running_table.has_stopped
