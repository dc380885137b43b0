"""Fills a stage with a week of history and a lively now, for looking at and for pictures."""

from __future__ import annotations

import json
import random
import time
from datetime import datetime, timedelta
from itertools import count
from typing import Any, NamedTuple

from backend.broker.jobs.progress_notes import RedisProgressNotes
from backend.domain.access.actor import Actor
from backend.domain.access.role import Role
from backend.domain.history.history_ports import EventBatch
from backend.domain.history.queue_depth import ALL_QUEUES, QueueDepth
from backend.domain.jobs.attempts.outcome import AttemptError, Outcome, OutcomeKind
from backend.domain.jobs.job import ClaimedJob
from backend.domain.jobs.job_event import JobEvent
from backend.history.reading.depth_store import PostgresDepthStore
from backend.history.recording.record_writer import PostgresRecordWriter
from tests.e2e.puppet_worker import PuppetWorker
from tests.e2e.stage import BOOTSTRAP, Stage
from tests.integration.dashboard.visitor import Visitor
from workers.artifacts.artifact import ArtifactLabel

_numbers = count(1)
_TRACEBACK = """Traceback (most recent call last):
  File "app/jobs/customers.py", line 48, in sync_customer
    record = crm.fetch(payload["customer"])
  File "app/clients/crm.py", line 112, in fetch
    return self._get(f"/customers/{number}")
  File "app/clients/crm.py", line 61, in _get
    raise ConnectionError(f"{self.host} did not answer within {self.timeout:g} s")
ConnectionError: crm.internal did not answer within 5 s
"""
_FAULTS = {
    "sync_customer": AttemptError(
        "exception", "ConnectionError", "crm.internal did not answer within 5 s", _TRACEBACK
    ),
    "charge_card": AttemptError(
        "permanent_failure", "CardDeclined", "the issuer declined: insufficient funds", ""
    ),
    "resize_image": AttemptError("memory", "MemoryError", "the image needs 3.1 GB", ""),
}


class _Habit(NamedTuple):
    """How jobs of a type usually go; durations are seconds."""

    queue: str
    per_hour: int
    waits: float
    runs: float
    fails: float


_HABITS = {
    "send_email": _Habit("high:email", 34, 0.02, 0.4, 0.01),
    "deliver_webhook": _Habit("normal:webhook", 22, 0.05, 0.9, 0.06),
    "sync_customer": _Habit("normal", 18, 0.3, 2.1, 0.12),
    "resize_image": _Habit("low:media", 12, 4.0, 6.5, 0.03),
    "charge_card": _Habit("high", 6, 0.02, 1.2, 0.04),
}


def fill(stage: Stage) -> None:
    """Everything that the pages can show."""
    chance = random.Random(4)  # noqa: S311 - a demonstration that is the same each time
    _write_week(stage, chance)
    _write_depths(stage, chance)
    people = Actor("ada", Role.OPERATOR)
    _live(stage)
    stage.parts.keys.create("billing service", Role.PRODUCER, by="ada", tenant="acme")
    stage.parts.keys.create("on call", Role.OPERATOR, by="ada")
    schedules = stage.parts.schedules
    schedules.create(
        "nightly-sync",
        "sync_customer",
        {"customer": 0},
        by=people,
        cron="30 2 * * *",
        time_zone="Europe/Berlin",
    )
    schedules.create("thumbnails", "resize_image", {"album": "new"}, by=people, interval=900)
    schedules.create(
        "month-end", "charge_card", {"cents": 0}, by=people, cron="0 6 1 * *", paused=True
    )
    _act(stage)
    stage.record()


def _act(stage: Stage) -> None:
    """What people did, through the pages, so that it is in the audit log."""
    visitor = Visitor(stage.app).signed_in(BOOTSTRAP)
    dead = [job_id for job_id, _ in stage.platform.inspection.dead(0, 3)]
    visitor.send("/queues/low:media/pause", reason="the disk is nearly full")
    visitor.send("/queues/low:media/resume", reason="there is room again")
    visitor.send(f"/job/{dead[0]}/resolve", reason="charged by hand")
    visitor.send(f"/bulk/discard?id={dead[1]}&id={dead[2]}", reason="test orders")
    visitor.send("/schedules/thumbnails/run", reason="a new album came in")


def _write_week(stage: Stage, chance: random.Random) -> None:
    now = stage.platform.clock.now()
    events: list[JobEvent] = []
    for hours_ago in range(168):
        for job_type, habit in _HABITS.items():
            busy = 0.4 + 0.6 * abs(((now.hour - hours_ago) % 24) - 12) / 12
            # The last hour is shown by the minute, so it gets more.
            number = int(habit.per_hour * busy * chance.uniform(0.7, 1.3)) * (
                4 if hours_ago == 0 else 1
            )
            for _ in range(number):
                at = now - timedelta(hours=hours_ago, seconds=chance.uniform(20, 3580))
                events += _life(job_type, habit, at, chance)
    writer = PostgresRecordWriter(stage.platform.history_engine)
    for at in range(0, len(events), 6000):
        writer.write(EventBatch(events[at : at + 6000]))


def _write_depths(stage: Stage, chance: random.Random) -> None:
    """A queue that fills up now and then, and is worked off."""
    minute = stage.platform.clock.now().replace(second=0, microsecond=0)
    waiting, samples = 0, []
    for minutes_ago in reversed(range(7 * 1440)):
        burst = chance.randrange(20, 200) if chance.random() < 0.02 else 0
        waiting = max(0, int(waiting * 0.85) + burst - 3)
        if waiting:
            at = minute - timedelta(minutes=minutes_ago)
            oldest = waiting * chance.uniform(0.3, 0.6)
            samples += [QueueDepth(at, name, waiting, oldest) for name in (ALL_QUEUES, "normal")]
    PostgresDepthStore(stage.platform.history_engine).add(samples)


