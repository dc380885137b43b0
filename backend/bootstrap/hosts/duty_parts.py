"""What a worker process does for its whole host beside its jobs."""

from __future__ import annotations

import threading
from collections.abc import Callable

from backend.bootstrap.platform import Platform
from backend.telemetry.outages import Outages
from workers.runtime.ending import vital
from workers.runtime.presence.host_rescuer import HostRescuer
from workers.runtime.supervision.duty_roster import DutyRoster


def host_duty(parts: Platform, roster: int | None, outages: Outages) -> Callable[[], None]:
    """What begins it. ``roster`` is a descriptor; None: the process has no supervisor, and no duty."""
    if roster is None:
        return lambda: None
    loop = HostRescuer(parts.rescuer(), DutyRoster(roster), parts.clock, parts.check_redis)
    # One process, one warning for an outage.
    loop.outages = outages
    never = threading.Event()
    run = vital(loop.run)
    return threading.Thread(target=run, args=(never,), name="rescuer", daemon=True).start
