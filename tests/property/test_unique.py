"""Histories of jobs that are the same: one at a time, with the newest payload, and never none."""

from __future__ import annotations

import os
from contextlib import ExitStack
from functools import partial

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contract.broker.brokers import InMemory, in_fakeredis
from tests.property.unique_machine import UniqueHistories

ASKED = int(os.environ.get("TALLY_TEST_PROPERTY_EXAMPLES", "0"))


@pytest.mark.parametrize(("broker", "examples"), [("memory", 150), ("fakeredis", 10)])
def test_no_history_makes_two_of_what_is_the_same_or_keeps_all_out(
    broker: str, examples: int
) -> None:
    with ExitStack() as stack:
        in_redis = partial(lambda: stack.enter_context(in_fakeredis()))
        UniqueHistories.open = staticmethod(InMemory if broker == "memory" else in_redis)
        run_state_machine_as_test(
            UniqueHistories,
            settings=settings(
                max_examples=ASKED or examples,
                stateful_step_count=60 if ASKED else 40,
                deadline=None,
                derandomize=not ASKED,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
