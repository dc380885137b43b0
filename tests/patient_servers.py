"""Servers of tests that are not about how soon a client gives Redis up."""

from __future__ import annotations

from backend.embedded.servers import Servers

#: The product's own is short, so that callers wait no longer than it promises; a busy machine may keep
#: Redis from running for as long. Who asks what a silent Redis does has one of its own, without this.
_PATIENCE = "&socket_timeout=30&socket_connect_timeout=30"


class PatientServers(Servers):
    """The same servers, and clients that wait long for an answer: an address goes before all else."""

    def __init__(self, started: Servers) -> None:
        super().__init__(started._state, redis=started._redis, postgres=started._postgres)

    @property
    def redis_url(self) -> str:
        """For redis-py."""
        return super().redis_url + _PATIENCE
