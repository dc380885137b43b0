"""Who gave a setting its value: a variable of the environment, or a line of the file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from pydantic import BaseModel

from backend.api.config.aliases import names_of
from backend.api.config.settings_file import SettingsFile


def place_of(
    names: Sequence[str],
    model: type[BaseModel],
    environment: Mapping[str, str],
    file: SettingsFile | None,
) -> str:
    """In words, for an error; empty for what an argument gave, or nobody."""
    variable = variable_of(names, model, environment)
    if variable:
        return variable
    return file.place_of(names) if file and names[0] in file.content() else ""


def variable_of(names: Sequence[str], model: type[BaseModel], environment: Iterable[str]) -> str:
    """The variable that gives a setting or a whole group around it; empty where none does."""
    known = {name.upper() for name in environment}
    return next((name for name in _variables(names, model) if name in known), "")


def _variables(names: Sequence[str], model: type[BaseModel]) -> list[str]:
    """The names that count, the one of the setting itself before those of groups around it."""
    first, *rest = names
    field = model.model_fields.get(first)
    others = [name.upper() for name in names_of(field)] if field else []
    nested = ["__".join([f"TALLY_{first}", *rest[:depth]]).upper() for depth in range(len(names))]
    return [*nested[:0:-1], *others, nested[0]]
