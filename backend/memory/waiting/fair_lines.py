"""Fair queues, in memory: the rules of `_fair.lua`. Lines take turns by virtual time."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import MutableMapping

from backend.domain.jobs.options.fairness import Fairness
from backend.memory.kept_job import KeptJob
from backend.memory.waiting.places import TurnsBehindGates

FAIR = "fair:"
_BETWEEN = "\x1f"
#: Of a turn: behind the key that is next by so much a new one comes, before those who have had theirs.
_ROUND = 0.999


def line_of(queue: str, key: str) -> str:
    """What a job calls `parked` that stands in the line of a key."""
    return f"{FAIR}{queue}{_BETWEEN}{key}"


def gate_of(line: str) -> str:
    """The name under which a line is read: those of one queue are one."""
    return line.partition(_BETWEEN)[0]


class FairLines:
    """Who stands in which line, among all who wait aside."""

    def __init__(
        self,
        parked: defaultdict[str, list[str]],
        counts: MutableMapping[str, Counter[str]],
    ) -> None:
        self._parked = parked
        self._counts = counts
        #: Where their jobs stand behind gates.
        self.places = TurnsBehindGates()
        self.rules: dict[str, Fairness] = {}
        #: Virtual time of each key, by queue: the least has the next turn.
        self.turns: defaultdict[str, dict[str, float]] = defaultdict(dict)

    def line_up(self, job: KeptJob, *, front: bool = False) -> bool:
        """To the end of its line, or its front; False where its queue is not fair."""
        rule = self.rules.get(job.queue)
        if rule is None:
            return False
        key = rule.key_of(json.loads(job.options))
        job.parked = line_of(job.queue, key)
        line, turns = self._parked[job.parked], self.turns[job.queue]
        line.insert(0 if front else len(line), job.id)
        turns.setdefault(key, min(turns.values(), default=0.0) + _ROUND * rule.stride(key))
        self._count(job.queue, 1)
        return True

    def next_in_turn(self, queue: str) -> str | None:
        """Takes the next job off its line; None when no line is left."""
        turns = self.turns[queue]
        while turns:
            key = min(turns, key=lambda each: (turns[each], each))
            line = self._parked[line_of(queue, key)]
            if line:
                turns[key] += self.rules.get(queue, Fairness()).stride(key)
                return line.pop(0)
            # It keeps until its turn what it has used, and saves nothing up.
            del turns[key]
        return None

    def first(self, queue: str) -> list[str]:
        """Who is the first of each line, in the order of turns."""
        lines = (self._parked[line_of(queue, key)] for key in self.keys_of(queue))
        return [line[0] for line in lines if line]

    def take_before_turn(self, job: KeptJob) -> None:
        """Off its line; its turn counts all the same."""
        key = job.parked.partition(_BETWEEN)[2]
        self._parked[job.parked].remove(job.id)
        self.turns[job.queue][key] += self.rules.get(job.queue, Fairness()).stride(key)
        self.leave(job)

    def leave(self, job: KeptJob) -> None:
        """It was taken off its line, or off that behind a gate."""
        if job.parked.startswith(FAIR):
            self._count(job.queue, -1)
        else:
            self._counts[job.queue]["parked"] -= 1
        job.parked = ""

    def has_jobs(self, queue: str) -> bool:
        """Whether somebody stands in a line of a queue."""
        return any(self._parked[line_of(queue, key)] for key in self.turns[queue])

    def keys_of(self, queue: str) -> list[str]:
        """Whose lines a queue has, in the order of turns."""
        turns = self.turns[queue]
        return sorted(turns, key=lambda each: (turns[each], each))

    def ids(self, queue: str) -> list[str]:
        """All who stand in lines, line by line."""
        return [i for key in self.keys_of(queue) for i in self._parked[line_of(queue, key)]]

    def _count(self, queue: str, by: int) -> None:
        self._counts[queue]["parked"] += by
        self._counts[queue]["lined"] += by
