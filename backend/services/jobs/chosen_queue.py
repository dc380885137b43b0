"""Which queue a job goes to: its job type's, or the one that its caller chose."""

from __future__ import annotations

from typing import Any

from backend.domain.errors import InvalidOption
from backend.domain.jobs.job_type import JobType, JobTypeCatalogue
from backend.domain.jobs.options import bounds
from backend.domain.jobs.queue_name import DEFAULT_LANE, Priority, QueueName, queues_of
from backend.domain.text.nearest_name import suggestion


def chosen_queue(
    catalogue: JobTypeCatalogue, kind: JobType, priority: str | None, asked: Any
) -> QueueName:
    """The queue that is ``asked`` for, by name (``high:email``) or only by lane (``email``).

    Raises `InvalidOption` for one that no worker serves, and for a priority that is not the queue's;
    `Unavailable` while nobody can tell which are served.
    """
    if asked is None:
        return own_queue(kind, priority)
    lanes = catalogue.lanes()
    if asked in lanes:
        return own_queue(kind, priority)._replace(lane=asked)
    queues = {str(queue): queue for queue in queues_of(lanes)}
    queue = queues.get(str(asked).removesuffix(f":{DEFAULT_LANE}"))
    if queue is None:
        lanes = catalogue.served_lanes()
        near = suggestion(str(asked), [*map(str, queues_of(lanes)), *lanes])
        form = "; it is a priority, or a priority and a lane: normal, high:email"
        raise InvalidOption(f"there is no queue {bounds.shown(asked)}{near or form}", field="queue")
    if priority and Priority.parse(priority) is not queue.priority:
        raise InvalidOption(
            f"queue {str(queue)!r} has priority {queue.priority}, not {priority}; "
            "give one of the two",
            field="queue",
        )
    return queue


def own_queue(kind: JobType, priority: str | None) -> QueueName:
    """The queue of a job type's own lane."""
    return QueueName(Priority.parse(priority) if priority else kind.priority, kind.lane)
