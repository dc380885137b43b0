"""The schedules that come along, and what a configuration may make of them."""

from __future__ import annotations

from backend.api.config.schedule_settings import ScheduleSettings
from backend.domain.schedules.schedule import Origin
from backend.services.schedules.schedule_intake import ScheduleIntake
from backend.services.schedules.schedule_preview import preview_of
from backend.services.schedules.schedule_system import all_seeds, system_seeds
from tests.unit.scheduler.builders import NOON, job_intake


def test_pruning_reconciling_and_checking_are_on_and_backups_are_off() -> None:
    on = {seed.said["job_type"]: seed.is_enabled for seed in system_seeds().values()}

    assert on == {
        "prune_history": True,
        "reconcile": True,
        "check_workers": True,
        "cleanup": True,
        "backup": False,
    }


def test_each_shipped_schedule_is_a_valid_one() -> None:
    seeds = system_seeds().values()
    intake = ScheduleIntake(job_intake(*(seed.said["job_type"] for seed in seeds)))

    for seed in seeds:
        assert len(preview_of(intake.plan(seed.said, NOON), NOON, 5).runs) == 5


def test_a_configuration_switches_one_on_or_changes_its_time() -> None:
    said = {
        "backup-history": ScheduleSettings(enabled=True).said(),
        "check-workers": ScheduleSettings(cron="*/5 * * * *").said(),
    }

    seeds = {seed.name: seed for seed in all_seeds(said)}

    assert seeds["backup-history"].is_enabled
    assert seeds["backup-history"].said["cron"] == "40 2 * * *"
    assert "interval" not in seeds["check-workers"].said
    assert seeds["check-workers"].origin is Origin.SYSTEM


def test_a_configuration_adds_its_own() -> None:
    said = {"nightly": ScheduleSettings(job_type="report", cron="@daily").said()}

    seed = {seed.name: seed for seed in all_seeds(said)}["nightly"]

    assert seed.origin is Origin.CONFIGURATION
    assert seed.said == {"job_type": "report", "cron": "@daily"}
    assert seed.is_enabled
