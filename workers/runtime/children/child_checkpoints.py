"""Checkpoints of an isolated job: its process has no way to Redis, so it asks its worker process."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from backend.domain.errors import QueueUnavailable, Unavailable
from workers.base_worker import JobContext
from workers.runtime.attempts.job_contexts import checkpoint_text
from workers.runtime.children.forked_copy import is_copy

Request = dict[str, Any]


class ChildCheckpoints:
    """The child's side. A forked copy of it keeps nothing: it is no part of the job."""

    def __init__(
        self, ask: Callable[[Request], None], next_answer: Callable[[], dict[str, Any]]
    ) -> None:
        self._ask = ask
        self._next_answer = next_answer
        self._asking = threading.Lock()
        self._asked = 0

    def load(self) -> Any:
        """The value kept last; None for nothing."""
        return self._answer({"load": True})

    def save(self, value: Any) -> None:
        """Keeps a value; raises what `JobContext.save_checkpoint` does."""
        # Here, for over there it would be read beside the jobs of others, however large it is.
        checkpoint_text(value)
        self._answer({"save": value})

    def _answer(self, request: Request) -> Any:
        if is_copy():
            return None
        with self._asking:
            self._asked += 1
            self._ask({**request, "number": self._asked})
            # Whoever asked before may have been interrupted before the answer came.
            while (answer := self._next_answer())["number"] != self._asked:
                continue
        if "unavailable" in answer:
            raise QueueUnavailable(answer["unavailable"])
        if "refused" in answer:
            raise ValueError(answer["refused"])
        return answer["value"]


def answered(request: Request, context: JobContext) -> dict[str, Any]:
    """The worker process's side. A lost lease raises `StopRequested`: the job is to end."""
    answer: dict[str, Any] = {"number": request["number"]}
    try:
        if "save" in request:
            context.save_checkpoint(request["save"])
        return {**answer, "value": None if "save" in request else context.checkpoint()}
    except Unavailable as error:
        return {**answer, "unavailable": str(error)}
    except ValueError as error:
        return {**answer, "refused": str(error)}
