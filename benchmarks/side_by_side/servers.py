"""The servers of a run: Redis at its default settings, as shipped, and embedded; Postgres. All over TCP."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from redis import Redis

from backend.broker.server.allocator import allocator_in_use
from backend.embedded.postgres_server import PostgresOptions
from benchmarks.side_by_side.run_notes import wait_until
from benchmarks.side_by_side.tcp_servers import PostgresAtTcp, RedisAtTcp, free_port

#: Where a backlog of a million stays while it is drained from time to time.
DEEP = "deep"
_SHOWN = ("hz", "hash-max-listpack-entries", "hash-max-listpack-value", "appendonly", "appendfsync")


class Appended(NamedTuple):
    """How long an append-only file is, and how often it was rewritten so far."""

    size: int
    rewrites: int


class Servers:
    """Each is started when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._redis: dict[str, RedisAtTcp] = {}
        self._clients: dict[str, Redis] = {}
        self._postgres: PostgresAtTcp | None = None

    def url(self, settings: str) -> str:
        """Of a Redis; ``default settings deep`` is a second one of the same kind."""
        if settings not in self._redis:
            folder = self._folder / settings.replace(" ", "-")
            server = RedisAtTcp(folder, settings.removesuffix(f" {DEEP}"))
            server.start()
            self._redis[settings] = server
            self._clients[settings] = Redis.from_url(server.url, socket_timeout=300)
        return self._redis[settings].url

    def redis(self, settings: str) -> Redis:
        """For the run's own questions."""
        self.url(settings)
        return self._clients[settings]

    def postgres(self, database: str) -> str:
        """The address of an entrant's own database."""
        if self._postgres is None:
            port = free_port()
            folder = self._folder / "postgres"
            folder.mkdir(parents=True)
            settings = {"listen_addresses": "127.0.0.1", "port": str(port)}
            self._postgres = PostgresAtTcp(folder, PostgresOptions(settings=settings))
            self._postgres.start()
        return self._postgres.database(database)

    def microseconds(self, settings: str) -> float:
        """What the main thread of a Redis has worked."""
        cpu: dict[str, Any] = self.redis(settings).info("cpu")  # type: ignore[assignment]
        names = ("used_cpu_user_main_thread", "used_cpu_sys_main_thread")
        return sum(float(cpu[name]) for name in names) * 1e6

    def appended(self, settings: str) -> Appended:
        """What is in the append-only file of a Redis."""
        state = self._persistence(settings)
        return Appended(int(state["aof_current_size"]), int(state["aof_rewrites"]))

    def empty(self, settings: str) -> None:
        """Nothing is in a Redis, nor in its append-only file."""
        self.redis(settings).flushall()
        self.rewrite(settings)

    def rewrite(self, settings: str) -> None:
        """Has a Redis rewrite its append-only file, and waits until none does.

        It does so by itself whenever the file has doubled and is above 64 MB, and a process of its own takes a
        processor for it. Whom that hit would be chance: what others had written before. From a file that was just
        rewritten nobody comes so far who is measured.
        """
        self._rest()
        self.redis(settings).bgrewriteaof()
        self._rest()

    def _rest(self) -> None:
        wait_until(lambda: not any(map(self._rewrites, self._clients)))

    def _rewrites(self, settings: str) -> bool:
        state = self._persistence(settings)
        return bool(state["aof_rewrite_in_progress"] or state["aof_rewrite_scheduled"])

    def _persistence(self, settings: str) -> dict[str, Any]:
        state: dict[str, Any] = self.redis(settings).info("persistence")  # type: ignore[assignment]
        return state

    def used_memory(self, settings: str) -> int:
        """Bytes that a Redis has given out."""
        memory: dict[str, Any] = self.redis(settings).info("memory")  # type: ignore[assignment]
        return int(memory["used_memory"])

    def end(self, settings: str) -> None:
        """Stops a Redis that is not needed any more."""
        if server := self._redis.pop(settings, None):
            self._clients.pop(settings).close()
            server.kill()

    def facts(self) -> dict[str, dict[str, Any]]:
        """What each Redis is and how it is set, by its name here."""
        return {name: _facts(client) for name, client in self._clients.items() if DEEP not in name}

    def stop(self) -> None:
        """Ends them all; their data goes with the folder."""
        for settings in list(self._redis):
            self.end(settings)
        if self._postgres is not None:
            self._postgres.kill()


def _facts(client: Redis) -> dict[str, Any]:
    info: dict[str, Any] = client.info()  # type: ignore[assignment]
    settings: dict[str, str] = client.config_get("*")  # type: ignore[assignment]
    flavour = "valkey" if "valkey_version" in info else "redis"
    return {
        "server": f"{flavour} {info.get('valkey_version') or info['redis_version']}",
        "allocator": allocator_in_use(info),
        "transport": "TCP, loopback",
        **{name: settings[name] for name in _SHOWN},
    }
