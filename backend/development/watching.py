"""Tells when code or settings change, by the operating system's own notices."""

from __future__ import annotations

import importlib.util
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path

from backend.api.config.settings_file import find_file
from backend.domain.errors import ConfigurationError

Changed = Callable[[list[Path]], None]
_FOLDERS_OF_OTHERS = ("site-packages", "dist-packages")


def folders_to_watch(packages: Iterable[str], extra: Iterable[Path]) -> list[Path]:
    """The project, each job package that lies elsewhere and was not installed, and what was asked for."""
    file = find_file(os.environ)
    project = (file and file.project) or Path.cwd()
    places = [place for name in packages for place in _places_of(name.partition(".")[0])]
    found = [project, *(place for place in places if not place.is_relative_to(project)), *extra]
    return list(dict.fromkeys(folder.resolve() for folder in found))


def _places_of(top: str) -> list[Path]:
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return []
    folders = _folders_of(spec) if spec else []
    return [folder for folder in folders if not set(_FOLDERS_OF_OTHERS) & set(folder.parts)]


def _folders_of(spec: ModuleSpec) -> list[Path]:
    if spec.submodule_search_locations:
        return [Path(place) for place in spec.submodule_search_locations]
    return [Path(spec.origin).parent] if spec.has_location and spec.origin else []


def watch(folders: Sequence[Path], changed: Changed, *, needed_by: str) -> None:
    """Calls ``changed`` from a thread from now on; raises `ConfigurationError` where it cannot."""
    try:
        import watchfiles
    except ImportError as missing:
        raise ConfigurationError(
            f"{needed_by} needs watchfiles: pip install 'tally-queue[dev]'"
        ) from missing
    gone = [folder for folder in folders if not folder.is_dir()]
    if gone:
        raise ConfigurationError(f"{gone[0]} cannot be watched: it is no folder")
    code = watchfiles.PythonFilter(extra_extensions=(".toml", ".yaml", ".yml"))

    def look() -> None:
        for found in watchfiles.watch(*folders, watch_filter=code, raise_interrupt=False):
            changed(sorted({Path(path) for _, path in found}))

    threading.Thread(target=look, name="watching", daemon=True).start()
