"""What can go wrong with servers that we start ourselves."""

from __future__ import annotations

from typing import ClassVar


class EmbeddedServerError(Exception):
    """A server cannot be found, started, reached or stopped; the message says the next step."""

    code: ClassVar[str] = "embedded_server_failed"
