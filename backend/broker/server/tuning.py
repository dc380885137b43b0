"""The one setting of a Redis that changes what a waiting job costs, and when it may be set from here."""

from __future__ import annotations

from redis import Redis

from backend.broker.server.connection import translated
from backend.domain.errors import TallyError

LISTPACK = "hash-max-listpack-value"
#: What config/redis.conf has: bytes of one value up to which a hash stays in its compact form.
LISTPACK_BYTES = 1024
_PAGE = 1000


class ServerShared(TallyError):
    """A Redis holds keys of others, so its settings are not ours to change."""

    code = "server_shared"


def tune_listpack(client: Redis, root: str) -> tuple[int, int]:
    """Sets `LISTPACK` until the server restarts; its bytes before and after. One that is higher stays.

    Raises `ServerShared` where anything but the deployment of ``root`` is kept on the server: hashes of
    others would turn into long listpacks, whose fields are searched one after the other.
    """
    with translated():
        found: dict[str, str] = client.config_get(LISTPACK)  # type: ignore[assignment]
        before = int(found[LISTPACK])
        if before >= LISTPACK_BYTES:
            return before, before
        if theirs := _of_others(client, root):
            raise ServerShared(
                f"Redis holds more than our keys ({theirs}): ask who looks after it for "
                f"`{LISTPACK} {LISTPACK_BYTES}` in redis.conf, or give Tally a server of its own"
            )
        client.config_set(LISTPACK, LISTPACK_BYTES)
    return before, LISTPACK_BYTES


def _of_others(client: Redis, root: str) -> str:
    """What is kept there and is not ours; empty if nothing is."""
    ours = f"db{client.connection_pool.connection_kwargs.get('db') or 0}"
    for database in client.info("keyspace"):
        if database != ours:
            return f"database {database[2:]}"
    for key in client.scan_iter(count=_PAGE):
        if key != root.encode() and not key.startswith(f"{root}:".encode()):
            return str(key, errors="replace")
    return ""
