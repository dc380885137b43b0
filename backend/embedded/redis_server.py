"""One Redis or Valkey on one folder, reached through a unix socket."""

from __future__ import annotations

import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from backend.embedded.account import Account
from backend.embedded.allocator import allocator_variables
from backend.embedded.locate import ServerBinary, find_redis_server
from backend.embedded.server import EmbeddedServer

_PING_SECONDS = 2.0


@dataclass(frozen=True)
class RedisOptions:
    """What may differ from a server that keeps its data safe."""

    append_only: bool = True
    """False keeps nothing over a restart."""
    append_fsync: str = "everysec"
    """``no`` survives ``kill -9`` but not a power cut; ``everysec`` may lose two seconds to either.

    While a flush lasts, Redis with ``everysec`` answers before it has written. ``always`` survives both.
    """
    extra_args: tuple[str, ...] = ()
    """Further words of the command line, ``("--maxmemory", "64mb")``; they win."""


class RedisServer(EmbeddedServer):
    """A Redis-compatible server with an append-only file that other flavours can read too."""

    name = "Redis"
    stop_signal = signal.SIGTERM

    def __init__(
        self, folder: Path, *, socket_dir: Path, log: Path, options: RedisOptions | None = None
    ) -> None:
        super().__init__(folder, socket_dir=socket_dir, log=log)
        self._options = options or RedisOptions()

    @property
    def url(self) -> str:
        """The address as redis-py writes it."""
        return f"unix://{self._socket}?db=0"

    @property
    def pid_file(self) -> Path:
        """Redis writes it before it loads its data."""
        return self.folder / "redis.pid"

    def find_binary(self) -> ServerBinary:
        """Any flavour that is new enough: they read each other's append-only files."""
        return find_redis_server()

    def prepare(
        self,
        binary: ServerBinary,
        *,
        lock: int,  # noqa: ARG002 only makers of data pass it on
    ) -> tuple[Account, Sequence[str]]:
        """Remove what a crash left and tell the command to start with."""
        self.pid_file.unlink(missing_ok=True)
        self._socket.unlink(missing_ok=True)
        return Account(), self._command(binary)

    def variables(self, binary: ServerBinary) -> Mapping[str, str]:
        """An allocator, where the program brings none of its own."""
        return allocator_variables(binary)

    def answers(self) -> bool:
        """Whether a PING comes back, be it refused; not while the append-only file is loaded."""
        client = redis.Redis(
            unix_socket_path=str(self._socket),
            socket_timeout=_PING_SECONDS,
            socket_connect_timeout=_PING_SECONDS,
            # redis-py's own ten retries would take seconds where the answer is plain.
            retry=Retry(NoBackoff(), 0),
        )
        try:
            return bool(client.ping())
        except (redis.ConnectionError, redis.TimeoutError):
            return False
        except redis.ResponseError:
            # Its disk is full, or a script keeps it busy: whoever asks for more is told that in our words.
            return True
        finally:
            client.close()

    @property
    def _socket(self) -> Path:
        return self.socket_dir / "redis.sock"

    def _command(self, binary: ServerBinary) -> list[str]:
        options = self._options
        return [
            str(binary.path),
            *("--port", "0", "--unixsocket", str(self._socket), "--unixsocketperm", "700"),
            *("--dir", str(self.folder), "--pidfile", str(self.pid_file), "--daemonize", "no"),
            *("--appendonly", "yes" if options.append_only else "no"),
            *("--appendfsync", options.append_fsync, "--save", ""),
            # With the preamble, Redis and Valkey cannot open each other's data.
            *("--aof-use-rdb-preamble", "no"),
            *("--maxmemory-policy", "noeviction"),
            # As config/redis.conf has it: a waiting job takes half the memory.
            *("--hash-max-listpack-value", "1024"),
            *options.extra_args,
        ]
