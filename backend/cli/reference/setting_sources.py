"""Where each setting of this process came from: the environment, the file, or the default."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from backend.api.config.given_by import variable_of
from backend.api.config.left_by_dev import stores_left_by_dev
from backend.api.config.settings import Settings
from backend.api.config.settings_file import find_file
from backend.api.config.store_urls import STORES, without_login
from backend.cli.reference.setting_rows import SettingRow, setting_rows, shown
from backend.telemetry.logs.redaction import masked_text


class SettingInForce(NamedTuple):
    """A setting as it holds now."""

    name: str
    value: str
    #: ``default``, a variable's name, or a file's.
    source: str


def settings_in_force(settings: Settings, environment: Mapping[str, str]) -> list[SettingInForce]:
    """Every setting, its value with secrets masked, and who set it."""
    file = find_file(environment)
    content = file.content() if file else {}
    variables = {name.upper() for name in environment}
    left = stores_left_by_dev(environment)
    return [
        SettingInForce(
            row.name,
            _masked(settings, row.name),
            _source(row, variables)
            or (str(file) if _is_in(content, row.name) else "")
            or ("tally dev" if row.name in left else "default"),
        )
        for row in setting_rows()
    ]


def _masked(settings: Settings, name: str) -> str:
    value: Any = settings
    for part in name.split("."):
        value = getattr(value, part)
    return masked_text(shown(without_login(value) if name in STORES else value))


def _source(row: SettingRow, variables: set[str]) -> str:
    """The variable that counts, also where it gives only a part; empty when none is set."""
    for variable in row.variables:
        if any(name.startswith(f"{variable}__") for name in variables):
            return variable
    return variable_of(row.name.split("."), Settings, variables)


def _is_in(content: Any, name: str) -> bool:
    for part in name.split("."):
        if not isinstance(content, Mapping) or part not in content:
            return False
        content = content[part]
    return True
