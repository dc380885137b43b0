"""The `Leadership` on Redis: one key with a time to live, and a counter for the fence."""

from __future__ import annotations

from redis import Redis

from backend.broker.keys import Keys
from backend.broker.server.connection import translated
from backend.broker.server.functions import Functions

#: The duties that some process should lead whose truth lies in Redis.
DUTIES = ("scheduler",)


class RedisLeadership:
    """Who leads a duty is decided in one step by Redis' own clock."""

    def __init__(self, client: Redis, keys: Keys) -> None:
        self._client = client
        self._keys = keys
        self._functions = Functions(client, keys.root)

    def take(self, duty: str, holder: str, lease_seconds: float) -> int:
        """The fence of the leadership; 0 when somebody else holds it."""
        return int(self._functions.call("lead", duty, holder, int(lease_seconds * 1000)))

    def give_up(self, duty: str, holder: str) -> None:
        """Lets go, if it is ours."""
        self._functions.call("lead", duty, holder, 0)

    def led(self) -> dict[str, bool]:
        """Whether some process leads each of `DUTIES` now."""
        with translated():
            return {duty: bool(self._client.exists(self._keys.leader(duty))) for duty in DUTIES}
