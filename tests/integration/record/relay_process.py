"""A relay as a process of its own, to be killed: ``python -m … <redis url> <database url>``."""

from __future__ import annotations

import os
import sys
import threading

from backend.broker.events.event_progress import RedisEventProgress
from backend.broker.events.relay_target import RedisRelayTarget
from backend.broker.keys import Keys
from backend.broker.schedules.leadership import RedisLeadership
from backend.broker.server.connection import connect as connect_redis
from backend.history.outbox.notify_listener import PostgresNotifyListener
from backend.history.outbox.relay_store import PostgresRelayStore
from backend.history.schedules.duty_leases import PostgresLeadership
from backend.history.server.connection import connect
from backend.loops.joint_leadership import JointLeadership
from backend.loops.leader import Leader
from backend.loops.relay import Relay
from backend.telemetry.clock import SystemClock


def main(redis_url: str, database_url: str) -> None:
    """Relays in small batches until somebody kills it."""
    redis, engine = connect_redis(redis_url), connect(database_url, name="relay")
    keys, clock = Keys("rq"), SystemClock()
    leadership = JointLeadership(PostgresLeadership(engine), RedisLeadership(redis, keys))
    holder = f"relay-{os.getpid()}"
    relay = Relay(
        PostgresRelayStore(engine),
        RedisRelayTarget(redis, keys),
        RedisEventProgress(redis, keys),
        leader=Leader(leadership, clock, duty="relay", holder=holder, lease=0.3),
        notify_listener=PostgresNotifyListener(engine, "listen_to_outbox"),
        clock=clock,
        batch=5,
    )
    relay.run(threading.Event())


if __name__ == "__main__":
    main(*sys.argv[1:])
