"""Priorities, lanes, and the name of the one RQ list that the two make together."""

from __future__ import annotations

from enum import StrEnum
from typing import NamedTuple

from backend.domain.errors import UnknownPriority
from backend.domain.text.nearest_name import suggestion

#: The lane of job types that name none; its queues are plain ``high``, ``normal`` and ``low``.
DEFAULT_LANE = "default"
#: The RQ queue whose failed registry lists every dead job of the deployment.
DEAD_LETTER_QUEUE = "dlq"


class Priority(StrEnum):
    """How urgent a job is. Declared in the order in which workers look."""

    HIGH = "high"
    NORMAL = "normal"
    LOW = "low"

    @classmethod
    def parse(cls, word: str) -> Priority:
        """The priority called ``word``; raises `UnknownPriority` naming the nearest one."""
        try:
            return cls(word)
        except ValueError:
            names = [priority.value for priority in cls]
            raise UnknownPriority(
                f"there is no priority {word!r}{suggestion(word, names)}; use one of {', '.join(names)}"
            ) from None


class QueueName(NamedTuple):
    """A queue is one RQ list: ``high``, or ``high:email`` for a lane of its own."""

    priority: Priority
    lane: str = DEFAULT_LANE

    def __str__(self) -> str:
        if self.lane == DEFAULT_LANE:
            return self.priority.value
        return f"{self.priority.value}:{self.lane}"

    @classmethod
    def parse(cls, name: str) -> QueueName:
        """The queue called ``name``; raises `UnknownPriority` when its first word is none."""
        return cls(Priority.parse(name.partition(":")[0]), lane_of(name))


def lane_of(queue: str) -> str:
    """The lane of the queue called ``queue``, whatever its priority is."""
    return queue.partition(":")[2] or DEFAULT_LANE


def queues_of(lanes: list[str]) -> list[QueueName]:
    """Every queue of ``lanes``, most urgent first."""
    return [QueueName(priority, lane) for priority in Priority for lane in lanes]
