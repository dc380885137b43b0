"""gunicorn's own lines, sent where ours go. Requests are told by the application, not by it."""

from __future__ import annotations

from typing import Any

from gunicorn.glogging import Logger  # type: ignore[import-untyped]


class ServerLogs(Logger):  # type: ignore[misc]
    """Adds no handlers of its own; the root logger's do."""

    def setup(self, cfg: Any) -> None:  # noqa: ARG002 - the signature is gunicorn's
        """Called once, in the arbiter."""
        self.error_log.propagate = True
        self.error_log.handlers.clear()

    def access(self, *_args: Any, **_kwargs: Any) -> None:
        """Says nothing."""

    def reopen_files(self) -> None:
        """Has no files."""

    def close_on_exec(self) -> None:
        """Has no files."""
