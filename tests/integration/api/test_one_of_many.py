"""Of many jobs in one request the one that does not fit is pointed at."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.api.caller import Caller

_GREETING = {"job_type": "greet", "payload": {"name": "Ada"}}


@pytest.mark.parametrize(
    ("wrong", "pointer"),
    [
        ({"job_type": "greet", "payload": {}}, "/payload/name"),
        ({"job_type": "gret"}, "/job_type"),
        ({"job_type": "anything", "payload": {"text": "x" * 300_000}}, "/payload"),
        (_GREETING | {"queue": "nowhere"}, "/queue"),
        (_GREETING | {"limit_key": "k"}, "/limit_key"),
        (_GREETING | {"run_at": "2099-01-01T00:00:00Z", "delay": 1}, "/delay"),
        (_GREETING | {"version": 7}, "/version"),
        (
            _GREETING | {"on_success": {"job_type": "send_webhook", "payload": {}}},
            "/on_success/payload/url",
        ),
        (_GREETING | {"on_success": "greed"}, ""),
    ],
)
@pytest.mark.parametrize("place", [0, 3])
def test_of_many_the_one_that_does_not_fit_is_pointed_at(
    admin: Caller, wrong: dict[str, Any], pointer: str, place: int
) -> None:
    jobs = [_GREETING] * place + [wrong]

    problem = admin.post("/api/jobs/bulk", {"jobs": jobs}).get_json()

    assert [each["pointer"] for each in problem["errors"]] == [f"/jobs/{place}{pointer}"]
    assert problem["detail"].startswith("jobs[3]: ") == (place == 3)
    assert admin.get("/api/jobs?source=live").get_json()["items"] == []
