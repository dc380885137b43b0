"""What the settings name: packages of job types, schedules, subscriptions. Needs no server."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from backend.api.config.engine_settings import HistorySettings
from backend.bootstrap.platform import Platform
from backend.bootstrap.record_parts import event_service
from backend.cli.checks.finding import Finding, ok, warning, wrong
from backend.cli.checks.names import check_names
from backend.domain.errors import ConfigurationError, InvalidRequest
from backend.domain.jobs.job_type import JobType
from backend.domain.jobs.options.unique import ENDED, STARTED, until_words
from backend.services.schedules.schedule_intake import ScheduleIntake, checked_name
from backend.services.schedules.schedule_system import all_seeds


def check_declared(parts: Platform) -> Iterator[Finding]:
    """Whether the packages can be imported, and whether what is enqueued by itself will be accepted."""
    try:
        names = [kind.name for kind in parts.catalogue.own()]
    except ConfigurationError as error:
        yield wrong(
            "job_packages",
            f"job types cannot be loaded: {error}",
            "correct job_packages, or install the package",
        )
        return
    yield ok("job_packages", f"{len(names)} job types in {len(parts.catalogue.own_lanes())} lanes")
    yield from check_names(parts.settings, job_types=names, lanes=parts.catalogue.own_lanes())
    yield from check_keys(parts.catalogue.own(), parts.settings.history)
    yield from _schedules(parts)
    yield from _subscriptions(parts)


def check_keys(kinds: Iterable[JobType], history: HistorySettings) -> Iterator[Finding]:
    """Whether history lets a finished job go while what it is unique by still keeps others out."""
    for kind in kinds:
        until = str(kind.unique.until) if kind.unique else ENDED
        is_special = kind.name in history.days_by_type
        days = history.days_by_type[kind.name] if is_special else history.finished_days
        name = f"days_by_type.{kind.name}" if is_special else "finished_days"
        if until not in {STARTED, ENDED} and float(until) > days * 86_400:
            yield warning(
                "key_outlives_record",
                f"a job of {kind.name} keeps the same ones out {until_words(until)}, "
                f"and is {days} days on record (history.{name})",
                "keep it on record as long: if Redis is lost later than that, the same job runs again",
            )


def _schedules(parts: Platform) -> Iterator[Finding]:
    intake, now = ScheduleIntake(parts.intake), parts.clock.now()
    said = {name: schedule.said() for name, schedule in parts.settings.schedules.items()}
    for seed in all_seeds(said):
        try:
            checked_name(seed.name)
            intake.plan(seed.said, now)
        except InvalidRequest as error:
            yield wrong(
                "schedule_refused",
                f"schedule {seed.name!r}: {error}",
                f"correct schedules.{seed.name} in the settings",
            )


def _subscriptions(parts: Platform) -> Iterator[Finding]:
    try:
        event_service(parts)
    except InvalidRequest as error:
        yield wrong(
            "subscription_refused", str(error), "correct events.subscriptions in the settings"
        )
