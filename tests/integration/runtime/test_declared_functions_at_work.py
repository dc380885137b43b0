"""Functions that enqueue themselves, with a real worker behind them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from backend.bootstrap import current
from backend.domain.errors import JobFailed, WaitTimeout
from tests.integration.runtime.cluster import Cluster
from tests.jobs.declared import Order, Receipt, add, follow, isolated, refuse, sell


@pytest.fixture(autouse=True)
def here(pool: Cluster, monkeypatch: pytest.MonkeyPatch) -> Cluster:
    """The deployment is that of this process."""
    monkeypatch.setattr(current, "queue", lambda: pool.platform.queue_service)
    return pool


def test_a_call_is_made_by_a_worker_and_its_result_comes_back(here: Cluster) -> None:
    job = add.using(priority="high").delay(40)

    assert job.result(timeout=60) == 42
    assert here.job(job.id).progress == {"done": 1, "total": 1, "note": f"adding as {job.id}"}
    assert here.job(job.id).queue == "high"


def test_a_result_has_the_type_that_the_handler_returns() -> None:
    jobs = sell.enqueue_many([Order(number=n, items=["a", "b"]) for n in (1, 2)])

    assert [job.result(timeout=60) for job in jobs] == [
        Receipt(n, datetime(2026, 6, 1, tzinfo=UTC), {"a", "b"}) for n in (1, 2)
    ]


def test_a_job_that_failed_says_so_where_its_result_is_asked_for() -> None:
    job = refuse.enqueue(Order(number=7))

    with pytest.raises(JobFailed, match="ValueError: no order 7") as failed:
        job.result(timeout=60)
    assert failed.value.error is not None
    assert "declared.py" in failed.value.error.traceback


def test_a_result_that_does_not_come_is_waited_for_no_longer_than_asked(here: Cluster) -> None:
    job = sell.enqueue(Order(number=1), delay=3600)

    with pytest.raises(WaitTimeout, match=f"job {job.id} is still scheduled"):
        job.result(timeout=0.01)
    assert job.view().state == "scheduled"


def test_what_a_job_enqueues_is_its_child_in_its_tenant(here: Cluster) -> None:
    job = follow.enqueue(Order(number=1), tenant="acme", context_id="c-1", is_test=True)

    *children, own = job.result(timeout=60)
    assert own == job.id
    labels = [here.job(child).labels for child in children]
    assert {each.parent_id for each in labels} == {job.id}
    assert [each.tenant for each in labels] == ["acme", "acme", "other"]
    assert {(each.context_id, each.is_test) for each in labels} == {("c-1", True)}


def test_an_isolated_job_enqueues_from_its_own_process(here: Cluster) -> None:
    child, own = isolated.enqueue(Order(number=3), tenant="acme").result(timeout=60)

    assert here.ended(child).result["number"] == 3
    labels = here.job(child).labels
    assert (labels.parent_id, labels.tenant) == (own, "acme")


def test_a_program_sees_which_workers_there_are(here: Cluster) -> None:
    lanes = {worker.lane for worker in here.platform.queue_service.worker_states()}

    assert "default" in lanes
