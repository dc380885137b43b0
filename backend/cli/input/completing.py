"""Names that a shell completes: queues, lanes and job types of this deployment. Asks no server."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import click
from click.shell_completion import CompletionItem

from backend.domain.errors import TallyError
from backend.domain.jobs.queue_name import queues_of

Completer = Callable[[click.Context, click.Parameter, str], list[CompletionItem]]


def _completer(names: Callable[[], Iterable[str]]) -> Completer:
    def complete(
        _context: click.Context, _parameter: click.Parameter, begun: str
    ) -> list[CompletionItem]:
        try:
            return [CompletionItem(name) for name in names() if name.startswith(begun)]
        except TallyError:
            # A shell that completes has no place for a message; the command itself will give it.
            return []

    return complete


def _lanes() -> list[str]:
    from backend.bootstrap.current import platform

    return platform().catalogue.lanes()


def _queues() -> list[str]:
    return [str(queue) for queue in queues_of(_lanes())]


def _job_types() -> list[str]:
    from backend.bootstrap.current import platform

    return [kind.name for kind in platform().catalogue]


def _pausable() -> list[str]:
    lanes = [f"lane:{lane}" for lane in _lanes()]
    return [*_queues(), *lanes, *(f"type:{name}" for name in _job_types())]


a_lane = _completer(_lanes)
a_queue = _completer(_queues)
a_job_type = _completer(_job_types)
#: What can be paused: a queue, a lane, a job type.
a_pausable = _completer(_pausable)
