"""Every metric of ours, declared once: its name, kind, labels and meaning. Documentation is held to it."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple


class MetricKind(StrEnum):
    """How Prometheus reads a metric."""

    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Metric(NamedTuple):
    """One metric. Units are seconds and bytes; labels take few values, never a job's id."""

    name: str
    kind: MetricKind
    meaning: str
    labels: tuple[str, ...] = ()


#: Upper edges of the buckets of every histogram, in seconds.
SECONDS = (
    *(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5),
    *(1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 180.0, 600.0, 1800.0, 7200.0),
)

_COUNTER, _GAUGE, _HISTOGRAM = MetricKind.COUNTER, MetricKind.GAUGE, MetricKind.HISTOGRAM

ATTEMPTS = Metric(
    "tally_job_attempts_total",
    _COUNTER,
    "Attempts that worker processes ended, by how.",
    ("lane", "job_type", "outcome"),
)
RUNS = Metric("tally_job_run_seconds", _HISTOGRAM, "How long attempts ran.", ("lane", "job_type"))
WAITS = Metric(
    "tally_job_wait_seconds",
    _HISTOGRAM,
    "How long jobs were ready before they started.",
    ("lane", "job_type"),
)
LATE = Metric(
    "tally_job_outcomes_late_total",
    _COUNTER,
    "Outcomes that came after the job's lease was lost; the job ran again.",
    ("lane",),
)
LOOP_BLOCKS = Metric(
    "tally_loop_blocked_seconds",
    _HISTOGRAM,
    "How long a job kept the event loop of its worker process from all others.",
    ("lane", "job_type"),
)
DEATHS = Metric(
    "tally_worker_deaths_total",
    _COUNTER,
    "Worker processes that ended, by why: stopped, recycled, crashed, killed.",
    ("lane", "cause"),
)
LINES_LOST = Metric(
    "tally_log_lines_lost_total",
    _COUNTER,
    "Lines that standard output or error did not take: full disk, closed pipe, terminal gone.",
)
REQUESTS = Metric(
    "tally_http_requests_total",
    _COUNTER,
    "HTTP requests answered; the route is its pattern, not the path.",
    ("method", "route", "status"),
)
REQUEST_TIMES = Metric(
    "tally_http_request_duration_seconds",
    _HISTOGRAM,
    "How long HTTP requests took.",
    ("method", "route"),
)

