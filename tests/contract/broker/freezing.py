"""Freezes of one deployment, and the jobs that they hold."""

from __future__ import annotations

from datetime import timedelta

from backend.domain.schedules.freeze import Freeze, Window
from tests.contract.broker.jobs import new_job
from tests.contract.broker.scene import Scene

WHATS = ("queue:normal", "lane:default", "type:greet", "tenant:acme")
ASIDE = ("type:greet", "tenant:acme")


def freeze(
    scene: Scene,
    what: str,
    *,
    begins: float = -1,
    lasts: float = 60,
    ramp: float = 0,
    name: str = "nightly",
) -> Window:
    """One that begins in so many seconds, and lasts so long."""
    starts_at = scene.broker.now() + timedelta(seconds=begins)
    window = Window(starts_at, starts_at + timedelta(seconds=lasts))
    freeze = Freeze(name, what, *window, ramp_seconds=ramp)
    scene.broker.freezes.set(freeze, [window], by="ada", reason="ledger close")
    return window


def jobs(scene: Scene, number: int) -> list[str]:
    """So many of one tenant's that wait."""
    return scene.accept(*(new_job(options={"tenant": "acme"}) for _ in range(number)))
