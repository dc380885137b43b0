"""What the settings say of how long workers are waited for, and how much they may hold."""

from __future__ import annotations

import math

import pytest

from backend.api.config.engine_settings import WorkerSettings
from backend.api.config.settings import load_settings
from backend.bootstrap.api_parts import embedded_grace
from backend.domain.errors import ConfigurationError


def test_a_lane_has_its_own_grace_or_that_of_all() -> None:
    worker = WorkerSettings(grace=20, lane_grace={"export": "limit", "email": 5})

    assert [worker.grace_of(lane) for lane in ("export", "email", "report")] == [math.inf, 5, 20]


@pytest.mark.parametrize(
    ("given", "in_force"),
    [
        ({"high": 20}, {"high": 20, "normal": 2, "low": 1}),
        ({"low": 0}, {"high": 7, "normal": 2, "low": 0}),
        ({}, {"high": 7, "normal": 2, "low": 1}),
        ({"high": 1, "normal": 0, "low": 0}, {"high": 1, "normal": 0, "low": 0}),
    ],
)
def test_a_weight_that_is_not_given_keeps_its_default(
    given: dict[str, int], in_force: dict[str, int]
) -> None:
    assert WorkerSettings(weights=given).weights == in_force


@pytest.mark.parametrize("slots", [0, -3, 1001])
def test_a_lane_has_as_many_slots_as_a_process_may_have(slots: int) -> None:
    with pytest.raises(ConfigurationError, match=r"setting 'worker\.lane_concurrency\.email'"):
        load_settings(worker={"lane_concurrency": {"email": slots}})


@pytest.mark.parametrize(
    ("settings", "mb"),
    [
        ({}, 2048),
        ({"memory_limit_mb": 300}, 600),
        ({"memory_limit_mb": 0}, 0),
        ({"memory_kill_mb": 0}, 0),
        ({"memory_limit_mb": 0, "memory_kill_mb": 500}, 500),
    ],
)
def test_the_second_bound_of_memory_is_twice_the_first_unless_it_is_given(
    settings: dict[str, int], mb: int
) -> None:
    assert WorkerSettings(**settings).kill_above_mb == mb


@pytest.mark.parametrize(
    ("lanes", "grace", "seconds"),
    [((), 30, 0), (("all",), 30, 30), (("all",), "limit", 86_400), (("email",), 7, 7)],
)
def test_a_web_process_waits_for_the_worker_inside_it_a_day_at_most(
    lanes: tuple[str, ...], grace: object, seconds: float
) -> None:
    settings = load_settings(api={"worker_lanes": lanes}, worker={"grace": grace})

    assert embedded_grace(settings) == seconds
