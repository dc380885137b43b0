"""What an attempt logs can be seen while it runs, for who looks; who ends soon pays nothing for it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from backend.domain.errors import QueueUnavailable
from backend.domain.jobs.attempts.noted_progress import noted_in, noted_text
from backend.domain.jobs.step_codes import ExtendCode
from tests.unit.runtime.attempts import claimed
from workers.base_worker import JobContext
from workers.runtime.attempts import attempt
from workers.runtime.attempts.job_contexts import context_maker
from workers.runtime.attempts.live_logs import LiveLogs
from workers.runtime.attempts.progress import Progress
from workers.runtime.children.child_lines import ChildLines


class Notes:
    """Keeps what is noted, and answers as it is told."""

    def __init__(self) -> None:
        self.noted: list[Any] = []
        self.code = ExtendCode.EXTENDED
        self.is_away = False
        self.meanwhile: Any = None

    def note(self, job_id: str, fence: str, progress: str) -> ExtendCode:
        if self.is_away:
            raise QueueUnavailable("away")
        said = json.loads(progress)
        lines = [text for _, _, text in said.pop("log", [])]
        self.noted.append((said, lines))
        if self.meanwhile is not None:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        return self.code


class Bench:
    """One attempt under watch, by a clock that stands still."""

    def __init__(self) -> None:
        self.now = 100.0
        self.notes = Notes()
        self.logs = LiveLogs(self.notes, now=lambda: self.now)
        self.logs._begin = lambda: None  # type: ignore[method-assign]
        make = context_maker("w", self.notes, None, self._watch)  # type: ignore[arg-type]
        self.context: JobContext = make(claimed())

    def _watch(self, context: JobContext, _job: Any, progress: Progress) -> None:
        self.logs.watch(context, progress, lambda text: text.replace("4111", "[hidden]"))

    def look(self, seconds: float = 1.0) -> list[Any]:
        """What was noted after so long."""
        self.now += seconds
        self.logs.look()
        noted, self.notes.noted = self.notes.noted, []
        return noted


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_lines_are_shown_after_a_second_without_secrets_and_once(bench: Bench) -> None:
    bench.context.log.info("paid with 4111")

    assert bench.look(0.5) == []
    assert bench.look(0.5) == [({}, ["paid with [hidden]"])]
    assert bench.look() == []
    bench.context.log.info("done")
    assert bench.look() == [({}, ["paid with [hidden]", "done"])]


def test_an_attempt_that_ends_within_a_second_is_never_noted(bench: Bench) -> None:
    bench.context.log.info("quick")
    attempt.kept_log(attempt.JobType("greet", print), claimed(), bench.context)

    assert bench.look() == []
    assert bench.logs._watched == {}


def test_progress_and_lines_stand_beside_each_other_whoever_writes(bench: Bench) -> None:
    bench.context.progress(1, 4, "half")
    bench.context.log.info("half")
    assert bench.look()[-1] == ({"done": 1, "total": 4, "note": "half"}, ["half"])

    bench.context.progress(4, 4, "all")

    assert bench.notes.noted == [({"done": 4, "total": 4, "note": "all"}, ["half"])]


def test_progress_that_comes_while_lines_are_written_is_not_undone(bench: Bench) -> None:
    bench.context.progress(1, 4)
    bench.context.log.info("half")
    bench.notes.noted = []
    bench.notes.meanwhile = lambda: bench.context.progress(4, 4)

    assert bench.look()[-1] == ({"done": 4, "total": 4, "note": ""}, ["half"])


def test_a_lease_that_is_lost_ends_it_and_a_cancel_is_heard(bench: Bench) -> None:
    bench.context.log.info("one")
    bench.notes.code = ExtendCode.ASKED_TO_CANCEL
    bench.look()
    assert bench.context.canceled

    bench.context.log.info("two")
    bench.notes.code = ExtendCode.LOST
    bench.look()

    assert bench.logs._watched == {}


def test_a_store_that_is_away_is_asked_again(bench: Bench) -> None:
    bench.context.log.info("one")
    bench.notes.is_away = True
    assert bench.look() == []

    bench.notes.is_away = False

    assert bench.look() == [({}, ["one"])]


def test_only_the_last_lines_are_shown_within_four_kilobytes(bench: Bench) -> None:
    for number in range(1000):
        bench.context.log.info(f"{number} " + "x" * 100)

    [(_, lines)] = bench.look()

    assert lines[-1].startswith("999 ")
    assert 30 < len(lines) <= 50
    assert sum(map(len, lines)) <= 4096


def test_a_note_says_both_and_either() -> None:
    line = (1_700_000_000_000, "info", "half")

    both = noted_in(noted_text({"done": 1}, [line]))
    assert (both.progress, both.log[0].text, both.log[0].at.year) == ({"done": 1}, "half", 2023)
    assert noted_in(noted_text(None, [line])).progress is None
    assert noted_in(noted_text({"done": 1}, [])) == ({"done": 1}, ())
    assert noted_in("") == (None, ())


def test_a_flood_in_a_child_is_thinned_on_its_way() -> None:
    sent: list[Any] = []
    now = [0.0]
    lines = ChildLines(sent.append, now=lambda: now[0])

    for number in range(10_000):
        lines((number, "info", "again"))
    assert len(sent) == 200
    now[0] = 0.05
    lines((10_000, "info", "later"))

    assert sent[-1] == (10_000, "info", "later")
