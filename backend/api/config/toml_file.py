"""Reads settings in TOML: a file of its own, or a table of pyproject.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from backend.domain.errors import ConfigurationError


def read_toml(path: Path) -> dict[str, Any]:
    """All tables of a TOML file. Raises `ConfigurationError` for anything else."""
    try:
        # Editors of Windows write a mark before the first line, which nobody sees.
        return tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (tomllib.TOMLDecodeError, OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error


def toml_line(text: str, names: Sequence[str]) -> int | None:
    """The line, from 1, that gives a name below others, or the innermost of them that is there.

    `tomllib` tells no lines: what more and more of the lines say is read until the name is among it.
    """
    lines = text.splitlines()
    wanted, before = _depth(tomllib.loads(text), names), 0
    for count in range(1, len(lines) + 1) if wanted else ():
        try:
            content = tomllib.loads("\n".join(lines[:count]))
        except tomllib.TOMLDecodeError:
            # Within a value of several lines.
            continue
        if _depth(content, names) == wanted:
            return _first_that_says_something(lines, before)
        before = count
    return None


def _depth(content: Any, names: Sequence[str]) -> int:
    for depth, name in enumerate(names):
        if not isinstance(content, Mapping) or name not in content:
            return depth
        content = content[name]
    return len(names)


def _first_that_says_something(lines: list[str], start: int) -> int:
    said = (number for number, line in enumerate(lines[start:], start + 1) if line.strip())
    return next(number for number in said if not lines[number - 1].lstrip().startswith("#"))
