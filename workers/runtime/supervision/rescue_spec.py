"""What a supervisor tells the program that gives back the jobs of dead worker processes."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, Self

from backend.domain.jobs.attempts.death import Death
from workers.runtime.slots.nameless_memory import nameless_memory


class Burial(NamedTuple):
    """A worker process that is gone, by its name, and what is known of its end."""

    worker: str
    death: Death


class RescueSpec(NamedTuple):
    """Holds the address of Redis, and with it a password: it is neither logged nor an argument."""

    redis_url: str
    #: What its keys begin with.
    root: str
    #: Arguments of `backend.telemetry.logs.set_up.set_up_logs`.
    log: Mapping[str, Any]
    burials: Sequence[Burial]
    #: Whether it ends after one try that failed: its supervisor ends too.
    is_last: bool = False

    def hand_over(self) -> int:
        """A descriptor from which the program reads it. No pipe: that takes no more than 64 KiB unread."""
        descriptor = nameless_memory("rescue")
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", closefd=False) as file:
                json.dump(self._asdict(), file, default=list)
            os.lseek(descriptor, 0, os.SEEK_SET)
        except BaseException:
            os.close(descriptor)
            raise
        return descriptor

    @classmethod
    def take_over(cls, descriptor: int) -> Self:
        """What was handed over."""
        with os.fdopen(descriptor, encoding="utf-8") as file:
            said = json.load(file)
        said["burials"] = [Burial(worker, _death(of)) for worker, of in said["burials"]]
        return cls(**said)


def _death(said: Sequence[Any]) -> Death:
    death = Death(*said)
    pairs = (
        {(job_id, fence) for job_id, fence in of}
        for of in (death.running, death.guilty, death.ended)
    )
    running, guilty, ended = pairs
    return death._replace(running=running, guilty=guilty, ended=ended)
