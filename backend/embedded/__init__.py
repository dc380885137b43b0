"""Real Redis- and Postgres-compatible servers for development and tests: no Docker, no ports.

The one rule: a server is reached through a unix socket in a folder of mode 0700 and nothing else
of the machine is touched: no user is made, no daemon is spoken to, no package is installed.
Linux and macOS only; elsewhere give REDIS_URL and DATABASE_URL.
"""

from __future__ import annotations

from backend.embedded.environment import servers_from_environment_or_start
from backend.embedded.errors import EmbeddedServerError
from backend.embedded.servers import Servers, start_servers
from backend.embedded.stopping import stop_servers

__all__ = [
    "EmbeddedServerError",
    "Servers",
    "servers_from_environment_or_start",
    "start_servers",
    "stop_servers",
]
