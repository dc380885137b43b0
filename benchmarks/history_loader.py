"""Fills history fast: the rows that a recorder would have written, made up inside of Postgres.

Jobs, attempts and events go through the tables' own indexes and triggers, in the order of acceptance and in
portions of a recorder's size, so that what is measured afterwards is what would be there.
"""

from __future__ import annotations

import time
from datetime import datetime, timedelta

from sqlalchemy import Connection, Engine, text

#: Jobs at a time.
PORTION = 5_000

_MAKE_MONTHS = text(
    "SELECT count(make_jobs_partition(month::date)), count(make_job_events_partition(month::date))"
    " FROM generate_series(date_trunc('month', CAST(:since AS timestamptz) AT TIME ZONE 'UTC'),"
    " CAST(:until AS timestamptz) AT TIME ZONE 'UTC', '1 month') AS month"
)

_LIVES = text("""
CREATE TEMPORARY TABLE lives ON COMMIT DROP AS
SELECT n, ms, lpad(to_hex(ms), 12, '0') AS hex, md5(n::text) AS salt, job_type,
  (ARRAY['high', 'normal', 'low'])[1 + floor(dice[1] * 3)::int] || coalesce(':' || lane, '') AS queue,
  CASE WHEN dice[2] < 0.2 THEN (ARRAY['{test,vip}', '{job-run,bulk}', '{vip,eu}', '{bulk,eu}', '{eu,test}'])
    [1 + floor(dice[3] * 5)::int]::text[] END AS tags,
  CASE WHEN dice[4] < 0.3 THEN 'tenant-' || floor(dice[5] * 50)::int END AS tenant,
  CASE WHEN dice[6] < 0.1 THEN 'context-' || n / 3 END AS context_id,
  lpad(to_hex(n), 32, '0') AS trace_id,
  CASE WHEN dice[7] < 0.96 THEN '{finished}' WHEN dice[7] < 0.972 THEN '{failed}'
    WHEN dice[7] < 0.9988 THEN '{retried,finished}' WHEN dice[7] < 0.9995 THEN '{retried,failed}'
    ELSE '{retried,retried,finished}' END::text[] AS kinds,
  1 + floor(dice[8] * 3)::int AS fault,
  ARRAY[dice[9], dice[10], dice[11]] AS waits, ARRAY[dice[12], dice[13], dice[14]] AS runs
FROM generate_series(:first, :last) AS n
CROSS JOIN LATERAL (SELECT array_agg(random()) AS dice FROM generate_series(1, 15 + 0 * n)) AS thrown
CROSS JOIN LATERAL (SELECT (:since_ms + n * CAST(:step_ms AS double precision))::bigint AS ms) AS instant
CROSS JOIN LATERAL (
  SELECT job_type, lane FROM (VALUES
    (0.40, 'send_email', 'email'), (0.65, 'webhook', 'webhook'), (0.73, 'report', 'report'),
    (0.79, 'export', 'export'), (0.89, 'cleanup', NULL), (0.95, 'invoice', NULL), (0.999, 'sync', NULL),
    (1.0, 'rare_audit', NULL)) AS types (below, job_type, lane)
  WHERE dice[15] <= below ORDER BY below LIMIT 1) AS kind
""")

_ATTEMPTS = text("""
CREATE TEMPORARY TABLE attempts ON COMMIT DROP AS
WITH timed AS (
  SELECT l.n, number, kinds[number] AS kind, number = cardinality(kinds) AS is_last,
    (-2000 * ln(1 - waits[number]))::bigint AS wait_ms,
    exp(1.2 * sqrt(-2 * ln(1 - runs[number])) * cos(6.283 * waits[number]) - 1) * 1000 + 0.01 AS run_ms
  FROM lives l, generate_series(1, cardinality(kinds)) AS number
), placed AS (
  SELECT *, sum(wait_ms + run_ms::bigint + 60000) OVER (PARTITION BY n ORDER BY number) - 60000 AS ended_after FROM timed
)
SELECT p.n, number, kind, is_last, run_ms, 'host-' || (p.n * 7 + number) % 8 || ':' || (p.n / 8 + number) % 4 AS worker,
  (l.ms << 20) + CASE WHEN number > 1 THEN ((ended_after - run_ms::bigint - wait_ms)::bigint << 20) + 4 * number END AS promoted,
  ((l.ms + ended_after::bigint - run_ms::bigint) << 20) + 4 * number + 1 AS fence,
  ((l.ms + ended_after::bigint) << 20) + 4 * number + 2 AS version
FROM placed p JOIN lives l USING (n)
""")

_ID = "substr(hex, 1, 8) || '-' || substr(hex, 9) || '-7' || substr(salt, 1, 3) || '-8' || substr(salt, 4, 3) || '-' || substr(salt, 7, 12)"
_ERROR = (
    "(ARRAY['ConnectionError', 'TimeoutError', 'ValueError'])[fault] AS error_kind,"
    " replace((ARRAY['connection to smtp-@.example.com refused', 'no answer from api@.example.com within 30 s',"
    " 'order @ has no address'])[fault], '@', (l.n % 97)::text) AS message"
)

