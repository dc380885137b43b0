"""Finds and reads config/queue-config.yaml; a name given twice is an error, not a silent last word."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any

import yaml

from backend.domain.errors import ConfigurationError

_CHECKOUT = Path(__file__).resolve().parents[3]
_NAME = Path("config") / "queue-config.yaml"


def find_file(environment: Mapping[str, str]) -> Path | None:
    """``TALLY_CONFIG``, else the file below the working directory, else the one shipped with us."""
    named = environment.get("TALLY_CONFIG")
    if named:
        if not Path(named).is_file():
            raise ConfigurationError(f"TALLY_CONFIG names {named}, which is not a file")
        return Path(named)
    for folder in (Path.cwd(), _CHECKOUT):
        if (folder / _NAME).is_file():
            return folder / _NAME
    return None


class _Loader(yaml.SafeLoader):
    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = {key for key in keys if keys.count(key) > 1}
        if twice:
            raise ConfigurationError(f"{node.start_mark}: {sorted(map(str, twice))} given twice")
        return super().construct_mapping(node, deep)


def read_yaml(path: Path | None) -> dict[str, Any]:
    """The mapping in a YAML file; empty for None. Raises `ConfigurationError` for anything else."""
    if path is None:
        return {}
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # noqa: S506 - a SafeLoader
    except (yaml.YAMLError, OSError) as error:
        raise ConfigurationError(f"{path} cannot be read: {error}") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ConfigurationError(
            f"{path} must hold names and values, not a {type(content).__name__}"
        )
    return content
