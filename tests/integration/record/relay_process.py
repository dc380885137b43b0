"""A relay as a process of its own, to be killed: ``python -m … <redis url> <database url>``."""

from __future__ import annotations

import os
import sys
import threading

from backend.broker.connection import connect as connect_redis
from backend.broker.event_progress import RedisEventProgress
from backend.broker.keys import Keys
from backend.broker.leadership import RedisLeadership
from backend.broker.relay_gate import RedisRelayGate
from backend.history.bell import PostgresBell
from backend.history.connection import connect
from backend.history.relay_store import PostgresRelayStore
from backend.loops.leader import Leader
from backend.loops.relay import Relay
from backend.telemetry.clock import SystemClock


def main(redis_url: str, database_url: str) -> None:
    """Relays in small batches until somebody kills it."""
    redis, engine = connect_redis(redis_url), connect(database_url, name="relay")
    keys, clock = Keys("rq"), SystemClock()
    leadership = RedisLeadership(redis, keys)
    holder = f"relay-{os.getpid()}"
    relay = Relay(
        PostgresRelayStore(engine),
        RedisRelayGate(redis, keys),
        RedisEventProgress(redis, keys),
        leader=Leader(leadership, clock, duty="relay", holder=holder, lease=0.3),
        bell=PostgresBell(engine, "listen_to_outbox"),
        clock=clock,
        batch=5,
    )
    relay.run(threading.Event())


if __name__ == "__main__":
    main(*sys.argv[1:])
