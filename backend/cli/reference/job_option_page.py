"""docs/job-options.md, made from the definition of the options."""

from __future__ import annotations

from backend.cli.input.job_option_flags import flag_name
from backend.domain.jobs.options.job_options import NOT_FOR_TICKS, OPTIONS, Option

_HEAD = """# The options of a job

<!-- Made by `python -m backend.cli.reference.pages docs`. Edit backend/domain/jobs/options/job_options.py,
not this page. -->

What may be said of a job beside its type, payload and priority, the same everywhere: as keyword
arguments of `QueueService.enqueue_job` (`JobOptions`: editors complete them, type checkers know
them), as fields of `POST /api/jobs` and its siblings, as flags of `tally jobs enqueue` and
`tally jobs preview`, and under `options:` of subscriptions and schedules.

- What is out of its range, infinity and NaN among it, is refused with `invalid_option` and the
  range. Nothing means "for ever": results are for picking up, the record keeps them.
- Instants are `datetime`s in Python (a naive one means UTC) and RFC 3339 texts over HTTP; on the
  command line also `2h`, for in two hours.
- Durations are seconds; on the command line also `90s`, `10m`, `2h`, `7d`.
- `None`, or leaving it out, says nothing: then the job type's own holds, and behind it the
  deployment's.
- Which schedule, event or job a job was made by, and whether it is confined to a tenant, only Tally
  says.

| option | on the command line | what it may be | what it does |
|---|---|---|---|
"""
_TAIL = """
The jobs of a schedule have an id and a time of their own, so there is no {not_for_ticks} for them.
A job type declares its own `timeout`, `max_retries`, `retry_delays`, `limit` and `result_ttl` within
the same ranges.
"""


def job_option_page() -> str:
    """The page as Markdown."""
    rows = "".join(_row(option) for option in OPTIONS.values())
    names = [f"`{name}`" for name in OPTIONS if name in NOT_FOR_TICKS]
    not_for_ticks = ", ".join(names[:-1]) + " or " + names[-1]
    return _HEAD + rows + _TAIL.format(not_for_ticks=not_for_ticks)


def _row(option: Option) -> str:
    return f"| `{option.name}` | `{flag_name(option)}` | {option.words} | {option.about} |\n"
