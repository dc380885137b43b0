"""The one file that settings are in: ``tally.toml``, ``[tool.tally]`` in pyproject.toml, or the YAML file.

They are three forms of the same names, and never read together: of two, nobody could say which one holds.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from backend.domain.errors import ConfigurationError

_CHECKOUT = Path(__file__).resolve().parents[3]
_YAML = Path("config") / "queue-config.yaml"
_OWN = "tally.toml"
_SHARED = "pyproject.toml"
_TABLE = ("tool", "tally")
#: Where settings may be, for a sentence that misses them.
PLACES = f"{_OWN}, no [tool.tally] in {_SHARED} and no {_YAML}"


@dataclass(frozen=True)
class SettingsFile:
    """Where settings are, and how they are read there."""

    path: Path

    @property
    def is_toml(self) -> bool:
        """Whether it is TOML; anything else is YAML."""
        return self.path.suffix == ".toml"

    @property
    def table(self) -> tuple[str, ...]:
        """The table that is ours: the whole file, but in what others have theirs in as well."""
        return _TABLE if self.path.name == _SHARED else ()

    @property
    def project(self) -> Path | None:
        """The folder whose packages are meant; None for a file that is in none, as /etc/tally.yaml."""
        path = self.path.resolve()
        if self.is_toml:
            return path.parent
        return path.parents[1] if path.parent.name == _YAML.parent.name else None

    def content(self) -> dict[str, Any]:
        """The settings in it, by name; raises `ConfigurationError` for what cannot be read."""
        content: Any = _reader(self)[0](self.path)
        for name in self.table:
            content = content.get(name, {})
            if not isinstance(content, dict):
                raise ConfigurationError(
                    f"{self.path}: {'.'.join(_TABLE)} must be a table of names and values"
                )
        return dict(content)

    def place_of(self, names: Sequence[str]) -> str:
        """File and line of a setting, for an error; the file alone where no line gives it."""
        line = _reader(self)[1](self.path.read_text(encoding="utf-8-sig"), (*self.table, *names))
        return f"{self}, line {line}" if line else str(self)

    def __str__(self) -> str:
        """Its path, short where it lies below the working folder."""
        here = Path.cwd()
        return str(self.path.relative_to(here) if self.path.is_relative_to(here) else self.path)


def _reader(file: SettingsFile) -> tuple[Callable[[Path], Any], Callable[..., int | None]]:
    """What reads its form, and finds a line in it; a process holds the library of that form alone."""
    if file.is_toml:
        from backend.api.config.toml_file import read_toml, toml_line

        return read_toml, toml_line
    from backend.api.config.yaml_file import read_yaml, yaml_line

    return read_yaml, yaml_line


def find_file(environment: Mapping[str, str]) -> SettingsFile | None:
    """``TALLY_CONFIG``, else what is in the working folder or the nearest above, else what came with us."""
    named = environment.get("TALLY_CONFIG")
    if named:
        if not Path(named).is_file():
            raise ConfigurationError(f"TALLY_CONFIG names {named}, which is not a file")
        return SettingsFile(Path(named))
    for folder in (*_upwards(Path.cwd()), _CHECKOUT):
        found = settings_in(folder)
        if len(found) > 1:
            raise ConfigurationError(
                f"settings are both in {found[0]} and in {found[1]}: keep one, or say which in TALLY_CONFIG"
            )
        if found:
            return found[0]
    return None


def settings_in(folder: Path) -> list[SettingsFile]:
    """Every file with settings in a folder; more than one is a mistake."""
    paths = [folder / _OWN, folder / _YAML]
    found = [SettingsFile(path) for path in paths if path.is_file()]
    shared = SettingsFile(folder / _SHARED)
    return [*found, shared] if _is_about_tally(shared) else found


def _is_about_tally(shared: SettingsFile) -> bool:
    """Whether a pyproject.toml, which most projects have, has our table."""
    if not shared.path.is_file() or b"tally" not in shared.path.read_bytes():
        return False
    read, _ = _reader(shared)
    tools = read(shared.path).get(_TABLE[0])
    return isinstance(tools, dict) and _TABLE[1] in tools


def _upwards(start: Path) -> Iterator[Path]:
    """A folder and those around it, up to the root of its repository."""
    for folder in (start, *start.parents):
        if not os.access(folder, os.X_OK):
            # Started by `sudo -u` in somebody's home: nothing in there can be asked for.
            continue
        if folder != start and folder.stat().st_mode & stat.S_IWOTH:
            # In /tmp anybody could leave settings for whoever works below it, and with them code to import.
            return
        yield folder
        if (folder / ".git").exists():
            return
