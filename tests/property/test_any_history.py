"""Histories of steps that nobody thought of. ``TALLY_TEST_PROPERTY_EXAMPLES=2000`` looks at many more."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from backend.broker.server import library
from backend.broker.server.connection import connect
from backend.embedded.servers import Servers
from tests.property.machine import Histories

ASKED = int(os.environ.get("TALLY_TEST_PROPERTY_EXAMPLES", "0"))


def test_no_history_of_steps_loses_doubles_or_blocks_a_job(servers: Servers) -> None:
    Histories.redis = connect(servers.redis_url)
    library.load(Histories.redis)

    run_state_machine_as_test(
        Histories,
        settings=settings(
            max_examples=ASKED or 30,
            stateful_step_count=60 if ASKED else 40,
            deadline=None,
            derandomize=not ASKED,
            database=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    Histories.redis.close()
