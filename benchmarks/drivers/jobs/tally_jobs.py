"""What Tally's workers run."""

from __future__ import annotations

from typing import Any

import runs

from workers.base_worker import job_type


@job_type("noop")
def noop(payload: dict[str, Any]) -> None:
    runs.noop()


@job_type("stamp")
def stamp(payload: dict[str, Any]) -> None:
    runs.stamp(payload)


@job_type("wait")
def wait(payload: dict[str, Any]) -> None:
    runs.wait()
