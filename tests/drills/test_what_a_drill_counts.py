"""A drill passes only when each job did what it was accepted for, and what was asked was done to it."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from backend.api.config.settings import load_settings
from backend.bootstrap.platform import Platform
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_state import JobState
from backend.drills import report
from backend.drills.blows.killing import freeze_worker, kill_scheduler, kill_worker
from backend.drills.harms import Blow
from backend.drills.missed import Missed
from backend.drills.report import Report
from backend.drills.scene import Scene

HOUR = 3600
DRILL_JOBS: dict[str, dict[str, Any]] = {
    "drill_effect": {"file": "-", "seconds": 0},
    "drill_hoard": {"file": "-", "seconds": 0, "megabytes": 1},
    "drill_wait": {"file": "-", "seconds": 0, "gate": "-"},
    "drill_block": {"file": "-", "seconds": 0},
}
#: No queue has books that are out, so nobody reads them once more.
_HOME = SimpleNamespace(part=lambda _kind: None)


@pytest.mark.parametrize("job_type", sorted(DRILL_JOBS))
def test_what_has_ended_is_still_there_when_a_long_drill_counts(
    monkeypatch: pytest.MonkeyPatch, job_type: str
) -> None:
    monkeypatch.setenv("TALLY_REDIS__RESULT_TTL", "1")
    settings: Any = load_settings(job_packages="backend.drills.jobs")

    request = {"job_type": job_type, "payload": DRILL_JOBS[job_type]}
    job = Platform(settings).intake.check_request(request)

    # 10,000 blows, each with a refusal of an hour.
    assert job.result_ttl > 300 * 24 * HOUR


def counted(
    folder: Path,
    effects: str,
    may_repeat: str = "",
    *,
    missed: Missed | None = None,
    beside: Any = None,
    **states: JobState,
) -> Report:
    """The report of a drill of these jobs that left these effects, some of them as often as they may."""
    left = folder / "effects"
    left.write_text("\n".join(effects.split()))
    views = [
        JobView(job_id, "drill_effect", "normal", state, {}, 1, 21)
        for job_id, state in states.items()
    ]
    inspection = SimpleNamespace(
        jobs=lambda _ids: views, queue_names=list, queue_states=lambda _names: []
    )
    scene = SimpleNamespace(
        ids=list(states),
        effects=left,
        platform=SimpleNamespace(inspection=inspection, home=_HOME),
        processes=SimpleNamespace(ended_unasked=list),
        refusals=dict,
        with_record=False,
        missed=missed or Missed(),
    )
    return report.count(
        cast("Scene", scene),
        harm="workers",
        seed=7,
        blows=1,
        may_repeat=Counter(may_repeat.split()),
        charges=True,
        beside=beside,
        seconds=1,
    )


def test_jobs_that_finished_with_one_effect_each_pass(tmp_path: Path) -> None:
    found = counted(tmp_path, "a b", a=JobState.FINISHED, b=JobState.FINISHED)

    assert found.passed


def test_a_job_that_ended_canceled_is_told_for_nobody_cancels_in_a_drill(tmp_path: Path) -> None:
    found = counted(tmp_path, "a", a=JobState.FINISHED, b=JobState.CANCELED)

    assert not found.passed
    assert found.canceled == 1


def test_an_effect_may_be_repeated_of_a_job_that_was_in_flight_at_a_blow(tmp_path: Path) -> None:
    found = counted(tmp_path, "a b b", "b a", a=JobState.FINISHED, b=JobState.FINISHED)

    assert found.passed
    assert (found.duplicated_effects, found.in_flight_at_blows) == (1, 2)


@pytest.mark.parametrize("may_repeat", ["", "b b b", "a b"])
def test_no_effect_is_repeated_because_others_might_have_been(
    tmp_path: Path, may_repeat: str
) -> None:
    found = counted(tmp_path, "a a a b", may_repeat, a=JobState.FINISHED, b=JobState.FINISHED)

    assert not found.passed
    assert found.wrongly_repeated == 2 - may_repeat.split().count("a")


@pytest.mark.parametrize("blow", [kill_worker, freeze_worker, kill_scheduler])
def test_a_blow_that_finds_nobody_is_told(tmp_path: Path, blow: Blow) -> None:
    processes = SimpleNamespace(
        workers=list, schedulers=[], alive=list, start_scheduler=lambda: None
    )
    missed = Missed(patience_seconds=0)
    missed.blow = "blow 1/1"

    may_repeat = blow(cast("Scene", SimpleNamespace(processes=processes, missed=missed)))

    assert may_repeat == set()
    assert [words.partition(":")[0] for words in missed.told] == ["blow 1/1"]
    assert not counted(tmp_path, "a", missed=missed, a=JobState.FINISHED).passed


def test_a_blow_that_is_felt_late_is_waited_for() -> None:
    missed, felt = Missed(), iter([False, True])
    missed.unless(lambda: next(felt), "nobody felt it")

    assert missed.told == []


def test_a_ledger_that_was_never_reconciled_is_told(tmp_path: Path) -> None:
    never, once = (SimpleNamespace(done=done, named=[]) for done in (0, 1))

    found = counted(tmp_path, "a", beside=never, a=JobState.FINISHED)

    assert found.missed == ["the ledger was not reconciled once beside it"]
    assert not found.passed
    assert counted(tmp_path, "a", beside=once, a=JobState.FINISHED).passed