QUEUE_JOBS = Metric(
    "tally_queue_jobs",
    _GAUGE,
    "Jobs of a queue that have not ended, by state.",
    ("queue", "state", "shard"),
)
QUEUE_PARKED = Metric(
    "tally_queue_parked_jobs",
    _GAUGE,
    "Of the queued jobs: how many wait behind a limit or the pause of their type.",
    ("queue", "shard"),
)
QUEUE_OLDEST = Metric(
    "tally_queue_oldest_wait_seconds",
    _GAUGE,
    "For how long the job that is next in a queue has been ready.",
    ("queue", "shard"),
)
QUEUE_PAUSED = Metric(
    "tally_queue_paused", _GAUGE, "1 while a queue is paused.", ("queue", "shard")
)
QUEUES_LEFT_OUT = Metric(
    "tally_queues_left_out",
    _GAUGE,
    "Queues beyond the 200 that are shown one by one: no metric tells of their jobs.",
    ("shard",),
)
QUEUE_FROZEN = Metric(
    "tally_queue_frozen",
    _GAUGE,
    "1 while a maintenance window keeps a queue, or lets out bit by bit what waited for its end.",
    ("queue", "shard"),
)
FROZEN = Metric(
    "tally_freezes_holding",
    _GAUGE,
    "Maintenance windows that hold now, by what they hold: queue, lane, type, tenant.",
    ("kind", "shard"),
)
ACCEPTED = Metric(
    "tally_queue_jobs_accepted_total", _COUNTER, "Jobs that were accepted.", ("queue", "shard")
)
ENDED = Metric(
    "tally_queue_jobs_ended_total",
    _COUNTER,
    "Jobs that ended: finished, failed, canceled. A redriven job leaves failed again.",
    ("queue", "state", "shard"),
)
POISONED = Metric(
    "tally_queue_jobs_poisoned_total",
    _COUNTER,
    "Jobs that failed because they kept killing their process.",
    ("queue", "shard"),
)
DIFFERENCE = Metric(
    "tally_balance_difference_jobs",
    _GAUGE,
    "What the books of a queue are out by; moves for moments while jobs move.",
    ("queue", "shard"),
)
DEAD = Metric("tally_dead_jobs", _GAUGE, "Jobs in the dead-letter queue.", ("shard",))
FOREIGN = Metric(
    "tally_foreign_jobs",
    _GAUGE,
    "Jobs of other programs that were found in our queues and set apart.",
    ("shard",),
)
BREAKERS = Metric(
    "tally_breakers_open",
    _GAUGE,
    "Destinations whose breakers are not closed: all or some of their jobs wait.",
    ("shard",),
)
BREAKER_OPEN = Metric(
    "tally_breaker_open_seconds",
    _GAUGE,
    "For how long the first of them has not been closed.",
    ("shard",),
)
QUOTAS = Metric("tally_quotas", _GAUGE, "Tenants with quotas.", ("shard",))
QUOTAS_USED_UP = Metric(
    "tally_quotas_used_up",
    _GAUGE,
    "Tenants that use up their quota: as many of their jobs wait (new ones are refused), or run (others "
    "wait aside), as may.",
    ("kind", "shard"),
)
WORKERS = Metric(
    "tally_workers",
    _GAUGE,
    "Worker processes on record: idle, busy, lost.",
    ("lane", "state", "shard"),
)
SLOTS = Metric(
    "tally_worker_slots",
    _GAUGE,
    "Slots of live worker processes: busy, idle.",
    ("lane", "state", "shard"),
)
LEASES = Metric("tally_leases", _GAUGE, "Jobs that some worker process holds.", ("shard",))
LEASES_EXPIRED = Metric(
    "tally_leases_expired", _GAUGE, "Leases that ended and that nobody has rescued yet.", ("shard",)
)
SCHEDULE_OVERDUE = Metric(
    "tally_schedule_overdue_seconds",
    _GAUGE,
    "For how long the job that is due first has been waiting to be promoted.",
    ("shard",),
)
LEADER = Metric("tally_leader", _GAUGE, "1 while some process leads a duty.", ("duty", "shard"))
LAG_EVENTS = Metric(
    "tally_recorder_lag_events", _GAUGE, "Events that are not on record yet.", ("shard",)
)
LAG_LIMIT = Metric(
    "tally_recorder_lag_limit_events",
    _GAUGE,
    "Events that may wait for the record until new jobs are refused; 0: no limit.",
    ("shard",),
)
LAG_SECONDS = Metric(
    "tally_recorder_lag_seconds",
    _GAUGE,
    "Age of the oldest event that is not on record yet.",
    ("shard",),
)
REDIS_UP = Metric("tally_redis_up", _GAUGE, "1 while Redis answers.", ("shard",))
REDIS_WRITABLE = Metric(
    "tally_redis_writable",
    _GAUGE,
    "1 while Redis would take a job; 0 while it answers and refuses.",
    ("shard",),
)
REDIS_MEMORY = Metric("tally_redis_memory_bytes", _GAUGE, "Memory that Redis uses.", ("shard",))
REDIS_LIMIT = Metric(
    "tally_redis_memory_limit_bytes", _GAUGE, "Its maxmemory; 0: none is set.", ("shard",)
)
REDIS_EVICTS = Metric(
    "tally_redis_evicts",
    _GAUGE,
    "1: its maxmemory-policy lets it throw away what it holds when memory runs out; 0: noeviction.",
    ("shard",),
)
POSTGRES_UP = Metric("tally_postgres_up", _GAUGE, "1 while Postgres answers.")
SCHEDULES_OVERDUE = Metric(
    "tally_schedules_overdue", _GAUGE, "Schedules whose expected run is missing."
)
OUTBOX = Metric("tally_outbox_jobs", _GAUGE, "Jobs in the outbox that are not in Redis yet.")
OUTBOX_OLDEST = Metric(
    "tally_outbox_oldest_seconds", _GAUGE, "Age of the oldest job that waits in the outbox."
)

PROMOTED = Metric("tally_promoted_jobs_total", _COUNTER, "Due jobs that this process promoted.")
LATENESS = Metric(
    "tally_promotion_lateness_seconds", _GAUGE, "How late the last promoted job was promoted."
)
RECORDED = Metric("tally_recorded_events_total", _COUNTER, "Events that this process recorded.")
SET_ASIDE = Metric(
    "tally_set_aside_events_total",
    _COUNTER,
    "Events that could not be recorded and were set aside.",
)
PRUNED = Metric("tally_pruned_jobs_total", _COUNTER, "Old jobs that this process deleted.")
WAITING = Metric(
    "tally_loops_waiting",
    _GAUGE,
    "Loops of this process that wait for a store which does not serve them.",
)
STEP_FAILURES = Metric(
    "tally_step_failures_total",
    _COUNTER,
    "Steps of this process's loops that ended in an error nobody expected; the log has tracebacks.",
)
BUILD = Metric("tally_build_info", _GAUGE, "1; its labels say what runs.", ("version", "process"))

#: Metrics by the attribute of the loop that counts them.
LOOP_METRICS = {
    "promoted": PROMOTED,
    "lateness": LATENESS,
    "recorded": RECORDED,
    "set_aside": SET_ASIDE,
    "pruned": PRUNED,
    "waiting": WAITING,
    "failures": STEP_FAILURES,
}

METRICS = tuple(
    sorted(
        (value for value in list(globals().values()) if isinstance(value, Metric)),
        key=lambda metric: metric.name,
    )
)
