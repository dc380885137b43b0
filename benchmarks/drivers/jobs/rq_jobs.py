"""What RQ's workers run."""

from __future__ import annotations

from typing import Any

import runs


def noop(payload: dict[str, Any]) -> None:
    runs.noop()


def stamp(payload: dict[str, Any]) -> None:
    runs.stamp(payload)


def wait(payload: dict[str, Any]) -> None:
    runs.wait()
