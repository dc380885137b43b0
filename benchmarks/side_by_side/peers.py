"""Which other queues can be measured, in which versions, and how much of the work suits each."""

from __future__ import annotations

from typing import NamedTuple


class Peer(NamedTuple):
    """``share`` is how many of Tally's jobs it is given: a rate needs seconds, not minutes."""

    title: str
    packages: tuple[str, ...]
    share: float = 1.0
    uses_redis: bool = True


PEERS = {
    "rq": Peer("RQ", ("rq==3.0.0", "redis==8.1.0", "hiredis==3.5.0"), share=0.05),
    "celery": Peer("Celery", ("celery[redis]==5.7.0", "redis==8.1.0", "hiredis==3.5.0"), share=0.1),
    "dramatiq": Peer(
        "Dramatiq", ("dramatiq[redis]==2.2.1", "redis==8.1.0", "hiredis==3.5.0"), share=0.2
    ),
    "huey": Peer("Huey", ("huey==3.5.4", "redis==8.1.0", "hiredis==3.5.0"), share=0.2),
    "taskiq": Peer(
        "taskiq",
        ("taskiq==0.13.0", "taskiq-redis==1.2.4", "redis==8.1.0", "hiredis==3.5.0"),
        share=0.1,
    ),
    "procrastinate": Peer(
        "Procrastinate",
        ("procrastinate==3.10.0", "psycopg[binary,pool]==3.3.9"),
        share=0.05,
        uses_redis=False,
    ),
    "pgqueuer": Peer(
        "PgQueuer",
        ("pgqueuer[asyncpg]==1.6.0", "asyncpg==0.32.0", "uvloop==0.23.0"),
        uses_redis=False,
    ),
    "bullmq": Peer("BullMQ", ("bullmq@6.7.0", "ioredis@6.0.0"), share=0.5),
}
