"""Rates of job types over HTTP: set, taken away, and told of a job that waits."""

from __future__ import annotations

from datetime import datetime

from tests.integration.api.caller import Caller
from tests.integration.api.work import Work


def test_the_rate_of_a_job_type_is_set_and_why_says_when_a_job_may_start(
    admin: Caller, work: Work
) -> None:
    set_to = admin.post("/api/jobs/types/greet/rate", {"limit": 6, "per": 60, "burst": 1})
    running, second, third = admin.enqueue(), admin.enqueue(), admin.enqueue()

    assert set_to.get_json() == {"job_type": "greet", "limit": 6, "per": 60.0, "burst": 1}
    assert [job.id for job in work.start()] == [running]
    for before, job_id in enumerate((second, third)):
        cause = admin.get(f"/api/jobs/{job_id}/why").get_json()["causes"][0]
        assert cause["code"] == "rate_used_up"
        assert "no more than 6 in 60 s may start" in cause["text"]
        told = cause["details"]
        assert (told["limit"], told["waiting"], told["before"]) == (6, 2, before)
        apart = datetime.fromisoformat(told["starts_about"]) - datetime.fromisoformat(
            told["opens_at"]
        )
        assert apart.total_seconds() == 10 * before


def test_a_rate_is_taken_away_and_given_back_to_the_declaration(admin: Caller) -> None:
    path = "/api/jobs/types/greet/rate"
    nothing = {"job_type": "greet", "limit": 0, "per": 0.0, "burst": 0}

    assert admin.post(path, {"limit": 0}).get_json() == nothing
    assert admin.post(path, {"limit": None}).get_json() == nothing
    refused = admin.post(path, {"limit": 5, "burst": 9})
    assert (refused.status_code, refused.get_json()["code"]) == (422, "invalid_option")
