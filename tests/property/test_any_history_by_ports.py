"""Histories that nobody thought of, over memory first: the rules are the same, and it takes seconds."""

from __future__ import annotations

import os
from contextlib import ExitStack
from functools import partial

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contract.broker.brokers import InMemory, in_fakeredis
from tests.property.port_machine import PortHistories

ASKED = int(os.environ.get("TALLY_TEST_PROPERTY_EXAMPLES", "0"))


@pytest.mark.parametrize(("broker", "examples"), [("memory", 150), ("fakeredis", 10)])
def test_no_history_by_the_ports_loses_doubles_or_blocks_a_job(broker: str, examples: int) -> None:
    with ExitStack() as stack:
        in_redis = partial(lambda: stack.enter_context(in_fakeredis()))
        PortHistories.open = staticmethod(InMemory if broker == "memory" else in_redis)
        run_state_machine_as_test(
            PortHistories,
            settings=settings(
                max_examples=ASKED or examples,
                stateful_step_count=60 if ASKED else 40,
                deadline=None,
                derandomize=not ASKED,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