_JOBS = text(f"""
INSERT INTO jobs (id, position, job_type, max_attempts, payload, options, tags, tenant, trace_id, context_id,
  status_version, status, version, queue, fence, attempt, worker, error_version, last_error, error_kind,
  error_reason, ready_version)
SELECT {_ID}, ms << 20, job_type, 4,
  format('{{"to": "user%s@example.com", "subject": "Order %s", "lines": [1, 2, 3]}}', l.n, l.n)::json,
  (rtrim(jsonb_strip_nulls(jsonb_build_object('trace_id', trace_id, 'tags', to_jsonb(tags), 'tenant', tenant,
    'context_id', context_id))::text))::json,
  tags, tenant, trace_id, context_id, a.version, a.kind, a.version, queue, a.fence, a.number, a.worker,
  coalesce(w.version, 0), w.error_kind || ': ' || w.message, w.error_kind, CASE WHEN w.version > 0 THEN 'exception' END,
  coalesce(a.promoted, ms << 20)
FROM lives l JOIN attempts a ON a.n = l.n AND a.is_last
LEFT JOIN LATERAL (
  SELECT b.version, {_ERROR} FROM attempts b WHERE b.n = l.n AND b.kind <> 'finished' ORDER BY b.version DESC LIMIT 1
) w ON true
ORDER BY 1
""")  # noqa: S608 - of our own making

_RESULTS = text(f"""
INSERT INTO job_results (job_id, fence, version, attempt, status, job_type, queue, worker, trace_id, ready_version,
  run_ms, result_payload, error_reason, error_kind, error_message, traceback)
SELECT {_ID}, a.fence, a.version, a.number, a.kind, job_type, queue, worker, trace_id, coalesce(a.promoted, ms << 20),
  run_ms, CASE WHEN a.kind = 'finished' THEN '{{"sent": true}}'::json END,
  CASE WHEN a.kind <> 'finished' THEN 'exception' END, CASE WHEN a.kind <> 'finished' THEN error_kind END,
  CASE WHEN a.kind <> 'finished' THEN message END,
  CASE WHEN a.kind <> 'finished' THEN repeat(E'Traceback (most recent call last):\\n', 12) END
FROM (SELECT l.*, {_ERROR} FROM lives l) l JOIN attempts a USING (n)
ORDER BY 1, 2
""")  # noqa: S608

_EVENTS = text(f"""
INSERT INTO job_events (job_id, version, kind, status, queue, attempt, actor, fence, run_ms, due_at)
SELECT {_ID}, e.* FROM lives l CROSS JOIN LATERAL (
  SELECT ms << 20, 'enqueued', 'queued', queue, 0, NULL, NULL::bigint, NULL::double precision, NULL::timestamptz
  UNION ALL
  SELECT promoted, 'promoted', 'queued', queue, 0, NULL, NULL, NULL, NULL FROM attempts a WHERE a.n = l.n AND number > 1
  UNION ALL
  SELECT fence, 'started', 'started', queue, number, worker, fence, NULL, NULL FROM attempts a WHERE a.n = l.n
  UNION ALL
  SELECT version, kind, CASE kind WHEN 'retried' THEN 'scheduled' ELSE kind END, queue, number, worker, fence, run_ms,
    CASE kind WHEN 'retried' THEN instant_of(version) + interval '60 s' END FROM attempts a WHERE a.n = l.n
) e
ORDER BY 2, 1
""")  # noqa: S608

_MARKS = text(
    "INSERT INTO stale_hours SELECT DISTINCT date_trunc('hour', instant_of(version), 'UTC') FROM attempts"
)


def load(engine: Engine, jobs: int, since: datetime, until: datetime) -> None:
    """Makes up so many jobs of a time; always the same ones."""
    began = time.monotonic()
    since_ms = int(since.timestamp() * 1000)
    step_ms = (until - since).total_seconds() * 1000 / jobs
    with engine.begin() as connection:
        connection.execute(_MAKE_MONTHS, {"since": since, "until": until + timedelta(days=3)})
    for first in range(0, jobs, PORTION):
        with engine.begin() as connection:
            numbers = range(first, min(first + PORTION, jobs))
            _load_portion(connection, numbers, since_ms, step_ms)
        if first % (PORTION * 20) == 0:
            done = first + PORTION
            pace = done / (time.monotonic() - began)
            print(f"\r{done:,} jobs loaded, {pace:,.0f}/s", end="", flush=True)
    print(f"\r{jobs:,} jobs loaded in {time.monotonic() - began:,.0f} s")


def _load_portion(connection: Connection, numbers: range, since_ms: int, step_ms: float) -> None:
    connection.execute(text("SELECT setseed(:seed)"), {"seed": numbers.start % 1009 / 1009})
    values = {"first": numbers.start, "last": numbers.stop - 1}
    connection.execute(_LIVES, {**values, "since_ms": since_ms, "step_ms": step_ms})
    connection.execute(_ATTEMPTS)
    connection.execute(text("CREATE INDEX ON attempts (n)"))
    connection.execute(text("ANALYZE lives, attempts"))
    for insert in (_JOBS, _RESULTS, _EVENTS, _MARKS):
        connection.execute(insert)
