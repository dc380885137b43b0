"""Finds and reads definitions of reports."""

from __future__ import annotations

from pathlib import Path

from pydantic import ValidationError

from backend.domain.errors import ConfigurationError, PermanentFailure
from backend.domain.text.checked_words import checked_words
from backend.domain.text.nearest_name import suggestion
from workers.reports.definition import Definition


class DefinitionFolder:
    """One YAML file a report; read anew for each job, so that a correction needs no restart."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def names(self) -> list[str]:
        """Every report there is."""
        return sorted(path.stem for path in self._folder.glob("*.yaml"))

    def get(self, name: str) -> Definition:
        """The report ``name``; raises `PermanentFailure` naming the nearest, or what is wrong in it."""
        # Every process knows this class, and few read a definition.
        from backend.api.config.yaml_file import read_yaml

        known = self.names()
        if name not in known:
            raise PermanentFailure(
                f"there is no report {name!r} in {self._folder}{suggestion(name, known)}"
            )
        try:
            return Definition.model_validate(read_yaml(self._folder / f"{name}.yaml"))
        except ConfigurationError as error:
            raise PermanentFailure(f"report {name!r}: {error}") from error
        except ValidationError as error:
            raise PermanentFailure(f"report {name!r}: {_findings(error)}") from error


def _findings(error: ValidationError) -> str:
    return "; ".join(
        f"{'.'.join(str(part) for part in found['loc']) or 'definition'}: {checked_words(found['msg'])}"
        for found in error.errors(include_input=False, include_url=False)
    )
