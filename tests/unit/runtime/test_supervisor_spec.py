"""What a supervisor is told reaches the program that takes the place of the command, whole."""

from __future__ import annotations

import math

from backend.telemetry.metrics.metrics_place import MetricsPlace
from workers.runtime.supervision.supervisor_spec import LaneSpec, SupervisorSpec

_LANES = {"email": LaneSpec(2, 10, 30.0, 100), "export": LaneSpec(1, 1, math.inf)}
_LOG = {"level": "INFO", "style": "json", "libraries": "WARNING", "setup": "tally"}


def test_what_is_handed_over_is_what_is_taken_over() -> None:
    place = MetricsPlace("127.0.0.1", 9641, "a token", "/var/lib/targets")
    spec = SupervisorSpec(
        redis_url="redis://:pässword@localhost/0",
        root="{tally}:",
        lanes=_LANES,
        lease_seconds=90.0,
        memory_kill_mb=2048,
        log=_LOG,
        metrics=place,
        pid_file="/run/tally.pid",
    )

    assert SupervisorSpec.take_over(spec.hand_over()) == spec


def test_what_was_not_said_stays_unsaid() -> None:
    place = MetricsPlace("127.0.0.1", 0)
    spec = SupervisorSpec("redis://localhost", "t:", {}, 90.0, 0, _LOG, place)

    taken = SupervisorSpec.take_over(spec.hand_over())

    assert taken == spec
    assert (taken.pid_file, taken.metrics.targets_folder) == (None, None)
