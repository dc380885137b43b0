"""Whether a key prefix is ours to use: RQ keeps jobs of its own under the same names.

Two programs that take each other's jobs off the same lists are found out late, by what is missing. So it is
asked before the first of us does anything there. Nothing is written: who would have left a mark must fear
that it is lost when Redis is emptied.
"""

from __future__ import annotations

from dataclasses import dataclass

from redis.exceptions import RedisError

from backend.broker.server.functions import Functions
from backend.domain.errors import ConfigurationError, ForeignKeyspace

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Others:
    """What RQ keeps under our prefix."""

    workers: int
    queues: tuple[str, ...]

    def __str__(self) -> str:
        """In words, the first queues by name."""
        named = ", ".join(self.queues[:_MOST_NAMED]) or "none"
        more = len(self.queues) - _MOST_NAMED
        return f"queues: {named}{f' and {more} more' if more > 0 else ''}; workers: {self.workers}"


def find_others(functions: Functions, *, looks_anyway: bool = False) -> Others | None:
    """Who else keeps jobs under the prefix; None where we have been before, unless asked to look anyway."""
    reply = functions.call("found", "1" if looks_anyway else "")
    if reply is None:
        return None
    workers, *queues = reply
    return Others(workers, tuple(sorted(queue.decode(errors="replace") for queue in queues)))


def refuse_others(functions: Functions) -> None:
    """Raises `ForeignKeyspace` where RQ works under the prefix, and we never have.

    And `ConfigurationError` where no step of ours works at all: an old server, no such database, a cluster.
    """
    try:
        others = find_others(functions)
    except RedisError as error:
        raise ConfigurationError(
            f"Redis cannot be worked with: {error}; `tally doctor` says what is wrong with it"
        ) from error
    if others:
        raise ForeignKeyspace(
            f"RQ works in this Redis under the prefix {functions.root!r} ({others}), and Tally never has: "
            "set TALLY_REDIS__PREFIX=tally (redis.prefix), or name another database in REDIS_URL; if both "
            "are to share it, give RQ's queues other names than high, normal, low and dlq, and set "
            "TALLY_REDIS__BESIDE_RQ=true"
        )
