"""Celery's application."""

from __future__ import annotations

import os
from typing import Any

import runs
from celery import Celery

app = Celery("bench", broker=os.environ["REDIS_URL"])
app.conf.update(
    task_ignore_result=True,
    task_store_errors_even_if_ignored=False,
    worker_prefetch_multiplier=int(os.environ.get("BENCH_PREFETCH", "64")),
    worker_send_task_events=False,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    task_default_queue="bench",
)


@app.task
def noop(payload: dict[str, Any]) -> None:
    runs.noop()


@app.task
def stamp(payload: dict[str, Any]) -> None:
    runs.stamp(payload)


@app.task
def wait(payload: dict[str, Any]) -> None:
    runs.wait()
