"""What a handler gives back: a model, and what HTTP wants to know beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import BinaryIO, Generic, TypeVar

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
    """A file that is open at its begin; whoever sends it closes it."""

    file: BinaryIO
    name: str
    media_type: str
    size_bytes: int
    sha256: str
