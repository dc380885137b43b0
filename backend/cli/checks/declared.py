"""What the settings name: packages of job types, schedules, subscriptions. Needs no server."""

from __future__ import annotations

from collections.abc import Iterator

from backend.bootstrap.platform import Platform
from backend.bootstrap.record_parts import event_service
from backend.cli.checks.finding import Finding, ok, wrong
from backend.domain.errors import ConfigurationError, InvalidRequest
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
    yield from _schedules(parts)
    yield from _subscriptions(parts)


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
