"""The payloads of `log_message`, `cleanup` and `backup`."""

from __future__ import annotations

from pydantic import Field

from workers.handlers.payload import Payload


class LogMessage(Payload):
    """A line for the worker to print."""

    message: str = Field("Job executed successfully", max_length=10_000)


class Cleanup(Payload):
    """What to take away."""

    dry_run: bool = Field(False, description="Only count; take nothing away.")


class Backup(Payload):
    """A copy of the jobs database; where it goes and how many are kept is in the settings."""
