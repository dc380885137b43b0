"""Checks what people and files say about a schedule and makes it a plan. Pure: the time comes in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any, TypeVar

from backend.domain.errors import InvalidOption
from backend.domain.jobs.job import NewJob
from backend.domain.jobs.options import bounds
from backend.domain.jobs.options.job_options import NOT_FOR_TICKS, OPTIONS, OWN
from backend.domain.schedules.schedule import MissedRuns, Overlap, Plan
from backend.domain.text.nearest_name import suggestion
from backend.services.events.receivers import check_receiver
from backend.services.jobs.follow_up_plans import with_plain_payloads
from backend.services.jobs.job_intake import JobIntake
from backend.services.schedules.cron_ticks import cron_line
from backend.services.schedules.schedule_timing import next_tick, shortest_gap
from backend.services.schedules.schedule_zones import zone_of

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_SAID = frozenset(field.name for field in fields(Plan))
#: Seconds for which Redis remembers that a tick was fired, however short its job was.
_REMEMBERED = 86_400.0
_FURTHEST = timedelta(seconds=bounds.FURTHEST)
#: An anchor may lie in the past, but not before there were computers to mean it.
_EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)

Choice = TypeVar("Choice", bound=StrEnum)


class ScheduleIntake:
    """Turns what is said into `Plan`s, or refuses it with an error that names the field."""

    def __init__(self, jobs: JobIntake) -> None:
        self._jobs = jobs

    def plan(self, said: Mapping[str, Any], now: datetime) -> Plan:
        """The plan of a mapping of `Plan`'s fields; raises `InvalidRequest` naming what is wrong."""
        plan = replace(
            self.timing(said, now),
            job_type=_word(said, "job_type", is_needed=True),
            payload=_mapping(said, "payload"),
            options=with_plain_payloads(_options(said), self._jobs.catalogue),
            priority=_word(said, "priority"),
            missed_runs=_choice(said, "missed_runs", MissedRuns.LAST),
            overlap=_choice(said, "overlap", Overlap.ALLOW),
        )
        self.job(plan, name="", job_id="")
        return plan

    def timing(self, said: Mapping[str, Any], now: datetime) -> Plan:
        """A plan of which only the timing is read and checked."""
        for name in said:
            if name not in _SAID:
                raise InvalidOption(
                    f"a schedule has no field {name!r}{suggestion(name, _SAID)}", field=name
                )
        plan = Plan(
            job_type="",
            cron=_cron(said),
            interval=_interval(said),
            time_zone=zone_of(_word(said, "time_zone") or "UTC").key,
            starts_at=_start(said, now),
            jitter=bounds.SCHEDULE_JITTER.checked(said.get("jitter") or 0),
        )
        _check_timing(plan, now)
        return plan

    def job(self, plan: Plan, *, name: str, job_id: str) -> NewJob:
        """The job of one tick; raises `InvalidRequest` when its type would not take it (any more)."""
        options = dict(plan.options)
        if job_id:
            # The id alone keeps two schedulers apart while the job is in Redis; the key still does
            # when a short job has come and gone before the scheduler could note that it ran.
            options |= {
                "job_id": job_id,
                "idempotency_key": f"tick:{job_id}",
                "idempotency_window": _REMEMBERED,
            }
        job = self._jobs.check(
            plan.job_type, plan.payload, plan.priority or None, options, {"schedule": name}
        )
        # A tick is itself whatever its schedule says by now: editing it makes no second job of one tick.
        return job._replace(digest="")


def checked_name(name: Any) -> str:
    """``name`` itself; raises `InvalidOption` when URLs and shells could not carry it."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InvalidOption(
            f"schedule name {name!r}: use 1 to 64 letters, digits, '_', '-' and '.', "
            "the first a letter or digit",
            field="name",
        )
    return name


def _check_timing(plan: Plan, now: datetime) -> None:
    if next_tick(plan, now) is None:
        raise InvalidOption(f"the cron line {plan.cron!r} is never due", field="cron")
    if plan.jitter and plan.jitter >= (gap := shortest_gap(plan, now)):
        raise InvalidOption(
            f"a jitter of {plan.jitter:g} s must be shorter than the {gap:g} s between two ticks",
            field="jitter",
        )


def _word(said: Mapping[str, Any], name: str, *, is_needed: bool = False) -> str:
    value = said.get(name) or ""
    if not isinstance(value, str):
        raise InvalidOption(f"a schedule's {name} is a word", field=name)
    if is_needed and not value:
        raise InvalidOption(f"a schedule needs a {name}", field=name)
    return value


def _mapping(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = said.get(name) or {}
    if not isinstance(value, Mapping):
        raise InvalidOption(f"{name} must be an object of names and values", field=name)
    return dict(value)


def _options(said: Mapping[str, Any]) -> Mapping[str, Any]:
    options = _mapping(said, "options")
    for name in options:
        if name in NOT_FOR_TICKS or name in OWN:
            raise InvalidOption(f"a schedule's jobs cannot have the option {name!r}", field=name)
        if name not in OPTIONS:
            near = suggestion(name, OPTIONS.keys() - NOT_FOR_TICKS)
            raise InvalidOption(f"there is no option {name!r}{near}", field=name)
        if name == "callback_url":
            check_receiver(options[name])
    return options


def _cron(said: Mapping[str, Any]) -> str:
    cron, interval = _word(said, "cron"), said.get("interval")
    if bool(cron) == bool(interval):
        problem = "not both" if cron else "it has neither"
        raise InvalidOption(f"a schedule has a cron line or an interval: {problem}", field="cron")
    return cron_line(cron).text if cron else ""


def _interval(said: Mapping[str, Any]) -> float:
    interval = said.get("interval") or 0.0
    return round(bounds.INTERVAL.checked(interval), 3) if interval else 0.0


def _start(said: Mapping[str, Any], now: datetime) -> datetime | None:
    """To the second, aware; a naive one means UTC. A date alone is its midnight, in UTC."""
    value = said.get("starts_at")
    if value is None:
        return None
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise InvalidOption(
                f"starts_at {value!r} is no instant like 2027-01-31T08:00:00+00:00",
                field="starts_at",
            ) from None
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime(value.year, value.month, value.day, tzinfo=UTC)
    if not isinstance(value, datetime):
        raise InvalidOption("starts_at must be a datetime", field="starts_at")
    start = value if value.tzinfo else value.replace(tzinfo=UTC)
    # Compared as it is: some instants at both ends of the calendar are none in UTC.
    if not _EARLIEST <= start <= now + _FURTHEST:
        raise InvalidOption(
            "starts_at must lie between 1970 and a hundred years ahead", field="starts_at"
        )
    return start.astimezone(UTC).replace(microsecond=0)


def _choice(said: Mapping[str, Any], name: str, default: Choice) -> Choice:
    value = said.get(name)
    if value is None:
        return default
    words = [choice.value for choice in type(default)]
    if value not in words:
        near = suggestion(str(value), words)
        raise InvalidOption(
            f"{name} cannot be {value!r}{near}; use one of {', '.join(words)}", field=name
        )
    return type(default)(value)
