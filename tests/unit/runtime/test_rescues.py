"""A supervisor has the jobs of the dead given back by a program: one at a time, until it is done."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from structlog.testing import capture_logs

from backend.domain.jobs.attempts.death import Death
from tests.eventually import eventually
from workers.runtime.supervision.rescue_spec import Burial, RescueSpec
from workers.runtime.supervision.rescues import NOT_DONE, Rescues

_LOG = {"level": "INFO", "style": "json", "libraries": "WARNING", "setup": "tally"}
_FIRST, _SECOND = (Burial(name, Death("crashed", set())) for name in ("first", "second"))


class _Programs:
    """Stand-ins for the program; each ends as the next number says, ``None`` not by itself."""

    def __init__(self, *ends: int | None) -> None:
        self._ends = list(ends)
        self.told: list[tuple[list[str], bool]] = []
        self.started: list[subprocess.Popen[bytes]] = []
        self.rescues = Rescues(self._start)

    def _start(self, burials: Sequence[Burial], is_last: bool) -> subprocess.Popen[bytes]:
        self.told.append(([burial.worker for burial in burials], is_last))
        end = self._ends.pop(0)
        code = "import time; time.sleep(60)" if end is None else f"import sys; sys.exit({end})"
        self.started.append(subprocess.Popen([sys.executable, "-S", "-c", code]))
        return self.started[-1]

    def step(self, now: float) -> None:
        """Once the last program has ended."""
        if self.started:
            self.started[-1].wait(120)
        self.rescues.step(now)


def test_nobody_is_dead_and_nothing_is_started() -> None:
    programs = _Programs()

    programs.step(0.0)
    programs.rescues.finish(0.0)

    assert programs.told == []


def test_who_dies_meanwhile_is_for_the_next_program() -> None:
    programs = _Programs(0, 0)
    programs.rescues.add(_FIRST)
    programs.rescues.step(0.0)
    programs.rescues.add(_SECOND)

    programs.step(0.1)
    programs.step(0.2)
    programs.step(0.3)

    assert programs.told == [(["first"], False), (["second"], False)]
    assert programs.rescues.not_done() == []


def test_one_that_could_not_do_it_is_followed_by_another_after_a_growing_pause() -> None:
    programs = _Programs(1, -signal.SIGKILL, NOT_DONE, 0)
    programs.rescues.add(_FIRST)
    programs.step(0.0)
    programs.rescues.add(_SECOND)

    programs.step(1.0)
    assert programs.rescues.not_done() != []
    programs.step(1.1)
    assert len(programs.told) == 1
    for now in (1.3, 1.4, 1.9, 2.0, 3.0, 3.1):
        programs.step(now)

    both = (["first", "second"], False)
    assert programs.told == [(["first"], False), both, both, both]
    assert programs.rescues.not_done() == []


def test_a_start_that_fails_forgets_nobody_and_is_tried_again_after_a_growing_pause() -> None:
    tried = []

    def refuse(burials: Sequence[Burial], _is_last: bool) -> subprocess.Popen[bytes]:
        tried.append([burial.worker for burial in burials])
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))

    rescues = Rescues(refuse)
    rescues.add(_FIRST)

    with capture_logs() as lines:
        for now in (0.0, 0.1, 0.3, 0.6, 0.8):
            rescues.step(now)

    assert tried == [["first"]] * 3
    assert rescues.not_done() != []
    assert [(line["event"], line["error"]) for line in lines] == [
        ("worker.not_rescued", "[Errno 11] Resource temporarily unavailable")
    ] * 3


def test_a_supervisor_ends_in_order_where_no_program_can_be_started_any_more() -> None:
    def refuse(_burials: Sequence[Burial], _is_last: bool) -> subprocess.Popen[bytes]:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    rescues = Rescues(refuse)
    rescues.add(_FIRST)

    with capture_logs() as lines:
        rescues.finish(0.0)

    [line] = [line for line in lines if line["event"] == "worker.not_rescued"]
    assert "Too many open files" in str(line["error"])


def test_at_its_end_a_supervisor_asks_for_one_try_more() -> None:
    programs = _Programs(None, 0)
    programs.rescues.add(_FIRST)
    programs.rescues.step(0.0)
    programs.rescues.add(_SECOND)

    with capture_logs() as lines:
        programs.rescues.finish(1.0)

    assert programs.told == [(["first"], False), (["first", "second"], True)]
    assert programs.started[0].returncode == -signal.SIGTERM
    assert lines == []


def test_what_is_handed_over_is_what_is_taken_over() -> None:
    many = {(f"job-{number}", f"{number}-0") for number in range(5000)}
    dead = Burial(
        "w", Death("killed: it hung", many, {("job-1", "1-0")}, "timeout", {("b", "2-0")})
    )
    spec = RescueSpec("redis://:pässword@localhost/0", "{t}:", _LOG, [dead], is_last=True)

    assert RescueSpec.take_over(spec.hand_over()) == spec


def test_the_program_gives_up_a_store_that_is_away_when_it_is_asked_to_end(tmp_path: Path) -> None:
    spec = RescueSpec("redis://127.0.0.1:1/0", "t:", _LOG, [_FIRST])
    program = _started(spec, tmp_path / "log")
    eventually(lambda: "store.waiting" in (tmp_path / "log").read_text(), timeout=60)

    program.terminate()

    assert program.wait(120) == NOT_DONE


def test_the_last_program_tries_once(tmp_path: Path) -> None:
    spec = RescueSpec("redis://127.0.0.1:1/0", "t:", _LOG, [_FIRST], is_last=True)

    assert _started(spec, tmp_path / "log").wait(60) == NOT_DONE


def _started(spec: RescueSpec, log: Path) -> subprocess.Popen[bytes]:
    descriptor = spec.hand_over()
    command = [sys.executable, "-m", "workers.processes.rescue", f"--spec={descriptor}"]
    with log.open("wb") as file:
        program = subprocess.Popen(command, pass_fds=[descriptor], stderr=file)
    os.close(descriptor)
    return program
