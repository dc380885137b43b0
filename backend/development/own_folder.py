"""The folder in which servers keep their data between starts, within somebody's project."""

from __future__ import annotations

from pathlib import Path


def own_folder(folder: Path) -> Path:
    """The folder, made where it is missing; no version control takes it in."""
    folder = folder.absolute()
    folder.mkdir(parents=True, exist_ok=True)
    ignoring = folder / ".gitignore"
    if not ignoring.exists():
        ignoring.write_text("*\n", encoding="utf-8")
    return folder
