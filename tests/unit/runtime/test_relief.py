"""Processes that leave are relieved at once, and only so many leave at a time."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Sequence

import pytest

from workers.runtime.supervision import worker_handle
from workers.runtime.supervision.rescue_spec import Burial
from workers.runtime.supervision.rescues import Rescues
from workers.runtime.supervision.supervisor import Supervisor
from workers.runtime.supervision.supervisor_spec import LaneSpec
from workers.runtime.supervision.worker_handle import WorkerHandle


def _rescue_nobody(_burials: Sequence[Burial], _is_last: bool) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-S", "-c", ""])


class _Crew:
    """Two processes of one lane, and one of another; they sleep."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sleeps = [sys.executable, "-S", "-c", "import time; time.sleep(600)"]
        monkeypatch.setattr(worker_handle, "own_program", lambda *_: sleeps)
        lanes = {"default": LaneSpec(2, 1, 0.0), "other": LaneSpec(1, 1, 0.0)}
        self.rescues = Rescues(_rescue_nobody)
        self.supervisor = Supervisor(lanes, self.rescues, lease_seconds=600)
        self.supervisor.step()

    @property
    def at_their_posts(self) -> list[WorkerHandle]:
        return list(self.supervisor._handles.values())

    def leave(self) -> list[WorkerHandle]:
        """All of the lane `default` take no more jobs; who they are."""
        leavers = [member for member in self.at_their_posts if member.lane == "default"]
        for member in leavers:
            member.running_table.leave()
        self.supervisor.step()
        return leavers

    def put_off(self) -> dict[str, list[bool]]:
        found: dict[str, list[bool]] = {"default": [], "other": []}
        for member in self.at_their_posts:
            found[member.lane].append(member.running_table.is_put_off)
        return found


@pytest.fixture
def crew(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Crew]:
    made = _Crew(monkeypatch)
    yield made
    for member in made.supervisor._members():
        member._process.kill()
        member._process.wait()
    made.rescues.finish(0.0)


def test_who_leaves_is_relieved_at_once(crew: _Crew) -> None:
    leavers = crew.leave()

    assert len(crew.at_their_posts) == 3
    assert not set(leavers) & set(crew.at_their_posts)


def test_while_as_many_leave_as_a_lane_has_posts_its_others_work_on(crew: _Crew) -> None:
    assert crew.put_off() == {"default": [False, False], "other": [False]}
    [first, _] = crew.leave()
    crew.supervisor.step()

    assert crew.put_off() == {"default": [True, True], "other": [False]}

    first._process.kill()
    first._process.wait()
    for _ in range(2):
        crew.supervisor.step()
    assert crew.put_off() == {"default": [False, False], "other": [False]}


def test_deaths_are_told_of_each_lane_before_anybody_died(crew: _Crew) -> None:
    """A counter that is born with its first case has not increased: nothing rings."""
    causes = ("stopped", "recycled", "crashed", "killed")

    assert dict(crew.supervisor.deaths) == {
        (lane, cause): 0 for lane in ("default", "other") for cause in causes
    }
