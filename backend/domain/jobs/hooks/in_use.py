"""The middleware of this process. Who asks finds a tuple, empty for nearly everybody."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Any, NamedTuple

from backend.domain.jobs.hooks.attempt_end import AttemptEnd
from backend.domain.jobs.hooks.draft import Draft


class Hooks(NamedTuple):
    """What one middleware does; None for what it leaves alone."""

    #: What errors and logs call it.
    name: str
    #: None: all.
    job_types: frozenset[str] | None = None
    around_enqueue: Callable[[Sequence[Draft]], AbstractContextManager[Any]] | None = None
    around_attempt: Callable[[Any], AbstractContextManager[Any]] | None = None
    around_async_attempt: Callable[[Any], AbstractAsyncContextManager[Any]] | None = None
    around_process: Callable[[str], AbstractContextManager[Any]] | None = None
    on_ended: Callable[[AttemptEnd], object] | None = None

    def concerns(self, job_type: str) -> bool:
        """Whether it is for jobs of this type."""
        return self.job_types is None or job_type in self.job_types


class InUse:
    """All hooks of one process, the outermost first: those of the settings, then those of code."""

    def __init__(self) -> None:
        self._configured: dict[str, Hooks] = {}
        self._used: dict[int, Hooks] = {}
        #: All of them, and those that do something about calls that enqueue, and about ended attempts.
        self.all: tuple[Hooks, ...] = ()
        self.around_enqueue: tuple[Hooks, ...] = ()
        self.on_ended: tuple[Hooks, ...] = ()

    def add(self, owner: object, hooks: Hooks) -> None:
        """Adds those of ``owner``; whose are there already keep their place."""
        self._used[id(owner)] = hooks
        self._look_again()

    def add_configured(self, path: str, hooks: Hooks) -> None:
        """Adds those that the settings name by ``path``."""
        self._configured[path] = hooks
        self._look_again()

    def has_configured(self, path: str) -> bool:
        """Whether the settings' middleware of this path is in use."""
        return path in self._configured

    def forget(self) -> None:
        """Takes all away, for tests."""
        self._configured, self._used = {}, {}
        self._look_again()

    def _look_again(self) -> None:
        self.all = (*self._configured.values(), *self._used.values())
        self.around_enqueue = tuple(hooks for hooks in self.all if hooks.around_enqueue)
        self.on_ended = tuple(hooks for hooks in self.all if hooks.on_ended)


IN_USE = InUse()
