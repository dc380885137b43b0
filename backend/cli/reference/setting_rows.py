"""Every setting as a row: its name, variable, kind, default and meaning; read from the settings class."""

from __future__ import annotations

import json
import types
import typing
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo

from backend.api.config.aliases import names_of
from backend.api.config.settings import Settings


class SettingRow(NamedTuple):
    """One setting that is not a group of others."""

    #: As in the file: ``worker.lease``.
    name: str
    #: Environment variables that set it, the first one winning.
    variables: tuple[str, ...]
    kind: str
    default: str
    meaning: str


def setting_rows(model: type[BaseModel] = Settings, prefix: str = "") -> Iterator[SettingRow]:
    """Every setting below a group, in the order in which they are declared."""
    for name, field in model.model_fields.items():
        path = f"{prefix}{name}"
        section = _section(field.annotation)
        if section is not None:
            yield from setting_rows(section, f"{path}.")
        else:
            yield SettingRow(
                path,
                _variables(path, field),
                _kind(field.annotation),
                _default(field),
                field.description or "",
            )


def shown(value: Any) -> str:
    """A value as people write it in YAML; secrets are never shown."""
    if isinstance(value, SecretStr):
        return "(set)" if value.get_secret_value() else ""
    return json.dumps(_bare(value), ensure_ascii=False) if value != "" else '""'


def _bare(value: Any) -> Any:
    if isinstance(value, BaseModel):
        value = {name: getattr(value, name) for name in type(value).model_fields}
    if isinstance(value, dict):
        return {str(key): _bare(entry) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return [_bare(entry) for entry in value]
    return _bare_one(value)


def _bare_one(value: Any) -> Any:
    if isinstance(value, SecretStr):
        return "(hidden)"
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, float) and value == int(value):
        return int(value)
    return value if value is None or isinstance(value, bool | int | float | str) else str(value)


def _section(annotation: Any) -> type[BaseModel] | None:
    is_class = isinstance(annotation, type) and not isinstance(annotation, types.GenericAlias)
    return annotation if is_class and issubclass(annotation, BaseModel) else None


def _variables(path: str, field: FieldInfo) -> tuple[str, ...]:
    if names := names_of(field):
        return tuple(name for name in names if name.isupper())
    return ("TALLY_" + path.replace(".", "__").upper(),)


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    return shown(value)


def _kind(annotation: Any) -> str:
    origin, inside = typing.get_origin(annotation), typing.get_args(annotation)
    if origin is typing.Annotated:
        return _kind(inside[0])
    if origin is typing.Literal:
        return " or ".join(f"`{word}`" for word in inside)
    if origin in {typing.Union, types.UnionType}:
        return " or ".join(_kind(one) for one in inside if one is not type(None))
    if origin in {tuple, list}:
        return f"list of {_kind(inside[0])}"
    if origin is dict:
        return f"{_kind(inside[0])} → {_kind(inside[1])}"
    return _plain_kind(annotation)


def _plain_kind(annotation: Any) -> str:
    if isinstance(annotation, type) and issubclass(annotation, Enum):
        return " or ".join(f"`{member.value}`" for member in annotation)
    words = {
        str: "text", int: "whole number", float: "number", bool: "yes or no", Path: "path",
        SecretStr: "secret",
    }  # fmt: skip
    return words.get(annotation, getattr(annotation, "__name__", str(annotation)))
