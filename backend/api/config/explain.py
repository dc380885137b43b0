"""Turns pydantic's findings into sentences that name the setting and the nearest valid name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError

from backend.api.config.aliases import setting_named
from backend.domain.text.checked_words import checked_words
from backend.domain.text.nearest_name import suggestion

#: Where a setting was given, by the parts of its name; empty where nobody can say.
Place = Callable[[Sequence[str]], str]


def explain(error: ValidationError, model: type[BaseModel], place: Place) -> str:
    """One line for each wrong setting."""
    return "\n".join(_line(finding, model, place) for finding in error.errors())


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
_OF_TESTS = "TEST_"


def unknown_variables(names: Iterable[str], model: type[BaseModel]) -> list[str]:
    """A sentence for each ``TALLY_…`` variable that is no setting; pydantic passes them over."""
    known = {field.upper() for field in model.model_fields} | _PLACES
    found = []
    for name in sorted(names):
        word = name.removeprefix("TALLY_").partition("__")[0]
        if name.startswith("TALLY_") and word not in known and not word.startswith(_OF_TESTS):
            near = suggestion(word, known)
            found.append(f"there is no setting for the variable {name}{near}")
    return found
