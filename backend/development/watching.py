"""Tells when code or settings change, by the operating system's own notices."""

from __future__ import annotations

import errno
import importlib.util
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from importlib.machinery import ModuleSpec
from pathlib import Path

from backend.api.config.settings_file import find_file
from backend.domain.errors import ConfigurationError

Changed = Callable[[list[Path]], None]
#: Told why changes are seen no longer.
Blind = Callable[[str], None]
#: What the system says when no more files may be watched.
_LIMITS = (errno.ENOSPC, errno.EMFILE)
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


def watch(
    folders: Sequence[Path], changed: Changed, *, needed_by: str, blind: Blind = lambda _why: None
) -> None:
    """Calls ``changed`` from a thread from now on; raises `ConfigurationError` where it cannot.

    A folder below that cannot be read is left out. ``blind`` is called, from that thread, if it ends.
    """
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
        notices = watchfiles.watch(
            *folders, watch_filter=code, raise_interrupt=False, ignore_permission_denied=True
        )
        try:
            for found in notices:
                changed(sorted({Path(path) for _, path in found}))
        except Exception as error:  # noqa: BLE001 - the library has errors of its own for what the system says
            blind(_in_words(error))

    threading.Thread(target=look, name="watching", daemon=True).start()


def _in_words(error: Exception) -> str:
    is_limit = getattr(error, "errno", None) in _LIMITS or "limit" in str(error)
    advice = "; raise fs.inotify.max_user_watches, or set WATCHFILES_FORCE_POLLING=true"
    return f"{str(error) or type(error).__name__}{advice if is_limit else ''}"
