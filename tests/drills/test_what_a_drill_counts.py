"""A drill passes only when each job did what it was accepted for, and what was asked was done to it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from backend.api.config.settings import load_settings
from backend.bootstrap.platform import Platform
from backend.domain.jobs.job import JobView
from backend.domain.jobs.job_state import JobState
from backend.drills import report
from backend.drills.report import Report
from backend.drills.scene import Scene

HOUR = 3600
DRILL_JOBS: dict[str, dict[str, Any]] = {
    "drill_effect": {"file": "-", "seconds": 0},
    "drill_hoard": {"file": "-", "seconds": 0, "megabytes": 1},
    "drill_wait": {"file": "-", "seconds": 0, "gate": "-"},
    "drill_block": {"file": "-", "seconds": 0},
}


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


def counted(folder: Path, effects: str, **states: JobState) -> Report:
    """The report of a drill of these jobs that left these effects."""
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
        platform=SimpleNamespace(inspection=inspection),
        processes=SimpleNamespace(ended_unasked=list),
        refusals=dict,
        with_record=False,
    )
    return report.count(
        cast("Scene", scene),
        harm="workers",
        seed=7,
        blows=1,
        in_flight=2,
        charges=True,
        beside=None,
        seconds=1,
    )


def test_jobs_that_finished_with_one_effect_each_pass(tmp_path: Path) -> None:
    found = counted(tmp_path, "a b", a=JobState.FINISHED, b=JobState.FINISHED)

    assert found.passed


def test_a_job_that_ended_canceled_is_told_for_nobody_cancels_in_a_drill(tmp_path: Path) -> None:
    found = counted(tmp_path, "a", a=JobState.FINISHED, b=JobState.CANCELED)

    assert not found.passed
    assert found.canceled == 1
