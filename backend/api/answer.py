"""What a handler gives back: a model, and what HTTP wants to know beside it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from pydantic import BaseModel

ModelT = TypeVar("ModelT", bound=BaseModel)


@dataclass(slots=True)
class Answer(Generic[ModelT]):
    """A body with a status of its own, or with headers."""

    body: ModelT
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class FileAnswer:
    """A file, sent piece by piece and never shown by a browser as a page of ours."""

    chunks: Iterable[bytes]
    name: str
    media_type: str
    size_bytes: int
    sha256: str
