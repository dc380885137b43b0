"""Who makes queues fair between the keys of their jobs, by name and with a reason."""

from __future__ import annotations

from collections.abc import Callable

from backend.domain.access.actor import Actor
from backend.domain.jobs.options.fairness import Fairness, FairQueues
from backend.domain.jobs.queue_name import QueueName


class FairControl:
    """Fair or not, and by what."""

    def __init__(self, fair_queues: FairQueues, note: Callable[[str], None]) -> None:
        """``note`` is given the name of the control on which something was said, to write it down."""
        self._fair_queues = fair_queues
        self._note = note

    def set_rule(
        self, queue: str, fairness: Fairness | None, *, by: Actor, reason: str = ""
    ) -> None:
        """Makes a queue fair, or (None) no more. Raises `InvalidOption` for what is no queue."""
        name = str(QueueName.parse(queue))
        self._fair_queues.set_rule(name, fairness, by=by.name, reason=reason)
        self._note(f"fairness:queue:{name}")
