"""docs/metrics-and-alerts.md, made from the catalogue of metrics and from the alert rules."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from backend.telemetry.metrics.metric_catalogue import METRICS, SECONDS, Metric

_HEAD = """# Metrics and alerts

<!-- Made by `python -m backend.cli.reference.pages docs`. Edit the catalogue and the rules, not this
page. -->

Prometheus scrapes one port of each process: the web process at its own port, a supervisor of
workers at 9641 (the sum over its worker processes), a scheduler at 9642, a recorder at 9643; see
`metrics` in [configuration](configuration.md#metrics).
[config/prometheus/prometheus.yml](../config/prometheus/prometheus.yml) is a start,
[config/grafana/tally.json](../config/grafana/tally.json) a dashboard to import.

- Gauges of the whole deployment are read from Redis when they are scraped. Several processes show
  the same ones, so ask for `max by (queue) (…)`, never for a sum.
- Counters of a worker process are written to its supervisor once a second: a process that is killed
  takes up to a second of counts with it, never what was counted before. Counting costs a job less
  than a microsecond (`tests/unit/telemetry/test_job_counts.py` measures it).
- Labels take few values: job types that nobody declared count as `unknown`, and queues beyond 200
  are left out. No label holds an id.
- While Redis or Postgres is away, `tally_redis_up` or `tally_postgres_up` is 0 and what cannot be
  known is not shown.
- `tally_worker_*` and `rq_*` of exporters for RQ go on working: Redis holds RQ's own layout.

## Metrics
"""

_ATTEMPTS, _RUN = "tally_job_attempts_total", "tally_job_run_seconds"
_FINISHED = f'{_ATTEMPTS}{{outcome="finished"}}'
_WAITING = 'max by (queue) (tally_queue_jobs{state="queued"})'
_MEAN = f"rate({_RUN}_sum[1h])) / sum by (job_type) (rate({_RUN}_count[1h])"
_QUESTIONS = {
    "jobs given up in the last hour": f'sum(increase({_ATTEMPTS}{{outcome="failed"}}[1h]))',
    "depth by queue": _WAITING,
    "processed per hour": f"sum(increase({_FINISHED}[1h]))",
    "mean duration by type": f"sum by (job_type) ({_MEAN})",
    "95 % of runs are shorter than": (
        f"histogram_quantile(0.95, sum by (le, job_type) (rate({_RUN}_bucket[15m])))"
    ),
    "seconds until the backlog is gone": f"sum({_WAITING}) / sum(rate({_FINISHED}[15m]))",
}
_ALERTS = """
The same in SQL is in the [runbook](runbook.md#questions-in-sql).

## Alerts

[config/prometheus/alerts.yml](../config/prometheus/alerts.yml) (their `runbook_url` is the page
`/runbook` of the API at Prometheus' external label `tally_url`), tested by
`promtool test rules alerts_test.yml` in that folder.

| alert | severity | after | it says | what to do |
|---|---|---|---|---|
"""


def metric_page(rules: Path) -> str:
    """The whole page; ``rules`` is the file of alerts."""
    buckets = ", ".join(f"{edge:g}" for edge in SECONDS)
    table = ["\n| metric | kind | labels | meaning |\n|---|---|---|---|\n"]
    table += [_row(metric) for metric in METRICS]
    table.append(f"\nBuckets of the histograms, in seconds: {buckets}.\n")
    groups = yaml.safe_load(rules.read_text(encoding="utf-8"))["groups"]
    alerts = [_alert(rule) for group in groups for rule in group["rules"]]
    questions = ["\n## Questions in PromQL\n\n| question | expression |\n|---|---|\n"]
    questions += [f"| {question} | `{asked}` |\n" for question, asked in _QUESTIONS.items()]
    return "".join([_HEAD, *table, *questions, _ALERTS, *alerts])


def _row(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels)
    return f"| `{metric.name}` | {metric.kind} | {labels} | {metric.meaning} |\n"


def _alert(rule: dict[str, Any]) -> str:
    notes, severity = rule["annotations"], rule["labels"]["severity"]
    summary = notes["summary"].replace("{{", "`{{").replace("}}", "}}`").replace("|", "\\|")
    anchor = notes["runbook_url"].partition("#")[2]
    link, section = f"runbook.md#{anchor}", anchor.replace("-", " ")
    waits = rule.get("for", "at once")
    return f"| {rule['alert']} | {severity} | {waits} | {summary} | [{section}]({link}) |\n"
