"""The `Leadership` in Postgres: one row a duty, whose lease ends by the clock of the database."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine

from backend.history.outbox.caller_session import in_session

#: The duties that some process should lead, by the process that does.
DUTIES = {"cron": "scheduler", "depths": "scheduler", "relay": "recorder", "seals": "recorder"}


class PostgresLeadership:
    """Who leads a duty is decided in one statement."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def take(self, duty: str, holder: str, lease_seconds: float) -> int:
        """The fence of the leadership; 0 when somebody else holds it."""
        rows = self._run("take_duty", duty=duty, holder=holder, lease=lease_seconds)
        return int(rows[0][0]) if rows else 0

    def give_up(self, duty: str, holder: str) -> None:
        """Lets go, if it is ours."""
        self._run("give_up_duty", duty=duty, holder=holder)

    def led(self) -> dict[str, bool]:
        """Whether some process leads each of `DUTIES` now."""
        led = {row[0] for row in self._run("led_duties")}
        return {duty: duty in led for duty in DUTIES}

    def _run(self, name: str, **values: Any) -> list[tuple[Any, ...]]:
        with in_session(None, self._engine) as execute:
            return execute(name, values)
