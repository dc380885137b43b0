"""How long a post stays empty: not at all after work well done, ever longer while nothing comes up."""

from __future__ import annotations

import pytest

from workers.runtime.supervision.restart_pause import RestartPause


def test_who_never_took_a_job_is_started_ever_later() -> None:
    pause = RestartPause()

    pauses = [pause.after(None, in_order=False) for _ in range(11)]

    assert pauses == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 12.8, 25.6, 51.2, 60, 60])


def test_who_leaves_in_order_before_it_took_a_job_is_no_better() -> None:
    pause = RestartPause()

    assert [pause.after(None, in_order=True) for _ in range(3)] == pytest.approx([0.2, 0.4, 0.8])


def test_who_took_jobs_and_died_soon_waits_five_seconds_at_most() -> None:
    pause = RestartPause()

    pauses = [pause.after(1.0, in_order=False) for _ in range(7)]

    assert pauses == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 5, 5])


@pytest.mark.parametrize(("served", "in_order"), [(0.1, True), (11.0, False)])
def test_a_good_life_is_followed_by_the_next_at_once(served: float, in_order: bool) -> None:
    pause = RestartPause()
    for _ in range(9):
        pause.after(None, in_order=False)

    assert pause.after(served, in_order=in_order) == 0
    assert pause.after(None, in_order=False) == pytest.approx(0.2)