def _life(job_type: str, habit: _Habit, at: datetime, chance: random.Random) -> list[JobEvent]:
    job_id = f"demo-{next(_numbers):06}"
    started = at + timedelta(seconds=habit.waits * chance.lognormvariate(0, 0.8))
    runs = habit.runs * chance.lognormvariate(0, 0.5)
    fence = _stream_id(started)
    fails = chance.random() < habit.fails
    fault = _FAULTS.get(
        job_type, AttemptError("exception", "TimeoutError", "no answer in time", "")
    )
    body = json.dumps(fault.to_dict()) if fails else ""
    kind = "retried" if fails else "finished"
    ended = _stream_id(started + timedelta(seconds=runs))
    due = int((started.timestamp() + runs + 60) * 1000) if fails else 0
    events = [
        JobEvent(
            _stream_id(at), "enqueued", job_id, habit.queue, state="queued", max_attempts=3,
            job_type=job_type, data='{"n":1}', options="{}",
        ),
        JobEvent(fence, "started", job_id, habit.queue, 1, "worker-1"),
        JobEvent(ended, kind, job_id, habit.queue, 1, "worker-1", fence, body, runs * 1000, due),
    ]  # fmt: skip
    if fails:
        again = started + timedelta(seconds=runs + 61)
        second = _stream_id(again)
        done = _stream_id(again + timedelta(seconds=runs / 2))
        events += [
            JobEvent(second, "started", job_id, habit.queue, 2, "worker-2"),
            JobEvent(
                done, "finished", job_id, habit.queue, 2, "worker-2", second, "", runs * 500, 0
            ),
        ]
    return events


def _stream_id(at: datetime) -> str:
    return f"{int(at.timestamp() * 1000)}-{next(_numbers)}"


def _live(stage: Stage) -> None:
    jobs = stage.platform.queue_service
    lanes = stage.platform.catalogue.lanes()
    worker = PuppetWorker(
        stage.platform, [lane for lane in lanes if lane != "media"], _end, "worker-1"
    )
    worker.presence.register()
    for number in range(14):
        jobs.enqueue_job(
            "sync_customer", _customer(number), tags=["crm"], max_retries=0, tenant="acme"
        )
        jobs.enqueue_job(
            "charge_card", {"cents": 1000 + number, "customer": number}, tags=["billing"]
        )
    worker.work_off()
    jobs.enqueue_job("sync_customer", _customer(77), tags=["crm"])
    report = jobs.enqueue_job("charge_card", {"cents": 4200}, tags=["billing", "invoice"])
    for claimed in worker.claim(2):
        worker.settle([(claimed, with_file(stage, claimed) if claimed.id == report else _retry())])
    for number in range(3):
        jobs.enqueue_job("sync_customer", _customer(100 + number), tags=["crm"])
    running = worker.claim(3)
    worker.presence.beat(running, stopping=False, finished=1204, failed=31)
    notes = RedisProgressNotes(stage.platform.redis, stage.platform.keys)
    for number, claimed in enumerate(running):
        progress = {"done": 20 + 25 * number, "total": 100, "note": "reading contacts"}
        notes.note(claimed.id, claimed.fence, json.dumps(progress))
    other = PuppetWorker(stage.platform, ["default", "email"], _end, "worker-2")
    other.presence.register()
    other.presence.beat([], stopping=False, finished=988, failed=4)
    worker.close()
    for number in range(23):
        jobs.enqueue_job("resize_image", {"image": f"holiday-{number}.jpg"}, tags=["album"])
    for hours in range(1, 6):
        jobs.enqueue_job("sync_customer", _customer(200 + hours), delay=3600.0 * hours)
    by = Actor("ada", Role.OPERATOR)
    canceled = jobs.enqueue_job("sync_customer", _customer(300))
    stage.platform.job_control.cancel(canceled, by=by, reason="ordered twice")


def _customer(number: int) -> dict[str, Any]:
    return {"customer": 1000 + number, "api_key": "a-secret", "fields": ["name", "mail", "plan"]}


def _end(job: ClaimedJob) -> Outcome:
    fault = _FAULTS.get(job.job_type)
    number = sum(job.id.encode())
    if fault is not None and number % 2:
        return Outcome(OutcomeKind.FAILED, error=fault, run_seconds=0.8, log=_said())
    return Outcome(OutcomeKind.FINISHED, result='{"synced": 1042, "changed": 3}', run_seconds=0.4)


def _retry() -> Outcome:
    fault = _FAULTS["sync_customer"]
    return Outcome(OutcomeKind.RETRIED, error=fault, delay=240, run_seconds=5.0, log=_said())


def _said() -> str:
    now = time.time_ns() // 1_000_000
    lines = [
        (now - 780, "info", "customer.read fields=3"),
        (now - 20, "warning", "answer.slow seconds=0.7 attempt_of=5"),
    ]
    return json.dumps(lines)


def with_file(stage: Stage, job: ClaimedJob) -> Outcome:
    """Ends a job well whose result names a PDF."""
    label = ArtifactLabel(
        job_id=job.id, attempt=job.attempt, name="invoice.pdf", media_type="application/pdf"
    )
    with stage.artifacts.create(label) as writer:
        writer.write(PDF)
    made = next(each for each in stage.artifacts.all() if each.job_id == job.id)
    result = {
        "charged": 4200,
        "file": {"id": made.id, "sha256": made.sha256, "size_bytes": made.size_bytes},
    }
    return Outcome(OutcomeKind.FINISHED, result=json.dumps(result), run_seconds=1.1)


PDF = b"""%PDF-1.4
1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj
2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj
3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 200 100]>>endobj
trailer<</Root 1 0 R>>
%%EOF
"""
