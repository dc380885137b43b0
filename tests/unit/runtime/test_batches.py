"""What waits behind a running job may be taken away at any moment; its slot goes on."""

from __future__ import annotations

from collections import deque

from backend.domain.jobs.job import ClaimedJob
from tests.unit.runtime.attempts import claimed
from tests.unit.runtime.one_slot import OneSlot


class _TakenAway(deque[ClaimedJob]):
    """A batch whose last job somebody takes between the slot's look and its grip."""

    def popleft(self) -> ClaimedJob:
        if len(self) == 1:
            self.pop()
        return super().popleft()


def test_a_slot_whose_batch_is_given_up_under_its_hands_goes_on() -> None:
    it = OneSlot()
    it.slot.batch = _TakenAway([claimed(id="a"), claimed(id="b")])

    it.slot.run()

    assert (list(it.ended), it.slot.is_over) == (["a"], True)
