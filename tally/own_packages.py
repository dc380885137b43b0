"""Tells when other files hide Tally's or take their place: what follows would else be a riddle."""

from __future__ import annotations

from pathlib import Path

_OURS = ("backend", "workers")


def check_own_packages() -> None:
    """Raises `ImportError` when a package of ours is hidden by another, or overwritten by another wheel."""
    _check_names()
    _check_wheels(Path(__file__).parent)


def _check_names() -> None:
    try:
        from backend import __tally__  # noqa: F401
        from workers import __tally__ as _  # noqa: F401
    except ModuleNotFoundError:
        raise
    except ImportError as error:
        if error.name not in _OURS:
            raise
        raise ImportError(
            f"another package called {error.name!r} ({_place(error)}) hides Tally's own, which has that "
            "name too; install tally-queue-isolated instead of tally-queue: it has no such names, and "
            "nothing else changes. Programs that only enqueue can do with tally-client",
            name=error.name,
            path=error.path,
        ) from None


def _place(error: ImportError) -> Path:
    file = Path(error.path or "built in")
    return file.parent if file.name == "__init__.py" else file


def _check_wheels(here: Path) -> None:
    """Both wheels bring a folder ``tally``; installed together, each has some files of the other."""
    isolated = here / "backend" / "bootstrap"
    if isolated.is_dir() and (here.parent / "backend" / "bootstrap").is_dir():
        raise ImportError(
            f"tally-queue and tally-queue-isolated are both installed in {here.parent} and overwrote "
            "each other's files; type: pip uninstall tally-queue tally-queue-isolated, then install one "
            "of them"
        )
