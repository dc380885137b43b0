"""Other names of settings: those of the environment, without our prefix."""

from __future__ import annotations

from pydantic import AliasChoices, BaseModel
from pydantic.fields import FieldInfo


def names_of(field: FieldInfo) -> list[str]:
    """The names that a setting goes by beside its own; the first one goes before the others."""
    alias = field.validation_alias
    choices = alias.choices if isinstance(alias, AliasChoices) else []
    return [choice for choice in choices if isinstance(choice, str)]


def setting_named(name: str, model: type[BaseModel]) -> str:
    """The setting that a name is of; the name itself where it is of none."""
    return next((own for own, field in model.model_fields.items() if name in names_of(field)), name)
