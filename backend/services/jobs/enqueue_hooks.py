"""What middleware does around a call that enqueues."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from types import TracebackType
from typing import Any

from backend.domain.jobs.hooks.blame import blame, blaming
from backend.domain.jobs.hooks.draft import Draft
from backend.domain.jobs.hooks.in_use import IN_USE, Hooks
from backend.telemetry.logs.logger import Logger

log = Logger("tally.middleware")
_HOOK = "around_enqueue"


@contextmanager
def around_enqueue(drafts: Sequence[Draft]) -> Iterator[None]:
    """Stands around the call that enqueues these; each middleware sees those of its types."""
    with ExitStack() as stack:
        for hooks in IN_USE.around_enqueue:
            concerned = [draft for draft in drafts if hooks.concerns(draft.job_type)]
            if concerned:
                stack.enter_context(_Layer(hooks, concerned))
        yield


class _Layer:
    """One middleware. What it raises before the jobs are accepted goes to the caller; later, into the log.

    A caller who saw an error would send accepted jobs once more.
    """

    def __init__(self, hooks: Hooks, drafts: Sequence[Draft]) -> None:
        self._hooks = hooks
        self._drafts = drafts
        self._inner: AbstractContextManager[Any] | None = None

    def __enter__(self) -> None:
        with blaming(self._hooks.name, _HOOK):
            assert self._hooks.around_enqueue is not None  # noqa: S101 - it is why it is here
            self._inner = self._hooks.around_enqueue(self._drafts)
            self._inner.__enter__()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        raised: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._inner is not None  # noqa: S101 - it was entered
        try:
            self._inner.__exit__(kind, raised, trace)
        except (Exception, SystemExit) as error:
            if raised is None:
                log.exception("middleware.failed", middleware=self._hooks.name, hook=_HOOK)
            elif error is not raised:
                blame(error, self._hooks.name, _HOOK)
                raise
