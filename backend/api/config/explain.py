"""Turns pydantic's findings into sentences that name the setting and the nearest valid name."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ValidationError

from backend.domain.nearest_name import suggestion


def explain(error: ValidationError, model: type[BaseModel]) -> str:
    """One line for each wrong setting."""
    return "\n".join(_line(finding, model) for finding in error.errors())


def _line(finding: Any, model: type[BaseModel]) -> str:
    path = [str(part) for part in finding["loc"]]
    name = ".".join(path)
    if finding["type"] == "extra_forbidden":
        names = _names_at(model, path[:-1])
        return f"there is no setting {name!r}{suggestion(path[-1], names)}"
    return f"setting {name!r}: {finding['msg']}"


def _names_at(model: type[BaseModel], path: list[str]) -> list[str]:
    for part in path:
        field = model.model_fields.get(part)
        section = field.annotation if field else None
        if not (isinstance(section, type) and issubclass(section, BaseModel)):
            return []
        model = section
    return list(model.model_fields)
