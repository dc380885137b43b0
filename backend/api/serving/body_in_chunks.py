"""The body of a request as handlers read it: chunks that are not well formed are the client's mistake."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from gunicorn.http.errors import ParseException  # type: ignore[import-untyped]
from werkzeug.exceptions import BadRequest


class BodyInChunks:
    """gunicorn's body. It finds out what is wrong while it is read, and raises what nobody above knows."""

    def __init__(self, request: Any) -> None:
        self._request = request
        self._body = request.body

    @property
    def failed(self) -> bool:
        """Whether it could not be read: then nobody knows where the next request begins."""
        return bool(self._body.failed)

    def read(self, size: int | None = None) -> bytes:
        """So many bytes, or all; raises `BadRequest`."""
        return self._read(self._body.read, size)

    def readline(self, size: int | None = None) -> bytes:
        """One line; raises `BadRequest`."""
        return self._read(self._body.readline, size)

    def readlines(self, size: int | None = None) -> list[bytes]:
        """All lines; raises `BadRequest`."""
        return self.read(size).splitlines(keepends=True)

    def __iter__(self) -> Iterator[bytes]:
        """Line by line; raises `BadRequest`."""
        return iter(self.readline, b"")

    def _read(self, read: Callable[[int | None], bytes], size: int | None) -> bytes:
        try:
            return read(size)
        except ParseException as error:
            # Told in the answer: what follows on this connection is no request.
            self._request.force_close()
            raise BadRequest("the body cannot be read: its chunks are not well formed") from error
