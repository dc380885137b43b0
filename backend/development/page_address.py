"""Where the pages of a `tally dev` are, for who opens them on the same machine."""

from __future__ import annotations

import errno
import socket
from typing import NamedTuple

from backend.domain.errors import ConfigurationError

#: Whoever listens on all addresses is reached on the machine's own.
_OWN = {"": "127.0.0.1", "0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - to know them
_WORDS = {
    errno.EADDRINUSE: "something listens there already",
    errno.EACCES: "it is not yours to listen on",
}


class PageAddress(NamedTuple):
    """What ``api.host``, ``api.port`` and ``api.root_path`` say."""

    host: str
    port: int
    root_path: str = ""

    @property
    def url(self) -> str:
        """Where a browser finds it."""
        host = self._reached_at
        return f"http://{f'[{host}]' if ':' in host else host}:{self.port}{self.root_path}"

    def is_open(self) -> bool:
        """Whether somebody takes connections there."""
        try:
            socket.create_connection((self._reached_at, self.port)).close()
        except OSError:
            return False
        return True

    def refuse_taken(self) -> None:
        """Before anything is started: the `tally dev` of another project is the usual reason."""
        host = self._reached_at
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, self.port))
            except OSError as error:
                if error.errno not in _WORDS:
                    raise ConfigurationError(
                        f"api.host {self.host} cannot be listened on: {error}"
                    ) from error
                raise ConfigurationError(
                    f"port {self.port} cannot be used: {_WORDS[error.errno]}; choose another, as in: "
                    f"tally dev --port {self.port + 1}"
                ) from error

    @property
    def _reached_at(self) -> str:
        return _OWN.get(self.host, self.host)
