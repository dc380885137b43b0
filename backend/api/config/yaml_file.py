"""Reads settings and report definitions in YAML; a name given twice is an error, not a silent last word."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from pathlib import Path
from typing import Any

import yaml

from backend.domain.errors import ConfigurationError

#: Text, and ``<<``.
_NAMES = frozenset({"tag:yaml.org,2002:str", "tag:yaml.org,2002:merge"})


class _Loader(yaml.SafeLoader):
    def construct_document(self, node: yaml.Node) -> Any:
        for key, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if key.tag not in _NAMES:
                raise yaml.MarkedYAMLError(
                    problem="a name must be text, in quotes where it would be another thing, as on or 123",
                    problem_mark=key.start_mark,
                )
        return super().construct_document(node)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        given: set[Hashable] = set()
        for key, _ in node.value:
            name = self.construct_object(key, deep=True)
            if not isinstance(name, Hashable):
                raise yaml.MarkedYAMLError(
                    problem="a name cannot be a list or a mapping", problem_mark=key.start_mark
                )
            if name in given:
                raise yaml.MarkedYAMLError(
                    problem=f"{name!r} is given twice", problem_mark=key.start_mark
                )
            given.add(name)
        return super().construct_mapping(node, deep)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file. Raises `ConfigurationError` for anything else."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8-sig"), _Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, OSError, UnicodeDecodeError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(
            f"{path} must hold names and values, not a {type(content).__name__}"
        )
    return content


def yaml_line(text: str, names: Sequence[str]) -> int | None:
    """The line, from 1, that gives a name below others, or the innermost of them that is there."""
    node, line = yaml.compose(text, yaml.SafeLoader), None
    for name in names:
        if not isinstance(node, yaml.MappingNode):
            break
        given = [pair for pair in node.value if pair[0].value == name]
        if not given:
            break
        key, node = given[0]
        line = key.start_mark.line + 1
    return line
