"""Every key of a deployment lies below its prefix, and RQ's are RQ's own."""

from __future__ import annotations

import inspect

import pytest
from rq import Queue, Worker
from rq.command import PUBSUB_CHANNEL_TEMPLATE
from rq.job import Job
from rq.registry import (
    CanceledJobRegistry,
    DeferredJobRegistry,
    FailedJobRegistry,
    FinishedJobRegistry,
    ScheduledJobRegistry,
    StartedJobRegistry,
)
from rq.results import Result
from rq.suspension import WORKERS_SUSPENDED
from rq.worker_registration import REDIS_WORKER_KEYS, WORKERS_BY_QUEUE_KEY
from rq_scheduler import Scheduler

from backend.broker.keys import Keys

KEYS = Keys("rq")
REGISTRIES = {
    "canceled": CanceledJobRegistry,
    "deferred": DeferredJobRegistry,
    "failed": FailedJobRegistry,
    "finished": FinishedJobRegistry,
    "scheduled": ScheduledJobRegistry,
    "wip": StartedJobRegistry,
}


def _all_keys(keys: Keys) -> dict[str, str]:
    """Every key there is, with `x` for each name in it."""
    made = {}
    for name, member in inspect.getmembers(Keys):
        if isinstance(member, property):
            made[name] = getattr(keys, name)
        elif inspect.isfunction(member) and not name.startswith("_"):
            names = ["x"] * (len(inspect.signature(member).parameters) - 1)
            made[name] = getattr(keys, name)(*names)
    return made


@pytest.mark.parametrize("root", ["rq", "{tally}", "a:b"])
def test_every_key_lies_below_the_prefix(root: str) -> None:
    outside = [key for key in _all_keys(Keys(root)).values() if not key.startswith(f"{root}:")]

    assert outside == []


def test_no_two_keys_are_alike() -> None:
    made = list(_all_keys(KEYS).values())

    assert len(made) == len(set(made)) > 20


def test_jobs_queues_and_results_are_where_rq_looks() -> None:
    assert KEYS.job("a") == Job.redis_job_namespace_prefix + "a"
    assert KEYS.queue("high:email") == Queue.redis_queue_namespace_prefix + "high:email"
    assert KEYS.queues == Queue.redis_queues_keys
    assert KEYS.results("a") == Result.get_key("a")


@pytest.mark.parametrize("registry", REGISTRIES)
def test_registries_are_where_rq_looks(registry: str) -> None:
    assert KEYS.registry(registry, "high:email") == REGISTRIES[registry].key_template.format(
        "high:email"
    )


def test_workers_and_their_channels_are_where_rq_looks() -> None:
    assert KEYS.worker("w") == Worker.redis_worker_namespace_prefix + "w"
    assert KEYS.workers == REDIS_WORKER_KEYS
    assert KEYS.workers_of("high") == WORKERS_BY_QUEUE_KEY % "high"
    assert KEYS.commands("w") == PUBSUB_CHANNEL_TEMPLATE % "w"
    assert KEYS.suspended == WORKERS_SUSPENDED


def test_the_schedule_is_where_rq_scheduler_looks() -> None:
    assert KEYS.schedule == Scheduler.scheduled_jobs_key
