"""The schedules that Tally brings along; settings may change them or switch them off."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from backend.domain.schedules.schedule import Origin
from backend.domain.schedules.schedule_seed import Seed

#: Name, job type, timing, and whether it is on as shipped.
_SHIPPED: tuple[tuple[str, str, Mapping[str, Any], bool], ...] = (
    ("prune-history", "prune_history", {"cron": "10 3 * * *"}, True),
    ("reconcile-books", "reconcile", {"cron": "25 * * * *"}, True),
    ("cleanup-artifacts", "cleanup", {"cron": "40 3 * * *"}, True),
    ("check-workers", "check_workers", {"interval": 60}, True),
    ("backup-history", "backup", {"cron": "40 2 * * *"}, False),
)
#: Work on the whole: a second one beside it, or one for each that was missed, helps nobody.
_ALL = {"overlap": "skip", "missed_runs": "last"}


def system_seeds() -> dict[str, Seed]:
    """The shipped schedules by name."""
    return {
        name: Seed(name, {"job_type": job_type, **timing, **_ALL}, is_on, Origin.SYSTEM)
        for name, job_type, timing, is_on in _SHIPPED
    }


def all_seeds(configured: Mapping[str, Mapping[str, Any]]) -> list[Seed]:
    """The shipped schedules with what the configuration says of them, and its own, by name.

    ``configured`` holds, for each name, the fields of a plan and ``enabled``.
    """
    seeds = system_seeds()
    for name, fields in configured.items():
        seeds[name] = _with(seeds.get(name, Seed(name, {})), fields)
    return [seeds[name] for name in sorted(seeds)]


def _with(seed: Seed, fields: Mapping[str, Any]) -> Seed:
    said = {name: value for name, value in fields.items() if name != "enabled"}
    base = dict(seed.said)
    if "cron" in said or "interval" in said:
        base.pop("cron", None)
        base.pop("interval", None)
    return seed._replace(said={**base, **said}, is_enabled=fields.get("enabled", seed.is_enabled))
