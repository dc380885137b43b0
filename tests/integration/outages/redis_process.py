"""One Redis on a port of its own, to be frozen, demoted and promoted."""

from __future__ import annotations

import os
import signal
import subprocess
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from backend.embedded.locate import find_redis_server
from tests.eventually import eventually
from tests.free_port import free_port


class RedisProcess:
    """Started when it is made; answers when the constructor returns."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self._process = subprocess.Popen(
            [
                str(find_redis_server().path),
                *("--port", str(self.port), "--dir", str(folder), "--save", "", "--hz", "100"),
                *("--repl-diskless-sync-delay", "0"),
            ],
            stdout=subprocess.DEVNULL,
        )
        self.admin = Redis(port=self.port, retry=Retry(NoBackoff(), 0))
        eventually(self._answers, timeout=20)

    def _answers(self) -> bool:
        try:
            return bool(self.admin.ping())
        except RedisError:
            return False

    @property
    def url(self) -> str:
        """Its address."""
        return f"redis://127.0.0.1:{self.port}/0"

    def freeze(self) -> None:
        """It keeps its connections and answers nothing."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def thaw(self) -> None:
        """It goes on where it was."""
        os.kill(self._process.pid, signal.SIGCONT)

    def follow(self, other: RedisProcess) -> None:
        """Becomes a replica, and blocks until it has everything."""
        self.admin.replicaof("127.0.0.1", str(other.port))
        eventually(
            lambda: self.admin.info("replication").get("master_link_status") == "up", timeout=20
        )

    def lead(self) -> None:
        """Becomes a primary."""
        self.admin.replicaof("NO", "ONE")

    def end(self) -> None:
        """Ends it, frozen or not."""
        self.admin.close()
        self._process.kill()
        self._process.wait(60)
