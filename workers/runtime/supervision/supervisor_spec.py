"""What a supervisor is told of the settings: all that it needs, so that it need not read them itself."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any, NamedTuple, Self

from backend.telemetry.metrics.metrics_place import MetricsPlace


class LaneSpec(NamedTuple):
    """The worker processes of one lane, or of several together. ``grace_seconds`` may be infinite."""

    processes: int
    slots: int
    grace_seconds: float
    async_slots: int = 0


class SupervisorSpec(NamedTuple):
    """Holds the address of Redis, and with it a password: it is neither logged nor an argument."""

    redis_url: str
    #: What its keys begin with.
    root: str
    #: By lane; several that share processes have commas between.
    lanes: Mapping[str, LaneSpec]
    lease_seconds: float
    #: 0: any amount.
    memory_kill_mb: int
    #: Arguments of `backend.telemetry.logs.set_up.set_up_logs`.
    log: Mapping[str, Any]
    metrics: MetricsPlace
    #: Where the process id is written for as long as it runs.
    pid_file: str | None = None

    def hand_over(self) -> int:
        """A descriptor from which the program that takes the place of this one reads it."""
        read, write = os.pipe()
        with os.fdopen(write, "w", encoding="utf-8") as pipe:
            json.dump(self._asdict(), pipe)
        os.set_inheritable(read, True)
        return read

    @classmethod
    def take_over(cls, descriptor: int) -> Self:
        """What was handed over."""
        with os.fdopen(descriptor, encoding="utf-8") as pipe:
            said = json.load(pipe)
        said["lanes"] = {lane: LaneSpec(*each) for lane, each in said["lanes"].items()}
        said["metrics"] = MetricsPlace(*said["metrics"])
        return cls(**said)
