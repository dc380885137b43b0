"""The modes of the kit, with the shop's job types."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tally.testing import QueueInTest, inline, memory

SHOP = ["tests.unit.testing.shop"]


@pytest.fixture
def jobs() -> Iterator[QueueInTest]:
    """A queue in memory."""
    with memory(job_packages=SHOP) as queue:
        yield queue


@pytest.fixture
def at_once() -> Iterator[QueueInTest]:
    """A queue that runs jobs at once."""
    with inline(job_packages=SHOP) as queue:
        yield queue
