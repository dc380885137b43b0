"""Turns pydantic's findings into sentences that name the setting and the nearest valid name."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from backend.api.config.aliases import setting_named
from backend.domain.text.checked_words import checked_words
from backend.domain.text.nearest_name import suggestion

#: Where a setting was given, by the parts of its name; empty where nobody can say.
Place = Callable[[Sequence[str]], str]


def explain(error: ValidationError, model: type[BaseModel], place: Place) -> str:
    """One line for each wrong setting."""
    return "\n".join(_line(finding, model, place) for finding in error.errors(include_input=False))


def _line(finding: Any, model: type[BaseModel], place: Place) -> str:
    path = [str(part) for part in finding["loc"]]
    path[0] = setting_named(path[0], model)
    name, given = ".".join(path), place(path)
    where = f"{given}: " if given else ""
    if finding["type"] == "extra_forbidden":
        names = _names_at(model, path[:-1])
        return f"{where}there is no setting {name!r}{suggestion(path[-1], names)}"
    return f"{where}setting {name!r}: {checked_words(finding['msg'])}"


def _names_at(model: type[BaseModel], path: list[str]) -> list[str]:
    for part in path:
        field = model.model_fields.get(part)
        section = field.annotation if field else None
        if not (isinstance(section, type) and issubclass(section, BaseModel)):
            return []
        model = section
    return list(model.model_fields)


#: Variables that begin like ours and are no settings: they say where things are.
_PLACES = frozenset({"CONFIG", "ENV", "STATE_DIR", "SERVERS", "METRICS_DIR", "URL", "TOKEN"})
_OF_COMPOSE = frozenset({"DB_PASSWORD", "REDIS_PASSWORD"})
_OF_TESTS = "TEST_"
#: What Kubernetes tells each pod of a Service of the name tally-…, and Docker of a linked container.
#: A setting whose name was mistyped may end in PORT too, but has a number.
_OF_SERVICES = re.compile(
    r"TALLY_(\w+_)?(SERVICE_(HOST|PORT(_\w+)?)=.*|PORT(_\d+_[A-Z]+)?=[a-z]+://.*|PORT_\d+_[A-Z]+_\w+=.*)"
)


def unknown_variables(variables: Mapping[str, str], model: type[BaseModel]) -> list[str]:
    """A sentence for each ``TALLY_…`` variable that is no setting; pydantic passes them over."""
    known = {field.upper() for field in model.model_fields} | _PLACES
    found = []
    for name, value in sorted(variables.items()):
        word = name.removeprefix("TALLY_").partition("__")[0]
        if (
            not name.startswith("TALLY_")
            or word in known | _OF_COMPOSE
            or word.startswith(_OF_TESTS)
        ):
            continue
        if not _OF_SERVICES.fullmatch(f"{name}={value}"):
            meant = _setting_meant(word.lower(), model) or suggestion(word, known)
            found.append(f"there is no setting for the variable {name}{meant}")
    return found


def _setting_meant(word: str, model: type[BaseModel]) -> str:
    """Of whoever wrote one underscore where two belong, or no section at all."""
    for section in model.model_fields:
        name = word.removeprefix(f"{section}_")
        if name in _names_at(model, [section]):
            return f", did you mean TALLY_{section.upper()}__{name.upper()}?"
    return ""
